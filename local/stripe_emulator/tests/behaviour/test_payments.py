"""The life of a PaymentIntent."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.behaviour.account import Account


def test_create_confirm_succeed(account: Account) -> None:
    intent = account.intent(metadata={"invoice": "1"})
    assert intent.status == "requires_payment_method"
    assert intent.confirmation_method == "automatic"
    confirmed = account.stripe.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge"]}
    )
    assert (confirmed.status, confirmed.amount_received) == ("succeeded", 1200)
    charge = confirmed.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.amount, charge.paid, charge.captured) == (1200, True, True)
    assert charge.metadata.to_dict() == {**account.mark, "invoice": "1"}


def test_a_method_given_early_waits_for_confirmation(account: Account) -> None:
    intent = account.intent(payment_method="pm_card_visa")
    assert intent.status == "requires_confirmation"
    assert account.stripe.v1.payment_intents.confirm(intent.id).status == "succeeded"


def test_create_and_confirm_at_once(account: Account) -> None:
    account.paid()
    with pytest.raises(stripe.CardError) as error:
        account.intent(payment_method="pm_card_visa_chargeDeclined", confirm=True)
    assert error.value.error is not None
    kept = error.value.error.payment_intent
    assert kept is not None
    after = account.stripe.v1.payment_intents.retrieve(kept.id)
    assert after.status == "requires_payment_method"


def test_a_declined_intent_is_used_again(account: Account) -> None:
    client = account.stripe.v1.payment_intents
    intent = account.intent()
    with pytest.raises(stripe.CardError):
        client.confirm(intent.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    paid = client.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    assert paid.last_payment_error is None
    assert [charge.status for charge in account.charges(intent.id)] == ["succeeded", "failed"]


def test_manual_confirmation_by_the_server(account: Account) -> None:
    client = account.stripe.v1.payment_intents
    intent = account.intent(confirmation_method="manual")
    with pytest.raises(stripe.CardError):
        client.confirm(intent.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    assert client.retrieve(intent.id).status == "requires_payment_method"
    assert client.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_what_a_status_does_not_allow(account: Account) -> None:
    client = account.stripe.v1.payment_intents
    paid = account.paid().id
    canceled = client.cancel(account.intent().id, {"cancellation_reason": "duplicate"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "duplicate")
    attempts: list[Callable[[], Any]] = [
        lambda: client.confirm(paid),
        lambda: client.confirm(canceled.id),
        lambda: client.confirm(account.intent().id),
        lambda: client.cancel(paid),
        lambda: client.cancel(canceled.id),
        lambda: client.capture(paid),
        lambda: client.update(paid, {"amount": 100}),
    ]
    for attempt in attempts:
        with pytest.raises(stripe.InvalidRequestError) as error:
            attempt()
        assert (error.value.http_status, error.value.code) == (
            400,
            "payment_intent_unexpected_state",
        )
        assert error.value.error is not None
        assert error.value.error.payment_intent is not None


def test_a_waiting_intent_can_be_canceled(account: Account) -> None:
    intent = account.intent(payment_method="pm_card_threeDSecure2Required", confirm=True)
    assert intent.status == "requires_action"
    assert account.stripe.v1.payment_intents.cancel(intent.id).status == "canceled"
    assert account.charges(intent.id) == []


def test_capture_all_or_a_part(account: Account) -> None:
    client = account.stripe.v1.payment_intents
    given = {"payment_method": "pm_card_visa", "confirm": True, "capture_method": "manual"}
    held = account.intent(**given)
    assert (held.status, held.amount_capturable) == ("requires_capture", 1200)
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.capture(held.id, {"amount_to_capture": 1201})
    assert (error.value.code, error.value.param) == ("amount_too_large", None)
    captured = client.capture(held.id, {"amount_to_capture": 700})
    assert (captured.status, captured.amount_received) == ("succeeded", 700)
    released = client.cancel(account.intent(**given).id)
    assert released.status == "canceled"
    charge = account.stripe.v1.charges.retrieve(str(released.latest_charge))
    assert (charge.refunded, charge.captured) == (True, False)


def test_automatic_payment_methods_want_a_return_url(account: Account) -> None:
    given: Any = {
        "payment_method_types": None,
        "automatic_payment_methods": {"enabled": True},
        "payment_method": "pm_card_visa",
        "confirm": True,
    }
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        account.intent(**given)
    never = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    assert account.intent(**given | never).status == "succeeded"
    assert account.intent(**given, return_url="https://example.com/").status == "succeeded"


def test_setup_future_usage_saves_the_card(account: Account) -> None:
    customer = account.customer()
    paid = account.paid(account.card(), customer=customer, setup_future_usage="off_session")
    saved = account.stripe.v1.payment_methods.list({"customer": customer}).data
    assert [method.id for method in saved] == [paid.payment_method]


@pytest.mark.parametrize(
    ("amount", "currency", "code", "param"),
    [
        (1, "usd", "amount_too_small", "amount"),
        (100_000_000, "usd", "amount_too_large", "amount"),
        (0, "usd", "parameter_invalid_integer", "amount"),
        (-100, "usd", "parameter_invalid_integer", "amount"),
        (1000, "zzz", None, "currency"),
    ],
)
def test_amounts_that_cannot_be_charged(
    account: Account, amount: int, currency: str, code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        account.intent(amount=amount, currency=currency)
    assert (error.value.http_status, error.value.code, error.value.param) == (400, code, param)


@pytest.mark.parametrize(("amount", "currency"), [(2000, "EUR"), (5000, "jpy"), (5000, "kwd")])
def test_currencies(account: Account, amount: int, currency: str) -> None:
    intent = account.intent(amount=amount, currency=currency)
    assert (intent.amount, intent.currency) == (amount, currency.lower())
    if currency == "kwd":
        with pytest.raises(stripe.InvalidRequestError):
            account.intent(amount=amount + 1, currency=currency)
