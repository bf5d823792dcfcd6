"""Faults: what the client sees, and what was done."""

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator

CONFIRM = "/v1/payment_intents/*/confirm"


def confirm(emulator: Emulator, intent: str, key: str = "n1") -> stripe.PaymentIntent:
    return emulator.stripe.v1.payment_intents.confirm(
        intent, {"payment_method": "pm_card_visa"}, {"idempotency_key": key}
    )


def status(emulator: Emulator, intent: str) -> str:
    return emulator.stripe.v1.payment_intents.retrieve(intent).status


def test_429_and_500_do_nothing(emulator: Emulator) -> None:
    intent = emulator.intent().id
    for kind, error in (("429", stripe.RateLimitError), ("500", stripe.APIError)):
        emulator.control("faults", method="POST", path=CONFIRM, kind=kind)
        with pytest.raises(error):
            confirm(emulator, intent)
        assert status(emulator, intent) == "requires_payment_method"
    assert confirm(emulator, intent).status == "succeeded"


def test_an_object_in_use_is_for_the_same_key_another_time(emulator: Emulator) -> None:
    intent = emulator.intent().id
    emulator.control("faults", method="POST", path=CONFIRM, kind="lock_timeout")
    with pytest.raises(stripe.RateLimitError) as error:
        confirm(emulator, intent)
    assert error.value.error is not None
    assert error.value.error.code == "lock_timeout"
    assert status(emulator, intent) == "requires_payment_method"
    assert confirm(emulator, intent).status == "succeeded"


def test_500_after_commit_is_what_the_key_gets(emulator: Emulator) -> None:
    intent = emulator.intent().id
    emulator.control("faults", path=CONFIRM, kind="500_after_commit")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as error:
            confirm(emulator, intent)
        assert error.value.http_status == 500
    assert status(emulator, intent) == "succeeded"
    assert len(emulator.look("charges")["data"]) == 1


def test_a_dropped_answer_is_replayed(emulator: Emulator) -> None:
    intent = emulator.intent().id
    emulator.control("faults", path=CONFIRM, kind="drop_after_commit")
    with pytest.raises(stripe.APIConnectionError):
        confirm(emulator, intent)
    assert status(emulator, intent) == "succeeded"
    assert confirm(emulator, intent).status == "succeeded"
    assert len(emulator.look("charges")["data"]) == 1


def test_a_timeout_hangs_and_does_nothing(emulator: Emulator) -> None:
    intent = emulator.intent().id
    emulator.control("faults", path=CONFIRM, kind="timeout", seconds=60)
    with pytest.raises(stripe.APIConnectionError):
        emulator.sdk(timeout=0.2).v1.payment_intents.confirm(
            intent, {"payment_method": "pm_card_visa"}, {"idempotency_key": "n1"}
        )
    emulator.control("faults/release")
    assert status(emulator, intent) == "requires_payment_method"


def test_a_late_request_is_executed_on_release(emulator: Emulator) -> None:
    intent = emulator.intent().id
    emulator.control("faults", path=CONFIRM, kind="late", seconds=60)
    with pytest.raises(stripe.APIConnectionError):
        confirm(emulator, intent)
    assert status(emulator, intent) == "requires_payment_method"
    assert emulator.look("faults")["late"] == 1
    assert emulator.control("faults/release") == {"released": 1}
    assert status(emulator, intent) == "succeeded"


def test_a_late_request_meets_what_happened_meanwhile(emulator: Emulator) -> None:
    intent = emulator.intent().id
    emulator.control("faults", path=CONFIRM, kind="late", seconds=60)
    with pytest.raises(stripe.APIConnectionError):
        confirm(emulator, intent)
    emulator.stripe.v1.payment_intents.cancel(intent)
    emulator.control("faults/release")
    assert status(emulator, intent) == "canceled"
    assert emulator.look("charges")["data"] == []


def test_faults_are_counted_listed_and_cleared(emulator: Emulator) -> None:
    emulator.control("faults", method="GET", path="/v1/customers", kind="429", count=2)
    assert emulator.stripe.v1.customers.create().id
    for _ in range(2):
        assert emulator.secret.get("/v1/customers").status_code == 429
    assert emulator.secret.get("/v1/customers").status_code == 200
    emulator.control("faults", path="/v1/*", kind="500", count=9)
    [fault] = emulator.look("faults")["data"]
    assert (fault["path"], fault["kind"], fault["remaining"]) == ("/v1/*", "500", 9)
    assert emulator.operator.delete("/_control/faults").json()["data"] == []
    assert emulator.secret.get("/v1/customers").status_code == 200


@pytest.mark.parametrize(
    "given",
    [{}, {"path": "/v1/*"}, {"path": "/v1/*", "kind": "no"}, {"path": "/v1/*", "kind": "500",
     "count": 0}],
)  # fmt: skip
def test_a_fault_that_makes_no_sense(emulator: Emulator, given: dict[str, object]) -> None:
    answer = emulator.operator.post("/_control/faults", json=given)
    assert answer.status_code == 400
    assert "kind" in answer.json()["error"]["message"]


def test_the_log_tells_what_went_wrong(emulator: Emulator) -> None:
    emulator.control("faults", path="/v1/customers", kind="drop_after_commit")
    with pytest.raises(stripe.APIConnectionError):
        emulator.stripe.v1.customers.create(options={"idempotency_key": "k"})
    [row] = emulator.look("requests", idempotency_key="k")["data"]
    assert (row["method"], row["path"], row["status"]) == ("POST", "/v1/customers", None)
    assert row["fault"] == "drop_after_commit"
