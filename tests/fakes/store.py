"""What the repositories in memory share, and how a page is cut."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from billfold.domain.continuity import Continuity
from billfold.domain.customer import Customer
from billfold.domain.fact import Entry
from billfold.domain.invoice import Invoice
from billfold.domain.invoice_change import InvoiceChange
from billfold.domain.payment import (
    Payment,
)
from billfold.domain.reconciliation import Hour, Line, Progress, Run
from billfold.domain.stripe_event import Parked
from billfold.domain.wallet import Wallet
from billfold.services.ports import (
    LedgerRow,
    Request,
)

from tests.builders import NOON

UNBROKEN: Final = Continuity(
    at=datetime(2100, 1, 1, tzinfo=UTC), since=datetime(2000, 1, 1, tzinfo=UTC)
)
"""A table that was told the time without a gap, unless a test says otherwise."""


@dataclass
class FakeClock:
    """A clock that stands still until it is moved."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.date()

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Store:
    """What the fake repositories share, as they share a table."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    customers: dict[str, Customer] = field(default_factory=dict)
    wallets: dict[str, Wallet] = field(default_factory=dict)
    invoices: dict[tuple[str, str], Invoice] = field(default_factory=dict)
    numbers: dict[str, tuple[str, str]] = field(default_factory=dict)
    payments: dict[tuple[str, str], Payment] = field(default_factory=dict)
    requests: dict[tuple[str, str], Request] = field(default_factory=dict)
    leases: dict[tuple[str, str], tuple[datetime, int]] = field(default_factory=dict)
    ledger: dict[str, LedgerRow] = field(default_factory=dict)
    counts: dict[tuple[str, str, datetime], int] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    entries: dict[str, Entry] = field(default_factory=dict)
    unsent: dict[str, datetime] = field(default_factory=dict)
    parked: dict[str, tuple[Parked, datetime | None]] = field(default_factory=dict)
    changes: dict[str, tuple[InvoiceChange, datetime | None]] = field(default_factory=dict)
    mailed: set[str] = field(default_factory=set)
    continuity: Continuity = UNBROKEN
    runs: dict[date, Run] = field(default_factory=dict)
    hours: dict[Hour, Progress] = field(default_factory=dict)
    lines: dict[tuple[date, str], list[Line]] = field(default_factory=dict)

    def tell(self, entry: Entry) -> None:
        """Write an entry beside what it tells."""
        self.entries[entry.entry_id] = entry
        self.unsent[entry.entry_id] = entry.at + timedelta(seconds=60)


def cut(ordered: Sequence[str], limit: int, after: str | None) -> tuple[Sequence[str], str | None]:
    """Cut a page as DynamoDB does: the limit counts what is read, not what a filter lets by."""
    rest = [one for one in ordered if after is None or one < after]
    page = rest[:limit]
    return page, page[-1] if len(rest) >= limit and page else None
