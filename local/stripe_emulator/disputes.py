"""Disputes: the holder of a card asks the bank for the money back.

A chargeback has taken the money already; an inquiry only asks, and may become a chargeback.
"""

import copy
from typing import Any, Final

from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.card_table import BY_NAME
from local.stripe_emulator.errors import invalid_request
from local.stripe_emulator.fields import changes
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.parameters import Field, Text
from local.stripe_emulator.refund_outcomes import fail_refund, pending_refunds
from local.stripe_emulator.store import Record

# Reasons that cards have, with Visa's code where Visa has one of its own.
REASONS: Final[dict[str, str | None]] = {
    "credit_not_processed": "13.6",
    "duplicate": "12.6",
    "fraudulent": "10.4",
    "general": None,
    "noncompliant": None,
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": None,
}
OPEN: Final = ("needs_response", "under_review")
OPEN_INQUIRY: Final = ("warning_needs_response", "warning_under_review")
WON, LOST, ESCALATED = "won", "lost", "escalated"
_TEXTS = (
    "access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal "
    "customer_email_address customer_name customer_purchase_ip duplicate_charge_explanation "
    "duplicate_charge_id product_description refund_policy_disclosure refund_refusal_explanation "
    "service_date shipping_address shipping_carrier shipping_date shipping_tracking_number "
    "uncategorized_text"
)
EVIDENCE: Final[dict[str, Field]] = {name: Text(20_000) for name in _TEXTS.split()}
_FILES = (
    "cancellation_policy customer_communication customer_signature "
    "duplicate_charge_documentation receipt service_documentation shipping_documentation "
    "uncategorized_file"
)
UNMODELED_EVIDENCE: Final = frozenset({*_FILES.split(), "enhanced_evidence", "refund_policy"})
_DAYS_TO_ANSWER = 20


def open_dispute(
    call: Call,
    charge: Record,
    *,
    reason: str = "fraudulent",
    amount: int | None = None,
    inquiry: bool = False,
) -> Record:
    """Dispute a charge.

    Raises
    ------
    ApiError
        It took no money, has a dispute already, or is smaller than the disputed amount.
    """
    body = charge.body
    if not body["paid"] or not body["captured"]:
        raise invalid_request(f"Charge {charge.id} took no money: nothing can be disputed.")
    if body["disputed"]:
        raise invalid_request(f"Charge {charge.id} has been disputed already.")
    amount = body["amount_captured"] if amount is None else amount
    if not 1 <= amount <= body["amount_captured"]:
        raise invalid_request(
            f"Charge {charge.id} took {body['amount_captured']} {body['currency']}: a dispute is "
            f"about 1 to that, not {amount}.",
            param="amount",
        )
    dispute = Record(_body(call, body, reason, amount, inquiry=inquiry))
    body["disputed"] = True
    call.save(charge)
    call.insert(dispute, "charge.dispute.created")
    if not inquiry:
        _withdraw(call, dispute)
    return dispute


def close_dispute(call: Call, dispute: Record, result: str) -> None:
    """End a dispute; an inquiry is closed, or becomes a chargeback.

    Raises
    ------
    ApiError
        It is over, or cannot end like this.
    """
    body = dispute.body
    inquiry = body["status"] in OPEN_INQUIRY
    if not inquiry and body["status"] not in OPEN:
        raise invalid_request(
            f"Dispute {dispute.id} is closed already, as {body['status']}.", executed=True
        )
    if inquiry and result == LOST:
        raise invalid_request(
            f"Dispute {dispute.id} is an inquiry, which took no money: it is won, or escalated to "
            "a chargeback."
        )
    if not inquiry and result == ESCALATED:
        raise invalid_request(f"Dispute {dispute.id} is a chargeback already.")
    if result == ESCALATED:
        _escalate(call, dispute)
        return
    _change(call, dispute, status="warning_closed" if inquiry else result)
    if not inquiry and result == WON:
        call.emit("charge.dispute.funds_reinstated", dispute)
    call.emit("charge.dispute.closed", dispute)


def submit_evidence(call: Call, dispute: Record) -> None:
    """Hand the evidence over to the bank."""
    details = dict(dispute.body["evidence_details"])
    details["submission_count"] += 1
    warning = "warning_" if dispute.body["status"] in OPEN_INQUIRY else ""
    _change(call, dispute, evidence_details=details, status=f"{warning}under_review")


def dispute_by_card(call: Call, charge: Record) -> None:
    """Dispute a charge at once, if that is what its test card is for."""
    method = call.tx.get("payment_method", charge.body["payment_method"])
    reason = BY_NAME[method.private["card"]].dispute if method else None
    if reason == "inquiry":
        open_dispute(call, charge, inquiry=True)
    elif reason is not None:
        open_dispute(call, charge, reason=reason)


def dispute_of(call: Call, charge: str) -> Record | None:
    """Find the dispute of a charge."""
    found = call.tx.select("kind = 'dispute' AND charge = ?", (charge,), "LIMIT 1")
    return found[0] if found else None


def _escalate(call: Call, dispute: Record) -> None:
    details = copy.deepcopy(dispute.body["payment_method_details"])
    details["card"].update(
        case_type="chargeback", network_reason_code=REASONS[dispute.body["reason"]]
    )
    _change(
        call,
        dispute,
        is_charge_refundable=False,
        payment_method_details=details,
        status="needs_response",
    )
    _withdraw(call, dispute)


def _withdraw(call: Call, dispute: Record) -> None:
    call.emit("charge.dispute.funds_withdrawn", dispute)
    for refund in pending_refunds(call, dispute.body["charge"]):
        # The bank has taken the money itself.
        fail_refund(call, refund, "charge_for_pending_refund_disputed")


def _change(call: Call, dispute: Record, **changed: Any) -> None:
    before = dict(dispute.body)
    dispute.body.update(changed)
    call.save(dispute)
    call.emit("charge.dispute.updated", dispute, changes(before, dispute.body))


def _body(call: Call, charge: JsonObject, reason: str, amount: int, *, inquiry: bool) -> JsonObject:
    card = charge["payment_method_details"]["card"]
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys((*EVIDENCE, *_FILES.split())) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": call.now + _DAYS_TO_ANSWER * 24 * 3600,
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
                "network_reason_code": _network_code(card["brand"], reason, inquiry=inquiry),
            },
            "type": "card",
        },
        "reason": reason,
        "status": OPEN_INQUIRY[0] if inquiry else OPEN[0],
    }


def _network_code(brand: str, reason: str, *, inquiry: bool) -> str | None:
    if brand != "visa":
        return None
    code = REASONS[reason]
    # An inquiry has the reason's group alone.
    return code.split(".")[0] if code and inquiry else code
