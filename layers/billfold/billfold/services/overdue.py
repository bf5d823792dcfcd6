"""Telling the business which invoices have become overdue, once for each."""

import logging
from datetime import timedelta
from typing import Final

from billfold.domain import fact
from billfold.domain.errors import NotFoundError
from billfold.domain.fact import Kind
from billfold.domain.invoice import PublicInvoiceStatus
from billfold.services import outbox
from billfold.services.ports import Ports, StaleError

logger = logging.getLogger(__name__)

CATCH_UP: Final = timedelta(days=14)
"""How far back it looks, so that nights on which it did not run are made up for."""


def tell(ports: Ports) -> int:
    """Tell of every invoice that is overdue and was not told of; give how many.

    The index only says where to look. What an invoice is comes from the table.
    """
    today = ports.clock.today()
    told = 0
    for customer_id, invoice_id in ports.invoices.due(since=today - CATCH_UP, before=today):
        try:
            invoice = ports.invoices.get(customer_id, invoice_id)
            if invoice.overdue_told or invoice.public_status(today) != PublicInvoiceStatus.OVERDUE:
                continue
            overdue = fact.invoice_fact(
                Kind.INVOICE_OVERDUE,
                invoice_id=invoice_id,
                number=invoice.number,
                money=invoice.amount_due,
                due_on=invoice.due_on.isoformat(),
            )
            entry = outbox.entry(customer_id, overdue, ports=ports)
            ports.invoices.note_overdue(customer_id, invoice_id, entry=entry)
        except (StaleError, NotFoundError):
            # Paid, voided or told by somebody else in this moment.
            continue
        ports.committed.append(entry)
        outbox.flush(ports)
        told += 1
    return told
