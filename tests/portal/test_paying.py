"""Paying an invoice: whatever happens, charged at most once, and shown as it is."""

import re
from datetime import date
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from billfold.domain.errors import CardDeclinedError
from billfold.domain.fact import Actor
from billfold.domain.money import Money
from billfold.domain.payment import Slot, StoredCard
from billfold.services import payments
from billfold.services.payments import Order
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.e2e.client import Customer, Stack, new_invoice
from tests.e2e.racing import Process
from tests.e2e.test_lambda_runtime import environment
from tests.portal.conftest import Bill, NewCustomer
from tests.portal.recorder import Recorder
from tests.portal.stripe_frames import Card, StripeFrames

pytestmark = pytest.mark.e2e
VISA, MASTERCARD, BANKS_STEP = "4242424242424242", "5555555555554444", "4000002760003184"
DECLINED, DECLINED_LATER = "4000000000000002", "4000000000000341"
LogIn = Callable[[Customer], Page]
AboutToPay = Callable[..., tuple[Customer, dict[str, Any], Page]]


def open_invoice(page: Page, invoice: dict[str, Any], *, pay: bool = True) -> None:
    page.goto(f"/billing/invoices/{invoice['invoice_id']}{'?pay' if pay else ''}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Invoice {invoice['number']}")


@pytest.fixture
def about_to_pay(log_in: LogIn, customer: NewCustomer) -> AboutToPay:
    """Give somebody with these cards, an invoice over $120.50, and the page with its panel."""

    def make(*cards: str) -> tuple[Customer, dict[str, Any], Page]:
        someone = customer(cards=cards)
        invoice = new_invoice(someone)
        page = log_in(someone)
        open_invoice(page, invoice)
        return someone, invoice, page

    return make


def press_pay(page: Page, amount: str = "$120.50") -> None:
    page.get_by_role("button", name=f"PAY {amount}").click()


def expect_paid(page: Page) -> None:
    expect(page.get_by_text("is paid.")).to_be_visible()


def paid_once(someone: Customer, invoice: dict[str, Any]) -> None:
    charged = [c for c in someone.charges() if c.metadata["billfold_invoice_id"] == invoice["invoice_id"]]
    assert len(charged) == 1
    assert someone.invoice(invoice["number"])["status"] == "paid"


def test_from_amount_due_to_a_receipt(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer(cards=[MASTERCARD, VISA])
    invoice = new_invoice(someone)
    page = log_in(someone)
    page.get_by_role("link", name="$120.50").click()
    expect(page.get_by_role("heading", level=1, name="Invoices")).to_be_visible()
    page.get_by_role("button", name=f"Actions for Invoice {invoice['number']}").click()
    page.get_by_role("menuitem", name="Pay").click()
    card = page.get_by_label("Credit Card", exact=True).and_(page.locator("select"))
    expect(card.locator("option:checked")).to_have_text("Mastercard ending in 4444 (Primary)")
    frames.type_code()
    press_pay(page)
    expect_paid(page)
    page.get_by_role("link", name="See the receipt").click()
    expect(page.get_by_role("heading", level=1, name="Receipt")).to_be_visible()
    expect(page.get_by_text("$120.50")).to_be_visible()
    expect(page.get_by_text("Mastercard ending in 4444")).to_be_attached()
    paid_once(someone, invoice)


def test_another_stored_card(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer(cards=[MASTERCARD, VISA])
    invoice = new_invoice(someone, 9800, "JPY")
    page = log_in(someone)
    open_invoice(page, invoice)
    page.locator("select").select_option(label="Visa ending in 4242")
    frames.type_code()
    press_pay(page, "¥9,800")
    expect_paid(page)
    [charge] = someone.charges()
    assert charge.amount == 9800
    assert charge.payment_method_details and charge.payment_method_details.card
    assert charge.payment_method_details.card.last4 == "4242"


def test_a_one_time_card_is_not_stored(
    about_to_pay: AboutToPay, frames: StripeFrames
) -> None:
    someone, invoice, page = about_to_pay(MASTERCARD)
    page.get_by_role("button", name="One-time payment").click()
    expect(page.get_by_text("This card is used once and is not stored.")).to_be_visible()
    frames.type_card()
    press_pay(page)
    expect_paid(page)
    assert [card["last4"] for card in someone.cards()] == ["4444"]
    paid_once(someone, invoice)


def test_a_decline_then_another_card(
    about_to_pay: AboutToPay, frames: StripeFrames, recorder: Recorder
) -> None:
    recorder.provokes(402, "/v1/invoices/*/payments")
    someone, invoice, page = about_to_pay(DECLINED_LATER, VISA)
    frames.type_code()
    press_pay(page)
    expect(page.get_by_role("alert")).to_have_text(
        "The card was declined. Your bank declined the payment. Use another card or ask your bank."
    )
    page.locator("select").select_option(label="Visa ending in 4242")
    frames.type_code()
    press_pay(page)
    expect_paid(page)
    paid_once(someone, invoice)


@pytest.mark.parametrize("passed", [True, False])
def test_the_banks_step(
    about_to_pay: AboutToPay,
    frames: StripeFrames,
    recorder: Recorder,
    *,
    passed: bool,
) -> None:
    someone, invoice, page = about_to_pay(BANKS_STEP)
    frames.type_code()
    press_pay(page)
    if passed:
        frames.pass_bank()
        expect_paid(page)
        paid_once(someone, invoice)
        return
    recorder.provokes(402, "/v1/payments/*/confirm")
    frames.fail_bank()
    expect(page.get_by_role("alert")).to_contain_text("Your bank's confirmation did not succeed.")
    # The invoice stays payable.
    frames.type_code()
    press_pay(page)
    frames.pass_bank()
    expect_paid(page)
    paid_once(someone, invoice)


def test_a_reload_in_the_middle_of_the_banks_step(
    about_to_pay: AboutToPay, frames: StripeFrames
) -> None:
    someone, invoice, page = about_to_pay(BANKS_STEP)
    frames.type_code()
    press_pay(page)
    expect(frames.bank().get_by_role("button", name="Complete authentication")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Confirm with your bank").click()
    frames.pass_bank()
    expect_paid(page)
    paid_once(someone, invoice)


def test_the_banks_step_is_offered_on_the_dashboard_and_can_be_given_up(
    about_to_pay: AboutToPay, frames: StripeFrames
) -> None:
    someone, invoice, page = about_to_pay(BANKS_STEP, VISA)
    frames.type_code()
    press_pay(page)
    expect(frames.bank().get_by_role("button", name="Complete authentication")).to_be_visible()
    page.goto("/")
    page.get_by_role("link", name="Confirm with your bank").click()
    page.get_by_role("button", name="Use another card").click()
    page.locator("select").select_option(label="Visa ending in 4242")
    frames.type_code()
    press_pay(page)
    expect_paid(page)
    paid_once(someone, invoice)


def test_a_double_click_on_pay(
    about_to_pay: AboutToPay, frames: StripeFrames, recorder: Recorder
) -> None:
    someone, invoice, page = about_to_pay(VISA)
    frames.type_code()
    page.get_by_role("button", name="PAY $120.50").dblclick()
    expect_paid(page)
    assert len(recorder.to_own("/v1/invoices/*/payments", "POST")) == 1
    paid_once(someone, invoice)


def test_two_tabs(
    log_in: LogIn, customer: NewCustomer, context: BrowserContext, recorder: Recorder
) -> None:
    someone = customer(cards=[VISA])
    invoice = new_invoice(someone)
    first = log_in(someone)
    second = context.new_page()
    tabs = [(first, StripeFrames(first, recorder)), (second, StripeFrames(second, recorder))]
    for page, frames in tabs:
        open_invoice(page, invoice)
        frames.type_code()
    press_pay(first)
    expect_paid(first)
    # The other tab was not told, or was already: either way nothing is charged again.
    button = second.get_by_role("button", name="PAY $120.50")
    if button.is_visible():
        recorder.provokes(409, "/v1/invoices/*/payments")
        button.click()
    expect(second.get_by_text(re.compile("is paid already|not open for payment"))).to_be_visible()
    paid_once(someone, invoice)


def test_an_answer_that_is_lost_is_no_second_order(
    about_to_pay: AboutToPay, frames: StripeFrames, recorder: Recorder
) -> None:
    someone, invoice, page = about_to_pay(VISA)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/v1/invoices/*/payments", lose, times=1)
    recorder.provokes(0, "/v1/invoices/*/payments")
    frames.type_code()
    press_pay(page)
    expect(page.get_by_role("alert")).to_contain_text("You may press PAY again")
    frames.type_code()
    press_pay(page)
    expect_paid(page)
    keys = [
        sent.headers["idempotency-key"] for sent in recorder.to_own("/v1/invoices/*/payments")
    ]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    paid_once(someone, invoice)


def test_the_same_order_after_a_reload_keeps_its_key(
    about_to_pay: AboutToPay, frames: StripeFrames, recorder: Recorder
) -> None:
    someone, invoice, page = about_to_pay(VISA)
    page.route("**/v1/invoices/*/payments", lambda route: route.abort(), times=1)
    recorder.provokes(0, "/v1/invoices/*/payments")
    frames.type_code()
    press_pay(page)
    expect(page.get_by_role("alert")).to_contain_text("You may press PAY again")
    page.reload()
    frames.type_code()
    press_pay(page)
    expect_paid(page)
    keys = {
        sent.headers["idempotency-key"] for sent in recorder.to_own("/v1/invoices/*/payments")
    }
    assert len(keys) == 1


def test_an_unknown_outcome_is_confirmed_and_never_called_failed(
    about_to_pay: AboutToPay, frames: StripeFrames, stack: Stack
) -> None:
    someone, invoice, page = about_to_pay(VISA)
    fault = {"path": "*/confirm", "kind": "drop_after_commit", "method": "POST"}
    httpx.post(f"{stack['stripe_control_url']}/faults", json=fault).raise_for_status()
    frames.type_code()
    press_pay(page)
    expect(page.get_by_text("We are confirming this with your bank.")).to_be_visible()
    expect(page.get_by_text("failed")).to_have_count(0)
    # The webhook, or the reconciler, brings the news, and the page hears of it by itself.
    expect(page.get_by_text("is paid.")).to_be_visible(timeout=90_000)
    paid_once(someone, invoice)


def test_being_throttled_while_confirming_is_no_outcome(
    about_to_pay: AboutToPay,
    frames: StripeFrames,
    stack: Stack,
    recorder: Recorder,
) -> None:
    someone, invoice, page = about_to_pay(VISA)
    page.route(
        "**/v1/payments/*",
        lambda route: route.fulfill(status=429, json={"message": "Too Many Requests"}),
        times=2,
    )
    recorder.provokes(429, "/v1/payments/*")
    fault = {"path": "*/confirm", "kind": "drop_after_commit", "method": "POST"}
    httpx.post(f"{stack['stripe_control_url']}/faults", json=fault).raise_for_status()
    frames.type_code()
    with page.expect_response(lambda answer: answer.status == 429):
        press_pay(page)
    expect(page.get_by_text("We are confirming this with your bank.")).to_be_visible()
    expect(page.get_by_role("button", name="PAY $120.50")).to_have_count(0)
    expect_paid(page)
    paid_once(someone, invoice)


def test_too_many_declines_say_when_to_come_back(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames, recorder: Recorder
) -> None:
    someone = customer()
    invoice = new_invoice(someone)
    for _ in range(5):
        assert someone.pay(invoice, {"payment_method": someone.one_time_card(DECLINED)})[0] == 402
    page = log_in(someone)
    open_invoice(page, invoice)
    recorder.provokes(429, "/v1/invoices/*/payments")
    frames.type_card(Card(VISA))
    press_pay(page)
    expect(page.get_by_role("alert")).to_contain_text("Too many tries. Try again in")
    assert someone.charges() == []


def test_a_missing_code_is_asked_for(
    about_to_pay: AboutToPay, recorder: Recorder
) -> None:
    someone, invoice, page = about_to_pay(VISA)
    press_pay(page)
    expect(page.get_by_role("alert")).to_have_text("Your card's security code is incomplete.")
    assert recorder.to_own("/v1/invoices/*/payments") == []


def test_a_new_card_can_pay_what_is_open(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer(invoices=[Bill()])
    page = log_in(someone)
    page.goto("/billing/cards?new")
    frames.type_card()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Pay what is open with Visa ending in 4242?")).to_be_visible()


SLOT = Slot(date(2026, 11, 1))


@pytest.fixture
def schedule(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Process:
    """What automatic payment acts with, on the running stack."""
    for name, value in environment(stack, "reconcile").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return Process(Actor.AUTOPAY)


def test_a_failed_automatic_payment_asks_for_confirmation_and_is_finished_here(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames, schedule: Process
) -> None:
    someone = customer()
    card = someone.add_card(BANKS_STEP)
    invoice = new_invoice(someone)
    assert someone.call("PUT", "/v1/autopay", {"enabled": True})[0] == 200
    order = Order(
        someone.customer_id,
        invoice["invoice_id"],
        Money("USD", 12050),
        StoredCard(card, None),
        SLOT.key(invoice["invoice_id"]),
        SLOT,
    )
    with pytest.raises(CardDeclinedError):
        payments.pay(order, schedule, lambda: 29.0)
    page = log_in(someone)
    expect(page.get_by_text("Needs your confirmation")).to_be_visible()
    page.get_by_role("link", name="Confirm with your bank").click()
    frames.type_code()
    press_pay(page)
    frames.pass_bank()
    expect_paid(page)
    paid_once(someone, invoice)
    page.get_by_role("link", name="Dashboard").click()
    expect(page.get_by_text("Nothing is due.")).to_be_visible()
    expect(page.get_by_text("Needs your confirmation")).to_have_count(0)


def test_what_automatic_payment_waits_for_is_said_and_can_be_mended(
    log_in: LogIn, customer: NewCustomer, schedule: Process
) -> None:
    """A card that the bank refuses for good: the customer is told, and may have it tried anew."""
    someone = customer()
    someone.add_card()
    new_invoice(someone, due_in=0)
    assert someone.call("PUT", "/v1/autopay", {"enabled": True})[0] == 200
    wallet = schedule.customers.wallet(someone.customer_id)
    [card] = wallet.cards
    refused = replace(wallet, cards=(replace(card, refused="stolen_card"),), offered=False)
    schedule.customers.save(refused)
    page = log_in(someone)
    waits = "Automatic payment waits: your bank does not accept payments with your primary card"
    expect(page.get_by_text(waits)).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Credit cards").click()
    expect(page.get_by_text("Refused by your bank")).to_be_visible()
    page.get_by_role("button", name="Actions for Visa ending in 4242").click()
    page.get_by_role("menuitem", name="Make Primary").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Refused by your bank")).to_have_count(0)
    page.goto("/")
    expect(page.get_by_text(", with Visa ending in 4242")).to_be_visible()
