"""The contract of the reconciliation's runs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.domain.reconciliation import Hour, Line, Listing, Progress, Run, Verdict
from billfold.services.ports import Reconciliations, StaleError

from tests.adapters.contract import Repositories
from tests.builders import NOON

DAY = NOON.date()
RUN = Run(DAY, "run-1", NOON)
HOUR = Hour(DAY, "run-1", 12)


def lines(count: int) -> list[Line]:
    return [
        Line(
            Verdict.NOT_AT_STRIPE, f"ch_3Pabcdefghijklmnopqr{n:05}", "cust-1", "inv_1", "", "5 USD"
        )
        for n in range(count)
    ]


def read_all(runs: Reconciliations, run: Run) -> list[Line]:
    found: list[Line] = []
    after = None
    while True:
        page = runs.lines(run, limit=2, after=after)
        found += page.items
        after = page.last_id
        if after is None:
            return found


def test_one_run_stands_for_a_day(repositories: Repositories) -> None:
    runs = repositories.reconciliations
    assert runs.latest(DAY) is None
    runs.begin(RUN, instead_of=None)
    other = replace(RUN, run="run-2")
    with pytest.raises(StaleError):
        runs.begin(other, instead_of=None)
    assert runs.latest(DAY) == RUN
    runs.begin(other, instead_of=RUN)
    assert runs.latest(DAY) == other
    with pytest.raises(StaleError):
        runs.complete(RUN, differences=0, now=NOON)


def test_a_run_is_complete_once(repositories: Repositories) -> None:
    runs = repositories.reconciliations
    runs.begin(RUN, instead_of=None)
    later = NOON + timedelta(hours=1)
    runs.complete(RUN, differences=3, now=later)
    assert runs.latest(DAY) == replace(RUN, completed_at=later, differences=3)
    with pytest.raises(StaleError):
        runs.complete(RUN, differences=0, now=later)


def test_progress_goes_on_from_what_was_read(repositories: Repositories) -> None:
    runs = repositories.reconciliations
    assert runs.progress(HOUR) == Progress()
    seen = Progress(position="2026-10-20T12:30:00+00:00", pages=1, charges=7, totals={"USD": 10})
    first = runs.advance(HOUR, Progress(), seen, [])
    assert first == replace(seen, version=1) == runs.progress(HOUR)
    with pytest.raises(StaleError):
        runs.advance(HOUR, Progress(), seen, lines(1))
    done = runs.advance(HOUR, first, replace(first, listing=None, position=None), lines(1))
    assert runs.progress(HOUR) == done
    assert runs.hours(RUN) == {12: done}
    assert runs.hours(replace(RUN, run="run-2")) == {}
    assert read_all(runs, RUN) == lines(1)


def test_a_report_may_be_of_any_size(repositories: Repositories) -> None:
    """A day on which nothing agrees: far more than fits into one item."""
    runs = repositories.reconciliations
    progress = Progress()
    found = lines(4200)
    for begin in range(0, len(found), 1400):
        page = found[begin : begin + 1400]
        after = replace(progress, listing=Listing.REFUNDS, pages=begin)
        progress = runs.advance(HOUR, progress, after, page)
    assert read_all(runs, RUN) == found
