"""Whose a card is, and cards that cannot be used any more."""

from collections.abc import Callable

import pytest
import stripe

from local.stripe_emulator.tests.behaviour.account import Account


def refused_for_ever(use: Callable[[], object]) -> None:
    """Hold the refusal of a card that was used up: nothing in it names the card."""
    with pytest.raises(stripe.InvalidRequestError, match="previously used") as error:
        use()
    assert (error.value.http_status, error.value.code, error.value.param) == (400, None, None)


def test_another_customers_card_is_refused(account: Account) -> None:
    mine, theirs = account.customer(), account.customer()
    method = account.saved_card(theirs)
    client = account.stripe.v1.payment_intents
    for intent, code, param in (
        (account.intent(customer=mine), None, "payment_method"),
        (account.intent(), "parameter_missing", "source"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as error:
            client.confirm(intent.id, {"payment_method": method})
        assert (error.value.code, error.value.param) == (code, param)
        assert error.value.error is not None
        assert error.value.error.payment_intent is not None
        assert client.retrieve(intent.id).status == "requires_payment_method"
        assert account.charges(intent.id) == []
    for owner in ({"customer": mine}, {}):
        with pytest.raises(stripe.InvalidRequestError) as error:
            account.setup(payment_method=method, **owner)
        assert (error.value.code, error.value.param) == (None, "payment_method")
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        account.stripe.v1.payment_methods.attach(method, {"customer": mine})


def test_a_detached_card_is_refused_for_ever(account: Account) -> None:
    customer = account.customer()
    method = account.saved_card(customer)
    detached = account.stripe.v1.payment_methods.detach(method)
    assert detached.customer is None
    refused_for_ever(lambda: account.intent(customer=customer, payment_method=method))
    refused_for_ever(
        lambda: account.stripe.v1.payment_methods.attach(method, {"customer": customer})
    )
    intent = account.intent(customer=customer)
    refused_for_ever(
        lambda: account.stripe.v1.payment_intents.confirm(intent.id, {"payment_method": method})
    )
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        account.stripe.v1.payment_methods.detach(method)


def test_a_card_without_customer_is_for_one_payment(account: Account) -> None:
    customer = account.customer()
    method = account.card()
    account.paid(method, customer=customer)
    assert account.stripe.v1.payment_methods.list({"customer": customer}).data == []
    refused_for_ever(lambda: account.intent(customer=customer, payment_method=method, confirm=True))
    refused_for_ever(
        lambda: account.stripe.v1.payment_methods.attach(method, {"customer": customer})
    )


def test_deleting_a_customer_detaches_the_cards(account: Account) -> None:
    customer = account.customer()
    method = account.saved_card(customer)
    assert account.stripe.v1.customers.delete(customer).deleted
    assert account.stripe.v1.customers.retrieve(customer).deleted
    assert account.stripe.v1.payment_methods.retrieve(method).customer is None
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        account.intent(customer=customer)


@pytest.mark.parametrize(
    "name",
    [
        "visa_chargeDeclined",
        "visa_chargeDeclinedInsufficientFunds",
        "chargeDeclinedIncorrectCvc",
    ],
)
def test_a_declined_card_cannot_be_attached(account: Account, name: str) -> None:
    customer = account.customer()
    with pytest.raises(stripe.CardError) as error:
        account.stripe.v1.payment_methods.attach(f"pm_card_{name}", {"customer": customer})
    assert error.value.http_status == 402
    assert account.stripe.v1.payment_methods.list({"customer": customer}).data == []


def test_a_default_card_must_be_the_customers(account: Account) -> None:
    customer = account.customer()
    client = account.stripe.v1.customers
    with pytest.raises(stripe.InvalidRequestError):
        client.update(customer, {"invoice_settings": {"default_payment_method": account.card()}})
    method = account.saved_card(customer)
    updated = client.update(customer, {"invoice_settings": {"default_payment_method": method}})
    assert updated.invoice_settings is not None
    assert updated.invoice_settings.default_payment_method == method
