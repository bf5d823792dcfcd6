"""Disputes: opened by a control call or by a test card, won, lost, or accepted.

A dispute is an object of its own beside the charge, which stays succeeded. Opening one takes the
amount and Stripe's fee from the balance; winning gives the amount back. An inquiry
(`warning_needs_response`) moves no money until it becomes a dispute.
"""

from typing import Any, Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.errors import invalid_request, no_such
from local.stripe_emulator.fields import changes, merged_metadata
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.parameters import Identifier, Metadata, Shape
from local.stripe_emulator.store import Record

REASONS: Final = (
    "bank_cannot_process",
    "credit_not_processed",
    "duplicate",
    "fraudulent",
    "general",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
WON, LOST = "won", "lost"
_OPEN: Final = (
    "needs_response",
    "under_review",
    "warning_needs_response",
    "warning_under_review",
)
_DAYS_TO_ANSWER = 20
# All evidence that Stripe has a place for; the emulator keeps none.
_EVIDENCE: Final = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def open_dispute(
    call: Call, charge: Record, reason: str = "fraudulent", *, inquiry: bool = False
) -> Record:
    """Dispute what is left of a charge.

    Raises
    ------
    ApiError
        The charge did not succeed, is disputed already, or was given back.
    """
    body = charge.body
    left = body["amount_captured"] - body["amount_refunded"]
    if body["status"] != "succeeded" or left <= 0:
        raise invalid_request(f"Charge {charge.id} has no money left that could be disputed.")
    if body["disputed"]:
        raise invalid_request(f"Charge {charge.id} is disputed already.")
    dispute = Record(_dispute(call, body, left, reason, inquiry=inquiry))
    body["disputed"] = True
    call.save(charge)
    call.insert(dispute, "charge.dispute.created")
    if not inquiry:
        call.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(call: Call, dispute: Record, result: str) -> Record:
    """Decide an open dispute; an inquiry is closed whatever its result.

    Raises
    ------
    ApiError
        It was decided before.
    """
    before = dispute.body["status"]
    if before not in _OPEN:
        raise invalid_request(f"This dispute has been closed already; its status is {before}.")
    inquiry = before.startswith("warning")
    dispute.body["status"] = "warning_closed" if inquiry else result
    dispute.body["is_charge_refundable"] = inquiry
    call.save(dispute)
    call.emit("charge.dispute.updated", dispute, {"status": before})
    call.emit("charge.dispute.closed", dispute)
    if result == WON and not inquiry:
        call.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def _dispute(
    call: Call, charge: JsonObject, amount: int, reason: str, *, inquiry: bool
) -> JsonObject:
    card = charge["payment_method_details"]["card"]
    body: dict[str, Any] = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": call.now + _DAYS_TO_ANSWER * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": card["network"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    return body


def find_dispute(call: Call, identifier: str) -> Record:
    """Find a dispute.

    Raises
    ------
    ApiError
        There is none.
    """
    record = call.tx.get("dispute", identifier)
    if record is None:
        raise no_such("dispute", identifier, "dispute", in_path=True)
    return record


def _get(call: Call) -> JsonObject:
    return find_dispute(call, call.path["dispute"]).body


def _update(call: Call) -> JsonObject:
    record = find_dispute(call, call.path["dispute"])
    before = dict(record.body)
    if "metadata" in call.params:
        record.body["metadata"] = merged_metadata(record.body["metadata"], call.params["metadata"])
    call.save(record)
    if previous := changes(before, record.body):
        call.emit("charge.dispute.updated", record, previous)
    return record.body


def _close(call: Call) -> JsonObject:
    """Accept the loss, as the API does."""
    return close_dispute(call, find_dispute(call, call.path["dispute"]), LOST).body


def _list(call: Call) -> JsonObject:
    filters = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return lists.list_objects(call, "dispute", "/v1/disputes", filters)


_ONE = "/v1/disputes/{dispute}"
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/disputes",
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
    Endpoint("GET", _ONE, _get),
    Endpoint("POST", _ONE, _update, Shape({"metadata": Metadata()})),
    Endpoint("POST", f"{_ONE}/close", _close),
)
