"""What Stripe was seen to answer, in our own words: a request, the answer, and what is so then.

A request is written `METHOD path form`; names in braces are what `scene.py` makes before. An answer
is the status and, of an error, type, code, decline code and parameter; `-` is none. What is so
afterwards is a path under /v1 and fields of the object there; `*` is anything but null.

Derived from recordings of test mode by public projects. The last part is from such recordings of
others, which are not among those that `test_replay.py` replays.
"""

from typing import Final, NamedTuple


class Expectation(NamedTuple):
    """A row."""

    request: str
    answer: str
    afterwards: str = ""


_CARD = "payment_method_types[]=card"
_PAY = f"POST /v1/payment_intents amount=1200&currency=usd&{_CARD}"
_CONFIRM = "POST /v1/payment_intents/{intent}/confirm payment_method="
_REFUSED = "400 invalid_request_error"
_MISSING = "resource_missing -"
_DECLINED = "payment_intents/{intent} status=requires_payment_method payment_method=null"
_CHARGED = f"{_DECLINED} latest_charge=*"

CUSTOMERS: Final = (
    Expectation("POST /v1/customers email=someone@example.com", "200"),
    Expectation("GET /v1/customers/x", f"404 invalid_request_error {_MISSING} id"),
    Expectation("POST /v1/customers/x name=Nobody", f"404 invalid_request_error {_MISSING} id"),
    Expectation("DELETE /v1/customers/{customer}", "200", "customers/{customer} deleted=true"),
    Expectation("GET /v1/customers/{deleted}", "200", "customers/{deleted} deleted=true"),
    Expectation("DELETE /v1/customers/{deleted}", f"404 invalid_request_error {_MISSING} id"),
    Expectation(
        "POST /v1/customers/{deleted} name=Gone", f"404 invalid_request_error {_MISSING} id"
    ),
    Expectation(f"{_PAY}&customer={{deleted}}", f"{_REFUSED} {_MISSING} customer"),
    Expectation(
        "POST /v1/payment_methods/{card}/attach customer={deleted}",
        f"{_REFUSED} {_MISSING} customer",
        "payment_methods/{card} customer=null",
    ),
    Expectation("POST /v1/customers payment_method=pm_card_visa", "200"),
    Expectation("POST /v1/customers expand[]=tax&expand[]=sources", "200"),
    Expectation(
        "POST /v1/customers/{customer} invoice_settings[default_payment_method]={saved}", "200"
    ),
)

METHODS: Final = (
    Expectation(
        "POST /v1/payment_methods/{card}/attach customer={customer}",
        "200",
        "payment_methods/{card} customer={customer}",
    ),
    Expectation(
        "POST /v1/payment_methods/{saved}/attach customer={other}",
        f"{_REFUSED} - - -",
        "payment_methods/{saved} customer={customer}",
    ),
    Expectation(
        "POST /v1/payment_methods/{detached}/attach customer={customer}", f"{_REFUSED} - - -"
    ),
    Expectation(
        "POST /v1/payment_methods/invalid/attach customer={customer}",
        f"404 invalid_request_error {_MISSING} payment_method",
    ),
    # Attaching names a parameter, and it is empty.
    Expectation(
        "POST /v1/payment_methods/pm_card_chargeDeclined/attach customer={customer}",
        "402 card_error card_declined generic_decline -",
    ),
    Expectation(
        "POST /v1/payment_methods/{saved}/detach", "200", "payment_methods/{saved} customer=null"
    ),
    Expectation("POST /v1/payment_methods/{detached}/detach", f"{_REFUSED} - - -"),
    Expectation("GET /v1/payment_methods/pm_card_jp", "200"),
    Expectation(
        "POST /v1/tokens card[number]=4242424242424242&card[exp_month]=9&card[exp_year]=2037"
        "&card[cvc]=314&card[address_zip]=3000",
        "200",
    ),
)

PAYMENTS: Final = (
    Expectation(
        f"{_PAY}&payment_method=pm_card_visa&confirm=true",
        "200",
    ),
    # As Python writes it.
    Expectation(
        f"{_PAY}&customer={{customer}}&payment_method={{saved}}&confirm=True&off_session=True",
        "200",
    ),
    # Off session nobody can be redirected, so that no address is wanted.
    Expectation(
        "POST /v1/payment_intents amount=1200&currency=USD&automatic_payment_methods[enabled]=true"
        "&customer={customer}&payment_method={saved}&confirm=true&off_session=true",
        "200",
    ),
    Expectation(
        "POST /v1/payment_intents amount=0&currency=usd",
        f"{_REFUSED} parameter_invalid_integer - amount",
    ),
    Expectation(
        "POST /v1/payment_intents/{intent} amount=6000",
        "200",
        "payment_intents/{intent} amount=6000 status=requires_payment_method",
    ),
    Expectation(
        "POST /v1/payment_intents/{intent}/cancel",
        "200",
        "payment_intents/{intent} status=canceled canceled_at=*",
    ),
    Expectation(
        "POST /v1/payment_intents/{held}/capture",
        "200",
        "payment_intents/{held} status=succeeded amount_received=1200 amount_capturable=0",
    ),
    Expectation(
        "POST /v1/payment_intents/{held}/capture amount_to_capture=1000",
        "200",
        "payment_intents/{held} status=succeeded amount_received=1000",
    ),
    Expectation(
        f"{_CONFIRM}pm_card_threeDSecure2Required",
        "200",
        "payment_intents/{intent} status=requires_action latest_charge=null",
    ),
    Expectation(f"{_CONFIRM}pm_none", f"{_REFUSED} {_MISSING} payment_method"),
    # Nothing in the error names the card.
    Expectation(f"{_CONFIRM}{{used}}", f"{_REFUSED} - - -", "payment_intents/{intent} charges=0"),
    Expectation(f"{_CONFIRM}{{detached}}", f"{_REFUSED} - - -"),
)

_BY_CARD = tuple(
    Expectation(f"{_CONFIRM}pm_card_{card}", f"402 card_error {error}", _CHARGED)
    for card, error in (
        ("visa_chargeDeclined", "card_declined generic_decline -"),
        ("visa_chargeDeclinedInsufficientFunds", "card_declined insufficient_funds -"),
        ("visa_chargeDeclinedLostCard", "card_declined lost_card -"),
        ("visa_chargeDeclinedStolenCard", "card_declined stolen_card -"),
        ("visa_chargeDeclinedVelocityLimitExceeded", "card_declined card_velocity_exceeded -"),
        ("chargeDeclinedExpiredCard", "expired_card expired_card exp_month"),
        ("chargeDeclinedIncorrectCvc", "incorrect_cvc incorrect_cvc cvc"),
        ("chargeDeclinedProcessingError", "processing_error processing_error -"),
    )
)
DECLINES: Final = (
    *_BY_CARD,
    Expectation(
        f"{_CONFIRM}pm_card_authenticationRequiredOnSetup&off_session=true",
        "402 card_error authentication_required authentication_required -",
        _CHARGED,
    ),
    # Stripe asks for the authentication itself: no bank was asked, and there is no charge.
    Expectation(
        f"{_CONFIRM}pm_card_threeDSecure2Required&off_session=true",
        "402 card_error authentication_required authentication_required -",
        f"{_DECLINED} latest_charge=null",
    ),
    Expectation(
        f"{_CONFIRM}pm_card_threeDSecureRequired&off_session=true",
        "402 card_error card_declined generic_decline -",
        _CHARGED,
    ),
    Expectation(
        f"{_CONFIRM}{{saved}}&payment_method_options[card][cvc_token]={{cvc}}",
        "200",
        "payment_intents/{intent} status=succeeded",
    ),
    Expectation(
        f"{_CONFIRM}{{saved}}&payment_method_options[card][cvc_token]={{used_cvc}}",
        f"{_REFUSED} token_already_used - -",
        "payment_intents/{intent} status=requires_payment_method",
    ),
)
"""The network codes of these are in `NETWORK_CODES`."""

# Card, network's decline code, network's advice, Stripe's advice.
NETWORK_CODES: Final = (
    ("visa_chargeDeclined", "01", None, "try_again_later"),
    ("visa_chargeDeclinedInsufficientFunds", "51", "02", "try_again_later"),
    ("visa_chargeDeclinedLostCard", "41", "01", "do_not_try_again"),
    ("visa_chargeDeclinedStolenCard", "43", "01", "do_not_try_again"),
    ("visa_chargeDeclinedVelocityLimitExceeded", "61", "02", "try_again_later"),
    ("chargeDeclinedExpiredCard", "54", "03", "confirm_card_data"),
    ("chargeDeclinedIncorrectCvc", "N7", "03", "confirm_card_data"),
    ("chargeDeclinedProcessingError", "06", None, "try_again_later"),
)

MONEY_BACK: Final = (
    Expectation(
        "POST /v1/refunds charge={charge}&amount=500",
        "200",
        "charges/{charge} amount_refunded=500 refunded=false",
    ),
    Expectation(
        "POST /v1/charges/{charge}/refunds amount=1200&expand[]=charge",
        "200",
        "charges/{charge} amount_refunded=1200 refunded=true",
    ),
    Expectation("POST /v1/refunds payment_intent={paid}", "200", "charges/{charge} refunded=true"),
    Expectation("POST /v1/charges/{charge} description=changed", "200"),
    Expectation("GET /v1/charges/{charge} expand[]=refunds.data.balance_transaction", "200"),
)

OF_OTHERS: Final = (
    Expectation(
        "POST /v1/payment_intents/{of_other}/confirm payment_method={saved}",
        f"{_REFUSED} - - payment_method",
        "payment_intents/{of_other} status=requires_payment_method payment_method=null",
    ),
    Expectation(
        "POST /v1/payment_intents/{of_nobody}/confirm payment_method={saved}",
        f"{_REFUSED} parameter_missing - source",
    ),
    Expectation(
        "POST /v1/setup_intents customer={other}&payment_method={saved}",
        f"{_REFUSED} - - payment_method",
    ),
    Expectation("POST /v1/setup_intents payment_method={saved}", f"{_REFUSED} - - payment_method"),
    Expectation(
        "POST /v1/payment_intents/{held}/capture amount_to_capture=9999",
        f"{_REFUSED} amount_too_large - -",
        "payment_intents/{held} status=requires_capture",
    ),
    Expectation(
        "POST /v1/payment_intents/{held}/capture amount_to_capture=-100",
        f"{_REFUSED} - - amount_to_capture",
    ),
    Expectation(
        "POST /v1/payment_intents/{held}/capture amount_to_capture=0",
        f"{_REFUSED} parameter_invalid_integer - amount",
    ),
    Expectation(
        "POST /v1/payment_intents/{paid} amount=500",
        f"{_REFUSED} payment_intent_unexpected_state - amount",
    ),
    Expectation(
        "POST /v1/payment_intents/{paid}/cancel",
        f"{_REFUSED} payment_intent_unexpected_state - -",
    ),
    Expectation(
        "POST /v1/setup_intents/{setup}/confirm", f"{_REFUSED} setup_intent_unexpected_state - -"
    ),
    Expectation("POST /v1/refunds charge={charge}&amount=99999", f"{_REFUSED} - - amount"),
    Expectation("POST /v1/refunds charge={refunded}", f"{_REFUSED} charge_already_refunded - -"),
    Expectation("POST /v1/refunds charge={disputed}", f"{_REFUSED} charge_disputed - -"),
    Expectation("POST /v1/refunds charge=ch_none", f"404 invalid_request_error {_MISSING} id"),
    Expectation("POST /v1/refunds amount=100", f"{_REFUSED} - - -"),
    Expectation(
        "POST /v1/refunds charge={charge}&amount=0",
        f"{_REFUSED} parameter_invalid_integer - amount",
    ),
    Expectation("GET /v1/refunds/re_none", f"404 invalid_request_error {_MISSING} refund"),
)

EXPECTATIONS: Final = (*CUSTOMERS, *METHODS, *PAYMENTS, *DECLINES, *MONEY_BACK, *OF_OTHERS)
