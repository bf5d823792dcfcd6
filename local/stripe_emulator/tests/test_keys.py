"""API keys: none, wrong, publishable, secret."""

import httpx
import pytest
import stripe

from local.stripe_emulator.settings import PUBLISHABLE_KEY, SECRET_KEY
from local.stripe_emulator.tests.running import Emulator, typed_card


def test_bearer_and_basic(emulator: Emulator) -> None:
    url = f"{emulator.url}/v1/customers"
    assert httpx.get(url, auth=(SECRET_KEY, "")).status_code == 200
    assert httpx.get(url, headers={"authorization": f"Bearer {SECRET_KEY}"}).status_code == 200


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer sk_test_wrong_0123456789", "Basic ???", "x y"]
)
def test_no_key_or_a_wrong_one(emulator: Emulator, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = httpx.get(f"{emulator.url}/v1/customers", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "sk_test_wrong_0123456789" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/customers"),
        ("POST", "/v1/customers"),
        ("GET", "/v1/payment_methods"),
        ("POST", "/v1/payment_intents"),
        ("POST", "/v1/setup_intents"),
        ("POST", "/v1/payment_intents/pi_1/cancel"),
        ("POST", "/v1/payment_intents/pi_1"),
        ("GET", "/v1/charges"),
        ("POST", "/v1/refunds"),
        ("GET", "/v1/events"),
    ],
)
def test_the_publishable_key_is_not_enough(emulator: Emulator, method: str, path: str) -> None:
    answer = emulator.public.request(method, path)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "secret_key_required"
    if (method, path) == ("GET", "/v1/customers"):
        with pytest.raises(stripe.PermissionError):
            emulator.sdk(PUBLISHABLE_KEY).v1.customers.list()


def test_the_key_may_come_in_the_form(emulator: Emulator) -> None:
    answer = httpx.post(
        f"{emulator.url}/v1/payment_methods",
        data=typed_card("4242424242424242") | {"key": PUBLISHABLE_KEY},
    )
    assert answer.status_code == 200


def test_keys_can_be_chosen_but_never_live(own_emulator: Emulator) -> None:
    chosen = Emulator(own_emulator.db.with_name("b"), "--secret-key", "sk_test_mine")
    try:
        assert chosen.sdk("sk_test_mine").v1.customers.create().id
        assert chosen.secret.get("/v1/customers").status_code == 401
    finally:
        chosen.stop()
    with pytest.raises(AssertionError):
        Emulator(own_emulator.db.with_name("c"), "--secret-key", "sk_live_1")
