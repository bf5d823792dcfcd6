"""Webhooks, bus events and the reconciliation on the whole embedded stack."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe
from billfold.adapters.stripe_gateway import API_VERSION

from local import look
from tests.e2e.client import (
    Customer,
    Integrator,
    Stack,
    new_customer,
    new_invoice,
    outputs,
    until,
)

pytestmark = pytest.mark.e2e
QUIET = {"copies": 1, "delay": 0, "reorder": False, "paused": False}


def switch(stack: Stack, **switches: Any) -> None:
    url = f"{stack['stripe_control_url']}/webhooks"
    httpx.post(url, json={**QUIET, **switches}).raise_for_status()


@pytest.fixture
def deliveries(stack: Stack) -> Iterator[Stack]:
    yield stack
    switch(stack)


def client(stack: Stack) -> stripe.StripeClient:
    return stripe.StripeClient(
        stack["stripe_secret_key"],
        base_addresses={"api": stack["stripe_url"]},
        stripe_version=API_VERSION,
    )


def pay_with_lost_reply(payer: Customer, invoice: dict[str, Any]) -> dict[str, Any]:
    fault = {"path": "*/confirm", "kind": "drop_after_commit", "method": "POST"}
    url = f"{payer.stack['stripe_control_url']}/faults"
    httpx.post(url, json=fault).raise_for_status()
    status, payment = payer.pay(invoice, {"payment_method": payer.one_time_card()})
    assert status == 202, payment
    return payment


def payment(payer: Customer, payment_id: str) -> dict[str, Any]:
    status, body = payer.call("GET", f"/v1/payments/{payment_id}")
    assert status == 200, body
    return body


@pytest.mark.parametrize(
    "switches",
    [{}, {"copies": 3}, {"reorder": True, "copies": 2}],
    ids=["once", "three times", "out of order"],
)
def test_a_lost_reply_is_settled_by_the_webhook(
    deliveries: Stack, switches: dict[str, Any]
) -> None:
    payer = new_customer(deliveries)
    invoice = new_invoice(payer)
    switch(deliveries, **switches)
    waiting = pay_with_lost_reply(payer, invoice)

    def paid() -> bool:
        return bool(payment(payer, waiting["payment_id"])["status"] == "succeeded")

    until(paid, "the settlement by webhook")
    assert payer.invoice(invoice["number"])["status"] == "paid"
    assert len(payer.charges()) == 1


def test_a_refund_made_at_stripe_is_shown(deliveries: Stack) -> None:
    payer = new_customer(deliveries)
    invoice = new_invoice(payer)
    status, made = payer.pay(invoice, {"payment_method": payer.one_time_card()})
    assert status == 201, made
    [charge] = payer.charges()
    client(deliveries).v1.refunds.create({"charge": charge.id, "amount": 50})
    until(lambda: payment(payer, made["payment_id"])["refunded"] == 50, "the refund")
    shown = payer.invoice(invoice["number"])
    assert (shown["status"], shown["payment"]["refunded"]) == ("paid", 50)


def test_a_dispute_lies_over_a_paid_invoice(deliveries: Stack) -> None:
    payer = new_customer(deliveries)
    invoice = new_invoice(payer)
    status, made = payer.pay(invoice, {"payment_method": payer.one_time_card()})
    assert status == 201, made
    [charge] = payer.charges()
    control = f"{deliveries['stripe_control_url']}/disputes"
    dispute = httpx.post(control, json={"charge": charge.id}).raise_for_status().json()
    until(lambda: payment(payer, made["payment_id"])["dispute"] == "open", "the dispute")
    assert payer.invoice(invoice["number"])["status"] == "paid"
    httpx.post(f"{control}/{dispute['id']}", json={"result": "lost"}).raise_for_status()
    until(lambda: payment(payer, made["payment_id"])["dispute"] == "lost", "the decision")
    assert payer.invoice(invoice["number"])["status"] == "paid"


def test_an_addition_whose_request_was_lost_is_finished(deliveries: Stack) -> None:
    payer = new_customer(deliveries)
    status, setup = payer.call("POST", "/v1/cards/setup")
    assert status == 201, setup
    assert payer.confirm_setup(setup, "4242424242424242").status_code == 200
    until(lambda: len(payer.cards()) == 1, "the card")
    status, card = payer.call(
        "POST", "/v1/cards", {"setup_intent": setup["setup_intent"], "nickname": "Late"}
    )
    assert (status, card["nickname"], card["primary"]) == (201, "Late", True)
    assert len(payer.cards()) == 1


def test_five_failed_cards_lock_adding(deliveries: Stack) -> None:
    payer = new_customer(deliveries)

    def refused() -> bool:
        status, setup = payer.call("POST", "/v1/cards/setup")
        if status == 429:
            return True
        payer.confirm_setup(setup, "4000000000000002")
        return False

    until(refused, "the limit")


def test_one_setup_cannot_be_tried_with_any_number_of_cards(deliveries: Stack) -> None:
    payer = new_customer(deliveries)
    status, setup = payer.call("POST", "/v1/cards/setup")
    assert status == 201, setup

    def ended() -> bool:
        answer = payer.confirm_setup(setup, "4000000000000002").json()
        return bool(answer["error"]["code"] == "setup_intent_unexpected_state")

    until(ended, "the end of the setup")


def test_a_forged_delivery_changes_nothing(deliveries: Stack) -> None:
    url = f"{deliveries['portal_url']}/v1/webhooks/stripe"
    forged = json.dumps({"id": "evt_1", "type": "payment_intent.succeeded"})
    for headers in ({}, {"stripe-signature": "t=1,v1=00"}):
        answer = httpx.post(url, content=forged, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")


@pytest.fixture
def heard(stack: Stack) -> Iterator[Any]:
    integrator = Integrator(stack)
    seen: dict[str, dict[str, Any]] = {}

    def listen(customer: Customer) -> list[str]:
        seen.update({event["detail"]["event_id"]: event for event in integrator.listen()})
        return [
            event["detail-type"]
            for event in seen.values()
            if event["detail"]["customer_id"] == customer.customer_id
        ]

    yield listen
    integrator.close()


def test_an_integrator_hears_what_happened(stack: Stack, heard: Any) -> None:
    payer = new_customer(stack)
    card = payer.add_card()
    invoice = new_invoice(payer)
    status, declined = payer.pay(
        invoice, {"payment_method": payer.one_time_card("4000000000009995")}
    )
    assert status == 402, declined
    assert payer.pay(invoice, payer.stored(card))[0] == 201
    assert payer.call("DELETE", f"/v1/cards/{card}")[0] == 204
    expected = {
        "CardAdded",
        "PrimaryCardChanged",
        "PaymentFailed",
        "PaymentSucceeded",
        "InvoicePaid",
        "CardRemoved",
    }
    until(lambda: set(heard(payer)) == expected, "the events")


def test_what_is_taken_away_in_stripes_dashboard_leaves_the_wallet(
    deliveries: Stack, heard: Any
) -> None:
    payer = new_customer(deliveries)
    payer.add_card()
    payer.add_card("5555555555554444")
    at_stripe = client(deliveries).v1
    [customer] = [
        one.id
        for one in at_stripe.customers.list({"limit": 100}).auto_paging_iter()
        if getattr(one.metadata, "billfold_customer_id", None) == payer.customer_id
    ]
    newest = at_stripe.payment_methods.list({"customer": customer}).data[0]
    at_stripe.payment_methods.detach(newest.id)
    until(lambda: [card["brand"] for card in payer.cards()] == ["visa"], "the card to leave")
    at_stripe.customers.delete(customer)
    until(lambda: payer.cards() == [], "the other card to leave")
    until(lambda: heard(payer).count("CardsDetached") == 2, "the events")
    # A new customer is made at Stripe, and everything works as before.
    card = payer.add_card()
    assert payer.pay(new_invoice(payer), payer.stored(card))[0] == 201


def test_the_reconciliation_finds_stripe_and_ledger_equal(stack: Stack) -> None:
    payer = new_customer(stack)
    status, made = payer.pay(new_invoice(payer), {"payment_method": payer.one_time_card()})
    assert status == 201, made
    function = outputs(stack)["ReconciliationFunctionName"]
    text = "".join(look.compare(stack["aws_endpoint_url"], function, made["created_at"][:10]))
    assert text.splitlines()[0].endswith(": no differences"), text


def test_a_refund_of_which_no_event_comes_is_found(deliveries: Stack) -> None:
    payer = new_customer(deliveries)
    status, made = payer.pay(new_invoice(payer), {"payment_method": payer.one_time_card()})
    assert status == 201, made
    [charge] = payer.charges()
    switch(deliveries, paused=True)
    client(deliveries).v1.refunds.create({"charge": charge.id, "amount": 50})
    function = outputs(deliveries)["ReconciliationFunctionName"]
    day = made["created_at"][:10]
    text = "".join(look.compare(deliveries["aws_endpoint_url"], function, day))
    assert f"| refund or dispute caught up | {charge.id} |" in text, text
    assert payment(payer, made["payment_id"])["refunded"] == 50
