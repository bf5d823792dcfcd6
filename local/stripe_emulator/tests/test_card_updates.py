"""Cards that expire, and are replaced: by the card networks' updater, or over the API."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator

YEARS = 366 * 24 * 3600
UPDATED = "payment_method.automatically_updated"


def pay(emulator: Emulator, customer: str, method: str, **given: Any) -> str:
    return emulator.intent(customer=customer, payment_method=method, confirm=True, **given).status


def update_event(emulator: Emulator, name: str) -> stripe.Event:
    (event,) = emulator.stripe.v1.events.list({"type": name}).data
    return event


def previous_of(event: stripe.Event) -> dict[str, Any]:
    assert event.data.previous_attributes is not None
    return event.data.previous_attributes.to_dict()


@pytest.mark.parametrize("off_session", [False, True])
def test_an_expired_card_declines_until_it_is_updated(
    emulator: Emulator, *, off_session: bool
) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    assert pay(emulator, customer, method, off_session=off_session) == "succeeded"
    emulator.control("clock", advance=20 * YEARS)
    with pytest.raises(stripe.CardError) as error:
        pay(emulator, customer, method, off_session=off_session)
    assert error.value.code == "expired_card"
    emulator.control(f"payment_methods/{method}/update", exp_month=1, exp_year=2070)
    assert pay(emulator, customer, method, off_session=off_session) == "succeeded"


def test_the_updater_tells_what_changed(emulator: Emulator) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    before = emulator.stripe.v1.payment_methods.retrieve(method).card
    emulator.control(f"payment_methods/{method}/update", exp_month=5, exp_year=2045, last4="1881")
    after = emulator.stripe.v1.payment_methods.retrieve(method)
    assert before is not None
    assert after.card is not None
    shown = (after.card.exp_month, after.card.exp_year, after.card.last4, after.customer)
    assert shown == (5, 2045, "1881", customer)
    assert after.card.fingerprint != before.fingerprint
    event = update_event(emulator, UPDATED)
    assert event.data.object["id"] == method
    assert event.data.object["card"]["last4"] == "1881"
    assert previous_of(event) == {
        "card": {
            "exp_month": 12,
            "exp_year": 2040,
            "fingerprint": before.fingerprint,
            "last4": "4242",
        }
    }
    emulator.control(f"payment_methods/{method}/update", exp_month=6, exp_year=2045)
    newest = emulator.stripe.v1.events.list({"type": UPDATED}).data[0]
    assert previous_of(newest) == {"card": {"exp_month": 5}}


def test_an_update_over_the_api_tells_what_changed(emulator: Emulator) -> None:
    method = emulator.saved_card(emulator.customer())
    emulator.stripe.v1.payment_methods.update(
        method,
        {
            "card": {"exp_month": 3},
            "billing_details": {"address": {"city": "Paris"}},
            "metadata": {"a": "1"},
        },
    )
    assert previous_of(update_event(emulator, "payment_method.updated")) == {
        "billing_details": {"address": {"city": None}},
        "card": {"exp_month": 12},
        "metadata": {"a": None},
    }
    emulator.stripe.v1.payment_methods.update(method, {"card": {"exp_month": 3}})
    assert update_event(emulator, "payment_method.updated")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"exp_month": 5},
        {"exp_month": 13, "exp_year": 2045},
        {"exp_month": 5, "exp_year": 45},
        {"exp_month": "5", "exp_year": 2045},
        {"exp_month": 5, "exp_year": 2045, "last4": 1881},
        {"exp_month": 5, "exp_year": 2045, "last4": "18"},
        {"exp_month": 5, "exp_year": 2045, "number": "4012888888881881"},
        {"exp_month": 12, "exp_year": 2040},
    ],
)
def test_updates_that_make_no_sense(emulator: Emulator, given: dict[str, Any]) -> None:
    method = emulator.saved_card(emulator.customer())
    answer = emulator.operator.post(f"/_control/payment_methods/{method}/update", json=given)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert UPDATED not in emulator.event_types()


def test_only_saved_cards_are_updated(emulator: Emulator) -> None:
    given = {"exp_month": 5, "exp_year": 2045}
    for method, status in ((emulator.card(), 400), ("pm_no", 404)):
        answer = emulator.operator.post(f"/_control/payment_methods/{method}/update", json=given)
        assert answer.status_code == status


@pytest.mark.parametrize("of_whom", ["card", "customer"])
def test_a_card_that_leaves_its_customer_says_whose_it_was(
    emulator: Emulator, of_whom: str
) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    if of_whom == "card":
        emulator.stripe.v1.payment_methods.detach(method)
    else:
        emulator.stripe.v1.customers.delete(customer)
    (event,) = emulator.stripe.v1.events.list({"type": "payment_method.detached"}).data
    assert (event.data.object["id"], event.data.object["customer"]) == (method, None)
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes["customer"] == customer
