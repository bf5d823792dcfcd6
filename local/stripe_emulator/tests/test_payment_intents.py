"""The life of a PaymentIntent."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from local.stripe_emulator.settings import PUBLISHABLE_KEY
from local.stripe_emulator.tests.running import Emulator, typed_card


def refused(error: pytest.ExceptionInfo[stripe.InvalidRequestError]) -> tuple[Any, ...]:
    return (error.value.http_status, error.value.code, error.value.param)


def test_create_confirm_succeed(emulator: Emulator) -> None:
    intent = emulator.intent(metadata={"invoice": "1"})
    assert intent.status == "requires_payment_method"
    assert intent.confirmation_method == "automatic"
    confirmed = emulator.stripe.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge"]}
    )
    assert (confirmed.status, confirmed.amount_received) == ("succeeded", 1200)
    charge = confirmed.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.amount, charge.paid, charge.captured) == (1200, True, True)
    assert charge.metadata.to_dict() == {"invoice": "1"}
    assert emulator.event_types()[:2] == ["payment_intent.succeeded", "charge.succeeded"]


def test_a_method_given_early_waits_for_confirmation(emulator: Emulator) -> None:
    intent = emulator.intent(payment_method="pm_card_visa")
    assert intent.status == "requires_confirmation"
    assert emulator.stripe.v1.payment_intents.confirm(intent.id).status == "succeeded"


def test_create_and_confirm_at_once(emulator: Emulator) -> None:
    assert emulator.intent(payment_method="pm_card_visa", confirm=True).status == "succeeded"
    with pytest.raises(stripe.CardError) as error:
        emulator.intent(payment_method="pm_card_chargeDeclined", confirm=True)
    assert error.value.error is not None
    kept = error.value.error.payment_intent
    assert kept is not None
    assert emulator.stripe.v1.payment_intents.retrieve(kept.id).status == "requires_payment_method"


def test_a_declined_intent_is_used_again(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    intent = emulator.intent()
    with pytest.raises(stripe.CardError):
        client.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"})
    paid = client.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    assert paid.last_payment_error is None
    charges = emulator.stripe.v1.charges.list({"payment_intent": intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_what_a_status_does_not_allow(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    paid = emulator.intent(payment_method="pm_card_visa", confirm=True).id
    canceled = client.cancel(emulator.intent().id, {"cancellation_reason": "duplicate"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "duplicate")
    attempts: list[Callable[[], Any]] = [
        lambda: client.confirm(paid),
        lambda: client.confirm(canceled.id),
        lambda: client.confirm(emulator.intent().id),
        lambda: client.cancel(paid),
        lambda: client.cancel(canceled.id),
        lambda: client.capture(paid),
        lambda: client.update(paid, {"amount": 100}),
    ]
    for attempt in attempts:
        with pytest.raises(stripe.InvalidRequestError) as error:
            attempt()
        assert refused(error)[:2] == (400, "payment_intent_unexpected_state")
        assert error.value.error is not None
        assert error.value.error.payment_intent is not None


def test_capture_all_or_a_part(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    given = {"payment_method": "pm_card_visa", "confirm": True, "capture_method": "manual"}
    held = emulator.intent(**given)
    assert (held.status, held.amount_capturable) == ("requires_capture", 1200)
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.capture(held.id, {"amount_to_capture": 1201})
    assert refused(error) == (400, "amount_too_large", "amount_to_capture")
    captured = client.capture(held.id, {"amount_to_capture": 700})
    assert (captured.status, captured.amount_received) == ("succeeded", 700)
    released = client.cancel(emulator.intent(**given).id)
    assert released.status == "canceled"
    charge = emulator.stripe.v1.charges.retrieve(str(released.latest_charge))
    assert (charge.refunded, charge.captured) == (True, False)


def test_update_before_confirming(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    intent = emulator.intent(metadata={"a": "1", "b": "2"}, description="first")
    changed = client.update(
        intent.id, {"amount": 500, "currency": "eur", "metadata": {"a": "", "c": "3"}}
    )
    assert (changed.amount, changed.currency) == (500, "eur")
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    event = emulator.stripe.v1.events.list({"type": "payment_intent.updated"}).data[0]
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes["amount"] == 1200


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
    client = emulator.stripe.v1.payment_intents
    customer = emulator.customer()
    given: Any = {
        "payment_method": emulator.saved_card(customer),
        "payment_method_options": {"card": {"cvc_token": emulator.cvc_token()}},
    }
    assert client.confirm(emulator.intent(customer=customer).id, given).status == "succeeded"
    second = emulator.intent(customer=customer)
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.confirm(second.id, given)
    assert error.value.code == "token_already_used"
    given["payment_method_options"]["card"]["cvc_token"] = "cvctok_none"
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.confirm(second.id, given)
    assert error.value.code == "resource_missing"
    assert client.retrieve(second.id).status == "requires_payment_method"


def test_automatic_payment_methods_want_a_return_url(emulator: Emulator) -> None:
    given: Any = {"amount": 1200, "currency": "usd", "confirm": True}
    given["payment_method"] = "pm_card_visa"
    client = emulator.stripe.v1.payment_intents
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.create(given)
    never = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    assert client.create(given | never).status == "succeeded"
    assert client.create(given | {"return_url": "https://example.com/"}).status == "succeeded"


def test_setup_future_usage_saves_the_card(emulator: Emulator) -> None:
    customer = emulator.customer()
    paid = emulator.intent(
        customer=customer,
        payment_method=emulator.card(),
        setup_future_usage="off_session",
        confirm=True,
    )
    saved = emulator.stripe.v1.payment_methods.list({"customer": customer}).data
    assert [method.id for method in saved] == [paid.payment_method]
