"""What a row of the table of test cards says."""

from dataclasses import dataclass
from enum import Enum


class ThreeDSecure(Enum):
    """How the card answers a request to authenticate its holder."""

    NOT_SUPPORTED = "not_supported"
    NOT_ENROLLED = "not_enrolled"
    # Asked for only when the payment requests it.
    OPTIONAL = "optional"
    OPTIONAL_ERROR = "optional_error"
    # On session always; off session unless the card was set up with authentication.
    UNLESS_SET_UP = "unless_set_up"
    # Always, however the card was set up.
    ALWAYS = "always"
    # On session always; off session never, as if it had been set up elsewhere.
    ON_SESSION = "on_session"
    # Always, and the authentication itself cannot be processed.
    ERROR = "error"


class DeclinedAt(Enum):
    """When the bank says no."""

    # Setting up, attaching and charging.
    ALWAYS = "always"
    # Charging only: such a card can be saved.
    CHARGE = "charge"
    # Charging off session only.
    OFF_SESSION = "off_session"
    # Whenever a CVC is given.
    CVC = "cvc"


@dataclass(frozen=True)
class TestCard:
    """A row of the table; `name` is what follows `pm_card_` and `tok_`."""

    name: str
    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    three_d_secure: ThreeDSecure = ThreeDSecure.NOT_ENROLLED
    # The decline of a use off session that lacks the authentication it needs.
    unauthenticated: str = "authentication_required"
    decline: str | None = None
    declined_at: DeclinedAt = DeclinedAt.ALWAYS
    cvc_check: str = "pass"
    line1_check: str = "pass"
    postal_code_check: str = "pass"
    risk_level: str = "normal"
    refund: str = "succeeded"
    # The holder's complaint that follows a charge: a reason, or `inquiry`.
    dispute: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def last4(self) -> str:
        """The digits that may be shown."""
        return self.number[-4:]
