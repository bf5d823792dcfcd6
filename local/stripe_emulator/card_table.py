"""The documented test cards: number, face, and what their bank does.

Source: Stripe documentation, "Testing" (cards by brand, cards by country, declined payments, fraud
prevention, invalid data, disputes, refunds, 3D Secure authentication). Everything the emulator
knows about a number is in this table.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


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


_N = ThreeDSecure.NOT_SUPPORTED
_BRANDS = (
    TestCard("visa", "4242424242424242"),
    TestCard("visa_debit", "4000056655665556", funding="debit"),
    TestCard("visa_alternative", "4012888888881881"),
    TestCard("visa_1111", "4111111111111111"),
    TestCard("mastercard", "5555555555554444", "mastercard"),
    TestCard("mastercard_2series", "2223003122003222", "mastercard"),
    TestCard("mastercard_debit", "5200828282828210", "mastercard", "debit"),
    TestCard("mastercard_prepaid", "5105105105105100", "mastercard", "prepaid"),
    TestCard("amex", "378282246310005", "amex", three_d_secure=_N),
    TestCard("amex_alternative", "371449635398431", "amex", three_d_secure=_N),
    TestCard("discover", "6011111111111117", "discover"),
    TestCard("discover_alternative", "6011000990139424", "discover"),
    TestCard("discover_debit", "6011981111111113", "discover", "debit"),
    TestCard("diners", "3056930009020004", "diners", three_d_secure=_N),
    TestCard("diners_14digits", "36227206271667", "diners", three_d_secure=_N),
    TestCard("bccard", "6555900000604105", "discover", three_d_secure=_N),
    TestCard("jcb", "3566002020360505", "jcb", three_d_secure=_N),
    TestCard("unionpay", "6200000000000005", "unionpay", country="CN", three_d_secure=_N),
    TestCard("unionpay_debit", "6200000000000047", "unionpay", "debit", "CN", _N),
    TestCard("unionpay_19digits", "6205500000000000004", "unionpay", "credit", "CN", _N),
)
_COUNTRIES = (
    TestCard("br", "4000000760000002", country="BR"),
    TestCard("ca", "4000001240000000", country="CA"),
    TestCard("mx", "4000004840008001", country="MX"),
    TestCard("at", "4000000400000008", country="AT"),
    TestCard("be", "4000000560000004", country="BE"),
    TestCard("dk", "4000002080000001", country="DK"),
    TestCard("fr", "4000002500000003", country="FR"),
    TestCard("de", "4000002760000016", country="DE"),
    TestCard("ie", "4000003720000005", country="IE"),
    TestCard("it", "4000003800000008", country="IT"),
    TestCard("nl", "4000005280000002", country="NL"),
    TestCard("no", "4000005780000007", country="NO"),
    TestCard("pl", "4000006160000005", country="PL"),
    TestCard("es", "4000007240000007", country="ES"),
    TestCard("se", "4000007520000008", country="SE"),
    TestCard("ch", "4000007560000009", country="CH"),
    TestCard("gb", "4000008260000000", country="GB"),
    TestCard("gb_debit", "4000058260000005", funding="debit", country="GB"),
    TestCard("au", "4000000360000006", country="AU"),
    TestCard("cn", "4000001560000002", country="CN"),
    TestCard("hk", "4000003440000004", country="HK"),
    TestCard("in", "4000003560000008", country="IN"),
    TestCard("jp", "4000003920000003", country="JP"),
    TestCard("nz", "4000005540000008", country="NZ"),
    TestCard("sg", "4000007020000003", country="SG"),
)
# Banks in India ask for authentication on session; off session they want a mandate, which the
# emulator does not have: the first of these stands for one that was set up.
_INDIA = (
    TestCard(
        "indiaRecurringMandateSetupAndRenewalsSuccess",
        "4000003560000123",
        country="IN",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
    ),
    TestCard(
        "indiaRecurringPaymentFailureAfterPreDebitNotification",
        "4000003560000297",
        country="IN",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
        decline="transaction_not_approved",
        declined_at=DeclinedAt.OFF_SESSION,
    ),
    TestCard(
        "indiaRecurringPaymentFailureUndeliveredDebitNotification",
        "4000003560000248",
        country="IN",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
        decline="debit_notification_undelivered",
        declined_at=DeclinedAt.OFF_SESSION,
    ),
    TestCard(
        "indiaRecurringPaymentFailureCanceledMandate",
        "4000003560000263",
        country="IN",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
        decline="revocation_of_authorization",
        declined_at=DeclinedAt.OFF_SESSION,
    ),
)
_DECLINES = (
    TestCard(
        "visa_chargeDeclined",
        "4000000000000002",
        decline="generic_decline",
        aliases=("chargeDeclined",),
    ),
    TestCard(
        "visa_chargeDeclinedInsufficientFunds",
        "4000000000009995",
        decline="insufficient_funds",
        aliases=("chargeDeclinedInsufficientFunds",),
    ),
    TestCard("visa_chargeDeclinedLostCard", "4000000000009987", decline="lost_card"),
    TestCard("visa_chargeDeclinedStolenCard", "4000000000009979", decline="stolen_card"),
    TestCard("chargeDeclinedExpiredCard", "4000000000000069", decline="expired_card"),
    TestCard(
        "chargeDeclinedIncorrectCvc",
        "4000000000000127",
        decline="incorrect_cvc",
        declined_at=DeclinedAt.CVC,
        cvc_check="fail",
    ),
    TestCard("chargeDeclinedProcessingError", "4000000000000119", decline="processing_error"),
    TestCard(
        "visa_chargeDeclinedVelocityLimitExceeded",
        "4000000000006975",
        decline="card_velocity_exceeded",
    ),
    TestCard(
        "chargeCustomerFail",
        "4000000000000341",
        decline="generic_decline",
        declined_at=DeclinedAt.CHARGE,
    ),
)
_FRAUD = (
    TestCard(
        "radarBlock",
        "4100000000000019",
        decline="fraudulent",
        declined_at=DeclinedAt.CHARGE,
        risk_level="highest",
        aliases=("chargeDeclinedFraudulent",),
    ),
    TestCard(
        "riskLevelHighest",
        "4000000000004954",
        decline="fraudulent",
        declined_at=DeclinedAt.CHARGE,
        risk_level="highest",
    ),
    TestCard("riskLevelElevated", "4000000000009235", risk_level="elevated"),
    TestCard("cvcCheckFail", "4000000000000101", cvc_check="fail"),
    TestCard("avsZipFail", "4000000000000036", postal_code_check="fail"),
    TestCard("avsLine1Fail", "4000000000000028", line1_check="fail"),
    TestCard("avsFail", "4000000000000010", line1_check="fail", postal_code_check="fail"),
    TestCard(
        "avsUnchecked",
        "4000000000000044",
        line1_check="unavailable",
        postal_code_check="unavailable",
    ),
)
_DISPUTES = (
    TestCard("createDispute", "4000000000000259", dispute="fraudulent"),
    TestCard("createDisputeProductNotReceived", "4000000000002685", dispute="product_not_received"),
    TestCard("createDisputeInquiry", "4000000000001976", dispute="inquiry"),
)
_REFUNDS = (
    TestCard("pendingRefund", "4000000000007726", refund="pending"),
    TestCard("refundFail", "4000000000005126", refund="failed"),
    TestCard("bypassPending", "4000000000000077"),
)
_AUTHENTICATION = (
    TestCard(
        "authenticationRequiredOnSetup",
        "4000002500003155",
        country="FR",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
    ),
    TestCard(
        "authenticationRequired",
        "4000002760003184",
        country="DE",
        three_d_secure=ThreeDSecure.ALWAYS,
    ),
    TestCard(
        "authenticationRequiredSetupForOffSession",
        "4000003800000446",
        country="IT",
        three_d_secure=ThreeDSecure.ON_SESSION,
    ),
    TestCard(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        country="GB",
        three_d_secure=ThreeDSecure.ON_SESSION,
        decline="insufficient_funds",
        declined_at=DeclinedAt.CHARGE,
    ),
    TestCard(
        "threeDSecure2Required",
        "4000000000003220",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
        unauthenticated="authentication_required_first",
    ),
    TestCard(
        "threeDSecureRequired",
        "4000000000003063",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
        unauthenticated="generic_decline",
    ),
    TestCard(
        "threeDSecureRequiredChargeDeclined",
        "4000008400001629",
        three_d_secure=ThreeDSecure.UNLESS_SET_UP,
        unauthenticated="generic_decline",
        decline="generic_decline",
        declined_at=DeclinedAt.CHARGE,
    ),
    TestCard(
        "threeDSecureRequiredProcessingError",
        "4000008400001280",
        three_d_secure=ThreeDSecure.ERROR,
    ),
    TestCard(
        "threeDSecureOptional",
        "4000000000003055",
        three_d_secure=ThreeDSecure.OPTIONAL,
    ),
    TestCard(
        "threeDSecureOptionalProcessingError",
        "4000000000003097",
        three_d_secure=ThreeDSecure.OPTIONAL_ERROR,
    ),
)

TEST_CARDS: Final = (
    *_BRANDS,
    *_COUNTRIES,
    *_INDIA,
    *_DECLINES,
    *_FRAUD,
    *_DISPUTES,
    *_REFUNDS,
    *_AUTHENTICATION,
)
BY_NUMBER: Final = {card.number: card for card in TEST_CARDS}
BY_NAME: Final = {name: card for card in TEST_CARDS for name in (card.name, *card.aliases)} | {
    "us": _BRANDS[0]
}
