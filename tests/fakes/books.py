"""The ledger, and the runs that hold it against Stripe, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from billfold.domain.payment import Dispute, Payment
from billfold.domain.reconciliation import Hour, Line, Progress, Run
from billfold.services.ports import LedgerRow, Page, StaleError, Stretch

from tests.fakes.store import Store


@dataclass
class FakeLedger:
    store: Store

    def rows(self, start: datetime, end: datetime) -> Stretch[LedgerRow]:
        with self.store.lock:
            rows = list(self.store.ledger.values())
        found = [row for row in rows if start <= row.charged_at < end]
        return Stretch(sorted(found, key=lambda row: row.charged_at, reverse=True), start)

    def find(self, customer_id: str, charge: str) -> LedgerRow | None:
        row = self.store.ledger.get(charge)
        return row if row and row.customer_id == customer_id else None

    def find_many(self, charges: Sequence[tuple[str, str]]) -> Sequence[LedgerRow]:
        return [row for ids in charges if (row := self.find(*ids))]

    def payments(self, rows: Sequence[LedgerRow]) -> Sequence[Payment]:
        wanted = {(row.customer_id, row.payment_id) for row in rows}
        return [self.store.payments[ids] for ids in wanted if ids in self.store.payments]

    def open_disputes(self, hour: int, *, limit: int, after: str | None) -> Page[tuple[str, str]]:
        # All of them in the first hour: which share an hour has is nobody's business.
        disputed = [
            (payment.customer_id, payment.charge)
            for payment in self.store.payments.values()
            if payment.charge and payment.dispute is Dispute.OPEN and hour == 0
        ]
        place = int(after or 0)
        page = disputed[place : place + limit]
        return Page(page, str(place + limit) if place + limit < len(disputed) else None)


@dataclass
class FakeReconciliations:
    store: Store

    def latest(self, day: date) -> Run | None:
        return self.store.runs.get(day)

    def begin(self, run: Run, *, instead_of: Run | None) -> None:
        with self.store.lock:
            if self.store.runs.get(run.day) != instead_of:
                raise StaleError
            self.store.runs[run.day] = run

    def progress(self, hour: Hour) -> Progress:
        return self.store.hours.get(hour, Progress())

    def hours(self, run: Run) -> Mapping[int, Progress]:
        return {
            hour.hour: progress
            for hour, progress in self.store.hours.items()
            if (hour.day, hour.run) == (run.day, run.run)
        }

    def advance(
        self, hour: Hour, before: Progress, after: Progress, lines: Sequence[Line]
    ) -> Progress:
        with self.store.lock:
            if self.progress(hour).version != before.version:
                raise StaleError
            after = replace(after, version=before.version + 1)
            self.store.hours[hour] = after
            self.store.lines.setdefault((hour.day, hour.run), []).extend(lines)
            return after

    def complete(self, run: Run, *, differences: int, now: datetime) -> None:
        with self.store.lock:
            latest = self.store.runs.get(run.day)
            if latest is None or latest.run != run.run or latest.completed_at:
                raise StaleError
            self.store.runs[run.day] = replace(latest, completed_at=now, differences=differences)

    def lines(self, run: Run, *, limit: int, after: str | None) -> Page[Line]:
        found = self.store.lines.get((run.day, run.run), [])
        place = int(after or 0)
        page = found[place : place + limit]
        return Page(page, str(place + limit) if place + limit < len(found) else None)


@dataclass
class FakeReconciliationQueue:
    """Keeps what it was sent."""

    sent: list[Hour] = field(default_factory=list)

    def send(self, hours: Sequence[Hour]) -> None:
        self.sent += hours
