"""``make bench``: measures, prints a table, writes benchmarks/results.json, and holds the bars."""

import json
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import charging, finding, reconciling
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


def measure(stack: dict[str, Any]) -> list[Measured]:
    """Measure every page on a stack."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    found = []
    with tempfile.TemporaryDirectory() as profile:
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


def find_what_is_due() -> tuple[dict[str, object], list[str]]:
    """Measure, print, and give the figures with what is not as good as it must be."""
    print("  finding what is due …", flush=True)
    alone, million = finding.finding()
    found = finding.ratios(alone, million)
    print(f"\n{'finding what is due':<28} {'invoices':>9} {'queries':>8} {'read':>7} {'ms':>7}")
    for name, one in (("10,000 alone", alone), ("10,000 of a million", million)):
        figures = f"{one.invoices:>9,} {one.queries:>8} {one.read:>7,} {one.milliseconds:>7.1f}"
        print(f"{name:<28} {figures}")
    print("ratio: " + ", ".join(f"{name} {ratio:.3f}" for name, ratio in found.items()))
    below = [
        f"finding: {name} {ratio:.3f}, wanted at most {finding.BAR}"
        for name, ratio in found.items()
        if ratio > finding.BAR
    ]
    return {name: round(ratio, 3) for name, ratio in found.items()}, below


def reconcile_a_day() -> tuple[dict[str, object], list[str]]:
    """Measure, print, and give the figures with what is not as good as it must be."""
    print("  reconciling a day …", flush=True)
    few, many = (reconciling.apart(n) for n in (reconciling.FEW, reconciling.MANY))
    costs = [one.for_a_thousand() for one in (few, many)]
    found = reconciling.ratios(few, many)
    print(f"\n{'reconciling, a thousand':<28} {few.charges:>11,} {many.charges:>11,} {'ratio':>7}")
    for name, ratio in found.items():
        print(f"{name:<28} {costs[0][name]:>11,.1f} {costs[1][name]:>11,.1f} {ratio:>7.3f}")
    print(f"{'invocations of a day':<28} {few.invocations:>11,} {many.invocations:>11,}")
    bar = reconciling.BAR
    below = [
        f"reconciling: {name} {ratio:.3f}, wanted at most {bar}"
        for name, ratio in found.items()
        if ratio > bar
    ]
    return {
        "ratios": {name: round(ratio, 3) for name, ratio in found.items()},
        "a_thousand_of_a_million": {name: round(cost, 2) for name, cost in costs[1].items()},
        "invocations_for_a_million": many.invocations,
    }, below


def charge_what_is_due(stack: Mapping[str, Any]) -> tuple[dict[str, object], list[str]]:
    """Measure, print, and give the figures with what is not as good as it must be."""
    print("  charging what is due …", flush=True)
    done = charging.charging(stack)
    dollars = done.dollars
    print(f"\n{done.charges} charges by {charging.WORKERS} workers at {charging.SECONDS} s each")
    print(f"{done.a_second:.1f} a second; without the pace a charge takes {done.each:.2f} s here")
    for name, number in done.calls.items():
        print(f"  {number:>5.2f} {name}")
    print("requests in the busiest second")
    for name, most in done.busiest.items():
        print(f"  {most:>5} {name}")
    print("dollars for a million charges")
    for name, sum_ in dollars.items():
        print(f"  {sum_:>7.2f} {name}")
    print(f"  {sum(dollars.values()):>7.2f} together")
    left = round(done.left_for_people, 2)
    bar = charging.FOR_PEOPLE
    below = [] if left >= bar else [f"charging: {left:.2f} is left for people, wanted {bar:.2f}"]
    return {
        "charges_a_second": round(done.a_second, 1),
        "left_for_people": left,
        "calls": done.calls,
        "dollars_for_a_million": {name: round(sum_, 2) for name, sum_ in dollars.items()},
    }, below


def as_json(
    rows: list[Measured], autopay: Mapping[str, object], reconciliation: Mapping[str, object]
) -> str:
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
    kept = {"portal": pages, "autopay": autopay, "reconciliation": reconciliation}
    return json.dumps(kept, indent=2) + "\n"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Measure and hold the bars."""
    try:
        found, slow = find_what_is_due()
        reconciled, steep = reconcile_a_day()
        with borrowed() as stack:
            charged, hasty = charge_what_is_due(stack)
            rows = measure(stack)
    except StackError as error:
        print(f"billfold: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    RESULTS.write_text(as_json(rows, {"finding": found, "charging": charged}, reconciled))
    below = [*slow, *steep, *hasty, *(line for row in rows for line in below_the_bar(row))]
    for line in below:
        print(f"billfold: below the bar: {line}", file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
