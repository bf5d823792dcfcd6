"""What a bank's "no" looks like: code, decline code, words and advice.

Source: recordings of Stripe's test mode (every code of the cards that decline), and Stripe
documentation, "Testing", "Decline codes" and "Card declines".
"""

from dataclasses import dataclass
from typing import Any, Final

from local.stripe_emulator.errors import error_object


@dataclass(frozen=True)
class Decline:
    """One reason."""

    code: str
    decline_code: str
    message: str
    advice_code: str | None = None
    network_code: str | None = None
    network_advice: str | None = None
    blocked: bool = False
    # The part of the card that is wrong, if it is one.
    param: str | None = None
    # Whether the bank was asked at all; without, there is no charge.
    asked_bank: bool = True

    @property
    def reason(self) -> str:
        """The charge's `outcome.reason`."""
        return self.decline_code

    def error(self, **more: Any) -> dict[str, Any]:
        """Build the `error` object."""
        return error_object(
            "card_error",
            self.message,
            self.code,
            advice_code=self.advice_code,
            decline_code=self.decline_code,
            network_advice_code=self.network_advice,
            network_decline_code=self.network_code,
            **({"param": self.param} | more),
        )


_DECLINED = "Your card was declined."
_AUTHENTICATE = "Your card was declined. This transaction requires authentication."
_LATER, _NEVER, _CHECK = "try_again_later", "do_not_try_again", "confirm_card_data"

DECLINES: Final = {
    "generic_decline": Decline("card_declined", "generic_decline", _DECLINED, _LATER, "01"),
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds.",
        _LATER, "51", "02",
    ),
    "lost_card": Decline("card_declined", "lost_card", _DECLINED, _NEVER, "41", "01"),
    "stolen_card": Decline("card_declined", "stolen_card", _DECLINED, _NEVER, "43", "01"),
    "expired_card": Decline(
        "expired_card", "expired_card", "Your card has expired.",
        _CHECK, "54", "03", param="exp_month",
    ),
    "incorrect_cvc": Decline(
        "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.",
        _CHECK, "N7", "03", param="cvc",
    ),
    "processing_error": Decline(
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        _LATER,
        "06",
    ),
    "card_velocity_exceeded": Decline(
        "card_declined",
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its "
        "amount limit.",
        _LATER,
        "61",
        "02",
    ),
    # What the cards of Indian banks refuse with, off session; nobody has recorded them.
    "transaction_not_approved": Decline("card_declined", "transaction_not_approved", _DECLINED),
    "debit_notification_undelivered": Decline(
        "card_declined", "debit_notification_undelivered", _DECLINED
    ),
    "revocation_of_authorization": Decline(
        "card_declined", "revocation_of_authorization", _DECLINED
    ),
    "fraudulent": Decline("card_declined", "fraudulent", _DECLINED, blocked=True),
    "three_d_secure_error": Decline("card_declined", "generic_decline", _DECLINED, _LATER),
    "authentication_required": Decline(
        "authentication_required", "authentication_required", _AUTHENTICATE
    ),
    # Stripe itself wants the authentication, before the bank is asked.
    "authentication_required_first": Decline(
        "authentication_required", "authentication_required", _AUTHENTICATE, asked_bank=False
    ),
    "test_mode_live_card": Decline(
        "card_declined",
        "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test (live) card. "
        "For a list of valid test cards, visit: https://docs.stripe.com/testing.",
    ),
}  # fmt: skip
