"""Idempotency keys: replay, another request, declines, refusals."""

from collections.abc import Mapping
from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.behaviour.account import Account


def headers(answer: stripe.PaymentIntent) -> Mapping[str, str]:
    assert answer.last_response is not None
    return answer.last_response.headers


def replayed(answer: stripe.PaymentIntent) -> bool:
    return headers(answer).get("idempotent-replayed") == "true"


def test_a_key_replays_its_answer(account: Account) -> None:
    first, second = account.intent(account.key("k")), account.intent(account.key("k"))
    assert first == second
    assert (replayed(first), replayed(second)) == (False, True)
    told = headers(second)
    assert told["original-request"] == headers(first)["request-id"]
    assert told["request-id"] != told["original-request"]


def test_a_replay_shows_the_past(account: Account) -> None:
    intent = account.intent(account.key("k"))
    account.stripe.v1.payment_intents.cancel(intent.id)
    assert account.intent(account.key("k")).status == "requires_payment_method"


def test_a_key_is_for_one_request(account: Account) -> None:
    account.intent(account.key("k"))
    with pytest.raises(stripe.IdempotencyError) as error:
        account.intent(account.key("k"), amount=1300)
    assert error.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        account.stripe.v1.customers.create(options=account.key("k"))  # type: ignore[arg-type]


def test_a_decline_is_replayed(account: Account) -> None:
    client = account.stripe.v1.payment_intents
    intent = account.intent().id

    def confirm(method: str, key: str) -> stripe.PaymentIntent:
        options: Any = account.key(key)
        return client.confirm(intent, {"payment_method": method}, options)

    with pytest.raises(stripe.CardError) as first:
        confirm("pm_card_visa_chargeDeclined", "n1")
    assert confirm("pm_card_visa", "n2").status == "succeeded"
    with pytest.raises(stripe.CardError) as again:
        confirm("pm_card_visa_chargeDeclined", "n1")
    assert again.value.json_body == first.value.json_body
    assert len(account.charges(intent)) == 2


@pytest.mark.parametrize(
    "changes", [{"foo": "1"}, {"amount": "x"}, {"amount": 1}, {"customer": "cus_none"}]
)
def test_a_refused_request_leaves_its_key_free(account: Account, changes: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        account.intent(account.key("k"), **changes)
    assert not replayed(account.intent(account.key("k")))


def test_a_key_can_be_too_long(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        account.intent({"idempotency_key": "k" * 256})
