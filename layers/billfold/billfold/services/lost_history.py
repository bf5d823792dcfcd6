"""An invoice whose payments may be gone, since its table was restored (docs/runbook.md).

Before anything is begun with such an invoice, Stripe is asked which PaymentIntents were made for
it. One that has succeeded is settled as every other; one that could still succeed is canceled; and
the next one is of a generation that none of them had, so that no idempotency key is used again.
"""

import logging
from datetime import timedelta
from typing import Final

from billfold.domain import ids
from billfold.domain.errors import NotFoundError, NothingBegunError
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.payment import (
    RESERVE_LEASE,
    Answer,
    Canceled,
    NoSuchIntent,
    Payment,
    State,
    Succeeded,
    Trigger,
)
from billfold.domain.stripe_event import Owner
from billfold.services import settle
from billfold.services.ports import FoundIntent, Ports, StaleError

logger = logging.getLogger(__name__)

SEARCH_LAG: Final = timedelta(hours=2)
"""Stripe's search may be behind by a minute, in an outage by an hour (Stripe documentation,
"Search", data freshness): what was made since then is listed by customer as well."""


RECOVERED: Final = "recovered:"
"""How the idempotency key of a payment begins that was written anew."""


def may_be_gone(invoice: Invoice, ports: Ports) -> bool:
    """Return whether payments of an invoice may be missing from the table."""
    return not ports.continuity.read().covers(invoice.recorded_since, ports.clock.now())


def recover_named(owner: Owner, ports: Ports) -> bool:
    """Recover the invoice that an object at Stripe names, whose payment the table does not know.

    Return whether that was the reason, and it was mended.

    Raises
    ------
    NothingBegunError
    """
    try:
        invoice = ports.invoices.get(owner.customer_id, owner.invoice_id)
        if not may_be_gone(invoice, ports):
            return False
        recover(invoice, ports)
    except (NotFoundError, StaleError):
        return False
    return True


def recover(invoice: Invoice, ports: Ports) -> None:
    """Settle or cancel what Stripe has of an invoice, and note that Stripe was asked.

    Read the invoice again afterwards: it may be paid.

    Raises
    ------
    NothingBegunError
        Stripe cannot be asked, or is still working on a payment of this invoice.
    StaleError
        The invoice is not open and free, or not as it was read.
    """
    if invoice.lock or invoice.status is not InvoiceStatus.OPEN:
        raise StaleError
    now = ports.clock.now()
    wallet = ports.customers.wallet(invoice.customer_id)
    ids = (invoice.customer_id, invoice.invoice_id)
    made = {
        one.intent: one
        for one in ports.gateway.find_intents(*ids, wallet.stripe_customer, since=now - SEARCH_LAG)
    }
    if made and ports.invoices.get(*ids) != invoice:
        # Whoever was quicker has asked, and noted it, before making an intent: it is not lost.
        raise StaleError
    if invoice.intent:
        made.setdefault(invoice.intent, FoundIntent(invoice.intent, invoice.epoch))
    ends = [_end(one, ports) for one in made.values()]
    generation = max([invoice.epoch, *(one.generation + 1 for one in made.values())])
    charged = [
        answer
        for answer in ends
        if isinstance(answer, Succeeded) and not _is_over(invoice, answer, ports)
    ]
    if len(charged) > 1:
        logger.error("charged more than once", extra={"invoice_id": invoice.invoice_id})
    if charged:
        logger.warning("lost payment found", extra={"invoice_id": invoice.invoice_id})
        _settle(ports.invoices.begin_generation(invoice, generation), charged[0], ports)
    else:
        ports.invoices.begin_generation(invoice, generation, recorded_since=now)


def _end(one: FoundIntent, ports: Ports) -> Answer:
    """Return how an intent ended; one that could still succeed is canceled."""
    try:
        answer = ports.gateway.look(one.intent)
    except NotFoundError:
        # Another account's, bound to the invoice: nothing is pending there (settle.record).
        return NoSuchIntent()
    if not isinstance(answer, Succeeded | Canceled):
        answer = ports.gateway.cancel(one)
    if not isinstance(answer, Succeeded | Canceled):
        raise NothingBegunError
    return answer


def _is_over(invoice: Invoice, succeeded: Succeeded, ports: Ports) -> bool:
    """Return whether a charge has had its end: a review of it, or it was given back."""
    ids = (invoice.customer_id, invoice.invoice_id)
    known = ports.payments.by_intent(*ids, succeeded.intent)
    if known and known.state is State.CANCELED and known.charge == succeeded.charge:
        return True
    return _was_given_back(invoice, succeeded, ports)


def _was_given_back(invoice: Invoice, succeeded: Succeeded, ports: Ports) -> bool:
    """Return whether a charge over another amount than is due was refunded in full.

    It pays nothing and hides nothing: a review of it has ended, or would end at once.
    """
    if succeeded.money == invoice.amount_due:
        return False
    seen = ports.gateway.charge(succeeded.charge)
    return seen is not None and seen.refunded >= seen.money.amount


def _settle(invoice: Invoice, succeeded: Succeeded, ports: Ports) -> None:
    """Write a payment anew by the steps that every payment takes, and settle it."""
    payment_id = ids.new(ids.PAYMENT, succeeded.charged_at)
    payment = Payment(
        payment_id=payment_id,
        customer_id=invoice.customer_id,
        invoice_id=invoice.invoice_id,
        epoch=invoice.epoch,
        trigger=Trigger.MANUAL,
        money=invoice.amount_due,
        state=State.RESERVED,
        created_at=succeeded.charged_at,
        # A key of its own for each try, since one may be released half-way.
        idempotency_key=f"{RECOVERED}{payment_id}",
        invoice_number=invoice.number,
        card=succeeded.card,
    )
    settle.look_later(succeeded.charge, ports)
    lease = ports.clock.now() + RESERVE_LEASE
    payment = ports.payments.reserve(
        payment, n=invoice.n, fingerprint=payment.idempotency_key, lease_until=lease
    )
    payment = ports.payments.write_ahead(
        payment, intent=succeeded.intent, n=invoice.n + 1, lease_until=lease
    )
    settle.record_look(payment, succeeded, ports)
