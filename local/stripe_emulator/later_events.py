"""What happens to an object later, at a bank or a card network: by control call.

Disputes, refunds that fail or succeed after all, and the networks' card updater.
"""

from typing import Any

from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.card_numbers import check_expiry
from local.stripe_emulator.disputes import close_dispute, find_dispute, open_dispute
from local.stripe_emulator.errors import no_such
from local.stripe_emulator.payment_methods import find_payment_method
from local.stripe_emulator.refunds import fail_refund, settle_refund
from local.stripe_emulator.store import Record


def dispute(call: Call, given: JsonObject) -> JsonObject:
    """Open a dispute of `{"charge", "reason", "inquiry"}`."""
    charge = _find(call, "charge", str(given.get("charge")))
    reason = str(given.get("reason", "fraudulent"))
    return open_dispute(call, charge, reason, inquiry=bool(given.get("inquiry"))).body


def decide_dispute(call: Call, identifier: str, result: str) -> JsonObject:
    """Decide a dispute."""
    return close_dispute(call, find_dispute(call, identifier), result).body


def decide_refund(call: Call, identifier: str, result: str) -> JsonObject:
    """Let a refund fail, or a pending one succeed."""
    refund = _find(call, "refund", identifier)
    charge = _find(call, "charge", refund.body["charge"])
    if result == "failed":
        fail_refund(call, refund, charge)
    else:
        settle_refund(call, refund)
    return refund.body


def update_card(call: Call, identifier: str, given: JsonObject) -> JsonObject:
    """Give a stored card a new expiry, and perhaps new digits, as the networks' updater does."""
    method = find_payment_method(call, identifier, in_path=True)
    card = method.body["card"]
    month, year = check_expiry(int(given["exp_month"]), int(given["exp_year"]), call.now)
    changed: dict[str, Any] = {"exp_month": month, "exp_year": year}
    if "last4" in given:
        changed["last4"] = str(given["last4"])[-4:]
    previous = {name: card[name] for name in changed}
    card.update(changed)
    call.save(method)
    call.emit("payment_method.automatically_updated", method, {"card": previous})
    return method.body


def _find(call: Call, kind: str, identifier: str) -> Record:
    record = call.tx.get(kind, identifier)
    if record is None:
        raise no_such(kind, identifier, kind, in_path=True)
    return record
