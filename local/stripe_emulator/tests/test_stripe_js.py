"""Stripe.js in Chromium: what a page written for js.stripe.com does, from another origin."""

import re
from collections.abc import Iterator

import pytest
import stripe
from playwright.sync_api import Page, expect

from local.stripe_emulator.tests.running import Emulator
from local.stripe_emulator.tests.shop import Browsing, Shop, open_shop

ALWAYS = "4000002760003184"
DECLINED = "4000000000000002"
SETUP = "([secret]) => stripe.confirmCardSetup(secret, { payment_method: { card } })"
PAY = "([secret]) => stripe.confirmCardPayment(secret, { payment_method: { card } })"


@pytest.fixture
def shop(emulator: Emulator) -> Iterator[Shop]:
    with open_shop(emulator.url) as shop:
        yield shop


@pytest.fixture
def browsing(page: Page, shop: Shop) -> Iterator[Browsing]:
    browsing = Browsing(page, shop)
    yield browsing
    assert browsing.problems == []
    digits = "".join(shop.received)
    assert "4242424242424242" not in digits
    assert "_secret_" not in digits.replace("client_secret=", "")


def _setup(emulator: Emulator) -> stripe.SetupIntent:
    return emulator.setup(customer=emulator.customer())


def test_a_card_is_saved(emulator: Emulator, browsing: Browsing) -> None:
    setup = _setup(emulator)
    browsing.mount(card="card")
    browsing.type_card()
    result = browsing.run(SETUP, [setup.client_secret])
    assert result["setupIntent"]["status"] == "succeeded"
    method = emulator.stripe.v1.payment_methods.retrieve(result["setupIntent"]["payment_method"])
    assert method.customer == setup.customer
    assert method.card is not None
    assert (method.card.last4, method.card.exp_month, method.card.exp_year) == ("4242", 12, 2034)
    assert method.billing_details.address is not None
    assert method.billing_details.address.postal_code == "94107"


def test_split_fields_make_one_card(emulator: Emulator, browsing: Browsing) -> None:
    browsing.mount_split()
    browsing.type_split("378282246310005")
    # An American Express card has four digits there.
    browsing.page.keyboard.type("4")
    made = browsing.run(
        "() => stripe.createPaymentMethod({ type: 'card', card: cardNumber,"
        " billing_details: { name: 'A. Customer' } })"
    )
    assert made["paymentMethod"]["card"]["brand"] == "amex"
    assert made["paymentMethod"]["billing_details"]["name"] == "A. Customer"
    assert made["paymentMethod"]["customer"] is None


@pytest.mark.parametrize(
    ("button", "status"),
    [("Complete authentication", "succeeded"), ("Fail authentication", "requires_payment_method")],
)
def test_the_banks_step_of_a_saved_card(
    emulator: Emulator, browsing: Browsing, button: str, status: str
) -> None:
    setup = _setup(emulator)
    browsing.mount(card="card")
    browsing.type_card(ALWAYS)
    browsing.begin(SETUP, [setup.client_secret])
    expect(browsing.bank().get_by_text("Visa •••• 3184")).to_be_visible()
    browsing.press_at_bank(button)
    outcome = browsing.outcome()
    if status == "succeeded":
        assert outcome["setupIntent"]["status"] == status
    else:
        assert outcome["error"]["code"] == "setup_intent_authentication_failure"
        assert outcome["error"]["setup_intent"]["status"] == status
    assert emulator.stripe.v1.setup_intents.retrieve(setup.id).status == status
    assert browsing.page.locator("iframe[title='3D Secure authentication']").count() == 0


def test_a_payment_in_the_browser(emulator: Emulator, browsing: Browsing) -> None:
    intent = emulator.intent()
    browsing.mount(card="card")
    browsing.type_card()
    assert browsing.run(PAY, [intent.client_secret])["paymentIntent"]["status"] == "succeeded"
    charges = emulator.look("charges")["data"]
    assert [charge["amount"] for charge in charges] == [1200]


def test_a_decline_and_then_another_card(emulator: Emulator, browsing: Browsing) -> None:
    intent = emulator.intent()
    browsing.mount(card="card")
    browsing.type_card(DECLINED)
    error = browsing.run(PAY, [intent.client_secret])["error"]
    assert (error["code"], error["decline_code"]) == ("card_declined", "generic_decline")
    assert error["payment_intent"]["status"] == "requires_payment_method"
    browsing.run("() => card.clear()")
    expect(browsing.field("card", "cardnumber")).to_have_value("")
    browsing.type_card()
    assert browsing.run(PAY, [intent.client_secret])["paymentIntent"]["status"] == "succeeded"


def test_the_banks_step_of_a_payment_is_charged_once(
    emulator: Emulator, browsing: Browsing
) -> None:
    intent = emulator.intent()
    browsing.mount(card="card")
    browsing.type_card(ALWAYS)
    browsing.begin(PAY, [intent.client_secret])
    expect(browsing.bank().get_by_text("Pay 12.00 usd")).to_be_visible()
    assert emulator.look("charges")["data"] == []
    browsing.press_at_bank("Complete authentication")
    assert browsing.outcome()["paymentIntent"]["status"] == "succeeded"
    assert len(emulator.look("charges")["data"]) == 1


def test_a_manual_intent_comes_back_to_the_server(emulator: Emulator, browsing: Browsing) -> None:
    client = emulator.stripe.v1.payment_intents
    intent = emulator.intent(confirmation_method="manual")
    client.confirm(intent.id, {"payment_method": emulator.card(ALWAYS), "use_stripe_sdk": True})
    begin = "([secret]) => stripe.handleNextAction({ clientSecret: secret })"
    browsing.begin(begin, [intent.client_secret])
    browsing.press_at_bank("Complete authentication")
    assert browsing.outcome()["paymentIntent"]["status"] == "requires_confirmation"
    assert client.confirm(intent.id, {"use_stripe_sdk": True}).status == "succeeded"
    again = browsing.run(begin, [intent.client_secret])
    assert again["error"]["code"] == "payment_intent_unexpected_state"


def test_a_control_call_ends_the_step_for_the_page_as_well(
    emulator: Emulator, browsing: Browsing
) -> None:
    intent = emulator.intent()
    browsing.mount(card="card")
    browsing.type_card(ALWAYS)
    browsing.begin(PAY, [intent.client_secret])
    expect(browsing.bank().get_by_role("button", name="Complete authentication")).to_be_visible()
    emulator.finish_3ds(intent.id, "fail")
    error = browsing.outcome()["error"]
    assert error["code"] == "payment_intent_authentication_failure"


def test_a_step_with_a_return_url_goes_there_and_back(
    emulator: Emulator, browsing: Browsing
) -> None:
    way_back = f"{browsing.shop.url}back?order=7"
    intent = emulator.intent(
        payment_method=emulator.card(ALWAYS), confirm=True, return_url=way_back
    )
    browsing.begin(
        "([secret]) => stripe.handleNextAction({ clientSecret: secret })", [intent.client_secret]
    )
    browsing.page.get_by_role("button", name="Complete authentication").click()
    browsing.page.wait_for_url(f"{way_back}&payment_intent={intent.id}&*")
    assert "redirect_status=succeeded" in browsing.page.url
    assert emulator.stripe.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    # The shop's address holds the client secret here, as Stripe's own way back does.
    browsing.shop.received.clear()


def test_a_cvc_typed_again_is_a_token_that_works_once(
    emulator: Emulator, browsing: Browsing
) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    browsing.mount(cardNumber="number", cardCvc="cvc")
    browsing.run("() => cardNumber.destroy()")
    browsing.field("cvc", "cvc").fill("123")
    token = browsing.run("() => stripe.createToken('cvc_update', cardCvc)")["token"]["id"]
    assert token.startswith("cvctok_")
    options: stripe.params.PaymentIntentConfirmParams = {
        "payment_method": method,
        "payment_method_options": {"card": {"cvc_token": token}},
    }
    client = emulator.stripe.v1.payment_intents
    assert client.confirm(emulator.intent(customer=customer).id, options).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="more than once"):
        client.confirm(emulator.intent(customer=customer).id, options)


def test_a_stored_card_with_its_cvc_element(emulator: Emulator, browsing: Browsing) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    intent = emulator.intent(customer=customer)
    browsing.mount(cardNumber="number", cardCvc="cvc")
    browsing.field("cvc", "cvc").fill("123")
    result = browsing.run(
        "([secret, method]) => stripe.confirmCardPayment(secret, { payment_method: method,"
        " payment_method_options: { card: { cvc: cardCvc } } })",
        [intent.client_secret, method],
    )
    assert result["paymentIntent"]["status"] == "succeeded"


def test_a_token_of_a_card(emulator: Emulator, browsing: Browsing) -> None:
    browsing.mount(card="card")
    browsing.type_card("5555555555554444")
    token = browsing.run("() => stripe.createToken(card, { name: 'A. Customer' })")["token"]
    assert (token["type"], token["card"]["brand"]) == ("card", "MasterCard")


def test_intents_are_retrieved_with_their_secret_only(
    emulator: Emulator, browsing: Browsing
) -> None:
    intent, setup = emulator.intent(metadata={"order": "7"}), _setup(emulator)
    seen = browsing.run("(secret) => stripe.retrievePaymentIntent(secret)", intent.client_secret)[
        "paymentIntent"
    ]
    assert seen["id"] == intent.id
    assert "metadata" not in seen
    seen = browsing.run("(secret) => stripe.retrieveSetupIntent(secret)", setup.client_secret)
    assert seen["setupIntent"]["status"] == "requires_payment_method"
    wrong = f"{intent.id}_secret_wrong"
    with_wrong = browsing.run("(secret) => stripe.retrievePaymentIntent(secret)", wrong)
    assert with_wrong["error"]["type"] == "invalid_request_error"
    browsing.problems = [line for line in browsing.problems if "status of 400" not in line]


def test_what_is_missing_is_told_before_anything_is_sent(
    emulator: Emulator, browsing: Browsing
) -> None:
    setup = _setup(emulator)
    browsing.mount(card="card")
    error = browsing.run(SETUP, [setup.client_secret])["error"]
    assert (error["type"], error["code"]) == ("validation_error", "incomplete_number")
    expect(browsing.page.locator("#card")).to_have_class(re.compile("--invalid"))
    assert browsing.api_calls == []


def test_an_emulator_that_cannot_be_reached(emulator: Emulator, browsing: Browsing) -> None:
    setup = _setup(emulator)
    browsing.mount(card="card")
    browsing.type_card()
    browsing.page.route("**/v1/**", lambda route: route.abort("connectionrefused"))
    error = browsing.run(SETUP, [setup.client_secret])["error"]
    assert error["type"] == "api_connection_error"
    browsing.problems = [line for line in browsing.problems if "ERR_CONNECTION" not in line]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("Stripe('')", "apiKey should be a string"),
        ("Stripe('sk_test_x')", "publishable key"),
        ("stripe.elements().create('iban')", "valid Element name"),
        ("const e = stripe.elements(); e.create('card'); e.create('card')", "only create one"),
        ("stripe.elements().create('card').mount('#nowhere')", "does not match"),
        ("await stripe.retrievePaymentIntent('pi_1')", "client secret"),
        ("await stripe.confirmCardSetup('pi_1_secret_2', {})", "SetupIntent"),
    ],
)
def test_mistakes_of_a_pages_author_are_thrown(
    browsing: Browsing, script: str, message: str
) -> None:
    thrown = browsing.run(
        f"async () => {{ try {{ {script} }}"
        " catch (error) { return `${error.name}: ${error.message}`; } }"
    )
    assert thrown.startswith("IntegrationError: ")
    assert message in thrown
