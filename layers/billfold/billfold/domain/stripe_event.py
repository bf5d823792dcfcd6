"""What Stripe tells us by webhook, as far as we listen (docs/payments.md).

An event only says where to look: what it is about is retrieved from Stripe, and settled by the same
code as a reply. The one thing taken from the event itself is which confirm a decline answers, since
no look can tell that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from billfold.domain.payment import Decline

CUSTOMER_DELETED: Final = "customer.deleted"
DETACHED: Final = "payment_method.detached"
ALLOWED: Final = frozenset(
    {
        CUSTOMER_DELETED,
        DETACHED,
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.refund.updated",
        "charge.refunded",
        "payment_intent.canceled",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "payment_method.automatically_updated",
        "payment_method.updated",
        "refund.created",
        "refund.failed",
        "refund.updated",
        "setup_intent.setup_failed",
        "setup_intent.succeeded",
    }
)
"""Every other type is answered and forgotten."""

CUSTOMER_ID: Final = "billfold_customer_id"
INVOICE_ID: Final = "billfold_invoice_id"
INTENT_GENERATION: Final = "billfold_intent_generation"
"""Our keys of metadata; the prefix tells them from those of other applications of the account."""

PATIENCE: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(hours=1),
    *(timedelta(days=1),) * 3,
)
"""When an event that matches nothing is looked at again; after the last one a person must look."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an object at Stripe is, by the metadata that we gave it."""

    customer_id: str
    invoice_id: str

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> "Owner | None":
        """Read it; None for what is not ours."""
        customer_id, invoice_id = metadata.get(CUSTOMER_ID), metadata.get(INVOICE_ID)
        return cls(customer_id, invoice_id) if customer_id and invoice_id else None


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """An event that was verified, reduced to where to look.

    ``idempotency_key`` is that of the request which caused it, None where Stripe acted by itself;
    ``owner`` is told by the metadata of a PaymentIntent. ``stripe_customer`` is the one that was
    deleted, or that a card was detached from, and ``customer_id`` ours, where it is known.
    """

    event_id: str
    type: str
    payment_intent: str | None = None
    charge: str | None = None
    setup_intent: str | None = None
    payment_method: str | None = None
    stripe_customer: str | None = None
    customer_id: str | None = None
    idempotency_key: str | None = None
    owner: Owner | None = None
    decline: Decline | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that matched nothing yet, and how often it was looked at again."""

    event: StripeEvent
    looks: int
