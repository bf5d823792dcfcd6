"""Test cards by their names: charged on session and off, set up, parked for the bank's step."""

import pytest
import stripe

from local.stripe_emulator.tests.behaviour.account import Account
from local.stripe_emulator.tests.running import Emulator

STEP = "pm_card_authenticationRequired"


@pytest.mark.parametrize(
    ("name", "brand"),
    [("visa", "visa"), ("mastercard", "mastercard"), ("amex", "amex"), ("discover", "discover")],
)
def test_cards_that_succeed(account: Account, name: str, brand: str) -> None:
    paid = account.paid(f"pm_card_{name}", expand=["payment_method"])
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    assert paid.payment_method.card is not None
    assert paid.payment_method.card.brand == brand


@pytest.mark.parametrize(
    ("name", "code", "decline_code"),
    [
        ("visa_chargeDeclined", "card_declined", "generic_decline"),
        ("visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
        ("radarBlock", "card_declined", "fraudulent"),
        # Their decline code is undocumented.
        ("chargeDeclinedExpiredCard", "expired_card", None),
        ("chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_cards_that_decline(
    account: Account, name: str, code: str, decline_code: str | None
) -> None:
    client = account.stripe.v1.payment_intents
    intent = account.intent()
    with pytest.raises(stripe.CardError) as error:
        client.confirm(intent.id, {"payment_method": f"pm_card_{name}"})
    assert (error.value.http_status, error.value.code) == (402, code)
    after = client.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (after.status, after.payment_method) == ("requires_payment_method", None)
    told = after.last_payment_error
    assert told is not None
    assert told.code == code
    if decline_code:
        assert told.decline_code == decline_code
    charge = after.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)


def test_a_saved_card_is_charged_off_session(account: Account) -> None:
    customer = account.customer()
    method = account.saved_card(customer)
    listed = account.stripe.v1.payment_methods.list({"customer": customer, "type": "card"}).data
    assert [one.id for one in listed] == [method]
    for _ in range(2):
        account.paid(method, customer=customer, off_session=True)


def test_a_card_can_be_saved_and_decline_later(account: Account) -> None:
    customer = account.customer()
    method = account.saved_card(customer, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as error:
        account.intent(customer=customer, payment_method=method, confirm=True, off_session=True)
    assert error.value.code == "card_declined"


def test_setting_up_can_decline(account: Account) -> None:
    setup = account.setup(customer=account.customer())
    client = account.stripe.v1.setup_intents
    with pytest.raises(stripe.CardError) as error:
        client.confirm(setup.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    assert error.value.code == "card_declined"
    after = client.retrieve(setup.id)
    assert (after.status, after.payment_method) == ("requires_payment_method", None)
    assert after.last_setup_error is not None
    assert client.confirm(setup.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_off_session_there_is_no_step(account: Account) -> None:
    customer = account.customer()
    method = account.stripe.v1.payment_methods.attach(STEP, {"customer": customer}).id
    intent = account.intent(customer=customer)
    client = account.stripe.v1.payment_intents
    with pytest.raises(stripe.CardError) as error:
        client.confirm(intent.id, {"payment_method": method, "off_session": True})
    assert (error.value.http_status, error.value.code) == (402, "authentication_required")
    after = client.retrieve(intent.id)
    assert (after.status, after.next_action) == ("requires_payment_method", None)


def test_on_session_the_intent_waits_for_the_step(account: Account) -> None:
    intent = account.intent(payment_method=STEP, confirm=True)
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    assert intent.next_action is not None
    assert intent.next_action.type == "use_stripe_sdk"


def test_a_return_url_makes_a_redirect(account: Account) -> None:
    intent = account.intent(payment_method=STEP, confirm=True, return_url="https://example.com/")
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.return_url == "https://example.com/"


def test_error_on_requires_action(account: Account) -> None:
    with pytest.raises(stripe.CardError) as error:
        account.intent(payment_method=STEP, confirm=True, error_on_requires_action=True)
    assert error.value.code == "authentication_required"


def test_an_automatic_intent_is_charged_after_the_step(account: Account, control: Emulator) -> None:
    intent = account.intent(payment_method=STEP, confirm=True)
    control.finish_3ds(intent.id)
    assert account.stripe.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert len(account.charges(intent.id)) == 1


def test_a_manual_intent_waits_for_the_servers_confirm(account: Account, control: Emulator) -> None:
    client = account.stripe.v1.payment_intents
    intent = account.intent(confirmation_method="manual")
    waiting = client.confirm(intent.id, {"payment_method": STEP, "use_stripe_sdk": True})
    assert waiting.status == "requires_action"
    control.finish_3ds(intent.id)
    assert client.retrieve(intent.id).status == "requires_confirmation"
    assert account.charges(intent.id) == []
    assert client.confirm(intent.id, {"use_stripe_sdk": True}).status == "succeeded"
    assert len(account.charges(intent.id)) == 1


@pytest.mark.parametrize("confirmation_method", ["automatic", "manual"])
def test_a_failed_step_wants_another_method(
    account: Account, control: Emulator, confirmation_method: str
) -> None:
    client = account.stripe.v1.payment_intents
    intent = account.intent(confirmation_method=confirmation_method)
    client.confirm(intent.id, {"payment_method": STEP})
    control.finish_3ds(intent.id, "fail")
    after = client.retrieve(intent.id)
    assert after.status == "requires_payment_method"
    assert after.last_payment_error is not None
    assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert account.charges(intent.id) == []
    assert client.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
