"""Stripe's book and ours for a day of any number of charges, made up where they are read.

Both are alike: what is measured is what it costs to see that. The charges are evenly spread over
the day; one in a hundred was refunded on that day, one in a thousand is disputed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from billfold.adapters.dynamodb.ledger import GET_MANY, ROWS
from billfold.adapters.stripe_lists import PAGE
from billfold.adapters.whole_seconds import newest
from billfold.domain.fact import Entry
from billfold.domain.money import Money
from billfold.domain.payment import Dispute, Payment, State, Trigger
from billfold.domain.reconciliation import Hour, Line, Progress, Run, day_start
from billfold.domain.stripe_event import Owner
from billfold.services.ports import ChargeView, LedgerRow, Listed, Page, Stretch

DAY: Final = date(2026, 11, 23)
SECONDS: Final = 24 * 60 * 60
REFUNDED, DISPUTED = 100, 1000
"""One in so many."""


@dataclass
class Counts:
    """What was asked of Stripe and of the table."""

    stripe: int = 0
    table: int = 0
    items: int = 0


@dataclass
class Books:
    """As much of the ports as a reconciliation of equal books needs."""

    charges: int
    counts: Counts = field(default_factory=Counts)
    committed: list[Entry] = field(default_factory=list)
    clock: "Books" = field(init=False)
    gateway: "Stripe" = field(init=False)
    ledger: "Ledger" = field(init=False)
    reconciliations: "Runs" = field(init=False)
    reconciliation_queue: "Queue" = field(init=False)

    def __post_init__(self) -> None:
        self.clock = self
        self.gateway, self.ledger = Stripe(self), Ledger(self)
        self.reconciliations, self.reconciliation_queue = Runs(self.counts), Queue()

    def now(self) -> datetime:
        """Return a time in the night after the day."""
        return day_start(DAY) + timedelta(hours=27)

    def made_at(self, number: int) -> datetime:
        """Return when a charge was made, in whole seconds."""
        return day_start(DAY) + timedelta(seconds=number * SECONDS // self.charges)

    def within(self, start: datetime, end: datetime, step: int = 1) -> Iterator[int]:
        """Give the charges of a window, newest first; of every ``step`` one."""
        first, last = (self._from(moment) for moment in (start, end))
        for number in range(last - 1, first - 1, -1):
            if number % step == 0:
                yield number

    def _from(self, moment: datetime) -> int:
        """Return the number of the first charge that is not before a moment."""
        seconds = int((moment - day_start(DAY)).total_seconds())
        return min(max(-(-seconds * self.charges // SECONDS), 0), self.charges)


def _refunded(number: int) -> int:
    return 500 if number % REFUNDED == 0 else 0


def _dispute(number: int) -> Dispute | None:
    return Dispute.OPEN if number % DISPUTED == 0 else None


def _number(charge: str) -> int:
    return int(charge.removeprefix("ch_"))


@dataclass
class Stripe:
    """Lists pages as Stripe does."""

    books: Books

    def charges(self, start: datetime, end: datetime) -> Stretch[Listed]:
        """List charges."""
        return self._list(start, end, 1)

    def refunds(self, start: datetime, end: datetime) -> Stretch[Listed]:
        """List refunds."""
        return self._list(start, end, REFUNDED)

    def disputes(self, start: datetime, end: datetime) -> Stretch[Listed]:
        """List disputes."""
        return self._list(start, end, DISPUTED)

    def charge(self, charge: str) -> ChargeView:
        """Retrieve a charge, and its dispute."""
        self.books.counts.stripe += 2
        return self._view(_number(charge))

    def _list(self, start: datetime, end: datetime, step: int) -> Stretch[Listed]:
        numbers = self.books.within(start, end, step)

        def page(_: Listed | None) -> tuple[list[Listed], bool]:
            self.books.counts.stripe += 1
            listed = []
            for number in numbers:
                view = self._view(number)
                listed.append(Listed(view.charge, view.charged_at, view.owner, view))
                if len(listed) == PAGE:
                    return listed, True
            return listed, False

        return newest(page, lambda listed: listed.at, start)

    def _view(self, number: int) -> ChargeView:
        return ChargeView(
            charge=f"ch_{number:08}",
            intent=f"pi_{number:08}",
            owner=Owner(f"cust-{number:08}", f"inv_{number:08}"),
            money=Money("USD", 1000 + number % 100),
            charged_at=self.books.made_at(number),
            answer=None,
            refunded=_refunded(number),
            dispute=_dispute(number),
        )


@dataclass
class Ledger:
    """Reads rows and payments as the table does."""

    books: Books

    def rows(self, start: datetime, end: datetime) -> Stretch[LedgerRow]:
        """Query the index."""
        numbers = self.books.within(start, end)

        def page(_: LedgerRow | None) -> tuple[list[LedgerRow], bool]:
            self.books.counts.table += 1
            rows = []
            for number in numbers:
                rows.append(self._row(number))
                if len(rows) == ROWS:
                    break
            self.books.counts.items += len(rows)
            return rows, len(rows) == ROWS

        return newest(page, lambda row: row.charged_at, start)

    def find_many(self, charges: Sequence[tuple[str, str]]) -> Sequence[LedgerRow]:
        """Read rows by their keys."""
        self._count(len(charges))
        return [self._row(_number(charge)) for _, charge in charges]

    def payments(self, rows: Sequence[LedgerRow]) -> Sequence[Payment]:
        """Read payments by their keys."""
        self._count(len(rows))
        return [self._payment(row) for row in rows]

    def open_disputes(self, hour: int, *, limit: int, after: str | None) -> Page[tuple[str, str]]:
        """Query the index; each hour has its own."""
        self._count(1)
        start = day_start(DAY) + timedelta(hours=hour)
        end = datetime.fromisoformat(after) if after else start + timedelta(hours=1)
        page = []
        for number in self.books.within(start, end, DISPUTED):
            page.append((f"cust-{number:08}", f"ch_{number:08}"))
            if len(page) == limit:
                return Page(page, self.books.made_at(number).isoformat())
        return Page(page, None)

    def _count(self, items: int) -> None:
        self.books.counts.table += -(-items // GET_MANY)
        self.books.counts.items += items

    def _row(self, number: int) -> LedgerRow:
        return LedgerRow(
            charge=f"ch_{number:08}",
            customer_id=f"cust-{number:08}",
            payment_id=f"pay_{number:08}",
            invoice_id=f"inv_{number:08}",
            money=Money("USD", 1000 + number % 100),
            charged_at=self.books.made_at(number),
        )

    def _payment(self, row: LedgerRow) -> Payment:
        number = _number(row.charge)
        return Payment(
            payment_id=row.payment_id,
            customer_id=row.customer_id,
            invoice_id=row.invoice_id,
            epoch=0,
            trigger=Trigger.AUTOPAY,
            money=row.money,
            state=State.SUCCEEDED,
            created_at=row.charged_at,
            idempotency_key="",
            n=1,
            intent=f"pi_{number:08}",
            charge=row.charge,
            refunded=_refunded(number),
            dispute=_dispute(number),
        )


@dataclass
class Runs:
    """Keeps runs, and counts calls of the table."""

    counts: Counts
    run: Run | None = None
    known: dict[int, Progress] = field(default_factory=dict)

    def latest(self, _: date) -> Run | None:
        """Get."""
        self.counts.table += 1
        return self.run

    def begin(self, run: Run, *, instead_of: Run | None) -> None:
        """Put."""
        assert instead_of is None
        self.counts.table += 1
        self.run = run

    def progress(self, hour: Hour) -> Progress:
        """Get."""
        self.counts.table += 1
        return self.known.get(hour.hour, Progress())

    def hours(self, _: Run) -> Mapping[int, Progress]:
        """Query."""
        self.counts.table += 1
        return self.known

    def advance(
        self, hour: Hour, before: Progress, after: Progress, lines: Sequence[Line]
    ) -> Progress:
        """Put; books that are alike have no lines."""
        if lines:
            raise AssertionError(lines[0])
        self.counts.table += 1
        self.known[hour.hour] = replace(after, version=before.version + 1)
        return self.known[hour.hour]

    def complete(self, run: Run, *, differences: int, now: datetime) -> None:
        """Update."""
        assert differences == 0
        self.counts.table += 1
        self.run = replace(run, completed_at=now.astimezone(UTC))


@dataclass
class Queue:
    """Keeps messages."""

    sent: list[Hour] = field(default_factory=list)

    def send(self, hours: Sequence[Hour]) -> None:
        """Keep them."""
        self.sent += hours
