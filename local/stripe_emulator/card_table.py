"""The documented test cards: number, face, and what their bank does.

Source: Stripe documentation, "Testing" (declined payments, fraud prevention, disputes, refunds, 3D
Secure authentication) and "India recurring payments". Everything the emulator knows about a number
is here and in `card_faces.py`.
"""

from typing import Final

from local.stripe_emulator.card_faces import BRANDS, COUNTRIES
from local.stripe_emulator.card_rows import DeclinedAt, TestCard, ThreeDSecure

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
        aliases=(
            "chargeDeclinedInsufficientFunds",
            "visa_debit_chargeDeclinedInsufficientFunds",
        ),
    ),
    TestCard("visa_chargeDeclinedLostCard", "4000000000009987", decline="lost_card"),
    TestCard("visa_chargeDeclinedStolenCard", "4000000000009979", decline="stolen_card"),
    TestCard(
        "chargeDeclinedExpiredCard",
        "4000000000000069",
        decline="expired_card",
        aliases=("visa_chargeDeclinedExpiredCard",),
    ),
    TestCard(
        "chargeDeclinedIncorrectCvc",
        "4000000000000127",
        decline="incorrect_cvc",
        declined_at=DeclinedAt.CVC,
        cvc_check="fail",
        aliases=("visa_chargeDeclinedIncorrectCvc",),
    ),
    TestCard(
        "chargeDeclinedProcessingError",
        "4000000000000119",
        decline="processing_error",
        aliases=("visa_chargeDeclinedProcessingError",),
    ),
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
        aliases=("visa_chargeCustomerFail",),
    ),
)
_FRAUD = (
    TestCard(
        "radarBlock",
        "4100000000000019",
        decline="fraudulent",
        declined_at=DeclinedAt.CHARGE,
        risk_level="highest",
        aliases=("chargeDeclinedFraudulent", "visa_chargeDeclinedFraudulent"),
    ),
    TestCard(
        "riskLevelHighest",
        "4000000000004954",
        decline="fraudulent",
        declined_at=DeclinedAt.CHARGE,
        risk_level="highest",
    ),
    TestCard("riskLevelElevated", "4000000000009235", risk_level="elevated"),
    # What these may do depends on settings of Radar that nobody has set.
    TestCard("highFraudDisputeScore", "4000008400000407"),
    TestCard("highEfwScore", "4000008400000159"),
    TestCard("radarDynamicRiskThreshold", "4000008400001017"),
    TestCard("adaptive3dsChallenge", "4000008405600003"),
    TestCard("cvcCheckFail", "4000000000000101", cvc_check="fail"),
    TestCard(
        "cvcCheckFailElevatedRisk",
        "4000058400307872",
        cvc_check="fail",
        risk_level="elevated",
    ),
    TestCard(
        "avsZipFailElevatedRisk",
        "4000058400306072",
        postal_code_check="fail",
        risk_level="elevated",
    ),
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
    # The emulator has no warnings, one dispute of a charge, and no ways around one.
    TestCard("createIssuerFraudRecord", "4000000000005423"),
    TestCard("createMultipleDisputes", "4000000404000079", dispute="fraudulent"),
    TestCard("createCe3EligibleDispute", "4000000404000038", dispute="fraudulent"),
    TestCard("createComplianceDispute", "4000008400000779", dispute="noncompliant"),
    TestCard(
        "createMastercardComplianceDispute",
        "5105008400000002",
        "mastercard",
        dispute="noncompliant",
    ),
    TestCard("createAutoRepresentmentEligibleDispute", "4000000001000043", dispute="fraudulent"),
    TestCard("createRapidDisputeResolutionDispute", "4000000404004816", dispute="fraudulent"),
    TestCard("createCe3BlockDispute", "4000000404005649", dispute="fraudulent"),
    TestCard("createEthocaAlert", "5105000300000018", "mastercard", dispute="fraudulent"),
)
_REFUNDS = (
    TestCard("pendingRefund", "4000000000007726", refund="pending"),
    TestCard("refundFail", "4000000000005126", refund="failed"),
    TestCard("bypassPending", "4000000000000077"),
    TestCard("bypassPendingInternational", "4000003720000278", country="IE"),
    TestCard("domesticPricing", "4000000000000093"),
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
    *BRANDS,
    *COUNTRIES,
    *_INDIA,
    *_DECLINES,
    *_FRAUD,
    *_DISPUTES,
    *_REFUNDS,
    *_AUTHENTICATION,
)
BY_NUMBER: Final = {card.number: card for card in TEST_CARDS}
BY_NAME: Final = {name: card for card in TEST_CARDS for name in (card.name, *card.aliases)} | {
    "us": BRANDS[0]
}
