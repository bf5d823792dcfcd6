"""What the reconciliation of a day costs, by the number of its charges.

The real service, on books that are made up where they are read: it sees the same pages as from
Stripe and the table, and every invocation ends when its time is up, at a second a call of Stripe.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from billfold.services import reconciliation

from benchmarks.books import DAY, Books
from local.layout import ROOT

FEW, MANY = 10_000, 1_000_000
BAR: Final = 1.2
TIMEOUT: Final = 200.0
"""Seconds that an invocation has, as template.yaml says."""
_MEGABYTE: Final = 1024**2 if sys.platform == "darwin" else 1024
"""In the units in which the system tells memory."""


@dataclass(frozen=True, slots=True)
class Reconciling:
    """What it took; ``peak`` is the most memory that the process had, in MB."""

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
            "peak MB": self.peak,
        }


def reconciling(charges: int) -> Reconciling:
    """Reconcile a day of so many charges."""
    books = Books(charges)
    began = time.process_time()
    invocations = _run(books)
    seconds = time.process_time() - began
    run = books.reconciliations.run
    compared = sum(hour.charges for hour in books.reconciliations.known.values())
    if run is None or run.completed_at is None or compared != charges:
        raise RuntimeError(f"{compared} of {charges} charges were compared")
    counts = books.counts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE
    return Reconciling(
        charges, invocations, counts.stripe, counts.table, counts.items, seconds, peak
    )


def _run(books: Books) -> int:
    ports: Any = books
    reconciliation.begin(DAY, "bench", ports)
    waiting = books.reconciliation_queue.sent
    invocations = 0
    while waiting:
        invocations += 1
        reconciliation.reconcile_hour(waiting.pop(0), ports, _time_left(books))
    return invocations


def _time_left(books: Books) -> Callable[[], float]:
    begun = books.counts.stripe
    return lambda: TIMEOUT - (books.counts.stripe - begun)


def apart(charges: int) -> Reconciling:
    """Do so in a process of its own, whose memory is that of this day alone."""
    command = [sys.executable, "-m", "benchmarks.reconciling", str(charges)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return Reconciling(**json.loads(told))


def ratios(few: Reconciling, many: Reconciling) -> Mapping[str, float]:
    """Give what a thousand of many cost, as a multiple of a thousand of few."""
    before, after = few.for_a_thousand(), many.for_a_thousand()
    return {name: after[name] / before[name] for name in before}


if __name__ == "__main__":
    print(json.dumps(asdict(reconciling(int(sys.argv[1])))))
