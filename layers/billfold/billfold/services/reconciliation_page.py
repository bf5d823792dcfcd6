"""One page of a reconciliation: what Stripe lists of a stretch of time, and what we have of it.

A page is bounded in number by Stripe's pages and ours. What is alike costs no call of its own: the
rows of the ledger come with the stretch, their payments are read together.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

from billfold.domain.errors import (
    BillfoldError,
    NotFoundError,
    NothingBegunError,
    UnavailableError,
)
from billfold.domain.money import Money
from billfold.domain.payment import Dispute, Payment
from billfold.domain.reconciliation import Hour, Line, Listing, Progress, Verdict
from billfold.domain.stripe_event import Owner
from billfold.services import stripe_events
from billfold.services.ports import ChargeView, LedgerRow, Listed, Ports, Stretch, TimeLeft

OPEN_DISPUTES: Final = 20
"""Looked at in one page; each is a call or two of Stripe."""
SECONDS_FOR_ONE: Final = 35.0
"""Two looks at Stripe and our writes, at worst."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was gone through, up to ``position``; None is the end of the listing."""

    position: str | None
    charges: int = 0
    others: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A charge as Stripe lists it, as we have it, or both; ``position`` is where it ends."""

    position: str
    charge: str
    listed: Listed | None
    row: LedgerRow | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    pairs: Sequence[_Pair]
    end: str | None


def read(hour: Hour, progress: Progress, ports: Ports, time_left: TimeLeft) -> Page:
    """Go through the next page of an hour's listing; where time is up, through a part of it.

    Raises
    ------
    UnavailableError
    """
    stretch = _stretch(hour, progress, ports)
    book = _Book(stretch.pairs, ports)
    counts = progress.listing is Listing.CHARGES
    charges = others = 0
    totals: Counter[str] = Counter()
    lines: list[Line] = []
    position = None
    # What has one position is done together, so that none of it is left out or counted twice.
    for place, pairs in groupby(stretch.pairs, attrgetter("position")):
        if position and time_left() < SECONDS_FOR_ONE:
            return Page(position, charges, others, totals, lines)
        for pair in pairs:
            if pair.listed and pair.listed.owner is None:
                others += counts
                continue
            if pair.listed and counts:
                charges += 1
                if pair.listed.view:
                    totals[pair.listed.view.money.currency] += pair.listed.view.money.amount
            lines += _checked(pair, book, ports)
        position = place
    return Page(stretch.end, charges, others, totals, lines)


def _stretch(hour: Hour, progress: Progress, ports: Ports) -> _Stretch:
    listing, position = progress.listing, progress.position
    if listing is Listing.OPEN_DISPUTES:
        return _open_disputes(hour, position, ports)
    start = hour.start - listing.age if listing else hour.start
    end = datetime.fromisoformat(position) if position else start + (hour.end - hour.start)
    match listing:
        case Listing.CHARGES:
            listed = ports.gateway.charges(start, end)
            # One side may end later than the other; what both have is the stretch.
            rows = ports.ledger.rows(listed.since, end)
        case Listing.DISPUTES:
            listed = ports.gateway.disputes(start, end)
            rows = Stretch([], listed.since)
        case _:
            listed = ports.gateway.refunds(start, end)
            rows = Stretch([], listed.since)
    end_at = rows.since.isoformat() if rows.since > start else None
    return _Stretch(_paired(listed, rows), end_at)


def _paired(listed: Stretch[Listed], rows: Stretch[LedgerRow]) -> Sequence[_Pair]:
    ours = {row.charge: row for row in rows.items}
    pairs: dict[str, _Pair] = {}
    for one in listed.items:
        # Several refunds of one charge are one charge to look at.
        if one.at >= rows.since and one.charge not in pairs:
            row = ours.pop(one.charge, None)
            pairs[one.charge] = _Pair(one.at.isoformat(), one.charge, one, row)
    for row in ours.values():
        pairs[row.charge] = _Pair(row.charged_at.isoformat(), row.charge, None, row)
    return sorted(pairs.values(), key=attrgetter("position"), reverse=True)


def _open_disputes(hour: Hour, after: str | None, ports: Ports) -> _Stretch:
    page = ports.ledger.open_disputes(hour.hour, limit=OPEN_DISPUTES, after=after)
    rows = ports.ledger.find_many(page.items)
    return _Stretch([_Pair("", row.charge, None, row) for row in rows], page.last_id)


def _look(charge: str, ports: Ports) -> ChargeView | None:
    try:
        return ports.gateway.charge(charge)
    except NotFoundError:
        return None


class _Book:
    """What we have of the charges of a page."""

    def __init__(self, pairs: Sequence[_Pair], ports: Ports) -> None:
        self.rows = {pair.charge: pair.row for pair in pairs if pair.row}
        unknown = [
            (pair.listed.owner.customer_id, pair.charge)
            for pair in pairs
            if pair.row is None and pair.listed and pair.listed.owner
        ]
        # The index may be late, and is of an hour: the table knows.
        self.rows |= {row.charge: row for row in ports.ledger.find_many(unknown)}
        found = ports.ledger.payments(list(self.rows.values()))
        self.payments = {payment.payment_id: payment for payment in found}


def _checked(pair: _Pair, book: _Book, ports: Ports) -> list[Line]:
    """Check a charge; one that cannot be is a line, and keeps none of the others waiting."""
    try:
        return list(_check(pair, book, ports))
    except (BillfoldError, ValueError) as error:
        if isinstance(error, UnavailableError) and not isinstance(error, NothingBegunError):
            # Stripe or AWS is not there: the others would wait for it in vain as well.
            raise
        owner = pair.listed.owner if pair.listed else None
        return [_unreadable(pair, owner or pair.row, type(error).__name__)]


def _unreadable(pair: _Pair, whose: Owner | LedgerRow | None, why: str) -> Line:
    return Line(
        Verdict.UNREADABLE,
        pair.charge,
        whose.customer_id if whose else "",
        whose.invoice_id if whose else "",
        why,
        _ours(pair.row),
    )


def _check(pair: _Pair, book: _Book, ports: Ports) -> Iterator[Line]:
    """Give the line of a charge that is not alike on both sides, after correcting what we can."""
    row = book.rows.get(pair.charge)
    view = pair.listed.view if pair.listed else _look(pair.charge, ports)
    if pair.listed and pair.listed.owner and view is None:
        yield _unreadable(pair, pair.listed.owner, "unknown currency or amount")
    elif view is None:
        yield _line(Verdict.NOT_AT_STRIPE, pair.charge, None, row)
    elif row is None:
        yield _settle(view, ports)
    elif view.money != row.money:
        yield _line(Verdict.AMOUNT, pair.charge, view, row)
    else:
        payment = book.payments.get(row.payment_id)
        # A payment without this charge is one that a person looks at.
        if payment and payment.charge == view.charge and not _alike(payment, view):
            done = stripe_events.reflect(view, ports)
            verdict = Verdict.CAUGHT_UP if done else Verdict.REFUND_OR_DISPUTE
            yield _line(verdict, pair.charge, view, row, payment)


def _settle(view: ChargeView, ports: Ports) -> Line:
    if view.intent:
        stripe_events.reflect(view, ports)
    row = ports.ledger.find(view.owner.customer_id, view.charge)
    if row is None:
        return _line(Verdict.NOT_IN_LEDGER, view.charge, view, None)
    verdict = Verdict.SETTLED_LATE if row.money == view.money else Verdict.AMOUNT
    return _line(verdict, view.charge, view, row)


def _alike(payment: Payment, view: ChargeView) -> bool:
    return (payment.refunded, payment.dispute) == (view.refunded, view.dispute)


def _line(
    verdict: Verdict,
    charge: str,
    view: ChargeView | None,
    row: LedgerRow | None,
    payment: Payment | None = None,
) -> Line:
    whose = row or (view.owner if view else None)
    stripe = _words(view.money, view.refunded, view.dispute) if view else "none"
    ours = _words(row.money, payment.refunded, payment.dispute) if payment and row else _ours(row)
    return Line(
        verdict,
        charge,
        whose.customer_id if whose else "",
        whose.invoice_id if whose else "",
        stripe,
        ours,
    )


def _ours(row: LedgerRow | None) -> str:
    return _words(row.money, 0, None) if row else "none"


def _words(money: Money, refunded: int, dispute: Dispute | None) -> str:
    parts = [f"{money.amount} {money.currency}"]
    if refunded:
        parts.append(f"refunded {refunded}")
    if dispute:
        parts.append(f"dispute {dispute.value}")
    return ", ".join(parts)
