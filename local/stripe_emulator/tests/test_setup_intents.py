"""A SetupIntent in the browser."""

from local.stripe_emulator.tests.running import Emulator, typed_card


def test_a_browser_adds_a_card(emulator: Emulator) -> None:
    customer = emulator.customer()
    setup = emulator.setup(customer=customer, usage="off_session")
    assert setup.status == "requires_payment_method"
    url = f"/v1/setup_intents/{setup.id}"
    secret = {"client_secret": str(setup.client_secret)}
    fields = typed_card("4242424242424242", prefix="payment_method_data")
    assert emulator.public.post(f"{url}/confirm", data=fields).status_code == 400
    confirmed = emulator.public.post(f"{url}/confirm", data=fields | secret).json()
    assert confirmed["status"] == "succeeded"
    assert "customer" not in confirmed
    saved = emulator.stripe.v1.payment_methods.list({"customer": customer, "type": "card"}).data
    assert [method.id for method in saved] == [confirmed["payment_method"]]
    assert {"setup_intent.succeeded", "payment_method.attached"} <= set(emulator.event_types())


def test_a_change_leaves_no_event(emulator: Emulator) -> None:
    setup = emulator.setup()
    emulator.stripe.v1.setup_intents.update(setup.id, {"description": "changed"})
    assert emulator.event_types() == ["setup_intent.created"]


def test_the_browsers_answer_shows_a_decline(emulator: Emulator) -> None:
    setup = emulator.setup(customer=emulator.customer())
    fields = typed_card("4000000000009995", prefix="payment_method_data")
    answer = emulator.public.post(
        f"/v1/setup_intents/{setup.id}/confirm",
        data=fields | {"client_secret": str(setup.client_secret)},
    )
    assert answer.status_code == 402
    error = answer.json()["error"]
    assert error["decline_code"] == "insufficient_funds"
    assert error["setup_intent"]["status"] == "requires_payment_method"
    assert "customer" not in error["setup_intent"]
    assert "setup_intent.setup_failed" in emulator.event_types()
