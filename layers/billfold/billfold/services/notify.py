"""Writing to customers about what has happened; nothing here can keep money waiting.

A fact may come twice, and late: each is written about once, unless we come to harm between sending
and noting it, and not at all where it is over by now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from billfold.domain.errors import NotFoundError
from billfold.domain.fact import Kind
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.mail_catalogue import compose
from billfold.services.ports import Ports


@dataclass(frozen=True, slots=True)
class Told:
    """A fact as the bus tells it."""

    kind: Kind
    event_id: str
    customer_id: str
    detail: Mapping[str, Any]


class Outcome(StrEnum):
    """What has become of a fact."""

    SENT = "sent"
    KNOWN = "known"
    NO_MAIL = "no_mail"
    OVER = "over"


_ASKS: Final = {
    Kind.AUTOPAY_UPCOMING,
    Kind.AUTOPAY_PAUSED,
    Kind.PAYMENT_ACTION_REQUIRED,
    Kind.PAYMENT_FAILED,
}
"""About an invoice that is still to be paid."""
_EXPIRY: Final = {Kind.CARD_EXPIRING, Kind.CARD_EXPIRED}


def notify(told: Told, ports: Ports) -> Outcome:
    """Write to a customer about a fact, if there is something to write.

    Raises
    ------
    UnavailableError
        Try again: it was not sent, or nobody knows whether it was.
    NotFoundError
        There is no such customer.
    """
    mail = compose(told.kind, told.detail)
    if mail is None:
        return Outcome.NO_MAIL
    if ports.mailed.has(told.event_id):
        return Outcome.KNOWN
    customer, wallet = ports.customers.account(told.customer_id)
    if told.kind in _ASKS and not _is_open(told, ports):
        return Outcome.OVER
    if told.kind is Kind.AUTOPAY_UPCOMING and not wallet.autopay:
        return Outcome.OVER
    card = wallet.primary_card
    now = (card.card_id, card.exp_month, card.exp_year) if card else None
    expiry = (told.detail.get("card_id"), told.detail.get("exp_month"), told.detail.get("exp_year"))
    if told.kind in _EXPIRY and expiry != now:
        # Deleted, not the primary card any more, or renewed: nobody has to do anything.
        return Outcome.OVER
    ports.mailer.send(customer, mail)
    ports.mailed.note(told.event_id, ports.clock.now())
    return Outcome.SENT


def _is_open(told: Told, ports: Ports) -> bool:
    try:
        invoice = ports.invoices.get(told.customer_id, str(told.detail["invoice_id"]))
    except NotFoundError:
        return False
    return invoice.status in {InvoiceStatus.OPEN, InvoiceStatus.PAYING}
