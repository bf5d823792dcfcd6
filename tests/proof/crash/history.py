"""What must be true when the trouble is over, whatever has gone wrong on the way."""

from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.payment import Payment, State
from billfold.services.ports import Ports
from stripe import Charge

ENDED_WITHOUT_CHARGE = frozenset(
    {State.DECLINED, State.REFUSED, State.RELEASED, State.CANCELED, State.REVIEW}
)


def violations(
    ports: Ports, invoice: Invoice, charges: list[Charge], told: list[tuple[str, str]]
) -> list[str]:
    """Hold the table, what customers were told and the bus against what Stripe has charged.

    Parameters
    ----------
    charges
        All that Stripe has charged for this invoice.
    told
        Idempotency-Key and answer, of each answer that a customer was given.
    """
    customer_id = invoice.customer_id
    now = ports.invoices.get(customer_id, invoice.invoice_id)
    tries = ports.payments.of_invoice(customer_id, invoice.invoice_id)
    paid = [charge for charge in charges if charge.status == "succeeded"]
    wrong = []
    if len(paid) > 1:
        wrong.append(f"charged {len(paid)} times")
    if (now.status is InvoiceStatus.PAID) != bool(paid):
        wrong.append(f"the invoice is {now.status}, with {len(paid)} charges")
    for charge in paid:
        row = ports.ledger.find(customer_id, charge.id)
        if row is None:
            wrong.append("a charge is not in the ledger")
        elif row.money.amount != charge.amount or row.invoice_id != invoice.invoice_id:
            wrong.append("the ledger says something else than Stripe")
    succeeded = [one for one in tries if one.state is State.SUCCEEDED]
    if [one.charge for one in succeeded] != [charge.id for charge in paid]:
        wrong.append("payments that succeeded are not the charges")
    if now.lock or now.status is InvoiceStatus.PAYING:
        wrong.append("the invoice is still locked")
    if ports.customers.wallet(customer_id).holds:
        wrong.append("a card is still held")
    return [*wrong, *_told_wrong(ports, invoice, told, succeeded)]


def _told_wrong(
    ports: Ports, invoice: Invoice, told: list[tuple[str, str]], succeeded: list[Payment]
) -> list[str]:
    wrong = []
    for key, answer in told:
        opening = ports.payments.open(
            invoice.customer_id, invoice.invoice_id, key, ports.clock.now()
        )
        charged = opening.request is not None and opening.request.payment_id in {
            payment.payment_id for payment in succeeded
        }
        if charged and answer in {"card_declined", "source_unusable", "not_charged", "nothing"}:
            wrong.append(f"{key} was told {answer}, and was charged")
        if answer == "succeeded" and not charged:
            wrong.append(f"{key} was told succeeded, and was not charged")
    return wrong
