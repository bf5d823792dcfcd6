"""The account itself: which key it takes, and that nothing is left behind."""

import pytest
import stripe

from local.stripe_emulator.settings import SECRET_KEY
from local.stripe_emulator.tests.behaviour.account import (
    VARIABLE,
    Account,
    NoTestKeyError,
    key_of_real_stripe,
)


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "pk_test_1", "x"])
def test_only_a_secret_key_of_test_mode_is_taken(key: str) -> None:
    with pytest.raises(NoTestKeyError) as error:
        key_of_real_stripe({VARIABLE: key})
    assert "never run with a live key" in str(error.value)
    assert f" {key} " not in str(error.value)


def test_the_emulator_is_the_default() -> None:
    assert key_of_real_stripe({}) is None
    assert key_of_real_stripe({VARIABLE: SECRET_KEY}) is None
    assert key_of_real_stripe({VARIABLE: "sk_test_1"}) == "sk_test_1"


def test_nothing_is_left_behind(account: Account) -> None:
    customer = account.customer()
    method = account.saved_card(customer)
    intent = account.intent(customer=customer)
    with pytest.raises(stripe.CardError):
        account.paid("pm_card_visa_chargeDeclined", customer=customer)
    setup = account.setup(customer=customer)
    account.clean_up()
    api = account.stripe.v1
    intents = api.payment_intents.list({"customer": customer}).data
    assert [one.status for one in intents] == ["canceled"] * 2
    assert intents[1].id == intent.id
    assert api.setup_intents.retrieve(setup.id).status == "canceled"
    assert api.customers.retrieve(customer).deleted
    assert api.payment_methods.retrieve(method).customer is None
