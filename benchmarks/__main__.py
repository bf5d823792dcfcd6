"""``make bench``: measures, prints a table, writes benchmarks/results.json, and holds the bars."""

import json
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.pages import CATEGORIES, Measured, Page, judge, weigh
from local.borrowed import borrowed
from local.failure import StackError
from local.layout import ROOT
from local.session import browser, log_in

RESULTS: Final = ROOT / "benchmarks" / "results.json"
LOG: Final = ROOT / ".local" / "bench.log"
BARS: Final = {"performance": 98, "accessibility": 100, "best-practices": 100}
PAGES: Final = (
    Page("log-in", "/login", 40, logged_in=False),
    Page("dashboard", "/", 85),
    Page("cards", "/billing/cards", 85),
    Page("invoices", "/billing/invoices", 85),
)


def measure() -> list[Measured]:
    """Measure every page on a stack."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    found = []
    with borrowed() as stack, tempfile.TemporaryDirectory() as profile:
        port = _free_port()
        with browser(Path(profile), [f"--remote-debugging-port={port}"]) as context:
            session = False
            for page in PAGES:
                if page.logged_in and not session:
                    log_in(context, stack, stack["customers"][0])
                    session = True
                url = f"{stack['portal_url']}{page.path}"
                print(f"  {page.name} …", flush=True)
                kilobytes = weigh(context, url)
                found.append(Measured(page, kilobytes, *judge(url, port, LOG)))
    return found


def below_the_bar(measured: Measured) -> list[str]:
    """Say what is not as good as it must be."""
    page = measured.page
    heavy = [f"{page.name}: {measured.kilobytes} KB of {page.budget}"]
    poor = [
        f"{page.name}: {name} {measured.scores[name]:.0f}, wanted {bar}"
        for name, bar in BARS.items()
        if measured.scores[name] < bar
    ]
    return (heavy if measured.kilobytes > page.budget else []) + [
        *poor,
        *(f"{page.name}: {complaint}" for complaint in measured.complaints),
    ]


def table(rows: list[Measured]) -> str:
    """Give the figures as they are printed."""
    head = f"{'page':<10} {'KB gzip':>8} {'budget':>7}  " + "  ".join(CATEGORIES)
    lines = [
        f"{row.page.name:<10} {row.kilobytes:>8} {row.page.budget:>7}  "
        + "  ".join(f"{row.scores[name]:>{len(name)}.0f}" for name in CATEGORIES)
        for row in rows
    ]
    return "\n".join([head, *lines])


def as_json(rows: list[Measured]) -> str:
    """Give the figures as they are kept."""
    pages = [
        {
            "page": row.page.name,
            "kilobytes": row.kilobytes,
            "budget": row.page.budget,
            **{name.replace("-", "_"): round(row.scores[name]) for name in CATEGORIES},
        }
        for row in rows
    ]
    return json.dumps({"portal": pages}, indent=2) + "\n"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Measure and hold the bars."""
    try:
        rows = measure()
    except StackError as error:
        print(f"billfold: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    RESULTS.write_text(as_json(rows))
    below = [line for row in rows for line in below_the_bar(row)]
    for line in below:
        print(f"billfold: below the bar: {line}", file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
