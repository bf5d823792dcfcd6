"""What must be true at rest of refunds, disputes, wishes and indexes."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.domain.invoice import InvoiceStatus
from billfold.services.ports import Ports

from tests.proof.case import Case
from tests.proof.wishes import asked_for

_FOR_EVER: Final = date(2100, 1, 1)
_PAGE: Final = 100


def reflected(case: Case) -> Iterator[str]:
    """Refunds and disputes are with us as they are at Stripe, once we were told of all."""
    if not case.history.every_event_came:
        return
    ours = {payment.charge: payment for payment in case.payments if payment.charge}
    for charge in case.charges:
        payment = ours.get(charge.charge)
        if payment is None:
            continue
        if payment.refunded != charge.refunded.amount:
            yield f"{charge.charge}: {payment.refunded} refunded, at Stripe {charge.refunded}"
        if payment.dispute is not charge.dispute:
            theirs = charge.dispute.value if charge.dispute else "none"
            known = payment.dispute.value if payment.dispute else "none"
            yield f"{charge.charge}: dispute {known}, at Stripe {theirs}"


def wished(case: Case) -> Iterator[str]:
    """No automatic payment asked for money against what its customer had been answered.

    A card that has left the wallet since has handed over to another one.
    """
    wallet = case.ports.customers.wallet(case.invoice.customer_id)
    kept = {None, *(card.card_id for card in wallet.cards)}
    asked = asked_for(case.payments)
    for payment in case.payments:
        if payment.payment_id in asked:
            for wish in (wish for wish in case.history.wishes if wish.card in kept):
                broken = wish.breaks(payment)
                if broken:
                    yield f"{payment.payment_id} {broken}"


def one_key_a_try(case: Case) -> Iterator[str]:
    """No confirm of one try has the key of another's, or Stripe would take it for that."""
    keys_used = Counter(payment.confirm_key for payment in case.payments if payment.n)
    for key, tries in keys_used.items():
        if tries > 1:
            yield f"{tries} tries have asked for money under {key}"


def void_is_fenced(case: Case) -> Iterator[str]:
    """No intent that a void invoice ever had can still be paid."""
    if case.invoice.status is not InvoiceStatus.VOID:
        return
    bound = {payment.intent for payment in case.payments if payment.intent}
    for intent in case.intents:
        if intent.intent in bound and intent.status != "canceled":
            yield f"is void, and {intent.intent} is {intent.status} at Stripe"


def leftovers(case: Case) -> Iterator[str]:
    """What is paid or void is looked at by nobody, and is owed by nobody."""
    invoice, ports = case.invoice, case.ports
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
