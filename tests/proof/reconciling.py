"""Runs the reconciliation of hours, as its queue does, and gives what it found."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from billfold.domain.reconciliation import Hour, Line, Run, day_start
from billfold.services import reconciliation
from billfold.services.ports import Ports


def reconcile(hours: Iterable[datetime], ports: Ports, run: str = "run") -> Sequence[Line]:
    """Reconcile some hours of their days; where a day is begun by this run, go on with it."""
    begun: dict[date, Run] = {}
    for hour in sorted(hours):
        day = hour.date()
        latest = ports.reconciliations.latest(day)
        begun[day] = Run(day, run, day_start(day))
        if latest is None or latest.run != run:
            ports.reconciliations.begin(begun[day], instead_of=latest)
        reconciliation.reconcile_hour(Hour(day, run, hour.hour), ports, lambda: 200.0)
    pages = [ports.reconciliations.lines(one, limit=100, after=None) for one in begun.values()]
    return [line for page in pages for line in page.items]
