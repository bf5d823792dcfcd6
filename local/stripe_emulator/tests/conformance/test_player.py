"""The replay itself: it maps ids, makes what is older, counts apart, and sees what is not so."""

from dataclasses import replace
from typing import Any

from local.stripe_emulator.tests.conformance.player import replay
from local.stripe_emulator.tests.conformance.recordings import Exchange
from local.stripe_emulator.tests.conformance.replay import Kind

CUSTOMER = {"id": "cus_RecordedThing1", "object": "customer"}
METHOD = {
    "id": "pm_1RecordedThing2",
    "object": "payment_method",
    "card": {"brand": "visa", "last4": "4242"},
    "customer": None,
    "type": "card",
}
PAID = {
    "id": "pi_3RecordedThing3",
    "object": "payment_intent",
    "amount": 900,
    "amount_received": 900,
    "currency": "eur",
    "payment_method_types": ["card"],
    "status": "succeeded",
}


def exchange(request: str, status: int, answer: Any, version: str = "2020-08-27") -> Exchange:
    method, path, encoded = [*request.split(" "), ""][:3]
    return Exchange(method, path, encoded, None, None, version, None, status, answer, request)


def test_ids_are_put_in_place_of_stripes() -> None:
    first, second = replay(
        [
            exchange("POST /v1/customers email=someone@example.com", 200, CUSTOMER),
            exchange("GET /v1/customers/cus_RecordedThing1", 200, CUSTOMER),
        ]
    )
    assert (first.kind, second.kind) == (Kind.COMPARED, Kind.COMPARED)
    assert first.same_status
    assert second.same_status
    assert second.answer["id"] == first.answer["id"] != "cus_RecordedThing1"


def test_what_is_older_than_the_recording_is_made_first() -> None:
    attached = METHOD | {"customer": "cus_RecordedThing1"}
    path = "/v1/payment_methods/pm_1RecordedThing2/attach"
    (outcome,) = replay([exchange(f"POST {path} customer=cus_RecordedThing1", 200, attached)])
    assert (outcome.kind, outcome.same_status) == (Kind.SEEDED, True)
    request = "POST /v1/payment_intents/pi_3RecordedThing3/capture"
    (captured,) = replay([exchange(request, 200, PAID)])
    assert (captured.kind, captured.same_status) == (Kind.SEEDED, True)
    assert captured.state_differs_in() == {}


def test_a_token_of_a_browser_is_of_the_card_that_is_shown_next() -> None:
    amex = METHOD | {"card": {"brand": "amex", "last4": "8431"}}
    request = "POST /v1/payment_methods type=card&card[token]=tok_1RecordedThing5"
    (outcome,) = replay([exchange(request, 200, amex)])
    assert (outcome.kind, outcome.same_status) == (Kind.SEEDED, True)
    assert outcome.answer["card"]["last4"] == "8431"


def test_what_stripe_did_not_find_is_not_made() -> None:
    error = {"code": "resource_missing", "param": "id", "type": "invalid_request_error"}
    error["message"] = "No such customer: 'cus_RecordedThing1'"
    request = "GET /v1/customers/cus_RecordedThing1"
    (outcome,) = replay([exchange(request, 404, {"error": error})])
    assert (outcome.kind, outcome.same_error) == (Kind.COMPARED, True)


def test_older_versions_are_put_in_the_words_of_the_pinned_one() -> None:
    request = (
        "POST /v1/payment_intents amount=900&currency=eur&payment_method=pm_card_visa&confirm=true"
    )
    recorded = exchange(request, 200, PAID)
    assert replay([recorded])[0].same_status
    # Since 2023-08-16 the same words mean what the dashboard allows, and want a return_url.
    assert not replay([replace(recorded, version="2024-06-20")])[0].same_status


def test_what_is_outside_is_counted_apart() -> None:
    busy = {"error": {"code": "rate_limit", "type": "invalid_request_error"}}
    rights = {"error": {"code": "account_invalid", "type": "invalid_request_error"}}
    for request, status, answer, kind in (
        ("POST /v1/subscriptions", 200, {}, Kind.NOT_MODELED),
        ("GET /v1/charges/py_3RecordedThing4", 200, {}, Kind.NOT_MADE),
        ("GET /v1/customers", 429, busy, Kind.MOMENT),
        ("GET /v1/customers", 403, rights, Kind.OTHER_KEY),
    ):
        (outcome,) = replay([exchange(request, status, answer)])
        assert (outcome.kind, outcome.outside) == (kind, True)


def test_a_difference_is_seen() -> None:
    (status,) = replay([exchange("GET /v1/customers/x", 200, CUSTOMER)])
    assert not status.same_status
    other = {"error": {"type": "invalid_request_error", "code": "tulips"}}
    (error,) = replay([exchange("GET /v1/customers/x", 404, other)])
    assert error.same_status
    assert not error.same_error
    request = "POST /v1/payment_intents/pi_3RecordedThing3/capture"
    (state,) = replay([exchange(request, 200, PAID | {"amount_received": 1})])
    assert state.state_differs_in() == {"amount_received": (1, 900)}
