"""Runs the reconciliation of hours, as its queue does, and gives what it found."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from billfold.domain.reconciliation import Hour, Line, Run, day_start
from billfold.services import reconciliation
from billfold.services.ports import Ports


def reconcile(hours: Iterable[datetime], ports: Ports, run: str = "run") -> Sequence[Line]:
    """Reconcile some hours of their days; where a day is begun by this run, go on with it."""
    found: list[Line] = []
    for begin in sorted(hours):
        day = begin.date()
        latest = ports.reconciliations.latest(day)
        begun = Run(day, run, day_start(day))
        if latest is None or latest.run != run:
            ports.reconciliations.begin(begun, instead_of=latest)
        reconciliation.reconcile_hour(Hour(day, run, begin.hour), ports, lambda: 200.0)
        found += ports.reconciliations.lines(begun, limit=100, after=None).items
    return found
