"""Ending a PaymentIntent from the server: capture and cancel."""

from typing import Final

from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.disputes import dispute_by_card
from local.stripe_emulator.errors import ApiError, error_object, unexpected_state
from local.stripe_emulator.fields import merged_metadata
from local.stripe_emulator.intents import find_intent
from local.stripe_emulator.parameters import Choice, Flag, Integer, Metadata, Shape, Text
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
    if body["status"] == "succeeded" and body["capture_method"] == "manual":
        raise unexpected_state(
            body,
            "The remaining amount on this PaymentIntent could not be captured because the "
            "remainder of the authorized amount has been released.",
        )
    if body["status"] != "requires_capture":
        raise unexpected_state(
            body,
            "This PaymentIntent could not be captured because it has a status of "
            f"{body['status']}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture.",
        )
    amount = call.params.get("amount_to_capture", body["amount_capturable"])
    _check_amount(amount, body)
    charge = _charge(call, intent)
    if "metadata" in call.params:
        body["metadata"] = merged_metadata(body["metadata"], call.params["metadata"])
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if name in call.params:
            body[name] = charge.body[name] = call.params[name]
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


def _check_amount(amount: int, intent: JsonObject) -> None:
    refusal: dict[str, str] | None = None
    if amount < 0:
        refusal = {"message": "Invalid non-negative integer", "param": "amount_to_capture"}
    elif amount == 0:
        # Stripe names the amount here, not the parameter.
        refusal = {
            "message": "This value must be greater than or equal to 1.",
            "code": "parameter_invalid_integer",
            "param": "amount",
        }
    elif amount > intent["amount_capturable"]:
        refusal = {
            "message": "The payment could not be captured because the requested capture amount is "
            "greater than the amount you can capture for this charge. Contact us via "
            "https://support.stripe.com/contact/ for help.",
            "code": "amount_too_large",
        }
    if refusal:
        error = error_object("invalid_request_error", payment_intent=intent, **refusal)
        raise ApiError(400, error)


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
        Shape(
            {
                "amount_to_capture": Integer(),
                "final_capture": Flag(),
                "metadata": Metadata(),
                "statement_descriptor": Text(22),
                "statement_descriptor_suffix": Text(22),
            }
        ),
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
