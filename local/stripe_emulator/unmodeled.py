"""What Stripe has and the emulator does not: answered with 501 and `not_modeled`, never guessed.

A name that Stripe itself does not know is another matter: that is refused as Stripe refuses it.
`tests/test_contract.py` holds these lists against Stripe's description, so that every route and
every parameter is either modeled or listed here.
"""

import re
from typing import Final

_TYPES = (
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit "
    "bancontact billie bizum blik boleto card_present cashapp crypto custom customer_balance "
    "eps fpx giropay grabpay ideal interac_present kakao_pay klarna konbini kr_card link "
    "mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco paynow "
    "paypal payto pix promptpay revolut_pay samsung_pay satispay scalapay sepa_debit sofort "
    "sunbit swish twint upi us_bank_account wechat_pay zip"
)
OTHER_TYPES: Final = frozenset(_TYPES.split())
"""Types of payment method besides cards; each is also the name of its parameters."""

_RESOURCES = (
    "account account_links account_sessions accounts apple_pay application_fees apps balance "
    "balance_settings balance_transactions billing billing_portal checkout climate "
    "confirmation_tokens country_specs coupons credit_notes customer_sessions entitlements "
    "ephemeral_keys exchange_rates external_accounts file_links files financial_connections "
    "forwarding identity invoice_payments invoice_rendering_templates invoiceitems invoices "
    "issuing link_account_sessions linked_accounts mandates payment_attempt_records "
    "payment_links payment_method_configurations payment_method_domains payment_records "
    "payouts plans prices products promotion_codes quotes radar reporting reviews "
    "setup_attempts shipping_rates sigma sources subscription_items subscription_schedules "
    "subscriptions tax tax_codes tax_ids tax_rates terminal test_helpers topups transfers "
    "treasury webhook_endpoints"
)
_OF_CUSTOMERS = (
    "balance_transactions bank_accounts cards cash_balance cash_balance_transactions discount "
    "funding_instructions sources subscriptions tax_ids"
)


def _one_of(names: str) -> str:
    return f"(?:{'|'.join(names.split())})"


_ROUTES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\w+ /v1/{_one_of(_RESOURCES)}(?:/.*)?",
        r"\w+ /v2/.+",
        rf"\w+ /v1/customers/[^/]+/{_one_of(_OF_CUSTOMERS)}(?:/.*)?",
        r"POST /v1/charges",
        r"\w+ /v1/charges/[^/]+/(?:capture|dispute|refund)(?:/.*)?",
        r"\w+ /v1/charges/[^/]+/refunds/[^/]+",
        r"GET /v1/payment_intents/[^/]+/amount_details_line_items",
        r"POST /v1/payment_intents/[^/]+/(?:apply_customer_balance|increment_authorization)",
        r"POST /v1/(?:payment|setup)_intents/[^/]+/verify_microdeposits",
        r"POST /v1/refunds/[^/]+/cancel",
    )
)
_CUSTOMER = "business_name cash_balance individual_name source tax"
_INTENT = "customer_account excluded_payment_method_types payment_method_configuration"
_PAYMENT = f"{_INTENT} amount_details application_fee_amount hooks payment_details transfer_data"
_SETUP = f"{_INTENT} attach_to_self flow_directions"
_PARAMETERS: Final = {
    "POST /v1/charges/{charge}": "customer",
    "POST /v1/customers": f"{_CUSTOMER} tax_id_data test_clock",
    "GET /v1/customers": "test_clock",
    "POST /v1/customers/{customer}": f"{_CUSTOMER} bank_account card "
    "default_alipay_account default_bank_account default_card default_source",
    "GET /v1/customers/{customer}/payment_methods": "allow_redisplay",
    "GET /v1/events": "delivery_success",
    "POST /v1/payment_intents": f"{_PAYMENT} confirmation_token mandate on_behalf_of radar_options",
    "GET /v1/payment_intents": "customer_account",
    "POST /v1/payment_intents/{intent}": _PAYMENT,
    "POST /v1/payment_intents/{intent}/capture": "amount_details application_fee_amount hooks "
    "payment_details transfer_data",
    "POST /v1/payment_intents/{intent}/confirm": "amount_details amount_to_confirm "
    "confirmation_token excluded_payment_method_types hooks mandate payment_details radar_options",
    "POST /v1/payment_methods": "customer payment_method radar_options",
    "GET /v1/payment_methods": "allow_redisplay customer_account",
    "POST /v1/payment_methods/{payment_method}/attach": "customer_account",
    "POST /v1/refunds": "currency customer instructions_email origin refund_application_fee "
    "reverse_transfer",
    "POST /v1/charges/{charge}/refunds": "currency customer origin refund_application_fee "
    "instructions_email reverse_transfer",
    "POST /v1/setup_intents": f"{_SETUP} confirmation_token on_behalf_of single_use",
    "GET /v1/setup_intents": "attach_to_self customer_account",
    "POST /v1/setup_intents/{intent}": _SETUP,
    "POST /v1/setup_intents/{intent}/confirm": "confirmation_token",
    "POST /v1/tokens": "account bank_account customer person pii",
}
_WITH_TYPES: Final = ("POST /v1/payment_methods", "POST /v1/payment_methods/{payment_method}")


def is_unmodeled_route(method: str, path: str) -> bool:
    """Tell whether Stripe has a route that the emulator lacks."""
    return any(pattern.fullmatch(f"{method} {path}") for pattern in _ROUTES)


def unmodeled_parameters(method: str, path: str) -> frozenset[str]:
    """Give the parameters of a route that Stripe takes and the emulator does not."""
    route = f"{method} {path}"
    names = frozenset(_PARAMETERS.get(route, "").split())
    return names | OTHER_TYPES if route in _WITH_TYPES else names
