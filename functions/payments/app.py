"""Paying an invoice, and the payments there have been."""

from billfold import bootstrap
from billfold.domain import cursor as cursors
from billfold.domain import ids
from billfold.domain.money import Money
from billfold.domain.payment import IN_FLIGHT, Status
from billfold.entrypoints import http
from billfold.entrypoints.schemas import (
    Cursor,
    IdempotencyKey,
    InvoiceId,
    PageSize,
    PayIn,
    PaymentId,
    PaymentList,
    PaymentOut,
)
from billfold.services import payments

app = http.resolver()


def _answer(outcome: payments.Outcome) -> tuple[PaymentOut, int]:
    """An unknown outcome is 202, never a failure; errors have been raised before."""
    payment = outcome.payment
    status = 202 if payment.status is Status.PROCESSING else 201
    return PaymentOut.of(payment, outcome.client_secret), status


@app.post(
    "/v1/invoices/<invoice_id>/payments",
    summary="Pay an invoice",
    tags=["Payments"],
    status_code=201,
)
def pay(
    invoice_id: InvoiceId, body: PayIn, idempotency_key: IdempotencyKey
) -> tuple[PaymentOut, int]:
    order = payments.Order(
        customer_id=http.customer_id(app),
        invoice_id=invoice_id,
        shown=Money(body.currency, body.amount),
        source=body.source.source(),
        idempotency_key=idempotency_key,
    )
    return _answer(payments.pay(order, bootstrap.ports(), http.time_left(app)))


@app.post(
    "/v1/payments/<payment_id>/confirm",
    summary="Go on after the bank's step",
    tags=["Payments"],
    status_code=201,
)
def confirm(payment_id: PaymentId) -> tuple[PaymentOut, int]:
    ports = bootstrap.ports()
    return _answer(payments.confirm(http.customer_id(app), payment_id, ports, http.time_left(app)))


@app.post(
    "/v1/payments/<payment_id>/cancel",
    summary="Give up a payment that waits for the bank's step",
    tags=["Payments"],
)
def cancel(payment_id: PaymentId) -> tuple[PaymentOut, int]:
    outcome = payments.cancel(http.customer_id(app), payment_id, bootstrap.ports())
    status = 202 if outcome.payment.state in IN_FLIGHT else 200
    return PaymentOut.of(outcome.payment), status


@app.get("/v1/payments", summary="List payments", tags=["Payments"])
def list_payments(limit: PageSize = 25, cursor: Cursor = None) -> PaymentList:
    after = cursors.decode(cursor, ids.PAYMENT) if cursor else None
    ports = bootstrap.ports()
    return PaymentList.of(
        payments.list_(http.customer_id(app), limit=limit, after=after, ports=ports)
    )


@app.get("/v1/payments/<payment_id>", summary="Show a payment", tags=["Payments"])
def show_payment(payment_id: PaymentId) -> PaymentOut:
    outcome = payments.get(http.customer_id(app), payment_id, bootstrap.ports())
    return PaymentOut.of(outcome.payment, outcome.client_secret)


handler = http.handler(app)
