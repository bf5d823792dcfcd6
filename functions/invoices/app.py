"""/v1/invoices: list and show."""

from billfold import bootstrap
from billfold.domain import cursor as cursors
from billfold.domain import ids
from billfold.entrypoints import http
from billfold.entrypoints.schemas import (
    Cursor,
    InvoiceDetailOut,
    InvoiceId,
    InvoiceList,
    InvoiceStatuses,
    PageSize,
    read_statuses,
)
from billfold.services import invoices

app = http.resolver()


@app.get("/v1/invoices", summary="List invoices", tags=["Invoices"])
def list_invoices(
    status: InvoiceStatuses = None, limit: PageSize = 25, cursor: Cursor = None
) -> InvoiceList:
    ports = bootstrap.ports()
    page = invoices.list_(
        http.customer_id(app),
        statuses=read_statuses(status),
        limit=limit,
        after=cursors.decode(cursor, ids.INVOICE) if cursor else None,
        ports=ports,
    )
    return InvoiceList.of(page, ports.clock.today())


@app.get("/v1/invoices/<invoice_id>", summary="Show an invoice", tags=["Invoices"])
def show_invoice(invoice_id: InvoiceId) -> InvoiceDetailOut:
    ports = bootstrap.ports()
    invoice, payments = invoices.show(http.customer_id(app), invoice_id, ports)
    return InvoiceDetailOut.with_payments(invoice, payments, ports.clock.today())


handler = http.handler(app)
