"""The bank's step by typed cards: parked, completed, failed, too late."""

import pytest

from local.stripe_emulator.tests.running import Emulator

ALWAYS = "4000002760003184"


def test_another_card_after_the_step_has_its_own_step(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    intent = emulator.intent(confirmation_method="manual")
    client.confirm(intent.id, {"payment_method": emulator.card(ALWAYS)})
    emulator.finish_3ds(intent.id)
    again = client.confirm(intent.id, {"payment_method": emulator.card(ALWAYS)})
    assert again.status == "requires_action"


def test_a_return_url_makes_a_redirect(emulator: Emulator) -> None:
    intent = emulator.intent(
        payment_method=emulator.card(ALWAYS), confirm=True, return_url="https://example.com/"
    )
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.return_url == "https://example.com/"
    assert str(intent.next_action.redirect_to_url.url).startswith(emulator.url)


def test_a_waiting_intent_can_be_canceled(emulator: Emulator) -> None:
    intent = emulator.intent(payment_method=emulator.card(ALWAYS), confirm=True)
    assert emulator.stripe.v1.payment_intents.cancel(intent.id).status == "canceled"
    late = emulator.operator.post(f"/_control/3ds/{intent.id}", json={})
    assert late.status_code == 400
    assert emulator.look("charges")["data"] == []


@pytest.mark.parametrize("saved", [True, False])
def test_a_card_that_is_gone_after_the_step_is_not_charged(
    emulator: Emulator, *, saved: bool
) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer, ALWAYS) if saved else emulator.card(ALWAYS)
    given = {"customer": customer, "payment_method": method, "confirm": True}
    first, second = emulator.intent(**given), emulator.intent(**given)
    if saved:
        emulator.stripe.v1.payment_methods.detach(method)
    else:
        emulator.finish_3ds(first.id)
    emulator.finish_3ds(second.id)
    after = emulator.stripe.v1.payment_intents.retrieve(second.id)
    assert after.status == "requires_payment_method"
    assert len(emulator.look("charges")["data"]) == (0 if saved else 1)


def test_a_setup_completes_or_fails(emulator: Emulator) -> None:
    client = emulator.stripe.v1.setup_intents
    customer = emulator.customer()
    setup = emulator.setup(customer=customer)
    client.confirm(setup.id, {"payment_method": emulator.card(ALWAYS)})
    emulator.finish_3ds(setup.id, "fail")
    failed = client.retrieve(setup.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_setup_error is not None
    assert failed.last_setup_error.code == "setup_intent_authentication_failure"
    assert emulator.stripe.v1.payment_methods.list({"customer": customer}).data == []
    client.confirm(setup.id, {"payment_method": emulator.card(ALWAYS)})
    emulator.finish_3ds(setup.id)
    assert client.retrieve(setup.id).status == "succeeded"
    assert len(emulator.stripe.v1.payment_methods.list({"customer": customer}).data) == 1


def test_optional_authentication_can_be_asked_for(emulator: Emulator) -> None:
    options = {"card": {"request_three_d_secure": "any"}}
    for number, status in (("4000000000003055", "requires_action"), (None, "succeeded")):
        method = emulator.card(number) if number else "pm_card_visa"
        intent = emulator.intent(
            payment_method=method, payment_method_options=options, confirm=True
        )
        assert intent.status == status
