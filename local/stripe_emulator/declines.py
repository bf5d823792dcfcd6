"""What a bank's "no" looks like: code, decline code, words and advice.

Source: Stripe documentation, "Testing" (error code and decline code of each test card), "Decline
codes" and "Card declines" (advice codes).
"""

from dataclasses import dataclass
from typing import Any, Final

from local.stripe_emulator.errors import error_object


@dataclass(frozen=True)
class Decline:
    """One reason."""

    code: str
    decline_code: str | None
    message: str
    advice_code: str | None = None
    network_code: str | None = None
    blocked: bool = False

    @property
    def reason(self) -> str:
        """The charge's `outcome.reason`."""
        return self.decline_code or self.code

    def error(self, **more: Any) -> dict[str, Any]:
        """Build the `error` object."""
        return error_object(
            "card_error",
            self.message,
            self.code,
            advice_code=self.advice_code,
            decline_code=self.decline_code,
            network_decline_code=self.network_code,
            **({"param": "cvc"} if self.code == "incorrect_cvc" else {}),
            **more,
        )


_DECLINED = "Your card was declined."
_LATER, _NEVER, _CHECK = "try_again_later", "do_not_try_again", "confirm_card_data"

DECLINES: Final = {
    "generic_decline": Decline("card_declined", "generic_decline", _DECLINED, _LATER, "01"),
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds.", _LATER, "51"
    ),
    "lost_card": Decline("card_declined", "lost_card", _DECLINED, _NEVER, "41"),
    "stolen_card": Decline("card_declined", "stolen_card", _DECLINED, _NEVER, "43"),
    "expired_card": Decline("expired_card", None, "Your card has expired.", _CHECK, "54"),
    "incorrect_cvc": Decline(
        "incorrect_cvc", None, "Your card's security code is incorrect.", _CHECK, "N7"
    ),
    "processing_error": Decline(
        "processing_error",
        None,
        "An error occurred while processing your card. Try again in a little bit.",
        _LATER,
        "96",
    ),
    "card_velocity_exceeded": Decline(
        "card_declined",
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its "
        "amount limit.",
        _LATER,
        "65",
    ),
    "fraudulent": Decline("card_declined", "fraudulent", _DECLINED, blocked=True),
    "three_d_secure_error": Decline("card_declined", "generic_decline", _DECLINED, _LATER),
    "authentication_required": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "test_mode_live_card": Decline(
        "card_declined",
        "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test (live) card. "
        "For a list of valid test cards, visit: https://docs.stripe.com/testing.",
    ),
}
