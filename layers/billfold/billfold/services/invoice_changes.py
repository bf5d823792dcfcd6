"""Voiding an invoice, and changing what is due of it: lock, fence, then change."""

import logging
from collections.abc import Callable

from billfold.domain import fact, ids
from billfold.domain.errors import BillfoldError, InvoiceNotPayableError, UnavailableError
from billfold.domain.fact import Entry, Fact
from billfold.domain.invoice import Invoice
from billfold.domain.invoice_change import LEASE, InvoiceChange, Wanted
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
    return _change(customer_id, invoice_id, Wanted(), ports)


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
    return _change(customer_id, invoice_id, Wanted(amount_due), ports)


def _change(customer_id: str, invoice_id: str, wanted: Wanted, ports: Ports) -> InvoiceChange:
    def attempt() -> InvoiceChange:
        change_id = ids.new(ids.CHANGE, ports.clock.now())
        return begin(change_id, ports.invoices.get(customer_id, invoice_id), wanted, ports)

    return go_on_now(until_fresh(attempt), ports)


def begin(change_id: str, invoice: Invoice, wanted: Wanted, ports: Ports) -> InvoiceChange:
    """Take the lock, so that no payment can begin any more.

    Raises
    ------
    InvalidInputError, InvoiceNotPayableError, PaymentInProgressError, InvoiceChangingError
    StaleError
        The invoice is not as it was read, or there is a change with this identifier.
    """
    if wanted.amount_due:
        require_chargeable(wanted.amount_due, field="amount")
    invoice.require_changeable(wanted.amount_due)
    if lost_history.may_be_gone(invoice, ports):
        lost_history.recover(invoice, ports)
        raise StaleError
    change = of(change_id, invoice, wanted, ports)
    ports.invoice_changes.begin(change, lease_until=change.created_at + LEASE)
    return change


def of(change_id: str, invoice: Invoice, wanted: Wanted, ports: Ports) -> InvoiceChange:
    """Return a change of an invoice as it is now; nothing is written."""
    return InvoiceChange(
        change_id=change_id,
        customer_id=invoice.customer_id,
        invoice_id=invoice.invoice_id,
        invoice_number=invoice.number,
        epoch=invoice.epoch,
        intent=invoice.intent,
        before=invoice.amount_due,
        due_on=invoice.due_on,
        wanted=wanted,
        created_at=ports.clock.now(),
    )


def go_on_now(change: InvoiceChange, ports: Ports) -> InvoiceChange:
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
        after = settle.record_look(payment, answer, ports) if payment else None
        if after and after.state is State.SUCCEEDED:
            return refuse(change, InvoiceNotPayableError(), ports)
        if after and after.state is State.CANCELED and after.charge == answer.charge:
            # It disagreed, was given back, and its review has ended: no money is left.
            return _finish(change, ports)
    if change.looks >= len(BACK_OFF):
        # It goes on being tried, once a day; the lock stays, and a person hears of it.
        logger.error("invoice change needs review", extra={"invoice_id": change.invoice_id})
    wait = BACK_OFF[min(change.looks, len(BACK_OFF) - 1)]
    lease = ports.clock.now() + wait
    return _fresh(change, lambda: ports.invoice_changes.postpone(change, lease_until=lease), ports)


def _finish(change: InvoiceChange, ports: Ports) -> InvoiceChange:
    # Nothing that was tried before counts for another amount.
    look_on = ports.schedule.look_anew(change.due_on, ports.clock.today())
    return _end(
        change,
        fact.invoice_changed(change),
        lambda entry: ports.invoice_changes.finish(change, entry=entry, look_on=look_on),
        ports,
    )


def refuse(
    change: InvoiceChange, error: BillfoldError, ports: Ports, *, begun: bool = True
) -> InvoiceChange:
    """Leave the invoice as it is, and tell why; one that never began is written as well."""
    return _end(
        change,
        fact.invoice_change_refused(change, error),
        lambda entry: ports.invoice_changes.refuse(change, entry=entry, begun=begun),
        ports,
    )


def _end(
    change: InvoiceChange,
    told: Fact,
    write: Callable[[Entry], InvoiceChange],
    ports: Ports,
) -> InvoiceChange:
    entry = outbox.entry(change.customer_id, told, ports=ports)

    def end() -> InvoiceChange:
        ended = write(entry)
        ports.committed.append(entry)
        return ended

    return _fresh(change, end, ports)


def _fresh(
    change: InvoiceChange, write: Callable[[], InvoiceChange], ports: Ports
) -> InvoiceChange:
    """Write, or tell what somebody else has made of the change meanwhile."""
    try:
        return write()
    except StaleError:
        return ports.invoice_changes.get(change.customer_id, change.change_id)
