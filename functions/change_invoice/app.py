"""Takes VoidInvoice and ChangeInvoiceAmount from the bus, through a queue, and carries them out."""

from billfold import bootstrap
from billfold.entrypoints import queue
from billfold.entrypoints.bus_events import (
    ChangeInvoiceAmount,
    InvoiceCommand,
    VoidInvoice,
    reader,
)
from billfold.services import invoice_commands


def carry_out(event: InvoiceCommand) -> None:
    invoice_commands.carry_out(event.command(), bootstrap.ports())


handler = queue.handler("invoice command", reader(VoidInvoice, ChangeInvoiceAmount), carry_out)
