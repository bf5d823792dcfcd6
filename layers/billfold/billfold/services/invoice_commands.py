"""Doing what the business sends: voiding an invoice, or changing what is due of it, once a command.

A command names itself (``command_id``), and the change that it leads to is derived from that name:
delivered twice, late, or after another command, it does nothing more.
"""

from dataclasses import dataclass

from billfold.domain import ids
from billfold.domain.errors import (
    BillfoldError,
    InvalidInputError,
    InvoiceNotPayableError,
    NotFoundError,
)
from billfold.domain.invoice_change import ChangeState, InvoiceChange, Wanted
from billfold.services import invoice_changes
from billfold.services.ports import Ports
from billfold.services.retry import until_fresh


@dataclass(frozen=True, slots=True)
class Command:
    """What the business wants of the invoice with this number of its own."""

    command_id: str
    customer_id: str
    number: str
    wanted: Wanted


def carry_out(command: Command, ports: Ports) -> None:
    """Void or change an invoice, or tell the business why not.

    What has begun may still be under way when this returns: the reconciler finishes it.

    Raises
    ------
    UnknownInvoiceError
        It may not have come yet.
    PaymentInProgressError, InvoiceChangingError
        Another try may find it free.
    UnavailableError
    """
    try:
        begun = until_fresh(lambda: _begin(command, ports))
    except (InvoiceNotPayableError, InvalidInputError) as refusal:
        _refuse(command, refusal, ports)
        return
    if begun:
        invoice_changes.go_on_now(begun, ports)


def _begin(command: Command, ports: Ports) -> InvoiceChange | None:
    """Take the invoice's lock; None is a command that was taken before, or is true already."""
    invoice = ports.invoices.by_number(command.customer_id, command.number)
    if _is_known(command, ports):
        return None
    if invoice.is_as_wanted(command.wanted.amount_due):
        # Written as well, so that the same command after another one does nothing more.
        change = invoice_changes.of(_change_id(command), invoice, command.wanted, ports)
        ports.invoice_changes.note(change.ended(ChangeState.DONE))
        return None
    return invoice_changes.begin(_change_id(command), invoice, command.wanted, ports)


def _refuse(command: Command, refusal: BillfoldError, ports: Ports) -> None:
    invoice = ports.invoices.by_number(command.customer_id, command.number)
    change = invoice_changes.of(_change_id(command), invoice, command.wanted, ports)
    invoice_changes.refuse(change, refusal, ports, begun=False)


def _is_known(command: Command, ports: Ports) -> bool:
    try:
        ports.invoice_changes.get(command.customer_id, _change_id(command))
    except NotFoundError:
        return False
    return True


def _change_id(command: Command) -> str:
    return ids.change_id(command.command_id)
