"""Idempotency keys: the log, refusals, keys in use, threads, expiry."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from local.stripe_emulator.tests.running import Emulator, eventually

DAY = 24 * 3600
FORM = {"amount": "1200", "currency": "usd", "payment_method_types[]": "card"}


def create(emulator: Emulator, key: str, **changes: str) -> httpx.Response:
    return emulator.secret.post(
        "/v1/payment_intents", data=FORM | changes, headers={"idempotency-key": key}
    )


def test_a_key_replays_its_answer(emulator: Emulator) -> None:
    first, second = create(emulator, "k"), create(emulator, "k")
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["original-request"] == first.headers["request-id"]
    assert second.headers["request-id"] != first.headers["request-id"]
    assert [row["replayed"] for row in emulator.look("requests")["data"]] == [False, True]


def test_a_refusal_by_the_endpoint_is_kept(emulator: Emulator) -> None:
    intent = emulator.intent().id
    url, headers = f"/v1/payment_intents/{intent}/confirm", {"idempotency-key": "k"}
    assert emulator.secret.post(url, headers=headers).status_code == 400
    emulator.stripe.v1.payment_intents.update(intent, {"payment_method": "pm_card_visa"})
    again = emulator.secret.post(url, headers=headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (400, "true")


def test_keys_expire_after_a_day(emulator: Emulator) -> None:
    first = create(emulator, "k").json()["id"]
    emulator.control("clock", advance=DAY - 60)
    assert create(emulator, "k").json()["id"] == first
    emulator.control("clock", advance=120)
    assert create(emulator, "k").json()["id"] != first


def test_only_posts_have_keys(emulator: Emulator) -> None:
    headers = {"idempotency-key": "k"}
    emulator.secret.get("/v1/customers", headers=headers)
    assert create(emulator, "k").status_code == 200
    assert emulator.secret.get("/v1/customers", headers=headers).status_code == 200


def test_a_key_in_use_is_refused(emulator: Emulator) -> None:
    emulator.control("faults", path="/v1/payment_intents", kind="timeout", seconds=60)
    with ThreadPoolExecutor() as threads:
        hanging = threads.submit(
            httpx.post,
            f"{emulator.url}/v1/payment_intents",
            data=FORM,
            headers={"authorization": "Bearer sk_test_emulator", "idempotency-key": "k"},
        )
        eventually(lambda: emulator.look("faults")["data"] == [])
        answer = create(emulator, "k")
        assert answer.status_code == 409
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_in_use")
        emulator.control("faults/release")
        with pytest.raises(httpx.RemoteProtocolError):
            hanging.result(10)
    assert create(emulator, "k").status_code == 200


def test_16_threads_with_one_key_make_one_object(emulator: Emulator) -> None:
    def run(_: int) -> httpx.Response:
        return create(emulator, "k")

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(run, range(64)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 200}) == 1
    assert len(emulator.stripe.v1.payment_intents.list().data) == 1


@pytest.mark.parametrize("confirmation_method", ["automatic", "manual"])
def test_50_threads_confirm_one_intent_and_one_charge_succeeds(
    emulator: Emulator, confirmation_method: str
) -> None:
    intent = emulator.intent(confirmation_method=confirmation_method).id

    def confirm(n: int) -> int:
        return emulator.secret.post(
            f"/v1/payment_intents/{intent}/confirm",
            data={"payment_method": "pm_card_visa"},
            headers={"idempotency-key": f"confirm:{n}"},
        ).status_code

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(confirm, range(50)))
    assert statuses.count(200) == 1
    # Already succeeded; or another request had the intent in use.
    assert set(statuses) <= {200, 400, 429}
    assert [charge["status"] for charge in emulator.look("charges")["data"]] == ["succeeded"]


def test_events_name_the_key_of_their_request(emulator: Emulator) -> None:
    create(emulator, "k")
    event = emulator.stripe.v1.events.list().data[0]
    assert event.request is not None
    assert (event.type, event.request.idempotency_key) == ("payment_intent.created", "k")
