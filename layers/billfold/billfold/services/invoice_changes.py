"""Voiding an invoice, and changing what is due of it: lock, fence, then change."""

import logging
from collections.abc import Callable

from billfold.domain import fact, ids
from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Fact, Kind
from billfold.domain.invoice_change import LEASE, InvoiceChange
from billfold.domain.money import Money, require_chargeable
from billfold.domain.payment import (
    BACK_OFF,
    Canceled,
    NoSuchIntent,
    State,
    Succeeded,
    Unreachable,
)
from billfold.services import lost_history, outbox, settle
from billfold.services.ports import Ports, StaleError
from billfold.services.retry import until_fresh

logger = logging.getLogger(__name__)


def void(customer_id: str, invoice_id: str, ports: Ports) -> InvoiceChange:
    """Void an open invoice; the change may still be under way when this returns.

    Raises
    ------
    NotFoundError
    InvoiceNotPayableError
        It is paid or void.
    PaymentInProgressError, InvoiceChangingError
    """
    return _go_on_now(until_fresh(lambda: _begin(customer_id, invoice_id, None, ports)), ports)


def change_amount(
    customer_id: str, invoice_id: str, amount_due: Money, ports: Ports
) -> InvoiceChange:
    """Change what is due of an open invoice, in its own currency.

    Raises
    ------
    InvalidInputError
        Another currency, or an amount that no card can be charged.
    NotFoundError, InvoiceNotPayableError, PaymentInProgressError, InvoiceChangingError
    """
    require_chargeable(amount_due)
    begun = until_fresh(lambda: _begin(customer_id, invoice_id, amount_due, ports))
    return _go_on_now(begun, ports)


def _begin(
    customer_id: str, invoice_id: str, amount_due: Money | None, ports: Ports
) -> InvoiceChange:
    """Take the lock, so that no payment can begin any more."""
    invoice = ports.invoices.get(customer_id, invoice_id)
    invoice.require_changeable(amount_due)
    if lost_history.may_be_gone(invoice, ports):
        lost_history.recover(invoice, ports)
        raise StaleError
    now = ports.clock.now()
    change = InvoiceChange(
        change_id=ids.new(ids.CHANGE, now),
        customer_id=customer_id,
        invoice_id=invoice_id,
        invoice_number=invoice.number,
        epoch=invoice.epoch,
        intent=invoice.intent,
        before=invoice.amount_due,
        amount_due=amount_due,
        created_at=now,
    )
    ports.invoice_changes.begin(change, lease_until=now + LEASE)
    return change


def _go_on_now(change: InvoiceChange, ports: Ports) -> InvoiceChange:
    """Go on at once, if AWS and Stripe are there; else the reconciler does, every minute."""
    try:
        return go_on(change, ports)
    except UnavailableError:
        return change


def go_on(change: InvoiceChange, ports: Ports) -> InvoiceChange:
    """Fence and finish; whoever comes later goes on from where the first one stopped.

    Raises
    ------
    UnavailableError
        Nothing was learned, so nothing has changed.
    """
    if change.intent is None:
        return _finish(change, ports)
    answer = ports.gateway.cancel(change)
    if isinstance(answer, Unreachable):
        raise UnavailableError
    if isinstance(answer, Canceled | NoSuchIntent):
        # The lock was free when this change took it, so every confirm had ended: an intent that
        # Stripe does not know could be confirmed by us alone, and its generation is left behind.
        return _finish(change, ports)
    if isinstance(answer, Succeeded):
        # A confirm was quicker than the lock: the money is the truth, and the invoice is paid.
        payment = ports.payments.by_intent(change.customer_id, change.invoice_id, change.intent)
        if payment and settle.record_look(payment, answer, ports).state is State.SUCCEEDED:
            return _fresh(change, lambda: ports.invoice_changes.refuse(change), ports)
    if change.looks >= len(BACK_OFF):
        # It goes on being tried, once a day; the lock stays, and a person hears of it.
        logger.error("invoice change needs review", extra={"invoice_id": change.invoice_id})
    wait = BACK_OFF[min(change.looks, len(BACK_OFF) - 1)]
    lease = ports.clock.now() + wait
    return _fresh(change, lambda: ports.invoice_changes.postpone(change, lease_until=lease), ports)


def _finish(change: InvoiceChange, ports: Ports) -> InvoiceChange:
    entry = outbox.entry(change.customer_id, _fact(change), ports=ports)

    def finish() -> InvoiceChange:
        done = ports.invoice_changes.finish(change, entry=entry)
        ports.committed.append(entry)
        return done

    return _fresh(change, finish, ports)


def _fresh(
    change: InvoiceChange, write: Callable[[], InvoiceChange], ports: Ports
) -> InvoiceChange:
    """Write, or tell what somebody else has made of the change meanwhile."""
    try:
        return write()
    except StaleError:
        return ports.invoice_changes.get(change.customer_id, change.change_id)


def _fact(change: InvoiceChange) -> Fact:
    about = {"invoice_id": change.invoice_id, "number": change.invoice_number}
    if change.amount_due is None:
        return fact.invoice_fact(Kind.INVOICE_VOIDED, **about, money=change.before)
    return fact.invoice_fact(
        Kind.INVOICE_AMOUNT_CHANGED,
        **about,
        money=change.amount_due,
        amount_before=change.before.amount,
    )
