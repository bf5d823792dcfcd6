"""The page at the emulator's address: what is in it, for a person to look at."""

import time
from html import escape
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from local.stripe_emulator import clock
from local.stripe_emulator import dashboard_tables as tables
from local.stripe_emulator.api_app import ApiApp
from local.stripe_emulator.dashboard_tables import Badge, Cell, Item, Link, Short, Table, local_time
from local.stripe_emulator.settings import API_VERSION
from local.stripe_emulator.store import Store

_SECONDS: Final = 5
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>Stripe emulator</title>
<link rel="stylesheet" href="/_control/dashboard.css">
</head>
<body>
<header>
<h1>Stripe emulator</h1>
<dl>
<div><dt>Its clock, UTC</dt><dd>{now}</dd></div>
<div><dt>API version</dt><dd>{version}</dd></div>
<div><dt>Refresh</dt><dd>{toggle}</dd></div>
</dl>
<nav aria-label="Tables">
<ul>
{links}
</ul>
</nav>
</header>
<main>
{sections}
</main>
</body>
</html>
"""
_SECTION: Final = """<section id="{name}" aria-labelledby="{name}_title">
<h2 id="{name}_title">{title}</h2>
{notes}{table}
</section>"""
# The roles keep it a table for screen readers where the style sheet stacks its rows.
_TABLE: Final = """<table role="table">
<caption>{caption}</caption>
<thead role="rowgroup">
<tr role="row">{heads}</tr>
</thead>
<tbody role="rowgroup">
{rows}
</tbody>
</table>"""


class Dashboard:
    """The page.

    Parameters
    ----------
    api
        Knows which late requests wait.
    """

    def __init__(self, store: Store, api: ApiApp) -> None:
        self._store = store
        self._api = api

    async def page(self, request: Request) -> Response:
        """Show everything; `?refresh=0` shows it once."""
        refreshing = request.query_params.get("refresh") != "0"
        page = await run_in_threadpool(self._render, refreshing=refreshing)
        headers = {"content-security-policy": _POLICY, "cache-control": "no-store"}
        return HTMLResponse(page, headers=headers)

    def _render(self, *, refreshing: bool) -> str:
        with self._store.transaction() as tx:
            now = clock.now(tx)
            shown = [
                tables.payment_intents(tx),
                tables.charges(tx),
                tables.setup_intents(tx),
                tables.customers(tx),
                tables.webhooks(tx),
                tables.armed_faults(tx, self._api.late),
                tables.requests(tx),
            ]
        refresh = f'<meta http-equiv="refresh" content="{_SECONDS}">\n' if refreshing else ""
        toggle = (
            f'every {_SECONDS} seconds, <a href="/?refresh=0">stop</a>'
            if refreshing
            else 'off, <a href="/">start</a>'
        )
        links = [
            f'<li><a href="#{one.name}">{one.title}</a> <span>{one.total:,}</span></li>'
            for one in shown
        ]
        return _PAGE.format(
            refresh=refresh,
            now=_clock(now),
            version=API_VERSION,
            toggle=toggle,
            links="\n".join(links),
            sections="\n".join(_section(one) for one in shown),
        )


async def styles(_: Request) -> Response:
    """Give the page's style sheet."""
    return FileResponse(Path(__file__).with_suffix(".css"), headers={"cache-control": "no-cache"})


def _clock(now: float) -> str:
    ahead = round(now - time.time())
    if ahead == 0:
        return _time(now)
    days, seconds = divmod(ahead, 24 * 3600)
    moved = [f"{days:,} d"] if days else []
    if seconds:
        moved.append(f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} h")
    return f"{_time(now)}, {' '.join(moved)} ahead"


def _section(table: Table) -> str:
    notes = "".join(f"<p>{escape(note)}.</p>\n" for note in table.notes)
    shown = _table(table) if table.rows else "<p>None.</p>"
    return _SECTION.format(name=table.name, title=table.title, notes=notes, table=shown)


def _table(table: Table) -> str:
    shown = len(table.rows)
    caption = f"All {shown}" if shown == table.total else f"The newest {shown} of {table.total:,}"
    heads = "".join(
        f'<th scope="col" role="columnheader">{column}</th>' for column in table.columns
    )
    rows = "\n".join(_row(table.columns, row) for row in table.rows)
    return _TABLE.format(caption=f"{caption}, newest first", heads=heads, rows=rows)


def _row(columns: tuple[str, ...], row: list[Cell]) -> str:
    first, *rest = row
    cells = [f'<th scope="row" role="rowheader">{_cell(first)}</th>']
    for column, cell in zip(columns[1:], rest, strict=True):
        cells.append(f'<td role="cell" data-column="{column}">{_cell(cell)}</td>')
    return f'<tr role="row">{"".join(cells)}</tr>'


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    items = cell if isinstance(cell, list) else [cell]
    return f"<div>{' '.join(_item(item) for item in items)}</div>" if items else ""


def _item(item: Item) -> str:
    match item:
        case Link(identifier):
            shown = escape(identifier)
            return f'<a class="id" href="/_control/objects/{shown}">{shown}</a>'
        case Badge(text, mood):
            return f'<span class="badge {mood}">{escape(text)}</span>'
        case Short(text):
            return escape(text)
        case str():
            return f'<span class="text">{escape(item)}</span>'
    return _time(item)


def _time(moment: float) -> str:
    machine = local_time(moment, "%Y-%m-%dT%H:%M:%SZ")
    return f'<time datetime="{machine}">{local_time(moment)}</time>'
