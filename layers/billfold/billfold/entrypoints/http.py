"""The entrance from API Gateway: who asks, what is well formed, how errors leave."""

import time
from collections.abc import Callable
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from billfold import bootstrap, settings
from billfold.domain.customer import require_customer_id
from billfold.domain.errors import (
    BillfoldError,
    CrossSiteError,
    ForbiddenTokenError,
    UnavailableError,
)
from billfold.entrypoints import body, front_door, observability, problems
from billfold.services import outbox

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]
Guard = Callable[[dict[str, Any]], None]

MILLISECONDS_TO_TELL: Final = 6000
"""With less time left, what happened is told by the reconciler, so that the answer is not lost."""


def resolver() -> APIGatewayHttpResolver:
    """Make a function's router: validated requests, problem documents for every error."""
    app = APIGatewayHttpResolver(enable_validation=True)
    logger = observability.logger()

    def request_id() -> str:
        return str(app.current_event.request_context.request_id)

    def _billfold(error: BillfoldError) -> Response[str]:
        if isinstance(error, UnavailableError):
            # The customer reads "try again"; whoever operates this must read what is down.
            reason, place = observability.cause(error), observability.where(error)
            logger.warning("unavailable", extra={"reason": reason, "at": place})
        return problems.from_error(error, request_id())

    def _invalid(error: RequestValidationError) -> Response[str]:
        return _invalid_request(error, request_id())

    def _media_type(_error: RequestUnsupportedContentType) -> Response[str]:
        return problems.problem(
            415, "unsupported_media_type", "Send the body as application/json.", request_id()
        )

    def _service(error: ServiceError) -> Response[str]:
        return problems.problem(
            error.status_code, "not_found", "There is nothing at this address.", request_id()
        )

    def _unforeseen(error: Exception) -> Response[str]:
        # Without a handler Powertools would log the error's text and its stack trace.
        logger.error(
            "unhandled",
            extra={"exception_name": type(error).__name__, "at": observability.where(error)},
        )
        detail = "Something went wrong on our side. Try again later."
        return problems.problem(500, "internal_error", detail, request_id())

    app.exception_handler(Exception)(_unforeseen)
    app.exception_handler(BillfoldError)(_billfold)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(RequestUnsupportedContentType)(_media_type)
    app.exception_handler(ServiceError)(_service)
    return app


def handler(app: APIGatewayHttpResolver, *, guard: Guard = body.guard) -> Handler:
    """Make the Lambda handler of a router; it logs one line a request.

    What the request has committed is told to the bus before the answer leaves, since nothing runs
    after it; where time is short, it is left to the reconciler.
    """
    logger = observability.logger()

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        started = time.perf_counter()
        request = event.get("requestContext", {}).get("requestId", "")
        logger.set_correlation_id(request)
        try:
            front_door.require_passed(event)
            guard(event)
            answer = app.resolve(event, context)
            if context.get_remaining_time_in_millis() > MILLISECONDS_TO_TELL:
                outbox.flush(bootstrap.ports())
        except body.BodyTooLargeError:
            detail = f"The body may have {body.MAX_BYTES} bytes at most."
            answer = _built(problems.problem(413, "body_too_large", detail, request))
        except BillfoldError as error:
            answer = _built(problems.from_error(error, request))
        answer.setdefault("headers", {})["Cache-Control"] = "no-store"
        logger.info(
            "request",
            extra={
                "route": event.get("routeKey", ""),
                "status": answer["statusCode"],
                "milliseconds": int((time.perf_counter() - started) * 1000),
            },
        )
        return answer

    return handle


def customer_id(app: APIGatewayHttpResolver) -> str:
    """Give the customer of the verified access token; the only source of a partition key.

    API Gateway has checked signature, issuer, expiry and scope. The use and the client are checked
    here again, since an ID token or one of another client must not pass (ADR 0005).

    Raises
    ------
    ForbiddenTokenError
    """
    authorizer = app.current_event.request_context.authorizer
    claims = (authorizer.jwt_claim if authorizer else None) or {}
    pool = settings.read(settings.PoolSettings)
    if claims.get("token_use") != "access" or claims.get("client_id") != pool.user_pool_client_id:
        raise ForbiddenTokenError
    return require_customer_id(str(claims.get("username", "")))


def access_token(app: APIGatewayHttpResolver) -> str:
    """Give the bearer token itself, which Cognito's own calls want."""
    customer_id(app)
    scheme, _, token = app.current_event.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ForbiddenTokenError
    return token


def source_address(app: APIGatewayHttpResolver) -> str:
    """Give the address that the request set out from."""
    return front_door.source_address(app.current_event.raw_event)


def require_same_site(app: APIGatewayHttpResolver) -> None:
    """Refuse a request that another site made a browser send, where a cookie is the proof.

    The cookie is SameSite=Strict already; this holds where a browser forgets it.

    Raises
    ------
    CrossSiteError
    """
    if app.current_event.headers.get("sec-fetch-site", "same-origin") == "cross-site":
        raise CrossSiteError


def time_left(app: APIGatewayHttpResolver) -> Callable[[], float]:
    """Give a clock of the seconds until this invocation is stopped."""
    context = app.lambda_context
    return lambda: context.get_remaining_time_in_millis() / 1000


def _invalid_request(error: RequestValidationError, request_id: str) -> Response[str]:
    """Name the first field that is wrong; never repeat its value."""
    first = error.errors()[0]
    # A choice of models puts their names into the path; callers know only their own fields.
    path = [str(part) for part in first["loc"] if not str(part).endswith("In")]
    place, *path = path or ["body"]
    if place == "path":
        return problems.problem(
            404, "not_found", "There is nothing here with this identifier.", request_id
        )
    field = ".".join(path) or place
    detail = f"{field}: {first['msg']}."
    if place == "header":
        return problems.problem(400, "invalid_header", detail, request_id, field=field)
    return problems.problem(422, "invalid_input", detail, request_id, field=field)


def _built(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "headers": {"Content-Type": problems.CONTENT_TYPE, **response.headers},
        "body": response.body,
        "isBase64Encoded": False,
    }
