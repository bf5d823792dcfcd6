"""Invoices: issuing, listing, showing."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from billfold.domain.invoice import Invoice, PublicInvoiceStatus
from billfold.domain.payment import Payment
from billfold.services.ports import Page, Ports


def issue(invoice: Invoice, ports: Ports) -> None:
    """Store an invoice, to be looked at by automatic payment; the same one again changes nothing.

    Raises
    ------
    InvoiceNumberReusedError, UnknownCustomerError
    """
    first_look = ports.schedule.first_look(invoice.due_on)
    recorded = ports.continuity.read().recorded_from(ports.clock.now())
    ports.invoices.add(replace(invoice, look_on=first_look, recorded_since=recorded))


def list_(
    customer_id: str,
    *,
    statuses: Collection[PublicInvoiceStatus],
    limit: int,
    after: str | None,
    ports: Ports,
) -> Page[Invoice]:
    """List a customer's invoices, newest first; a filtered page may be short."""
    return ports.invoices.list(
        customer_id, statuses=statuses, today=ports.clock.today(), limit=limit, after=after
    )


def show(customer_id: str, invoice_id: str, ports: Ports) -> tuple[Invoice, Sequence[Payment]]:
    """Give an invoice with all tries to pay it, newest first.

    Raises
    ------
    NotFoundError
    """
    invoice = ports.invoices.get(customer_id, invoice_id)
    return invoice, ports.payments.of_invoice(customer_id, invoice_id)
