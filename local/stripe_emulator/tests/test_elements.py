"""Elements as a customer meets them: by keys, by a screen reader, and in their change events."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from local.stripe_emulator.tests.running import Emulator
from local.stripe_emulator.tests.shop import Browsing
from local.stripe_emulator.tests.test_stripe_js import browsing, shop

__all__ = ["browsing", "shop"]


def test_a_card_typed_in_one_go_fills_all_fields(browsing: Browsing) -> None:
    browsing.mount(card="card")
    browsing.type_card()
    names = ("cardnumber", "exp-date", "cvc", "postal")
    values = [browsing.field("card", name).input_value() for name in names]
    assert values == ["4242 4242 4242 4242", "12 / 34", "123", "94107"]
    change = browsing.change_when("card", "complete")
    assert change == {
        "elementType": "card",
        "empty": False,
        "complete": True,
        "error": None,
        "brand": "visa",
        "value": {"postalCode": "94107"},
    }
    for state in ("StripeElement", "StripeElement--complete", "StripeElement--focus"):
        expect(browsing.page.locator("#card")).to_contain_class(state)


@pytest.mark.parametrize(
    ("number", "brand", "shown"),
    [
        ("4242424242424242", "visa", "4242 4242 4242 4242"),
        ("5555555555554444", "mastercard", "5555 5555 5555 4444"),
        ("2223003122003222", "mastercard", "2223 0031 2200 3222"),
        ("378282246310005", "amex", "3782 822463 10005"),
        ("6011111111111117", "discover", "6011 1111 1111 1117"),
        ("36227206271667", "diners", "3622 720627 1667"),
        ("3566002020360505", "jcb", "3566 0020 2036 0505"),
        ("6200000000000005", "unionpay", "6200 0000 0000 0005"),
        ("6205500000000000004", "unionpay", "6205 5000 0000 0000 004"),
    ],
)
def test_brands(browsing: Browsing, number: str, brand: str, shown: str) -> None:
    browsing.mount(cardNumber="number")
    browsing.field("number", "cardnumber").press_sequentially(number)
    expect(browsing.field("number", "cardnumber")).to_have_value(shown)
    assert browsing.change_when("cardNumber", "complete")["brand"] == brand


@pytest.mark.parametrize(
    ("container", "name", "typed", "code"),
    [
        ("number", "cardnumber", "4242424242424241", "invalid_number"),
        ("expiry", "exp-date", "1220", "invalid_expiry_year_past"),
    ],
)
def test_what_is_wrong_is_told_at_once(
    browsing: Browsing, container: str, name: str, typed: str, code: str
) -> None:
    browsing.mount_split()
    browsing.field(container, name).press_sequentially(typed)
    expect(browsing.page.locator(f"#{container}")).to_have_class(re.compile("--invalid"))
    browsing.wait_for_error(code)
    expect(browsing.field(container, name)).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize(
    ("container", "name", "typed", "code"),
    [
        ("number", "cardnumber", "4242", "incomplete_number"),
        ("expiry", "exp-date", "12", "incomplete_expiry"),
        ("cvc", "cvc", "12", "incomplete_cvc"),
    ],
)
def test_what_is_unfinished_is_told_on_leaving(
    browsing: Browsing, container: str, name: str, typed: str, code: str
) -> None:
    browsing.mount_split()
    browsing.field(container, name).press_sequentially(typed)
    browsing.wait_for_error(None)
    browsing.page.locator("#pay").focus()
    expect(browsing.page.locator(f"#{container}")).to_have_class(re.compile("--invalid"))
    browsing.wait_for_error(code)
    # Mending it takes the error away.
    browsing.field(container, name).press("End")
    browsing.page.keyboard.type("3")
    browsing.wait_for_error(None)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("1", "1"),
        ("4", "04 / "),
        ("12", "12 / "),
        ("13", "01 / 3"),
        ("1/34", "01 / 34"),
        ("1234", "12 / 34"),
        ("99", "09 / 9"),
    ],
)
def test_expiry_as_people_type_it(browsing: Browsing, typed: str, shown: str) -> None:
    browsing.mount(cardNumber="number", cardExpiry="expiry")
    browsing.field("expiry", "exp-date").press_sequentially(typed)
    expect(browsing.field("expiry", "exp-date")).to_have_value(shown)


@pytest.mark.parametrize("filled", ["12/2034", "12 / 34", "1234"])
def test_expiry_as_password_managers_fill_it(browsing: Browsing, filled: str) -> None:
    browsing.mount(cardNumber="number", cardExpiry="expiry")
    browsing.field("expiry", "exp-date").fill(filled)
    expect(browsing.field("expiry", "exp-date")).to_have_value("12 / 34")


def test_a_digit_can_be_mended_in_the_middle(browsing: Browsing) -> None:
    browsing.mount(cardNumber="number")
    number = browsing.field("number", "cardnumber")
    number.press_sequentially("4244424242424242")
    number.evaluate("(input) => input.setSelectionRange(4, 4)")
    browsing.page.keyboard.press("Backspace")
    browsing.page.keyboard.type("2")
    expect(number).to_have_value("4242 4242 4242 4242")
    assert number.evaluate("(input) => input.selectionStart") == 4


def test_everything_can_be_deleted_by_backspace(browsing: Browsing) -> None:
    browsing.mount(card="card")
    browsing.type_card()
    for _ in range(16 + 4 + 3 + 5 + 3):
        browsing.page.keyboard.press("Backspace")
    browsing.change_when("card", "empty")
    expect(browsing.field("card", "cardnumber")).to_be_focused()


def test_focus_by_label_tab_script_and_back(browsing: Browsing) -> None:
    browsing.mount_split()
    browsing.page.get_by_text("Number", exact=True).click()
    expect(browsing.field("number", "cardnumber")).to_be_focused()
    browsing.page.keyboard.press("Tab")
    expect(browsing.field("expiry", "exp-date")).to_be_focused()
    browsing.page.keyboard.press("Shift+Tab")
    expect(browsing.field("number", "cardnumber")).to_be_focused()
    browsing.run("() => cardCvc.focus()")
    expect(browsing.field("cvc", "cvc")).to_be_focused()
    browsing.run("() => cardCvc.blur()")
    expect(browsing.field("cvc", "cvc")).not_to_be_focused()
    names = [name for name, event in browsing.run("events") if event["elementType"] == "cardCvc"]
    assert names == ["focus", "blur"]


def test_enter_sends_the_shops_form_and_escape_is_told(browsing: Browsing) -> None:
    browsing.mount(card="card")
    browsing.run(
        "() => document.forms[0].addEventListener('submit', (event) => {"
        " event.preventDefault(); window.sent = true; })"
    )
    browsing.field("card", "cardnumber").press("Escape")
    browsing.field("card", "cardnumber").press("Enter")
    browsing.page.wait_for_function("window.sent === true")
    assert ["escape", {"elementType": "card"}] in browsing.run("events")


def test_options_change_a_mounted_element(browsing: Browsing) -> None:
    browsing.mount(card="card")
    browsing.run(
        "() => card.update({ hidePostalCode: true, disabled: true,"
        " classes: { base: 'field boxed' }, style: { base: { color: 'rgb(1, 2, 3)',"
        " '::placeholder': { color: 'rgb(4, 5, 6)' } } } })"
    )
    number = browsing.field("card", "cardnumber")
    expect(number).to_be_disabled()
    expect(browsing.field("card", "postal")).to_be_hidden()
    expect(number).to_have_css("color", "rgb(1, 2, 3)")
    assert number.evaluate("(i) => getComputedStyle(i, '::placeholder').color") == "rgb(4, 5, 6)"
    expect(browsing.page.locator("#card")).to_contain_class("field boxed StripeElement--empty")
    classes = browsing.run("() => [...document.querySelector('#card').classList]")
    assert "StripeElement" not in classes


def test_an_element_can_be_moved_and_destroyed(browsing: Browsing) -> None:
    browsing.mount(card="card")
    browsing.run("() => card.mount('#number')")
    expect(browsing.field("number", "cardnumber")).to_be_visible()
    assert browsing.run("document.querySelector('#card').className") == ""
    browsing.run("() => card.destroy()")
    assert browsing.page.locator("#number iframe").count() == 0
    assert browsing.run("window.group.getElement('card')") is None


def test_a_screen_reader_has_names_for_everything(browsing: Browsing) -> None:
    browsing.mount_split()
    names = {
        "number": "Credit or debit card number",
        "expiry": "Credit or debit card expiration date",
        "cvc": "Credit or debit card CVC/CVV",
    }
    for container, name in names.items():
        expect(browsing.frame(container).get_by_role("textbox", name=name)).to_be_visible()
    browsing.field("number", "cardnumber").press_sequentially("4242424242424241")
    expect(browsing.field("number", "cardnumber")).to_have_accessible_description(
        "Your card number is invalid."
    )
    assert Axe().run(browsing.page).response["violations"] == []


def test_the_banks_page_has_no_violations_and_takes_keys(
    emulator: Emulator, browsing: Browsing
) -> None:
    intent = emulator.intent(payment_method=emulator.card("4000002760003184"), confirm=True)
    begin = "([secret]) => stripe.handleNextAction({ clientSecret: secret })"
    browsing.begin(begin, [intent.client_secret])
    expect(browsing.bank().get_by_role("heading", name="Confirm with your bank")).to_be_visible()
    assert Axe().run(browsing.page).response["violations"] == []
    browsing.page.keyboard.press("Tab")
    complete = browsing.bank().get_by_role("button", name="Complete authentication")
    expect(complete).to_be_focused()
    browsing.page.keyboard.press("Enter")
    assert browsing.outcome()["paymentIntent"]["status"] == "succeeded"
