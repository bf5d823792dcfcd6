"""Everything about one invoice of a history, as the promises look at it."""

from collections.abc import Sequence
from dataclasses import dataclass

from billfold.domain.fact import Entry
from billfold.domain.invoice import Invoice
from billfold.domain.payment import Payment, State
from billfold.services.ports import LedgerRow, Ports

from tests.proof.witnesses import History, StripeCharge, StripeIntent


@dataclass(frozen=True, slots=True)
class Case:
    """What our store, Stripe and those who were told something know of it."""

    invoice: Invoice
    payments: Sequence[Payment]
    charges: Sequence[StripeCharge]
    intents: Sequence[StripeIntent]
    rows: Sequence[LedgerRow]
    trail: Sequence[Entry]
    history: History
    ports: Ports

    @property
    def name(self) -> str:
        return self.invoice.number

    @property
    def in_review(self) -> bool:
        return any(payment.state is State.REVIEW for payment in self.payments)
