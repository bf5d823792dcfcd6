"""Stripe.js at the emulator's own address: the script that a page loads, and its frames."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from local.stripe_emulator.settings import RELEASE

_HOME: Final = Path(__file__).parent / "stripe_js"
# In this order they are one script; Stripe's own is one file too, and pages load it as such.
_PARTS: Final = (
    "integration_error",
    "frames",
    "controller",
    "bank_step",
    "element",
    "elements",
    "intents",
    "stripe",
)
FRAME_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
)
"""What a frame may load. Whoever has the page may show it, so `frame-ancestors` is left out."""


def bundle() -> str:
    """Give the script: its parts share one scope and leave only `Stripe` behind."""
    parts = [(_HOME / "page" / f"{name}.js").read_text() for name in _PARTS]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


async def _script(_: Request) -> Response:
    return Response(bundle(), headers={"cache-control": "no-cache"}, media_type="text/javascript")


def _frame(name: str) -> Route:
    async def page(_: Request) -> Response:
        headers = {"content-security-policy": FRAME_POLICY, "cache-control": "no-cache"}
        return FileResponse(_HOME / "frame" / f"{name}.html", headers=headers)

    return Route(f"/{name}.html", page)


class _Files(StaticFiles):
    """Files that a browser asks for again each time, since this is a tool for development."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = "no-cache"
        return answer


def routes() -> list[BaseRoute]:
    """Give the routes of the script, under each of the names that pages know, and of its frames."""
    frames = [_frame("controller"), _frame("element")]
    return [
        Route("/stripe.js", _script),
        Route("/v3", _script),
        Route("/v3/", _script),
        Route(f"/{RELEASE}/stripe.js", _script),
        Mount("/js", routes=[*frames, Mount("/frame", _Files(directory=_HOME / "frame"))]),
    ]
