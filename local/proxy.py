"""The one origin that a browser sees: portal at ``/``, API below ``/v1``.

Beside them are two pages of the embedded stack itself: what to try at ``/demo``, the local inbox
at ``/mail``.

It stands for CloudFront and API Gateway's front: it answers as the gateway does where the AWS
emulator does not (limits, errors), and adds nothing that a function could rely on.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from local import mail, pages
from local.admission import Workers
from local.portal_files import PortalFiles
from local.provision import Api
from local.stack_file import Stack

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
MAX_HEADER_BYTES: Final = 10240
GATEWAY_SECONDS: Final = 30
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# These concern one connection and are not passed on (RFC 9110, 7.6.1).
HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"content-length",
    }
)


def application(  # noqa: C901 - a few small routes around one client
    api: Api, workers: Workers, stack: Stack, portal_files: PortalFiles, is_up: Callable[[], bool]
) -> Starlette:
    """Make the proxy.

    Parameters
    ----------
    api
        The HTTP API inside the AWS emulator.
    workers
        Whose turn it is to call a function.
    stack
        Where everything is.
    portal_files
        Serves the portal.
    is_up
        Tells whether it is all there yet.
    """
    upstream = httpx.AsyncClient(
        timeout=httpx.Timeout(GATEWAY_SECONDS + 1, pool=None),
        trust_env=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=16),
    )
    functions = [(_pattern(key), function) for key, function in api.routes.items()]

    async def gateway(request: Request) -> Response:
        refused = _over_limits(request)
        if refused:
            return refused
        body = await request.body()
        if len(body) > MAX_BODY_BYTES:
            return _message(413, "Request Entity Too Large")
        path = request.scope["raw_path"].decode("ascii")
        query = request.scope["query_string"].decode("ascii")
        url = httpx.URL(f"{api.address}{path}{'?' + query if query else ''}")
        headers = [(k, v) for k, v in request.headers.raw if k.lower() not in HOP_BY_HOP]
        try:
            async with _turn(workers, functions, f"{request.method} {path}"):
                answer = await upstream.request(request.method, url, content=body, headers=headers)
        except httpx.TimeoutException:
            return _message(503, "Service Unavailable")
        except httpx.HTTPError:
            return _message(500, "Internal Server Error")
        return _as_gateway(answer)

    async def portal(scope: Scope, receive: Receive, send: Send) -> None:
        if is_up() and portal_files.built:
            await portal_files(scope, receive, send)
        else:
            text = pages.not_built() if is_up() else pages.coming_up()
            page = _page(text, status=503, **{"Retry-After": "2"})
            await page(scope, receive, send)

    async def demo(_request: Request) -> Response:
        return _page(pages.demo(stack)) if is_up() else _page(pages.coming_up(), status=503)

    async def inbox(request: Request) -> Response:
        messages = await mail.messages(upstream, stack.aws_endpoint_url) if is_up() else []
        if "text/html" in request.headers.get("accept", ""):
            return _page(pages.mail(messages))
        return JSONResponse({"data": messages})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await upstream.aclose()

    return Starlette(
        routes=[
            Route("/v1/{path:path}", gateway, methods=METHODS),
            Route("/demo", demo),
            Route("/mail", inbox),
            Mount("/", portal),
        ],
        # A page of another name must not reach the stack by pointing its name here.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        lifespan=lifespan,
    )


def _page(text: str, *, status: int = 200, **headers: str) -> Response:
    """Answer with a page of the embedded stack's own; its style is inside the page."""
    return HTMLResponse(text, status, {"Content-Security-Policy": PAGE_POLICY, **headers})


def _pattern(key: str) -> re.Pattern[str]:
    """Read a route's key, e.g. ``GET /v1/invoices/{invoice_id}``."""
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"{\w+}", key)))


def _turn(
    workers: Workers, functions: Sequence[tuple[re.Pattern[str], str]], called: str
) -> AbstractAsyncContextManager[None]:
    """Wait for a worker of the called function; a route that is not there needs none."""
    for pattern, function in functions:
        if pattern.fullmatch(called):
            return workers.lease(function)
    return nullcontext()


def _over_limits(request: Request) -> Response | None:
    size = sum(len(name) + len(value) for name, value in request.headers.raw)
    if size + len(request.scope["raw_path"]) > MAX_HEADER_BYTES:
        return _message(431, "Request Header Fields Too Large")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        return _message(413, "Request Entity Too Large")
    return None


def _as_gateway(answer: httpx.Response) -> Response:
    """Pass an answer on; hide what API Gateway hides."""
    if answer.status_code == 502:
        return _message(500, "Internal Server Error")
    response = Response(content=answer.content, status_code=answer.status_code)
    response.raw_headers = [
        (name, value)
        for name, value in answer.headers.raw
        # The body has been decoded on the way; what the emulator says about itself stays inside.
        if name.lower() not in HOP_BY_HOP | {b"content-encoding", b"server", b"date"}
        and not name.lower().startswith(b"x-amzn")
    ]
    if answer.status_code != 204:
        response.raw_headers.append((b"content-length", str(len(answer.content)).encode()))
    return response


def _message(status: int, text: str) -> Response:
    """Answer with the gateway's own error body, which is no problem document."""
    return JSONResponse({"message": text}, status_code=status)
