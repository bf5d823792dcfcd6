"""What becomes of a refund after its answer: the card's bank takes the money, or sends it back."""

from typing import Final

from local.stripe_emulator.calls import Call
from local.stripe_emulator.errors import invalid_request
from local.stripe_emulator.fields import changes
from local.stripe_emulator.store import Record

SUCCEEDED, FAILED = "succeeded", "failed"
FAILURE_REASONS: Final = (
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
)


def fail_refund(call: Call, refund: Record, reason: str = "unknown") -> None:
    """Let a refund fail, even one that looked successful; the money is back with us.

    Raises
    ------
    ApiError
        It has failed already.
    """
    if refund.body["status"] == FAILED:
        raise invalid_request(f"Refund {refund.id} has failed already.")
    charge = call.tx.get("charge", refund.body["charge"])
    if charge is None:
        raise LookupError(f"{refund.id} has no charge")
    charge.body["amount_refunded"] -= refund.body["amount"]
    charge.body["refunded"] = False
    call.save(charge)
    change_refund(call, refund, failure_reason=reason, status=FAILED)
    call.emit("refund.failed", refund)


def settle_refund(call: Call, refund: Record) -> None:
    """Let a pending refund succeed.

    Raises
    ------
    ApiError
        It is not pending.
    """
    if refund.body["status"] != "pending":
        raise invalid_request(
            f"Refund {refund.id} is {refund.body['status']}: only a pending one can succeed."
        )
    change_refund(call, refund, status=SUCCEEDED)


def change_refund(call: Call, refund: Record, **changed: object) -> None:
    """Change fields of a refund, and tell so under both names that Stripe has for that."""
    before = dict(refund.body)
    refund.body.update(changed)
    call.save(refund)
    if previous := changes(before, refund.body):
        call.emit("refund.updated", refund, previous)
        call.emit("charge.refund.updated", refund, previous)


def pending_refunds(call: Call, charge: str) -> list[Record]:
    """Give the refunds of a charge that are not settled."""
    refunds = call.tx.select("kind = 'refund' AND charge = ?", (charge,), "ORDER BY seq")
    return [refund for refund in refunds if refund.body["status"] == "pending"]
