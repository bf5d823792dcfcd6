"""Changing what is due of an invoice that may be about to be paid: lock first, then fence.

A void or a change of the amount takes the invoice's lock, so that no payment can begin; then the
intent of the epoch is canceled, so that no confirm that is still under way can succeed; and only
then is the invoice changed (docs/payments.md, step 9).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from billfold.domain.money import Money

LEASE: Final = timedelta(seconds=60)
"""A function lives 29 s at most, so a change that is older belongs to a dead one."""


class ChangeState(StrEnum):
    """Where a change stands."""

    FENCING = "fencing"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of an invoice: ``amount_due`` will be due, None voids it.

    ``reason`` is the business's own text, for the audit trail; ``command_id`` names its command.
    """

    amount_due: Money | None = None
    reason: str | None = None
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class InvoiceChange:
    """A change under way, or how it ended."""

    change_id: str
    customer_id: str
    invoice_id: str
    invoice_number: str
    epoch: int
    intent: str | None
    before: Money
    due_on: date
    wanted: Wanted
    created_at: datetime
    state: ChangeState = ChangeState.FENCING
    looks: int = 0

    def ended(self, state: ChangeState) -> "InvoiceChange":
        """Give it as it is when it is over."""
        return replace(self, state=state)
