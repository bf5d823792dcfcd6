"""Whose a card is, and cards that cannot be used any more."""

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator


def test_another_customers_card_is_refused(emulator: Emulator) -> None:
    mine, theirs = emulator.customer(), emulator.customer()
    method = emulator.saved_card(theirs)
    client = emulator.stripe.v1.payment_intents
    for intent in (emulator.intent(customer=mine), emulator.intent()):
        with pytest.raises(stripe.InvalidRequestError) as error:
            client.confirm(intent.id, {"payment_method": method})
        assert error.value.param == "payment_method"
        assert client.retrieve(intent.id).status == "requires_payment_method"
    with pytest.raises(stripe.InvalidRequestError):
        emulator.stripe.v1.setup_intents.create({"customer": mine, "payment_method": method})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        emulator.stripe.v1.payment_methods.attach(method, {"customer": mine})
    assert emulator.look("charges")["data"] == []


def test_a_detached_card_is_refused_for_ever(emulator: Emulator) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    detached = emulator.stripe.v1.payment_methods.detach(method)
    assert detached.customer is None
    with pytest.raises(stripe.InvalidRequestError, match="detached from a Customer"):
        emulator.intent(customer=customer, payment_method=method)
    with pytest.raises(stripe.InvalidRequestError, match="detached from a Customer"):
        emulator.stripe.v1.payment_methods.attach(method, {"customer": customer})
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        emulator.stripe.v1.payment_methods.detach(method)
    assert "payment_method.detached" in emulator.event_types()


def test_a_card_without_customer_is_for_one_payment(emulator: Emulator) -> None:
    customer = emulator.customer()
    method = emulator.card()
    paid = emulator.intent(customer=customer, payment_method=method, confirm=True)
    assert paid.status == "succeeded"
    assert emulator.stripe.v1.payment_methods.list({"customer": customer}).data == []
    with pytest.raises(stripe.InvalidRequestError, match="previously used"):
        emulator.intent(customer=customer, payment_method=method, confirm=True)
    with pytest.raises(stripe.InvalidRequestError, match="previously used"):
        emulator.stripe.v1.payment_methods.attach(method, {"customer": customer})


def test_deleting_a_customer_detaches_the_cards(emulator: Emulator) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    assert emulator.stripe.v1.customers.delete(customer).deleted
    gone = emulator.stripe.v1.customers.retrieve(customer)
    assert gone.deleted
    assert emulator.stripe.v1.payment_methods.retrieve(method).customer is None
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        emulator.intent(customer=customer)


@pytest.mark.parametrize("number", ["4000000000000002", "4000000000009995", "4000000000000127"])
def test_a_declined_card_cannot_be_attached(emulator: Emulator, number: str) -> None:
    customer = emulator.customer()
    with pytest.raises(stripe.CardError) as error:
        emulator.stripe.v1.payment_methods.attach(emulator.card(number), {"customer": customer})
    assert error.value.http_status == 402
    assert emulator.stripe.v1.payment_methods.list({"customer": customer}).data == []


def test_a_default_card_must_be_the_customers(emulator: Emulator) -> None:
    customer = emulator.customer()
    client = emulator.stripe.v1.customers
    with pytest.raises(stripe.InvalidRequestError):
        client.update(customer, {"invoice_settings": {"default_payment_method": emulator.card()}})
    method = emulator.saved_card(customer)
    updated = client.update(customer, {"invoice_settings": {"default_payment_method": method}})
    assert updated.invoice_settings is not None
    assert updated.invoice_settings.default_payment_method == method
