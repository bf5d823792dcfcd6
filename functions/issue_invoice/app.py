"""Takes InvoiceIssued events from the bus, through a queue, and stores the invoices."""

from billfold import bootstrap
from billfold.entrypoints import queue
from billfold.entrypoints.bus_events import InvoiceIssued, reader
from billfold.services import invoices


def issue(event: InvoiceIssued) -> None:
    invoices.issue(event.invoice(), bootstrap.ports())


handler = queue.handler("InvoiceIssued", reader(InvoiceIssued), issue)
