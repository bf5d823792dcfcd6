"""Refunds: all or a part of a charge, never more."""

import copy
from typing import Any, Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.card_table import BY_NAME
from local.stripe_emulator.disputes import dispute_of
from local.stripe_emulator.errors import invalid_request, no_such
from local.stripe_emulator.fields import merged_metadata
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.parameters import Choice, Field, Identifier, Integer, Metadata, Shape
from local.stripe_emulator.refund_outcomes import change_refund, fail_refund
from local.stripe_emulator.store import Record


def _create(call: Call) -> JsonObject:
    charge = _charge(call)
    body = charge.body
    left = body["amount"] - body["amount_refunded"]
    if body["status"] != "succeeded":
        raise _nothing_to_refund(body["payment_intent"])
    if not body["captured"]:
        raise invalid_request(
            "This uncaptured Charge was created by a PaymentIntent "
            f"({body['payment_intent']}). You must cancel the PaymentIntent to reverse the "
            "authorization instead of refunding the Charge directly. For more information, see "
            "https://stripe.com/docs/payments/place-a-hold-on-a-payment-method",
            executed=True,
        )
    if left == 0:
        raise invalid_request(
            f"Charge {charge.id} has already been refunded.",
            code="charge_already_refunded",
            executed=True,
        )
    dispute = dispute_of(call, charge.id)
    if dispute is not None and not dispute.body["is_charge_refundable"]:
        raise invalid_request(
            f"Charge {charge.id} has been charged back; cannot issue a refund.",
            code="charge_disputed",
            executed=True,
        )
    amount = call.params.get("amount", left)
    if amount > left:
        raise invalid_request(
            f"Refund amount ({amount} {body['currency']}) is greater than unrefunded amount on "
            f"charge ({left} {body['currency']})",
            param="amount",
            executed=True,
        )
    method = call.tx.get("payment_method", body["payment_method"])
    status = BY_NAME[method.private["card"]].refund if method else "succeeded"
    refund = call.insert(_refund(call, body, amount, status), "refund.created")
    body["amount_refunded"] += amount
    body["refunded"] = body["amount_refunded"] == body["amount"]
    call.save(charge, "charge.refunded")
    answered = copy.deepcopy(refund.body)
    if status == "failed":
        # The bank sends the money back after the answer.
        fail_refund(call, refund)
    return answered


def _charge(call: Call) -> Record:
    given = call.params
    identifier = given.get("charge")
    if intent_id := given.get("payment_intent"):
        intent = call.tx.get("payment_intent", intent_id)
        if intent is None:
            raise no_such("payment_intent", intent_id, "payment_intent")
        identifier = identifier or intent.body["latest_charge"]
        if identifier is None or intent.body["status"] != "succeeded":
            raise _nothing_to_refund(intent_id)
    if identifier is None:
        raise invalid_request(
            "One of the following params should be provided for this request: payment_intent or "
            "charge."
        )
    charge = call.tx.get("charge", identifier)
    if charge is None:
        # As if it were the one of the path.
        raise no_such("charge", identifier, "id", in_path=True)
    return charge


def _nothing_to_refund(intent: str) -> Exception:
    return invalid_request(
        f"This PaymentIntent ({intent}) does not have a successful charge to refund.",
        executed=True,
    )


def _create_of_charge(call: Call) -> JsonObject:
    call.params = {**call.params, "charge": call.path["charge"]}
    return _create(call)


def _list_of_charge(call: Call) -> JsonObject:
    charge = call.path["charge"]
    if call.tx.get("charge", charge) is None:
        raise no_such("charge", charge, "id", in_path=True)
    url = f"/v1/charges/{charge}/refunds"
    return lists.list_objects(call, "refund", url, {"charge": charge})


def _refund(call: Call, charge: JsonObject, amount: int, status: str) -> Record:
    body: dict[str, Any] = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number",
                     "type": "refund"},
            "type": "card",
        },
        "metadata": merged_metadata({}, call.params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        # A refund that will fail looks successful at first.
        "status": "succeeded" if status == "failed" else status,
        "transfer_reversal": None,
    }  # fmt: skip
    return Record(body)


def find_refund(call: Call, identifier: str) -> Record:
    """Find the refund of a path.

    Raises
    ------
    ApiError
        There is none.
    """
    record = call.tx.get("refund", identifier)
    if record is None:
        raise no_such("refund", identifier, "refund", in_path=True)
    return record


def _get(call: Call) -> JsonObject:
    return find_refund(call, call.path["refund"]).body


def _update(call: Call) -> JsonObject:
    refund = find_refund(call, call.path["refund"])
    if "metadata" in call.params:
        metadata = merged_metadata(refund.body["metadata"], call.params["metadata"])
        change_refund(call, refund, metadata=metadata)
    return refund.body


def _list(call: Call) -> JsonObject:
    filters = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return lists.list_objects(call, "refund", "/v1/refunds", filters)


_OF_CHARGE = "/v1/charges/{charge}/refunds"
_AMOUNT: Final[dict[str, Field]] = {
    "amount": Integer(1),
    "metadata": Metadata(),
    "payment_intent": Identifier(),
    "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
}
ENDPOINTS: Final = (
    Endpoint("POST", _OF_CHARGE, _create_of_charge, Shape(_AMOUNT)),
    Endpoint("GET", _OF_CHARGE, _list_of_charge, Shape(lists.PAGING)),
    Endpoint(
        "POST",
        "/v1/refunds",
        _create,
        Shape({**_AMOUNT, "charge": Identifier()}),
    ),
    Endpoint(
        "GET",
        "/v1/refunds",
        _list,
        Shape(
            {
                **lists.PAGING,
                **lists.CREATED,
                "charge": Identifier(),
                "payment_intent": Identifier(),
            }
        ),
    ),
    Endpoint("GET", "/v1/refunds/{refund}", _get),
    Endpoint("POST", "/v1/refunds/{refund}", _update, Shape({"metadata": Metadata()})),
)
