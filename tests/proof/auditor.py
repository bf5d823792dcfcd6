"""Stripe as an auditor sees it: what it has charged, by its own lists and not by our ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from billfold.adapters.stripe_answers import from_stripe_amount
from billfold.domain.payment import Dispute

from tests.emulator import Emulator
from tests.proof.witnesses import StripeCharge, StripeIntent

STANDS: Final[Mapping[str, Dispute | None]] = {
    "needs_response": Dispute.OPEN,
    "under_review": Dispute.OPEN,
    "warning_needs_response": Dispute.OPEN,
    "warning_under_review": Dispute.OPEN,
    "won": Dispute.WON,
    "prevented": Dispute.WON,
    "lost": Dispute.LOST,
    "warning_closed": None,
}
"""How a dispute stands, by Stripe's status of it; one that is not known here is an error."""


@dataclass(frozen=True)
class Auditor:
    """The objects of one of our customers, found by metadata and by no id that we keep."""

    side: Emulator
    customer_id: str

    def charges(self) -> Sequence[StripeCharge]:
        """Give the charges that succeeded, with the key of the request that made each."""
        keys = {
            event["data"]["object"]["id"]: (event["request"] or {}).get("idempotency_key")
            for event in self.side.every("/v1/events", type="payment_intent.succeeded")
        }
        # Newest first: of several disputes the latest stands.
        listed = self.side.every("/v1/disputes")
        disputes = {one["charge"]: STANDS[one["status"]] for one in reversed(listed)}
        return [
            StripeCharge(
                charge=charge["id"],
                intent=charge["payment_intent"],
                customer_id=self.customer_id,
                invoice_id=charge["metadata"]["billfold_invoice_id"],
                money=from_stripe_amount(charge["amount_captured"], charge["currency"]),
                payment_method=charge["payment_method"],
                charged_at=datetime.fromtimestamp(charge["created"], UTC),
                confirm_key=keys.get(charge["payment_intent"]),
                refunded=from_stripe_amount(charge["amount_refunded"], charge["currency"]),
                dispute=disputes.get(charge["id"]),
            )
            for charge in self._mine("/v1/charges")
            if charge["status"] == "succeeded"
        ]

    def intents(self) -> Sequence[StripeIntent]:
        """Give every intent, bound or not."""
        return [
            StripeIntent(
                intent["id"],
                intent["metadata"]["billfold_invoice_id"],
                intent["status"],
                from_stripe_amount(intent["amount"], intent["currency"]),
            )
            for intent in self._mine("/v1/payment_intents")
        ]

    def _mine(self, path: str) -> list[dict[str, Any]]:
        newest = self.side.every(path)
        return [
            one for one in newest if metadata(one).get("billfold_customer_id") == self.customer_id
        ]


def metadata(subject: dict[str, Any]) -> dict[str, str]:
    return subject.get("metadata") or {}
