"""Plain words for a bank's refusal.

Source: Stripe documentation, "Decline codes". Codes that Stripe asks not to reveal (a card
reported lost or stolen, suspected fraud) read as a general decline.
"""

from typing import Final

from billfold.domain.payment import Decline

_ADVICE: Final = {
    "insufficient_funds": "There is not enough money on this card. Use another card or try later.",
    "expired_card": "This card has expired. Use another card.",
    "incorrect_cvc": "The security code is not correct. Type it again.",
    "incorrect_number": "The card number is not correct. Type it again.",
    "processing_error": "The bank could not process the payment. Try again in a few minutes.",
    "card_velocity_exceeded": "This card has reached its limit. Use another card or try later.",
    "card_not_supported": "This card cannot make this kind of payment. Use another card.",
    "currency_not_supported": "This card cannot pay in this currency. Use another card.",
    "authentication_required": "Your bank wants you to confirm this payment. Pay it yourself once.",
    "authentication_failed": "Your bank's confirmation did not succeed. Try again.",
    "generic_decline": "Your bank declined the payment. Use another card or ask your bank.",
}
_SAME_AS: Final = {
    "invalid_cvc": "incorrect_cvc",
    "invalid_number": "incorrect_number",
    "invalid_expiry_month": "expired_card",
    "invalid_expiry_year": "expired_card",
    "withdrawal_count_limit_exceeded": "card_velocity_exceeded",
    "payment_intent_authentication_failure": "authentication_failed",
    "setup_intent_authentication_failure": "authentication_failed",
    "try_again_later": "processing_error",
    "reenter_transaction": "processing_error",
    "issuer_not_available": "processing_error",
}


FINAL: Final = frozenset(
    {
        "card_not_supported",
        "currency_not_supported",
        "do_not_try_again",
        "expired_card",
        "fraudulent",
        "highest_risk_level",
        "incorrect_number",
        "invalid_account",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_number",
        "lost_card",
        "merchant_blacklist",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "security_violation",
        "stolen_card",
        "stop_payment_order",
        "transaction_not_allowed",
    }
)
"""Refusals that the same card would get again, and again.

Source: Stripe documentation, "Smart Retries" (hard declines) and "Decline codes" (next steps).
"""
NEVER_AGAIN: Final = "do_not_try_again"
"""The networks' own word (Stripe documentation, "Card declines", advice codes)."""


def explain(code: str | None, decline_code: str | None, advice_code: str | None = None) -> Decline:
    """Turn Stripe's ``code``, ``decline_code`` and ``advice_code`` into a reason and an advice."""
    final = advice_code == NEVER_AGAIN or bool({code, decline_code} & FINAL)
    for given in (decline_code, code):
        known = _SAME_AS.get(given or "", given or "")
        if known in _ADVICE and known != "generic_decline":
            present = known == "authentication_required"
            return Decline(known, _ADVICE[known], present, final and not present)
    return Decline("generic_decline", _ADVICE["generic_decline"], final=final)


AUTHENTICATION_FAILED: Final = explain("authentication_failed", None)
"""The customer failed or gave up the bank's step."""
