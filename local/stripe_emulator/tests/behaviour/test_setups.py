"""The life of a SetupIntent."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.behaviour.account import Account


def test_what_a_status_does_not_allow(account: Account) -> None:
    client = account.stripe.v1.setup_intents
    customer = account.customer()
    account.saved_card(customer)
    done = client.list({"customer": customer}).data[0].id
    canceled = client.cancel(account.setup().id, {"cancellation_reason": "abandoned"})
    assert canceled.status == "canceled"
    attempts: list[Callable[[], Any]] = [
        lambda: client.confirm(done),
        lambda: client.cancel(done),
        lambda: client.cancel(canceled.id),
        lambda: client.confirm(canceled.id),
        lambda: client.confirm(account.setup().id),
        lambda: client.update(done, {"payment_method": "pm_card_visa"}),
    ]
    for attempt in attempts:
        with pytest.raises(stripe.InvalidRequestError) as error:
            attempt()
        assert error.value.code == "setup_intent_unexpected_state"


def test_a_method_given_early_waits_for_confirmation(account: Account) -> None:
    client = account.stripe.v1.setup_intents
    setup = account.setup()
    updated = client.update(setup.id, {"payment_method": "pm_card_visa"})
    assert updated.status == "requires_confirmation"
    assert client.confirm(setup.id).status == "succeeded"
