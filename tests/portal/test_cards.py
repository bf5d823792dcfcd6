"""Billing > Credit cards, as the customer sees and changes them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.client import Customer
from tests.portal.conftest import Bill, NewCustomer
from tests.portal.recorder import Recorder
from tests.portal.stripe_frames import Card, StripeFrames

pytestmark = pytest.mark.e2e
VISA, MASTERCARD, AMEX = "4242424242424242", "5555555555554444", "378282246310005"
BANKS_STEP, DECLINED = "4000002760003184", "4000000000000002"
LogIn = Callable[[Customer], Page]


def cards_of(page: Page) -> list[str]:
    """Read the cards in their order, as they are read out."""
    return page.locator("main li .hidden").all_inner_texts()


def row(page: Page, name: str) -> object:
    return page.get_by_role("listitem").filter(has_text=name)


def choose(page: Page, card: str, action: str) -> None:
    page.get_by_role("button", name=f"Actions for {card}").click()
    page.get_by_role("menuitem", name=action).click()


def open_cards(page: Page) -> None:
    page.get_by_role("link", name="Credit cards", exact=True).first.click()
    expect(page.get_by_role("heading", level=1, name="Credit cards")).to_be_visible()


def test_the_first_card_is_added_and_becomes_primary(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer()
    page = log_in(someone)
    open_cards(page)
    expect(page.get_by_role("heading", name="No credit card yet")).to_be_visible()
    page.get_by_role("link", name="Add Card").first.click()
    expect(page.get_by_role("heading", name="New Credit Card")).to_be_visible()
    frames.type_card()
    page.get_by_label("Nickname").fill("Office")
    page.get_by_role("button", name="Add", exact=True).click()
    shown = page.get_by_role("listitem").filter(has_text="Visa ending in 4242")
    expect(shown).to_contain_text("Office")
    expect(shown).to_contain_text("Expires 12/34")
    expect(shown.get_by_text("Primary", exact=True)).to_be_visible()
    [card] = someone.cards()
    assert (card["nickname"], card["primary"]) == ("Office", True)


def test_the_banks_step_while_adding(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer()
    page = log_in(someone)
    page.goto("/billing/cards?new")
    frames.type_card(Card(BANKS_STEP))
    page.get_by_role("button", name="Add", exact=True).click()
    frames.pass_bank()
    expect(page.get_by_role("listitem").filter(has_text="Visa ending in 3184")).to_be_visible()


def test_a_failed_step_adds_nothing_and_can_be_tried_again(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer()
    page = log_in(someone)
    page.goto("/billing/cards?new")
    frames.type_card(Card(BANKS_STEP))
    page.get_by_role("button", name="Add", exact=True).click()
    frames.fail_bank()
    expect(page.get_by_role("alert")).to_be_visible()
    assert someone.cards() == []
    page.get_by_role("button", name="Add", exact=True).click()
    frames.pass_bank()
    expect(page.get_by_role("listitem").filter(has_text="Visa ending in 3184")).to_be_visible()


def test_a_declined_card_and_one_that_is_there_are_answered_plainly(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames, recorder: Recorder
) -> None:
    recorder.provokes(402, "/v1/setup_intents/*/confirm")
    recorder.provokes(409, "/v1/cards")
    someone = customer(cards=[VISA])
    page = log_in(someone)
    page.goto("/billing/cards?new")
    frames.type_card(Card(DECLINED))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    page.reload()
    frames.type_card(Card(VISA))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("This card is already on your account.")
    assert len(someone.cards()) == 1


def test_an_incomplete_card_is_not_sent(
    log_in: LogIn, customer: NewCustomer, recorder: Recorder, frames: StripeFrames
) -> None:
    page = log_in(customer())
    page.goto("/billing/cards?new")
    frames.type_code()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert").first).to_have_text("Your card number is incomplete.")
    assert recorder.to_own("/v1/cards/setup") == []


def test_another_card_becomes_primary_and_is_offered_for_what_is_open(
    log_in: LogIn, customer: NewCustomer
) -> None:
    someone = customer(cards=[VISA, MASTERCARD], invoices=[Bill()])
    page = log_in(someone)
    open_cards(page)
    choose(page, "Mastercard ending in 4444", "Make Primary")
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Mastercard ending in 4444 becomes your primary card.")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    shown = page.get_by_role("listitem").filter(has_text="Mastercard")
    expect(shown.get_by_text("Primary", exact=True)).to_be_visible()
    expect(page.get_by_text("Pay what is open with Mastercard ending in 4444?")).to_be_visible()
    page.get_by_role("link", name="Pay now").click()
    expect(page.get_by_role("heading", level=1, name="Invoices")).to_be_visible()
    assert [card["primary"] for card in someone.cards()] == [False, True]


def test_only_the_nickname_can_be_edited(log_in: LogIn, customer: NewCustomer) -> None:
    someone = customer(cards=[VISA])
    page = log_in(someone)
    open_cards(page)
    expect(page.get_by_text("A card cannot be edited, only its nickname.")).to_be_visible()
    choose(page, "Visa ending in 4242", "Edit nickname")
    page.get_by_role("alertdialog").get_by_label("Nickname").fill("Travel")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem").filter(has_text="Travel")).to_be_visible()
    assert someone.cards()[0]["nickname"] == "Travel"


def test_deleting_the_primary_card_names_the_next_one(
    log_in: LogIn, customer: NewCustomer
) -> None:
    someone = customer(cards=[VISA, MASTERCARD, AMEX])
    page = log_in(someone)
    open_cards(page)
    choose(page, "Visa ending in 4242", "Delete")
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Visa ending in 4242 will be removed from your account.")
    expect(dialog).to_contain_text("Mastercard ending in 4444 becomes your primary card.")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("listitem").filter(has_text="Visa")).to_have_count(0)
    assert [card["primary"] for card in someone.cards()] == [True, False]


def test_deleting_the_last_card_says_what_stops(log_in: LogIn, customer: NewCustomer) -> None:
    someone = customer(cards=[VISA], autopay=True)
    page = log_in(someone)
    open_cards(page)
    choose(page, "Visa ending in 4242", "Delete")
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("It is your last card: automatic payment will stop.")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No credit card yet")).to_be_visible()
    assert someone.cards() == []


def test_the_menu_is_a_menu_by_keyboard(log_in: LogIn, customer: NewCustomer) -> None:
    page = log_in(customer(cards=[VISA, MASTERCARD]))
    open_cards(page)
    toggle = page.get_by_role("button", name="Actions for Mastercard ending in 4444")
    toggle.focus()
    page.keyboard.press("Enter")
    item = page.get_by_role("menuitem")
    expect(item.nth(0)).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("menuitem", name="Make Primary")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Edit nickname")).to_be_focused()
    page.keyboard.press("d")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Escape")
    expect(toggle).to_be_focused()
