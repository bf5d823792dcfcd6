"""WCAG 2.2 AA on every page and dialog, light, dark and narrow; and every flow by keyboard."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.client import Customer, new_invoice
from tests.portal.accessibility import axe
from tests.portal.conftest import Bill, NewCustomer
from tests.portal.stripe_frames import Card, StripeFrames

pytestmark = pytest.mark.e2e
VISA, MASTERCARD = "4242424242424242", "5555555555554444"
LogIn = Callable[[Customer], Page]


def fits(page: Page) -> None:
    """Nothing is wider than the page."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")]
)
def test_every_page_and_dialog(
    page: Page, log_in: LogIn, customer: NewCustomer, width: int, scheme: Any
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path, title in (("/login", "Log in"), ("/reset-password", "Reset Password")):
        page.goto(path)
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
        axe(page)
        fits(page)

    someone = customer(
        cards=[VISA, MASTERCARD], invoices=[Bill(), Bill(700, due_in=-2)], autopay=True
    )
    invoice = new_invoice(someone, 990)
    assert someone.pay(invoice, {"payment_method": someone.one_time_card()})[0] == 201
    open_one = new_invoice(someone, 1500)
    [payment] = someone.call("GET", "/v1/payments")[1]["data"]
    log_in(someone)
    for path, settled in {
        "/": "Primary card",
        "/billing/cards": "A card cannot be edited",
        "/billing/invoices": invoice["number"],
        f"/billing/invoices/{invoice['invoice_id']}": "Web hosting",
        "/payments": "$9.90",
        f"/payments/{payment['payment_id']}": "Payment number",
        "/account": "Customer number",
        "/nowhere": "There is nothing here",
    }.items():
        page.goto(path)
        expect(page.get_by_text(settled).first).to_be_visible()
        axe(page)
        fits(page)

    for path, button in (
        ("/billing/cards?new", "Add"),
        (f"/billing/invoices/{open_one['invoice_id']}?pay", "PAY $15.00"),
    ):
        page.goto(path)
        expect(page.get_by_role("button", name=button, exact=True)).to_be_visible()
        axe(page)
        fits(page)

    page.goto("/billing/cards")
    for action in ("Make Primary", "Edit nickname", "Delete"):
        page.get_by_role("button", name="Actions for Mastercard").click()
        expect(page.get_by_role("menu")).to_be_visible()
        axe(page)
        page.get_by_role("menuitem", name=action).click()
        expect(page.get_by_role("alertdialog")).to_be_visible()
        axe(page)
        fits(page)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("alertdialog")).to_be_hidden()


def tab_to(page: Page, name: str, role: Any = "button", most: int = 40) -> None:
    """Press Tab until something has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def test_log_in_add_a_card_and_pay_by_keyboard_alone(
    page: Page, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer()
    invoice = new_invoice(someone)
    page.goto("/")
    expect(page.get_by_role("heading", level=1, name="Log in")).to_be_visible()
    tab_to(page, "E-mail address", "textbox")
    page.keyboard.type(someone.email)
    page.keyboard.press("Tab")
    page.keyboard.type(someone.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()
    # The first stop is the way past the header.
    page.goto("/billing/cards")
    expect(page.get_by_role("heading", name="No credit card yet")).to_be_visible()
    tab_to(page, "Add Card", "link")
    page.keyboard.press("Enter")
    # The number has the focus by itself.
    number = page.frame_locator("iframe[title='Secure card number input frame']")
    expect(number.locator("input[name=cardnumber]")).to_be_focused()
    card = Card()
    frames.recorder.typed(card.number, card.code)
    page.keyboard.type(card.number)
    for title, name, text in (
        ("Secure expiration date input frame", "exp-date", card.expiry),
        ("Secure CVC input frame", "cvc", card.code),
    ):
        page.keyboard.press("Tab")
        field = page.frame_locator(f"iframe[title='{title}']").locator(f"input[name={name}]")
        expect(field).to_be_focused()
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Nickname")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text="Visa ending in 4242")).to_be_visible()

    page.goto("/billing/invoices")
    expect(page.get_by_role("link", name=invoice["number"])).to_be_visible()
    tab_to(page, f"Actions for Invoice {invoice['number']}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Pay")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Pay Invoice {invoice['number']}")).to_be_focused()
    expect(page.get_by_role("button", name="PAY $120.50")).to_be_visible()
    code = page.frame_locator("iframe[title='Secure CVC input frame']").locator("input[name=cvc]")
    expect(code).to_be_attached()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.title") == "Secure CVC input frame":
            break
    expect(code).to_be_focused()
    page.keyboard.type(card.code)
    tab_to(page, "PAY $120.50")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is paid.")).to_be_visible()


def test_the_way_past_the_header_and_the_place_of_the_focus(
    log_in: LogIn, customer: NewCustomer
) -> None:
    page = log_in(customer())
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_focused()
    skip = page.get_by_role("link", name="Skip to content")
    skip.focus()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("link", name="Payments", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Payments")).to_be_focused()
    expect(page).to_have_title("Payments · Billfold")


def test_the_primary_card_and_deleting_by_keyboard(log_in: LogIn, customer: NewCustomer) -> None:
    someone = customer(cards=[VISA, MASTERCARD])
    page = log_in(someone)
    page.goto("/billing/cards")
    expect(page.get_by_text("A card cannot be edited")).to_be_visible()
    for action, confirm in (("Make Primary", "Confirm"), ("Delete", "Delete")):
        tab_to(page, "Actions for Mastercard ending in 4444")
        page.keyboard.press("Enter")
        expect(page.get_by_role("menuitem").first).to_be_focused()
        item = page.get_by_role("menuitem", name=action)
        for _ in range(3):
            if item.evaluate("(element) => element === document.activeElement"):
                break
            page.keyboard.press("ArrowDown")
        expect(item).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("alertdialog")).to_be_visible()
        tab_to(page, confirm)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alertdialog")).to_be_hidden()
        # The list was read again.
        primary = page.get_by_role("listitem").filter(has_text="Primary")
        expect(primary).to_contain_text("Mastercard" if action == "Make Primary" else "Visa")
    expect(page.get_by_role("listitem").filter(has_text="Mastercard")).to_have_count(0)
    assert [(card["brand"], card["primary"]) for card in someone.cards()] == [("visa", True)]


def _has_come_to(field: Locator, text: str) -> None:
    """Wait until a frame of another process has every key, before another one is pressed."""
    expect(field).to_have_value(re.compile(r"\D*".join(re.sub(r"\D", "", text))))


def test_a_one_time_card_and_the_banks_step_by_keyboard(
    log_in: LogIn, customer: NewCustomer, frames: StripeFrames
) -> None:
    someone = customer(cards=[VISA])
    invoice = new_invoice(someone)
    page = log_in(someone)
    page.goto(f"/billing/invoices/{invoice['invoice_id']}?pay")
    expect(page.get_by_role("button", name="PAY $120.50")).to_be_visible()
    tab_to(page, "One-time payment")
    page.keyboard.press("Space")
    number = page.frame_locator("iframe[title='Secure card number input frame']")
    expect(number.locator("input[name=cardnumber]")).to_be_focused()
    card = Card("4000002760003184")
    frames.recorder.typed(card.number, card.code)
    page.keyboard.type(card.number)
    _has_come_to(number.locator("input[name=cardnumber]"), card.number)
    for title, name, text in (
        ("Secure expiration date input frame", "exp-date", card.expiry),
        ("Secure CVC input frame", "cvc", card.code),
    ):
        page.keyboard.press("Tab")
        field = page.frame_locator(f"iframe[title='{title}']").locator(f"input[name={name}]")
        expect(field).to_be_focused()
        page.keyboard.type(text)
        _has_come_to(field, text)
    tab_to(page, "PAY $120.50")
    page.keyboard.press("Enter")
    done = frames.bank().get_by_role("button", name="Complete authentication")
    expect(done).to_be_visible()
    for _ in range(40):
        if done.evaluate("(button) => button === document.activeElement && document.hasFocus()"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is paid.")).to_be_visible()
