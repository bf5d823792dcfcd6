"""The bank's page, where a person completes or fails a 3-D Secure step.

Stripe.js shows it in a frame over the shop's page; an intent with a `return_url` sends the browser
here and gets it back.
"""

from html import escape
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local.stripe_emulator import authentication
from local.stripe_emulator.calls import JsonObject, unrequested
from local.stripe_emulator.currencies import display
from local.stripe_emulator.errors import ApiError
from local.stripe_emulator.payment_methods import find_payment_method
from local.stripe_emulator.settings import Settings
from local.stripe_emulator.store import Store
from local.stripe_emulator.stripe_js_routes import FRAME_POLICY
from local.stripe_emulator.webhooks import Courier

_PAGE: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Confirm with your bank</title>
    <link rel="stylesheet" href="/js/frame/bank_page.css">
    <script type="module" src="/js/frame/bank_page.js"></script>
  </head>
  <body{over}>
    <main>
{content}
    </main>
  </body>
</html>
"""
_QUESTION: Final = """      <h1>Confirm with your bank</h1>
      <p>{what} with {card}</p>
      <p class="note">This page stands for the bank of a test card. Nothing is charged.</p>
      <form method="post">
        <button name="result" value="complete">Complete authentication</button>
        <button name="result" value="fail">Fail authentication</button>
      </form>"""
_OVER: Final = """      <h1>This step is over</h1>
      <p>You can go back to the page that you came from.</p>"""


class BankPage:
    """The page and what its buttons do."""

    def __init__(self, store: Store, settings: Settings, courier: Courier) -> None:
        self._store = store
        self._settings = settings
        self._courier = courier

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route("/3ds/{intent}", self._show, methods=["GET"]),
            Route("/3ds/{intent}", self._finish, methods=["POST"]),
            Route("/3ds/{intent}/state", self._state),
        ]

    async def _show(self, request: Request) -> Response:
        intent = request.path_params["intent"]
        content = await run_in_threadpool(self._question, intent)
        page = _PAGE.format(over="" if content else " data-over", content=content or _OVER)
        # The way back from a page with a `return_url` leads to any shop.
        policy = f"{FRAME_POLICY}; form-action *"
        headers = {"content-security-policy": policy, "cache-control": "no-store"}
        return HTMLResponse(page, headers=headers)

    async def _state(self, request: Request) -> Response:
        intent = request.path_params["intent"]
        return JSONResponse({"waiting": bool(await run_in_threadpool(self._question, intent))})

    async def _finish(self, request: Request) -> Response:
        form = await request.body()
        failed = b"result=fail" in form
        result = authentication.FAIL if failed else authentication.COMPLETE
        intent = request.path_params["intent"]
        way_back = await run_in_threadpool(self._end, intent, result, str(request.base_url))
        self._courier.wake()
        return RedirectResponse(way_back or request.url.path, 303)

    def _question(self, identifier: str) -> str:
        """Give what the page asks; nothing where the intent waits for no step."""
        with self._store.transaction() as tx:
            call = unrequested(tx, self._settings)
            try:
                intent = authentication.find(call, identifier).body
                if intent["status"] != "requires_action":
                    return ""
                card = find_payment_method(call, intent["payment_method"]).body["card"]
            except ApiError:
                return ""
        what = "Save your card"
        if intent["object"] == "payment_intent":
            what = f"Pay {display(intent['amount'], intent['currency'])}"
        face = f"{card['brand'].title()} •••• {card['last4']}"
        return _QUESTION.format(what=escape(what), card=escape(face))

    def _end(self, identifier: str, result: str, base_url: str) -> str | None:
        """Finish the step; give the address to go back to, if the browser was sent here."""
        with self._store.transaction() as tx:
            call = unrequested(tx, self._settings, base_url.rstrip("/"))
            try:
                waiting = dict(authentication.find(call, identifier).body)
                ended = authentication.finish(call, identifier, result)
            except ApiError:
                # Over already: a second click, or a control call was quicker. The page says so.
                return None
        return _way_back(waiting, ended)


def _way_back(waiting: JsonObject, ended: JsonObject) -> str | None:
    redirect = (waiting["next_action"] or {}).get("redirect_to_url")
    if redirect is None or urlsplit(redirect["return_url"]).scheme not in ("http", "https"):
        return None
    name = ended["object"]
    failed = ended["status"] == "requires_payment_method"
    told = urlencode(
        {
            name: ended["id"],
            f"{name}_client_secret": ended["client_secret"],
            "redirect_status": "failed" if failed else "succeeded",
        }
    )
    joint = "&" if urlsplit(redirect["return_url"]).query else "?"
    return f"{redirect['return_url']}{joint}{told}"
