"""What must be true at rest of refunds, disputes, wishes and indexes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.payment import Payment
from billfold.domain.wallet import Wallet
from billfold.services.ports import Ports

from tests.proof.wishes import Wish, asked_for
from tests.proof.witnesses import StripeCharge, StripeIntent

_FOR_EVER: Final = date(2100, 1, 1)
_PAGE: Final = 100


def reflected(charges: Sequence[StripeCharge], payments: Sequence[Payment]) -> Iterator[str]:
    """Refunds and disputes are with us as they are at Stripe."""
    ours = {payment.charge: payment for payment in payments if payment.charge}
    for charge in charges:
        payment = ours.get(charge.charge)
        if payment is None:
            continue
        if payment.refunded != charge.refunded.amount:
            yield f"{charge.charge}: {payment.refunded} refunded, at Stripe {charge.refunded}"
        if payment.dispute is not charge.dispute:
            theirs = charge.dispute.value if charge.dispute else "none"
            known = payment.dispute.value if payment.dispute else "none"
            yield f"{charge.charge}: dispute {known}, at Stripe {theirs}"


def wished(payments: Sequence[Payment], wishes: Sequence[Wish], wallet: Wallet) -> Iterator[str]:
    """No automatic payment asked for money against what its customer had been answered.

    A card that has left the wallet since has handed over to another one.
    """
    kept = {None, *(card.card_id for card in wallet.cards)}
    asked = asked_for(payments)
    for payment in payments:
        if payment.payment_id in asked:
            for wish in (wish for wish in wishes if wish.card in kept):
                broken = wish.breaks(payment)
                if broken:
                    yield f"{payment.payment_id} {broken}"


def one_key_a_try(payments: Sequence[Payment]) -> Iterator[str]:
    """No confirm of one try has the key of another's, or Stripe would take it for that."""
    keys_used = Counter(payment.confirm_key for payment in payments if payment.n)
    for key, tries in keys_used.items():
        if tries > 1:
            yield f"{tries} tries have asked for money under {key}"


def void_is_fenced(
    invoice: Invoice, payments: Sequence[Payment], intents: Sequence[StripeIntent]
) -> Iterator[str]:
    """No intent that a void invoice ever had can still be paid."""
    if invoice.status is not InvoiceStatus.VOID:
        return
    bound = {payment.intent for payment in payments if payment.intent}
    for intent in intents:
        if intent.intent in bound and intent.status != "canceled":
            yield f"is void, and {intent.intent} is {intent.status} at Stripe"


def leftovers(ports: Ports, invoice: Invoice) -> Iterator[str]:
    """What is paid or void is looked at by nobody, and is owed by nobody."""
    if invoice.status not in {InvoiceStatus.PAID, InvoiceStatus.VOID}:
        return
    if invoice.look_on:
        yield f"is {invoice.status.value}, to be looked at on {invoice.look_on}"
    if invoice.invoice_id in {one.invoice_id for one in ports.invoices.open(invoice.customer_id)}:
        yield f"is {invoice.status.value}, and in the index {keys.OPEN_INVOICES}"
    if (invoice.customer_id, invoice.invoice_id) in _due(ports, invoice.customer_id):
        yield f"is {invoice.status.value}, and in the index {keys.DUE}"


def _due(ports: Ports, customer_id: str) -> Iterator[tuple[str, str | None]]:
    """Give what automatic payment would look at in the customer's shard, ever."""
    shard, after = keys.due(_FOR_EVER, customer_id)["due_shard"], None
    while True:
        page = ports.invoices.looks(shard or "", until=_FOR_EVER, limit=_PAGE, after=after)
        yield from page.items
        after = page.last_id
        if after is None:
            return
