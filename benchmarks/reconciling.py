"""What the reconciliation of a day costs, by the number of its charges.

The real service, on books that are made up where they are read: it sees the same pages as from
Stripe and the table, and every invocation ends when its time is up, at a second a call of Stripe.
"""

import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from billfold.services import reconciliation

from benchmarks.books import DAY, Books

FEW, MANY = 10_000, 1_000_000
BAR: Final = 1.2
TIMEOUT: Final = 200.0
"""Seconds that an invocation has, as template.yaml says."""


@dataclass(frozen=True, slots=True)
class Reconciling:
    """What it took; ``peak`` is the memory of the hour that takes most, in KB."""

    charges: int
    invocations: int
    stripe: int
    table: int
    items: int
    seconds: float
    peak: float

    def for_a_thousand(self) -> Mapping[str, float]:
        """Give what a thousand charges cost, and the memory of all."""
        thousands = self.charges / 1000
        return {
            "calls of Stripe": self.stripe / thousands,
            "calls of the table": self.table / thousands,
            "items read": self.items / thousands,
            "CPU ms": 1000 * self.seconds / thousands,
            "peak KB": self.peak,
        }


def reconciling(charges: int) -> Reconciling:
    """Reconcile a day of so many charges, and once more an hour of it for the memory."""
    books = Books(charges)
    began = time.process_time()
    invocations = _run(books)
    seconds = time.process_time() - began
    run = books.reconciliations.run
    compared = sum(hour.charges for hour in books.reconciliations.known.values())
    if run is None or run.completed_at is None or compared != charges:
        raise RuntimeError(f"{compared} of {charges} charges were compared")
    counts = books.counts
    peak = _peak(charges)
    return Reconciling(
        charges, invocations, counts.stripe, counts.table, counts.items, seconds, peak
    )


def _run(books: Books, only: int | None = None) -> int:
    ports: Any = books
    reconciliation.begin(DAY, "bench", ports)
    waiting = books.reconciliation_queue.sent
    if only is not None:
        waiting[:] = [hour for hour in waiting if hour.hour == only]
    invocations = 0
    while waiting:
        invocations += 1
        reconciliation.reconcile_hour(waiting.pop(0), ports, _time_left(books))
    return invocations


def _time_left(books: Books) -> Callable[[], float]:
    begun = books.counts.stripe
    return lambda: TIMEOUT - (books.counts.stripe - begun)


def _peak(charges: int) -> float:
    books = Books(charges)
    tracemalloc.start()
    try:
        _run(books, only=12)
        return tracemalloc.get_traced_memory()[1] / 1024
    finally:
        tracemalloc.stop()


def ratios(few: Reconciling, many: Reconciling) -> Mapping[str, float]:
    """Give what a thousand of many cost, as a multiple of a thousand of few."""
    before, after = few.for_a_thousand(), many.for_a_thousand()
    return {name: after[name] / before[name] for name in before}
