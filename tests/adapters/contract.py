"""What the contract of the repositories is tried on; the fakes and DynamoDB hold it alike."""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from billfold.domain import ids
from billfold.domain.invoice import Invoice
from billfold.domain.payment import Payment, State, Succeeded, Trigger
from billfold.domain.wallet import CardFace, Wallet
from billfold.services.ports import (
    Customers,
    Expired,
    Heartbeat,
    InvoiceChanges,
    Invoices,
    Leases,
    Ledger,
    Limits,
    Outbox,
    Parking,
    Payments,
    Reconciliations,
)

from tests.builders import NOON, an_entry

LATER = NOON + timedelta(seconds=60)


class Repositories(Protocol):
    @property
    def customers(self) -> Customers: ...
    @property
    def invoices(self) -> Invoices: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def invoice_changes(self) -> InvoiceChanges: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def parking(self) -> Parking: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def reconciliations(self) -> Reconciliations: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def continuity(self) -> Heartbeat: ...


class Payable(NamedTuple):
    """An open invoice, and a wallet with a card for it."""

    repositories: Repositories
    invoice: Invoice
    wallet: Wallet | None


def a_payment(invoice: Invoice, wallet: Wallet | None, key: str = "key-0001") -> Payment:
    card = wallet.cards[0] if wallet else None
    return Payment(
        payment_id=ids.new(ids.PAYMENT, NOON),
        customer_id=invoice.customer_id,
        invoice_id=invoice.invoice_id,
        epoch=invoice.epoch,
        trigger=Trigger.MANUAL if card else Trigger.ONE_TIME,
        money=invoice.amount_due,
        state=State.RESERVED,
        created_at=NOON,
        idempotency_key=key,
        card_id=card.card_id if card else None,
        card=card.face if card else None,
    )


def success(payment: Payment) -> Succeeded:
    return Succeeded(
        payment.intent or "",
        "ch_" + payment.payment_id,
        payment.money,
        CardFace("visa", "4242"),
        NOON,
    )


def reserve(payable: Payable, payment: Payment | None = None) -> Payment:
    """Step 1, of a payment of the payable invoice unless another one is given."""
    payments, invoice = payable.repositories.payments, payable.invoice
    payment = payment or a_payment(invoice, payable.wallet)
    return payments.reserve(payment, n=invoice.n, fingerprint="f", lease_until=LATER)


def confirming(payable: Payable) -> Payment:
    """Steps 1 to 3."""
    payments, n = payable.repositories.payments, payable.invoice.n + 1
    return payments.write_ahead(reserve(payable), intent="pi_1", n=n, lease_until=LATER)


def settled(payable: Payable) -> Payment:
    """Steps 1 to 5."""
    payment = confirming(payable)
    return payable.repositories.payments.settle(payment, success(payment), entry=an_entry())


def left_behind(repositories: Repositories, now: datetime) -> list[Expired]:
    found = [one.read() for one in repositories.leases.expired(now)]
    return [one for one in found if one]
