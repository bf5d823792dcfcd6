"""The nightly two-way comparison: every charge at Stripe is in the ledger, and the other way round.

By charges and the time at which they were made. A charge that nobody has settled yet is settled
here, by the code that settles every other; what then still differs is for a person to look at
(docs/runbook.md says what to do for each line).
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from billfold.domain.money import Money
from billfold.services import outbox, stripe_events
from billfold.services.ports import ChargeView, LedgerRow, Ports

logger = logging.getLogger(__name__)

CATCH_UP_DAYS: Final = 7


class Difference(StrEnum):
    """What a line of the report says."""

    SETTLED_LATE = "settled late"
    NOT_IN_LEDGER = "not in the ledger"
    NOT_AT_STRIPE = "not at Stripe"
    AMOUNT = "amount differs"


@dataclass(frozen=True, slots=True)
class Line:
    """One charge that is not on both sides alike."""

    difference: Difference
    charge: str
    customer_id: str
    invoice_id: str
    stripe: Money | None
    ledger: Money | None


@dataclass(frozen=True, slots=True)
class Report:
    """The comparison of one UTC day."""

    day: date
    charges: int
    others: int
    totals: Counter[str]
    lines: tuple[Line, ...]

    @property
    def differences(self) -> int:
        """How many lines need a person."""
        return sum(line.difference is not Difference.SETTLED_LATE for line in self.lines)

    def text(self) -> str:
        """Write it for a person, as Markdown."""
        verdict = f"{self.differences} differences" if self.differences else "no differences"
        parts = [
            f"# Stripe and ledger on {self.day.isoformat()}: {verdict}",
            "",
            f"{self.charges} charges compared, {self.others} on the same Stripe account not ours.",
            "",
            *(f"- {amount} {currency} in minor units" for currency, amount in self.totals.items()),
        ]
        if self.lines:
            parts += [
                "",
                "| what | charge | customer | invoice | Stripe | ledger |",
                "| --- | --- | --- | --- | --- | --- |",
                *(_row(line) for line in self.lines),
            ]
        return "\n".join(parts) + "\n"


def compare_new(ports: Ports) -> list[Report]:
    """Compare every UTC day of the last week, up to yesterday, that was not compared yet.

    Raises
    ------
    UnavailableError
    """
    today = ports.clock.now().astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(CATCH_UP_DAYS, 0, -1)]
    return [compare(day, ports) for day in days if not ports.ledger.has_report(day)]


def compare(day: date, ports: Ports) -> Report:
    """Compare a UTC day, settle what was left, keep the report and raise an alarm if they differ.

    Raises
    ------
    UnavailableError
        Stripe or AWS is down; nothing is reported, so run it again.
    """
    start = datetime.combine(day, time(), UTC)
    ours: dict[str, ChargeView] = {}
    others = 0
    for seen in ports.gateway.charges(start, start + timedelta(days=1)):
        if seen.owner:
            ours[seen.charge] = seen
        else:
            others += 1
    rows = {row.charge: row for row in ports.ledger.rows(day)}
    late = _settle_late(ours, rows, ports)
    lines = tuple(_differences(ours, rows, late))
    totals: Counter[str] = Counter()
    for seen in ours.values():
        totals[seen.money.currency] += seen.money.amount
    report = Report(day, len(ours), others, totals, lines)
    ports.ledger.keep_report(
        day, report.text(), differences=report.differences, now=ports.clock.now()
    )
    if report.differences:
        logger.error("stripe and ledger differ", extra={"reason": str(report.differences)})
    return report


def _settle_late(ours: dict[str, ChargeView], rows: dict[str, LedgerRow], ports: Ports) -> set[str]:
    """Settle what is not in the ledger, and add to ``rows`` what the index did not show yet."""
    late = set()
    for charge, seen in ours.items():
        if charge in rows or seen.owner is None:
            continue
        row = ports.ledger.find(seen.owner.customer_id, charge)
        if row is None:
            stripe_events.reflect(seen, seen.owner, ports)
            row = ports.ledger.find(seen.owner.customer_id, charge)
            late.add(charge)
        if row:
            rows[charge] = row
    outbox.flush(ports)
    return late


def _differences(
    ours: dict[str, ChargeView], rows: dict[str, LedgerRow], late: set[str]
) -> Iterator[Line]:
    for charge in sorted(ours.keys() | rows.keys()):
        seen, row = ours.get(charge), rows.get(charge)
        difference = _difference(seen, row, settled_late=charge in late)
        if difference is None:
            continue
        owner = seen.owner if seen else None
        yield Line(
            difference=difference,
            charge=charge,
            customer_id=row.customer_id if row else owner.customer_id if owner else "",
            invoice_id=row.invoice_id if row else owner.invoice_id if owner else "",
            stripe=seen.money if seen else None,
            ledger=row.money if row else None,
        )


def _difference(
    seen: ChargeView | None, row: LedgerRow | None, *, settled_late: bool
) -> Difference | None:
    if row is None:
        return Difference.NOT_IN_LEDGER
    if seen is None:
        return Difference.NOT_AT_STRIPE
    if seen.money != row.money:
        return Difference.AMOUNT
    return Difference.SETTLED_LATE if settled_late else None


def _row(line: Line) -> str:
    cells = (line.difference.value, line.charge, line.customer_id, line.invoice_id)
    amounts = (_shown(line.stripe), _shown(line.ledger))
    return f"| {' | '.join((*cells, *amounts))} |"


def _shown(money: Money | None) -> str:
    return f"{money.amount} {money.currency}" if money else "none"
