"""Stripe's webhooks: the signature by Stripe's own library, and what of an event we listen to."""

import json
from collections.abc import Mapping
from typing import Any, Final

from billfold.domain.decline import explain
from billfold.domain.errors import InvalidSignatureError
from billfold.domain.payment import Decline
from billfold.domain.stripe_event import ALLOWED, CUSTOMER_ID, DETACHED, Owner, StripeEvent

TOLERANCE: Final = 300
"""Seconds after which a signature is too old (Stripe documentation, "Webhook signatures")."""


class StripeWebhooks:
    """Reads deliveries.

    Parameters
    ----------
    secrets
        Of the endpoint: one, or two while one is exchanged for another.
    """

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets

    def read(self, payload: str, signature: str) -> StripeEvent | None:
        """Verify a delivery and reduce it to where to look; None for what we do not listen to.

        Raises
        ------
        InvalidSignatureError
            Not signed with one of the secrets, too old, or no event.
        """
        if not any(_signed(payload, signature, secret) for secret in self._secrets):
            raise InvalidSignatureError
        try:
            event = json.loads(payload)
            if event["type"] not in ALLOWED:
                return None
            return _reduce(event["id"], event["type"], event["data"], event["request"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidSignatureError from error


def _signed(payload: str, signature: str, secret: str) -> bool:
    from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415 - slow to load

    try:
        WebhookSignature.verify_header(payload, signature, secret, TOLERANCE)
    except SignatureVerificationError:
        return False
    return True


def _reduce(
    event_id: str, event_type: str, data: Mapping[str, Any], request: Mapping[str, Any] | None
) -> StripeEvent:
    subject: Mapping[str, Any] = data["object"]
    family = event_type.split(".", maxsplit=1)[0]
    key = (request or {}).get("idempotency_key")
    if family == "setup_intent":
        return StripeEvent(event_id, event_type, setup_intent=subject["id"], idempotency_key=key)
    if family == "payment_intent":
        return StripeEvent(
            event_id,
            event_type,
            payment_intent=subject["id"],
            idempotency_key=key,
            owner=Owner.of(subject.get("metadata") or {}),
            decline=_decline(event_type, subject),
        )
    if family == "customer":
        return StripeEvent(
            event_id,
            event_type,
            stripe_customer=subject["id"],
            customer_id=(subject.get("metadata") or {}).get(CUSTOMER_ID),
            idempotency_key=key,
        )
    if family == "payment_method":
        # Whose it was until it was detached; an event about anything else does not need it.
        before = (data.get("previous_attributes") or {}).get("customer")
        return StripeEvent(
            event_id,
            event_type,
            payment_method=subject["id"],
            stripe_customer=before if event_type == DETACHED else None,
            idempotency_key=key,
        )
    # Of a charge, a refund or a dispute: the charge is what they are about.
    charge = subject["id"] if subject["object"] == "charge" else subject["charge"]
    return StripeEvent(event_id, event_type, charge=charge, idempotency_key=key)


def _decline(event_type: str, subject: Mapping[str, Any]) -> Decline | None:
    error = subject.get("last_payment_error")
    if event_type != "payment_intent.payment_failed" or not error:
        return None
    return explain(error.get("code"), error.get("decline_code"), error.get("advice_code"))
