"""Serves portal/dist as CloudFront and S3 do: pages, assets, headers and how long each is kept."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from local.layout import ROOT
from local.portal_headers import portal_headers
from local.stack_file import Stack
from local.stripe_emulator.settings import RELEASE

DIST: Final = ROOT / "portal" / "dist"
CONFIG: Final = "config.json"
_FILE = re.compile(r"\.[^/]*$")


def cache_control(name: str) -> str:
    """Tell how long a file may be kept: what has a hash in its name never changes."""
    return "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"


def is_page(path: str) -> bool:
    """Tell whether a path is a page of the portal, as the CloudFront Function decides it."""
    return not _FILE.search(path)


class PortalFiles:
    """An ASGI application for everything that the portal consists of."""

    def __init__(self, stack: Stack, dist: Path = DIST) -> None:
        self.dist = dist
        emulator = stack.stripe_url if stack.stripe_control_url else None
        self._headers = portal_headers(emulator)
        script = f"{emulator}/{RELEASE}/stripe.js" if emulator else None
        self._files = GZipMiddleware(
            _Files(dist, {"publishable_key": stack.stripe_publishable_key, "script": script})
        )

    @property
    def built(self) -> bool:
        """Whether there is a portal to serve."""
        return (self.dist / "index.html").exists()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the portal's headers on every answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [
                    (name.lower().encode(), value.encode()) for name, value in self._headers.items()
                ]
            await send(message)

        await self._files(scope, receive, with_headers)


class _Files(StaticFiles):
    """The files themselves, and the configuration of the running stack."""

    def __init__(self, dist: Path, stripe: Mapping[str, str | None]) -> None:
        super().__init__(directory=dist, check_dir=False)
        self._config = dist / CONFIG
        self._stripe = stripe

    def get_path(self, scope: Scope) -> str:
        """Take the start page for every path that names no file."""
        path = super().get_path(scope)
        return "index.html" if path == "." or is_page(path) else path

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path == CONFIG and self._config.exists():
            content = json.loads(self._config.read_text()) | {"stripe": self._stripe}
            answer: Response = JSONResponse(content)
        else:
            try:
                answer = await super().get_response(path, scope)
            except HTTPException as refused:
                # Answered here and not further out, so that it has the headers too.
                return PlainTextResponse(refused.detail, refused.status_code, refused.headers)
        answer.headers["Cache-Control"] = cache_control(path)
        return answer
