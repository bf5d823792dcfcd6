"""Closing a connection without an answer, which ASGI has no words for."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DROP = "stripe_emulator.drop"


class Droppable:
    """The outermost layer: remembers the server's own `send`, which knows the connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a way to drop it."""
        if scope["type"] == "http":
            scope[_DROP] = (receive, send)
        await self._app(scope, receive, send)


async def drop(scope: Scope) -> None:
    """Close the connection of a request; its client sees no byte of an answer."""
    receive, send = scope[_DROP]
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        # Another server than uvicorn: begin an answer and never end it.
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return
    transport.abort()
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()
