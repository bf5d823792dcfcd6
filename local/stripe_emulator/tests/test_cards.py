"""Every documented test card: set up, charged on session, charged off session."""

from collections import Counter

import pytest
import stripe

from local.stripe_emulator import card_rows
from local.stripe_emulator.card_numbers import read_number
from local.stripe_emulator.card_table import BY_NAME, TEST_CARDS
from local.stripe_emulator.tests.running import Emulator, typed_card

OK = "succeeded"
ACTION = "requires_action"
AUTH = "authentication_required/authentication_required"
GENERIC = "card_declined/generic_decline"
FUNDS = "card_declined/insufficient_funds"
FRAUD = "card_declined/fraudulent"

# Written down from the documentation, not from the emulator's table: number, setting up, charging
# a typed card, charging off session what was set up (None: it cannot be).
SUCCESS = """
4242424242424242 visa credit US
4000056655665556 visa debit US
5555555555554444 mastercard credit US
2223003122003222 mastercard credit US
5200828282828210 mastercard debit US
5105105105105100 mastercard prepaid US
378282246310005 amex credit US
371449635398431 amex credit US
6011111111111117 discover credit US
6011000990139424 discover credit US
6011981111111113 discover debit US
3056930009020004 diners credit US
36227206271667 diners credit US
3566002020360505 jcb credit US
6200000000000005 unionpay credit CN
6200000000000047 unionpay debit CN
6205500000000000004 unionpay credit CN
4000000760000002 visa credit BR
4000001240000000 visa credit CA
4000004840008001 visa credit MX
4000002760000016 visa credit DE
4000008260000000 visa credit GB
4000002500000003 visa credit FR
4000003920000003 visa credit JP
"""
BEHAVIOUR = [
    ("4000000000000002", GENERIC, GENERIC, None),
    ("4000000000009995", FUNDS, FUNDS, None),
    ("4000000000009987", "card_declined/lost_card", "card_declined/lost_card", None),
    ("4000000000009979", "card_declined/stolen_card", "card_declined/stolen_card", None),
    ("4000000000000069", "expired_card/expired_card", "expired_card/expired_card", None),
    ("4000000000000127", "incorrect_cvc/incorrect_cvc", "incorrect_cvc/incorrect_cvc", None),
    (
        "4000000000000119",
        "processing_error/processing_error",
        "processing_error/processing_error",
        None,
    ),
    (
        "4000000000006975",
        "card_declined/card_velocity_exceeded",
        "card_declined/card_velocity_exceeded",
        None,
    ),
    ("4000000000000341", OK, GENERIC, GENERIC),
    ("4100000000000019", OK, FRAUD, FRAUD),
    ("4000000000004954", OK, FRAUD, FRAUD),
    ("4000000000009235", OK, OK, OK),
    ("4000000000000101", OK, OK, OK),
    ("4000000000000036", OK, OK, OK),
    ("4000000000000028", OK, OK, OK),
    ("4000000000000010", OK, OK, OK),
    ("4000000000000044", OK, OK, OK),
    ("4000000000000077", OK, OK, OK),
    ("4000000000000259", OK, OK, OK),
    ("4000000000002685", OK, OK, OK),
    ("4000000000001976", OK, OK, OK),
    ("4000002500003155", ACTION, ACTION, OK),
    ("4000002760003184", ACTION, ACTION, AUTH),
    ("4000003800000446", ACTION, ACTION, OK),
    ("4000008260003178", ACTION, ACTION, FUNDS),
    ("4000000000003220", ACTION, ACTION, OK),
    ("4000000000003063", ACTION, ACTION, OK),
    ("4000008400001629", ACTION, ACTION, GENERIC),
    ("4000008400001280", GENERIC, GENERIC, None),
    ("4000000000003055", OK, OK, OK),
    ("4000000000003097", OK, OK, OK),
]
AFTER_AUTHENTICATION = {
    "4000002500003155": OK,
    "4000002760003184": OK,
    "4000003800000446": OK,
    "4000008260003178": FUNDS,
    "4000000000003220": OK,
    "4000000000003063": OK,
    "4000008400001629": GENERIC,
}
ADVICE = {
    GENERIC: "try_again_later",
    FUNDS: "try_again_later",
    "card_declined/lost_card": "do_not_try_again",
    "card_declined/stolen_card": "do_not_try_again",
    "expired_card/None": "confirm_card_data",
    "incorrect_cvc/None": "confirm_card_data",
}


def outcome(error: stripe.CardError) -> str:
    assert error.http_status == 402
    assert error.error is not None
    assert error.error.type == "card_error"
    return f"{error.code}/{getattr(error.error, 'decline_code', None)}"


def setting_up(emulator: Emulator, customer: str, number: str) -> tuple[str, str]:
    """Set a card up, and give how it ended and the SetupIntent."""
    client = emulator.stripe.v1.setup_intents
    setup = emulator.setup(customer=customer)
    try:
        setup = client.confirm(setup.id, {"payment_method": emulator.card(number)})
    except stripe.CardError as error:
        after = client.retrieve(setup.id)
        assert after.status == "requires_payment_method"
        assert after.payment_method is None
        assert after.last_setup_error is not None
        assert after.last_setup_error.code == error.code
        return outcome(error), setup.id
    return setup.status, setup.id


def charging(emulator: Emulator, **given: object) -> tuple[str, str]:
    """Charge, and give how it ended and the PaymentIntent."""
    client = emulator.stripe.v1.payment_intents
    intent = emulator.intent(customer=given.pop("customer", None) or emulator.customer())
    try:
        intent = client.confirm(intent.id, given)  # type: ignore[arg-type]
    except stripe.CardError as error:
        assert error.error is not None
        advice = ADVICE.get(outcome(error))
        assert getattr(error.error, "advice_code", None) == advice or outcome(error) not in ADVICE
        after = client.retrieve(intent.id, {"expand": ["latest_charge"]})
        assert after.status == "requires_payment_method"
        assert after.payment_method is None
        assert after.last_payment_error is not None
        assert after.last_payment_error.code == error.code
        charge = after.latest_charge
        if charge is None:
            assert outcome(error) == AUTH
            return AUTH, intent.id
        assert isinstance(charge, stripe.Charge)
        assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, error.code)
        return outcome(error), intent.id
    return intent.status, intent.id


@pytest.mark.parametrize("row", SUCCESS.split("\n")[1:-1])
def test_cards_that_succeed(emulator: Emulator, row: str) -> None:
    number, brand, funding, country = row.split()
    customer = emulator.customer()
    status, setup = setting_up(emulator, customer, number)
    assert status == OK
    method = emulator.stripe.v1.setup_intents.retrieve(
        setup, {"expand": ["payment_method"]}
    ).payment_method
    assert isinstance(method, stripe.PaymentMethod)
    assert method.card is not None
    shown = (method.card.brand, method.card.funding, method.card.country, method.card.last4)
    assert shown == (brand, funding, country, number[-4:])
    assert method.card.checks is not None
    assert method.card.checks.cvc_check == "pass"
    assert charging(emulator, customer=customer, payment_method=method.id)[0] == OK
    assert charging(emulator, payment_method=emulator.card(number))[0] == OK


@pytest.mark.parametrize(("number", "setup", "charge", "off_session"), BEHAVIOUR)
def test_cards_with_a_behaviour(
    emulator: Emulator, number: str, setup: str, charge: str, off_session: str | None
) -> None:
    customer = emulator.customer()
    status, identifier = setting_up(emulator, customer, number)
    assert status == setup
    if status == ACTION:
        emulator.finish_3ds(identifier)
    assert charging(emulator, payment_method=emulator.card(number))[0] == charge
    if off_session is None:
        return
    method = str(emulator.stripe.v1.setup_intents.retrieve(identifier).payment_method)
    ended, _ = charging(emulator, customer=customer, payment_method=method, off_session=True)
    assert ended == off_session


@pytest.mark.parametrize(("number", "ended"), AFTER_AUTHENTICATION.items())
def test_cards_after_the_banks_step(emulator: Emulator, number: str, ended: str) -> None:
    status, intent = charging(emulator, payment_method=emulator.card(number))
    assert status == ACTION
    emulator.finish_3ds(intent)
    after = emulator.stripe.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})
    charge = after.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.card is not None
    assert charge.payment_method_details.card.three_d_secure is not None
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"
    if ended == OK:
        assert after.status == OK
        return
    error = after.last_payment_error
    assert error is not None
    assert f"{error.code}/{error.decline_code}" == ended
    assert after.status == "requires_payment_method"


def test_a_card_that_was_only_attached_needs_authentication_off_session(
    emulator: Emulator,
) -> None:
    customer = emulator.customer()
    method = emulator.card("4000002500003155")
    emulator.stripe.v1.payment_methods.attach(method, {"customer": customer})
    ended, _ = charging(emulator, customer=customer, payment_method=method, off_session=True)
    assert ended == AUTH


@pytest.mark.parametrize(("number", "charges"), [("4000002500003155", 1), ("4000000000003220", 0)])
def test_who_asks_for_authentication_decides_whether_a_charge_is_left(
    emulator: Emulator, number: str, charges: int
) -> None:
    customer = emulator.customer()
    method = emulator.card(number)
    emulator.stripe.v1.payment_methods.attach(method, {"customer": customer})
    with pytest.raises(stripe.CardError) as refused:
        emulator.intent(customer=customer, payment_method=method, confirm=True, off_session=True)
    assert refused.value.error is not None
    assert bool(refused.value.error.charge) is bool(charges)
    assert len(emulator.look("charges")["data"]) == charges


def test_indian_cards_refuse_off_session_what_no_mandate_covers(emulator: Emulator) -> None:
    for number, ended in (
        ("4000003560000123", OK),
        ("4000003560000297", "card_declined/transaction_not_approved"),
        ("4000003560000248", "card_declined/debit_notification_undelivered"),
        ("4000003560000263", "card_declined/revocation_of_authorization"),
    ):
        customer = emulator.customer()
        method = emulator.saved_card(customer, number)
        on_session = emulator.intent(customer=customer, payment_method=method, confirm=True)
        assert on_session.status == ACTION
        off_session, _ = charging(
            emulator, customer=customer, payment_method=method, off_session=True
        )
        assert off_session == ended


@pytest.mark.parametrize(
    ("number", "changes", "code", "param"),
    [
        ("4242424242424241", {}, "incorrect_number", "number"),
        ("4242", {}, "invalid_number", "number"),
        ("4242x24242424242", {}, "invalid_number", "number"),
        ("4539578763621486", {}, "card_declined", "number"),
        ("4242424242424242", {"card[exp_month]": "13"}, "invalid_expiry_month", "exp_month"),
        ("4242424242424242", {"card[exp_year]": "2019"}, "invalid_expiry_year", "exp_year"),
        ("4242424242424242", {"card[cvc]": "12"}, "invalid_cvc", "cvc"),
        ("4242424242424242", {"card[cvc]": "12x"}, "invalid_cvc", "cvc"),
    ],
)
def test_cards_that_cannot_be_typed(
    emulator: Emulator, number: str, changes: dict[str, str], code: str, param: str
) -> None:
    answer = emulator.public.post("/v1/payment_methods", data=typed_card(number) | changes)
    assert answer.status_code == 402
    error = answer.json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("card_error", code, param)


def test_an_unknown_number_is_declined_as_a_live_card(emulator: Emulator) -> None:
    answer = emulator.public.post("/v1/payment_methods", data=typed_card("4539578763621486"))
    assert answer.json()["error"]["decline_code"] == "test_mode_live_card"


def test_a_cvc_is_only_wrong_if_one_is_given(emulator: Emulator) -> None:
    customer = emulator.customer()
    fields = typed_card("4000000000000127", cvc=None)
    method = emulator.public.post("/v1/payment_methods", data=fields).json()["id"]
    emulator.stripe.v1.payment_methods.attach(method, {"customer": customer})
    assert charging(emulator, customer=customer, payment_method=method)[0] == OK
    options = {"card": {"cvc_token": emulator.cvc_token()}}
    ended, _ = charging(
        emulator, customer=customer, payment_method=method, payment_method_options=options
    )
    assert ended == "incorrect_cvc/incorrect_cvc"


def test_test_ids_and_test_tokens_stand_for_cards(emulator: Emulator) -> None:
    assert charging(emulator, payment_method="pm_card_visa")[0] == OK
    assert charging(emulator, payment_method="pm_card_chargeDeclined")[0] == GENERIC
    method = emulator.stripe.v1.payment_methods.create(
        {"type": "card", "card": {"token": "tok_mastercard"}}
    )
    assert method.card is not None
    assert method.card.brand == "mastercard"
    customer = emulator.customer()
    attached = emulator.stripe.v1.payment_methods.attach("pm_card_amex", {"customer": customer})
    assert attached.customer == customer
    assert attached.id != "pm_card_amex"


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_test_id_is_known(emulator: Emulator, name: str) -> None:
    answer = emulator.secret.get(f"/v1/payment_methods/pm_card_{name}")
    assert answer.json()["card"]["last4"] == BY_NAME[name].last4


@pytest.mark.parametrize("card", TEST_CARDS, ids=lambda card: card.name)
def test_every_number_can_be_typed(card: card_rows.TestCard) -> None:
    assert read_number(card.number) is card


def test_the_table_has_no_card_twice() -> None:
    numbers = Counter(card.number for card in TEST_CARDS)
    names = Counter(name for card in TEST_CARDS for name in (card.name, *card.aliases))
    assert set(numbers.values()) == set(names.values()) == {1}
