"""Reconciliation: Stripe's book is held against ours, a UTC day in twenty-four hours (ADR 0014)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

HOURS: Final = 24


class Listing(StrEnum):
    """What an hour goes through, in this order; Stripe lists by creation, newest first.

    A refund may fail up to a month after it was made, and no list shows that: those of the same
    hour a week and five weeks before are listed once more. A dispute may be decided at any time:
    those that we know as open are looked at each night, a twenty-fourth of them in each hour.
    """

    CHARGES = "charges"
    REFUNDS = "refunds"
    REFUNDS_A_WEEK_OLD = "refunds a week old"
    REFUNDS_FIVE_WEEKS_OLD = "refunds five weeks old"
    DISPUTES = "disputes"
    OPEN_DISPUTES = "open disputes"

    @property
    def age(self) -> timedelta:
        """How long before the hour the listed objects were made."""
        return _AGES.get(self, timedelta(0))

    @property
    def next(self) -> "Listing | None":
        """What comes after it."""
        order = list(Listing)
        position = order.index(self) + 1
        return order[position] if position < len(order) else None


_AGES: Final = {
    Listing.REFUNDS_A_WEEK_OLD: timedelta(days=7),
    Listing.REFUNDS_FIVE_WEEKS_OLD: timedelta(days=35),
}


@dataclass(frozen=True, slots=True)
class Run:
    """The reconciliation of a UTC day; the latest one of a day stands for it.

    ``differences`` is how many lines need a person, known when the run is complete.
    """

    day: date
    run: str
    begun_at: datetime
    completed_at: datetime | None = None
    differences: int = 0

    @property
    def is_of_whole_day(self) -> bool:
        """Tell whether the day was over when the run began."""
        return self.begun_at >= day_start(self.day) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a run, which is also the message that asks for it."""

    day: date
    run: str
    hour: int

    @property
    def start(self) -> datetime:
        """When it begins."""
        return day_start(self.day) + timedelta(hours=self.hour)

    @property
    def end(self) -> datetime:
        """When the next one begins."""
        return self.start + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an hour has come, and what it has counted so far.

    ``listing`` is None when the hour is done. ``position`` is where the listing goes on, None at
    its beginning. ``version`` counts the writes, so that of two copies of a message one goes on.
    """

    version: int = 0
    listing: Listing | None = Listing.CHARGES
    position: str | None = None
    pages: int = 0
    charges: int = 0
    others: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)
    corrected: int = 0
    differences: int = 0

    def moved(self, position: str | None) -> "Progress":
        """Go on from a position; None ends the listing."""
        after = replace(self, pages=self.pages + 1, position=position)
        if position or not self.listing:
            return after
        return replace(after, listing=self.listing.next)


class Verdict(StrEnum):
    """What a line of the report says."""

    SETTLED_LATE = "settled late"
    CAUGHT_UP = "refund or dispute caught up"
    NOT_IN_LEDGER = "not in the ledger"
    NOT_AT_STRIPE = "not at Stripe"
    AMOUNT = "amount differs"
    REFUND_OR_DISPUTE = "refund or dispute differs"
    UNREADABLE = "cannot be read"

    @property
    def is_corrected(self) -> bool:
        """Tell whether nothing is left for a person to do."""
        return self in {Verdict.SETTLED_LATE, Verdict.CAUGHT_UP}


@dataclass(frozen=True, slots=True)
class Line:
    """One charge that was not alike on both sides; ``stripe`` and ``ours`` say how, in words."""

    verdict: Verdict
    charge: str
    customer_id: str
    invoice_id: str
    stripe: str
    ours: str


def day_start(day: date) -> datetime:
    """Return when a UTC day begins."""
    return datetime.combine(day, time(), UTC)
