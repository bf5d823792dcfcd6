"""Ending a PaymentIntent from the server: capture and cancel."""

from typing import Final

from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.disputes import dispute_by_card
from local.stripe_emulator.errors import invalid_request, unexpected_state
from local.stripe_emulator.intents import find_intent
from local.stripe_emulator.parameters import Choice, Integer, Shape
from local.stripe_emulator.store import Record

_CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)


def _capture(call: Call) -> JsonObject:
    intent = find_intent(call, "payment_intent")
    body = intent.body
    if body["status"] != "requires_capture":
        raise unexpected_state(
            body,
            "This PaymentIntent could not be captured because it has a status of "
            f"{body['status']}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture.",
        )
    amount = call.params.get("amount_to_capture", body["amount_capturable"])
    if amount > body["amount_capturable"]:
        raise invalid_request(
            "The amount to capture is greater than the remaining amount that can be captured.",
            code="amount_too_large",
            param="amount_to_capture",
            executed=True,
        )
    charge = _charge(call, intent)
    charge.body.update(
        amount_captured=amount,
        amount_refunded=charge.body["amount"] - amount,
        captured=True,
    )
    call.save(charge, "charge.captured")
    dispute_by_card(call, charge)
    body.update(amount_capturable=0, amount_received=amount, status="succeeded")
    call.save(intent, "payment_intent.succeeded")
    return body


def _cancel(call: Call) -> JsonObject:
    intent = find_intent(call, "payment_intent")
    body = intent.body
    if body["status"] not in _CANCELABLE:
        raise unexpected_state(
            body,
            f"You cannot cancel this PaymentIntent because it has a status of {body['status']}. "
            "Only a PaymentIntent with one of the following statuses may be canceled: "
            f"{', '.join(_CANCELABLE)}.",
        )
    if body["status"] == "requires_capture":
        charge = _charge(call, intent)
        charge.body.update(amount_refunded=charge.body["amount"], refunded=True)
        call.save(charge, "charge.refunded")
    body.update(
        amount_capturable=0,
        canceled_at=call.now,
        cancellation_reason=call.params.get("cancellation_reason"),
        next_action=None,
        status="canceled",
    )
    call.save(intent, "payment_intent.canceled")
    return body


def _charge(call: Call, intent: Record) -> Record:
    charge = call.tx.get("charge", intent.body["latest_charge"])
    if charge is None:
        raise LookupError(f"{intent.id} waits for capture and has no charge")
    return charge


_ONE = "/v1/payment_intents/{intent}"
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        f"{_ONE}/capture",
        _capture,
        Shape({"amount_to_capture": Integer(1)}),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/cancel",
        _cancel,
        Shape(
            {
                "cancellation_reason": Choice(
                    ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
                )
            }
        ),
    ),
)
