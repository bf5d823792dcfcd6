"""A PaymentIntent in the browser, at the limits of amounts and of confirmations."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.settings import PUBLISHABLE_KEY
from local.stripe_emulator.tests.running import Emulator, typed_card


def refused(error: pytest.ExceptionInfo[stripe.InvalidRequestError]) -> tuple[Any, ...]:
    return (error.value.http_status, error.value.code, error.value.param)


def test_update_before_confirming(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    intent = emulator.intent(metadata={"a": "1", "b": "2"}, description="first")
    changed = client.update(
        intent.id, {"amount": 500, "currency": "eur", "metadata": {"a": "", "c": "3"}}
    )
    assert (changed.amount, changed.currency) == (500, "eur")
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert emulator.event_types() == ["payment_intent.created"]


@pytest.mark.parametrize(
    ("amount", "currency", "code", "param"),
    [
        (49, "usd", "amount_too_small", "amount"),
        (49, "jpy", "amount_too_small", "amount"),
        (29, "gbp", "amount_too_small", "amount"),
        (100_000_000, "usd", "amount_too_large", "amount"),
        (5001, "kwd", "invalid_charge_amount", "amount"),
        (5050, "isk", "invalid_charge_amount", "amount"),
        (0, "usd", "parameter_invalid_integer", "amount"),
        (-100, "usd", "parameter_invalid_integer", "amount"),
        (1000, "zzz", None, "currency"),
    ],
)
def test_amounts_that_cannot_be_charged(
    emulator: Emulator, amount: int, currency: str, code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        emulator.intent(amount=amount, currency=currency)
    assert refused(error) == (400, code, param)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(50, "usd"), (50, "JPY"), (30, "gbp"), (99_999_999, "usd"), (5000, "kwd"), (500, "isk")],
)
def test_amounts_that_can_be_charged(emulator: Emulator, amount: int, currency: str) -> None:
    intent = emulator.intent(amount=amount, currency=currency)
    assert (intent.amount, intent.currency) == (amount, currency.lower())


def test_manual_confirmation_is_the_servers_alone(emulator: Emulator) -> None:
    intent = emulator.intent(confirmation_method="manual")
    fields = {"client_secret": str(intent.client_secret)}
    answer = emulator.public.post(
        f"/v1/payment_intents/{intent.id}/confirm",
        data=fields | typed_card("4242424242424242", prefix="payment_method_data"),
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "payment_intent_invalid_parameter"
    assert emulator.stripe.v1.payment_intents.retrieve(intent.id).status == intent.status


def test_automatic_confirmation_by_the_browser(emulator: Emulator) -> None:
    intent = emulator.intent(metadata={"private": "1"})
    url = f"/v1/payment_intents/{intent.id}"
    card = typed_card("4242424242424242", prefix="payment_method_data")
    for secret in ({}, {"client_secret": f"{intent.id}_secret_wrong"}):
        assert emulator.public.post(f"{url}/confirm", data=card | secret).status_code == 400
    secret = {"client_secret": str(intent.client_secret)}
    confirmed = emulator.public.post(f"{url}/confirm", data=card | secret)
    assert confirmed.json()["status"] == "succeeded"
    seen = emulator.public.get(url, params=secret).json()
    assert seen["status"] == "succeeded"
    assert {"customer", "metadata", "latest_charge"}.isdisjoint(seen)
    with pytest.raises(stripe.PermissionError):
        emulator.sdk(PUBLISHABLE_KEY).v1.payment_intents.cancel(intent.id)


def test_the_limit_of_confirmations(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    intent = emulator.intent()
    for _ in range(20):
        with pytest.raises(stripe.CardError):
            client.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"})
    ended = client.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert (ended.status, ended.cancellation_reason) == ("canceled", "automatic")
    assert len(emulator.stripe.v1.charges.list({"payment_intent": intent.id, "limit": 50})) == 20


def test_a_cvc_token_works_once(emulator: Emulator) -> None:
    customer = emulator.customer()
    given: Any = {
        "payment_method": emulator.saved_card(customer),
        "payment_method_options": {"card": {"cvc_token": emulator.cvc_token()}},
    }
    client = emulator.stripe.v1.payment_intents
    assert client.confirm(emulator.intent(customer=customer).id, given).status == "succeeded"
    for intent in (
        emulator.intent(customer=customer),
        emulator.intent(customer=customer, payment_method=given["payment_method"]),
    ):
        with pytest.raises(stripe.InvalidRequestError) as error:
            client.confirm(intent.id, given)
        assert refused(error) == (400, "token_already_used", None)
        assert error.value.error is not None
        assert error.value.error.payment_intent is not None
        assert error.value.error.payment_intent.status == "requires_payment_method"
        assert client.retrieve(intent.id).status == "requires_payment_method"
    given["payment_method_options"]["card"]["cvc_token"] = "cvctok_none"
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.confirm(intent.id, given)
    assert error.value.code == "resource_missing"
