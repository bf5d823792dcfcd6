"""How a refusal travels: RFC 9457 problem documents (ADR 0004).

The status belongs to HTTP and is decided here, by class; the code belongs to the error itself.
"""

import json
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from billfold.domain import errors
from billfold.domain.payment import Payment
from billfold.entrypoints.schemas import PaymentOut

CONTENT_TYPE: Final = "application/problem+json"

_STATUS: Final[dict[type[errors.BillfoldError], int]] = {
    errors.InvalidInputError: 422,
    errors.RawCardDataError: 422,
    errors.CardNotEditableError: 422,
    errors.SourceUnusableError: 422,
    errors.InvalidCodeError: 422,
    errors.WeakPasswordError: 422,
    errors.InvalidSignatureError: 400,
    errors.NotFoundError: 404,
    errors.UnknownCustomerError: 404,
    errors.ConflictError: 409,
    errors.CardDeclinedError: 402,
    errors.TooManyRequestsError: 429,
    errors.UnavailableError: 503,
    errors.InvalidCredentialsError: 401,
    errors.SessionExpiredError: 401,
    errors.ForbiddenTokenError: 401,
    errors.CrossSiteError: 403,
    errors.WrongAddressError: 403,
}
_TITLES: Final = {
    400: "Bad request",
    401: "Not authorized",
    402: "Payment declined",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Not valid",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


def status_of(error: errors.BillfoldError) -> int:
    """Give the status of the nearest class that has one."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return 500


def problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: Any,  # noqa: ANN401 - any JSON value
) -> Response[str]:
    """Make a problem document; ``extra`` become further members."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **{name: _public(value) for name, value in extra.items() if value is not None},
    }
    return Response(
        status_code=status,
        content_type=CONTENT_TYPE,
        body=json.dumps(body),
        headers=dict(headers or {}),
    )


def _public(value: object) -> object:
    if isinstance(value, Payment):
        return PaymentOut.of(value).model_dump(mode="json", exclude_none=True)
    return value


def from_error(error: errors.BillfoldError, request_id: str) -> Response[str]:
    """Turn an error of the family into its document."""
    headers = {}
    if isinstance(error, errors.TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after)
    return problem(
        status_of(error), error.code, error.text, request_id, headers=headers, **error.extra
    )
