"""A page to look at while developing: what there is, what was sent, what will go wrong.

Read only, and without a secret: the browser's keys, client secrets and idempotency keys stay out.
"""

import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from local.stripe_emulator import clock, faults, request_log
from local.stripe_emulator.api_app import ApiApp
from local.stripe_emulator.calls import JsonObject
from local.stripe_emulator.currencies import display
from local.stripe_emulator.settings import API_VERSION, Settings
from local.stripe_emulator.store import Store, Transaction
from local.stripe_emulator.stripe_js_routes import FRAME_POLICY
from local.stripe_emulator.webhooks import Courier

ROWS: Final = 50
_SECONDS: Final = 5
Cell = Callable[[JsonObject], str]


def _text(name: str) -> Cell:
    return lambda body: escape(str(body.get(name) or ""))


def _link(name: str) -> Cell:
    def link(body: JsonObject) -> str:
        identifier = body.get(name)
        if not identifier:
            return ""
        shown = escape(str(identifier))
        return f'<a href="/_control/objects/{shown}">{shown}</a>'

    return link


def _money(body: JsonObject) -> str:
    return escape(display(body["amount"], body["currency"]))


def _status(body: JsonObject) -> str:
    return f'<span class="status {escape(body["status"])}">{escape(body["status"])}</span>'


def _marks(body: JsonObject) -> str:
    marks = []
    if body["amount_refunded"]:
        marks.append(f"refunded {display(body['amount_refunded'], body['currency'])}")
    if body["disputed"]:
        marks.append("disputed")
    if body["failure_code"]:
        marks.append(body["failure_code"])
    return escape(", ".join(marks))


def _metadata(body: JsonObject) -> str:
    return escape(", ".join(f"{name} {value}" for name, value in body["metadata"].items()))


def _time(name: str) -> Cell:
    def shown(body: JsonObject) -> str:
        return time.strftime("%d %b %H:%M:%S", time.gmtime(body[name]))

    return shown


_ID, _CREATED = ("id", _link("id")), ("created", _time("created"))
_OBJECTS: Final[tuple[tuple[str, str, tuple[tuple[str, Cell], ...]], ...]] = (
    (
        "Payment intents",
        "payment_intent",
        (_ID, ("amount", _money), ("status", _status), ("metadata", _metadata), _CREATED),
    ),
    (
        "Charges",
        "charge",
        (
            _ID,
            ("amount", _money),
            ("status", _status),
            ("since", _marks),
            ("intent", _link("payment_intent")),
            _CREATED,
        ),
    ),
    ("Setup intents", "setup_intent", (_ID, ("status", _status), ("customer", _link("customer")))),
    ("Customers", "customer", (_ID, ("metadata", _metadata), _CREATED)),
    (
        "Disputes",
        "dispute",
        (_ID, ("amount", _money), ("status", _status), ("charge", _link("charge"))),
    ),
)
_DELIVERY: Final = (
    ("event", _link("event")),
    ("type", _text("type")),
    ("state", _text("state")),
    ("tries", _text("attempts")),
    ("last answer", _text("last_status")),
)
_FAULT: Final = (
    ("method", _text("method")),
    ("path", _text("path")),
    ("kind", _text("kind")),
    ("left", _text("remaining")),
)
_CALL: Final = (
    ("at", _time("at")),
    ("method", _text("method")),
    ("path", _text("path")),
    ("answer", _text("status")),
    ("fault", _text("fault")),
)


class Dashboard:
    """The page at the emulator's root."""

    def __init__(self, store: Store, settings: Settings, courier: Courier, api: ApiApp) -> None:
        self._store = store
        self._settings = settings
        self._courier = courier
        self._api = api

    def routes(self) -> list[Route]:
        """Give the route."""
        return [Route("/", self._show)]

    async def _show(self, request: Request) -> Response:
        refresh = request.query_params.get("refresh") != "0"
        page = await run_in_threadpool(self._page, refresh=refresh)
        headers = {"content-security-policy": FRAME_POLICY, "cache-control": "no-store"}
        return HTMLResponse(page, headers=headers)

    def _page(self, *, refresh: bool) -> str:
        deliveries = self._courier.report()["data"]
        pending = sum(one["state"] == "pending" for one in deliveries)
        with self._store.transaction() as tx:
            now = time.strftime("%d %b %Y %H:%M:%S UTC", time.gmtime(clock.now(tx)))
            armed = [fault.as_json() for fault in faults.armed(tx)]
            tables = [
                _table(title, columns, _newest(tx, kind)) for title, kind, columns in _OBJECTS
            ]
            calls = request_log.read(tx, {})
        tables += [
            _table("Webhooks", _DELIVERY, deliveries[::-1][:ROWS]),
            _table("Faults armed", _FAULT, armed),
            _table("Last calls of the API", _CALL, calls[::-1][:ROWS]),
        ]
        switch = "" if refresh else "?refresh=1"
        words = "Stop refreshing" if refresh else "Refresh by itself"
        again = f'<meta http-equiv="refresh" content="{_SECONDS}">' if refresh else ""
        where = escape(self._settings.webhook_url or "nowhere")
        return _PAGE.format(
            again=again,
            now=now,
            version=API_VERSION,
            webhooks=f"{pending} of {len(deliveries)} webhooks pending, to {where}",
            late=self._api.late,
            switch=switch or "?refresh=0",
            words=words,
            tables="\n".join(tables),
        )


def _newest(tx: Transaction, kind: str) -> list[JsonObject]:
    records = tx.select("kind = ?", (kind,), f"ORDER BY seq DESC LIMIT {ROWS}")
    return [record.body for record in records]


def _table(title: str, columns: Sequence[tuple[str, Cell]], rows: Sequence[dict[str, Any]]) -> str:
    heading = f"<h2>{title}</h2>"
    if not rows:
        return f"<section>{heading}<p>None.</p></section>"
    head = "".join(f'<th scope="col">{name}</th>' for name, _ in columns)
    lines = "\n".join(
        "<tr>" + "".join(f'<td data-name="{name}">{cell(row)}</td>' for name, cell in columns)
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return (
        f"<section>{heading}<table><caption>{title}, newest first</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></section>"
    )


_PAGE: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    {again}
    <title>Stripe emulator</title>
    <link rel="stylesheet" href="/js/frame/dashboard.css">
  </head>
  <body>
    <header>
      <h1>Stripe emulator</h1>
      <p>Its clock says {now}. API {version}. {webhooks}. {late} late requests wait.</p>
      <p><a href="/{switch}">{words}</a></p>
    </header>
    <main>
{tables}
    </main>
  </body>
</html>
"""
