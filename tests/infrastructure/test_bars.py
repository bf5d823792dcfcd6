"""`make bench` ends badly when a bar is missed, and says which."""

from dataclasses import replace
from datetime import date

from benchmarks import reconciling
from benchmarks.__main__ import BARS, below_the_bar, table
from benchmarks.charging import most_in_a_second
from benchmarks.due_index import DueIndex, invoices
from benchmarks.finding import BAR, Finding, ratios
from benchmarks.pages import Measured, Page

CARDS = Page("cards", "/billing/cards", 85)
FULL = {"performance": 98.0, "accessibility": 100.0, "best-practices": 100.0}


def test_what_meets_every_bar_is_silent() -> None:
    assert FULL == BARS
    assert below_the_bar(Measured(CARDS, 85.0, FULL, [])) == []


def test_each_miss_is_said_by_page_and_figure() -> None:
    poor = {**FULL, "performance": 97.0, "accessibility": 96.0}
    missed = Measured(CARDS, 85.1, poor, ["Buttons have no name (button-name)"])
    assert below_the_bar(missed) == [
        "cards: 85.1 KB of 85",
        "cards: performance 97, wanted 98",
        "cards: accessibility 96, wanted 100",
        "cards: Buttons have no name (button-name)",
    ]


def test_the_table_has_a_row_for_each_page() -> None:
    head, row = table([Measured(CARDS, 71.3, FULL, [])]).splitlines()
    assert head.split() == ["page", "KB", "gzip", "budget", *FULL]
    assert row.split() == ["cards", "71.3", "85", "98", "100", "100"]


def test_the_busiest_second_may_begin_anywhere() -> None:
    assert most_in_a_second([]) == 0
    assert most_in_a_second([0.0, 1.0, 2.0]) == 1
    assert most_in_a_second([0.9, 0.0, 1.2, 1.8, 5.0]) == 3


def test_a_scan_for_what_is_due_would_miss_the_bar() -> None:
    """The measure has teeth: were all invoices read, the ratio would show it."""
    day = date(2026, 10, 31)
    seen = []
    for among in (100, 2000):
        index = DueIndex()
        index.fill(invoices(100, among, day))
        seen.append(Finding(among, 1, len(index), 100, 1.0))
    assert ratios(*seen)["reads"] > BAR


def test_a_reconciliation_that_grows_faster_than_the_day_would_miss_the_bar() -> None:
    """The measure itself, on two small days; then as if a page were read again for each page."""
    few, many = (reconciling.reconciling(charges) for charges in (2_400, 24_000))
    found = reconciling.ratios(few, many)
    assert all(ratio < reconciling.BAR for name, ratio in found.items() if name != "CPU ms")
    assert many.invocations >= few.invocations >= 24
    again = replace(many, stripe=many.stripe * 10, peak=few.peak * 10)
    worse = reconciling.ratios(few, again)
    assert worse["calls of Stripe"] > reconciling.BAR
    assert worse["peak MB"] > reconciling.BAR
