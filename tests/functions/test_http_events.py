"""Every HTTP event in events/ through its handler: the status, the body, the effect."""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from billfold.domain.decline import explain
from billfold.domain.money import Money
from billfold.domain.payment import ActionRequired, Blame, Declined, Refused, Unknown

from tests.fakes import FakePorts
from tests.functions.conftest import CARD_ID, CUSTOMER_ID, EVENTS, INVOICE_ID, FakeContext

Event = Callable[[str], dict[str, Any]]


def call(name: str, event: dict[str, Any]) -> tuple[int, Any]:
    handler = importlib.import_module(f"functions.{name.split('/', maxsplit=1)[0]}.app").handler
    answer = handler(event, FakeContext())
    body = answer.get("body")
    return answer["statusCode"], json.loads(body) if body else None


STATUS = {
    "account/show": 200,
    "account/wrong-token": 401,
    "autopay/turn-off": 200,
    "autopay/turn-on": 200,
    "autopay/wrong-type": 422,
    "cards/add": 201,
    "cards/add-raw-card": 422,
    "cards/delete": 204,
    "cards/edit-refused": 422,
    "cards/list": 200,
    "cards/rename": 200,
    "cards/setup": 201,
    "invoices/list": 200,
    "invoices/list-bad-cursor": 422,
    "invoices/list-filtered": 200,
    "invoices/show": 200,
    "invoices/show-unknown": 404,
    "payments/cancel": 404,
    "payments/confirm": 404,
    "payments/list": 200,
    "payments/pay-amount-changed": 409,
    "payments/pay-one-time": 201,
    "payments/pay-stored-card": 201,
    "payments/pay-without-key": 400,
    "payments/show": 404,
    "primary_card/make-primary": 200,
    "primary_card/unknown-field": 422,
}


@pytest.mark.parametrize("name", sorted(STATUS))
def test_every_event_has_its_answer(ports: FakePorts, event: Event, name: str) -> None:
    status, body = call(name, event(name))
    assert status == STATUS[name]
    if status >= 400:
        assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)
        assert body["request_id"] == "JKJaXmPLvHcESHA="


def test_no_event_is_forgotten() -> None:
    functions = {name.split("/")[0] for name in STATUS}
    files = {
        f"{path.parent.name}/{path.stem}"
        for path in EVENTS.glob("*/*.json")
        if path.parent.name in functions
    }
    assert files == set(STATUS)


def test_cards_are_listed_in_order_with_the_primary_marked(ports: FakePorts, event: Event) -> None:
    _, body = call("cards/list", event("cards/list"))
    assert [(card["last4"], card["primary"]) for card in body["data"]] == [
        ("0001", True),
        ("0002", False),
    ]
    assert body["next_cursor"] is None
    assert "payment_method" not in json.dumps(body)
    assert "fingerprint" not in json.dumps(body)


def test_adding_the_same_setup_again_gives_the_same_card(ports: FakePorts, event: Event) -> None:
    first = call("cards/add", event("cards/add"))
    assert call("cards/add", event("cards/add")) == first
    assert len(ports.customers.wallet(CUSTOMER_ID).cards) == 3


def test_a_card_is_not_editable_and_says_so(ports: FakePorts, event: Event) -> None:
    _, body = call("cards/edit-refused", event("cards/edit-refused"))
    assert (body["code"], body["field"]) == ("card_not_editable", "brand")
    assert "add a new card" in body["detail"]


def test_raw_card_data_is_neither_taken_nor_repeated(
    ports: FakePorts, event: Event, logs: StringIO
) -> None:
    _, body = call("cards/add-raw-card", event("cards/add-raw-card"))
    assert body["code"] == "raw_card_data"
    assert "4242" not in json.dumps(body) + logs.getvalue()
    assert "request" in logs.getvalue()


def test_the_dashboard_sums_up(ports: FakePorts, event: Event) -> None:
    _, body = call("account/show", event("account/show"))
    assert body["amount_due"] == [{"amount": 12050, "currency": "USD"}]
    assert (body["open_invoices"], body["overdue_invoices"]) == (1, 0)
    assert body["primary_card"]["card_id"] == CARD_ID
    assert body["autopay"]["next"] == {
        "on": "2026-10-31",
        "amount": 12050,
        "currency": "USD",
        "card": {"brand": "visa", "last4": "0001"},
    }
    assert body["support"] == "support@example.com"


def test_a_payment_shows_on_its_invoice(ports: FakePorts, event: Event) -> None:
    _, payment = call("payments/pay-stored-card", event("payments/pay-stored-card"))
    assert payment["status"] == "succeeded"
    _, invoice = call("invoices/show", event("invoices/show"))
    assert (invoice["status"], invoice["amount_due"]["amount"]) == ("paid", 0)
    assert [p["payment_id"] for p in invoice["payments"]] == [payment["payment_id"]]
    assert invoice["payment"]["payment_id"] == payment["payment_id"]
    _, listed = call("invoices/list", event("invoices/list"))
    assert listed["data"][0]["payment"]["status"] == "succeeded"


def test_a_decline_is_402_with_reason_and_advice(ports: FakePorts, event: Event) -> None:
    ports.gateway.confirms = [Declined(explain("card_declined", "insufficient_funds"))]
    status, body = call("payments/pay-stored-card", event("payments/pay-stored-card"))
    assert (status, body["code"]) == (402, "card_declined")
    assert body["decline_reason"] == "insufficient_funds"
    assert body["advice"]


@pytest.mark.parametrize(
    ("name", "blame", "code"),
    [
        ("payments/pay-stored-card", Blame.NOTHING, "card_gone"),
        ("payments/pay-stored-card", Blame.SECURITY_CODE, "security_code_used"),
        ("payments/pay-one-time", Blame.NOTHING, "card_used"),
        ("payments/pay-one-time", Blame.CARD, "source_unusable"),
    ],
)
def test_what_stripe_refuses_is_422_with_what_to_do(
    ports: FakePorts, event: Event, name: str, blame: Blame, code: str
) -> None:
    for _ in range(2):
        ports.gateway.confirms = [Refused(blame)]
        status, body = call(name, event(name))
        assert (status, body["code"]) == (422, code)
        assert any(word in body["detail"] for word in ("again", "another card"))
    wallet = ports.customers.wallet(CUSTOMER_ID)
    assert (CARD_ID in {card.card_id for card in wallet.cards}) is (code != "card_gone")


def test_a_customer_who_was_deleted_at_stripe_can_add_a_card(
    ports: FakePorts, event: Event
) -> None:
    ports.gateway.attach(ports.customers.wallet(CUSTOMER_ID))
    ports.gateway.delete_customer(f"cus_{CUSTOMER_ID}")
    status, body = call("cards/setup", event("cards/setup"))
    assert (status, bool(body["client_secret"])) == (201, True)
    assert call("cards/list", event("cards/list"))[1]["data"] == []
    assert ports.bus.kinds[-1] == "CardsDetached"


def test_an_unknown_outcome_is_202_and_holds_the_invoice(ports: FakePorts, event: Event) -> None:
    ports.gateway.confirms = [Unknown()]
    status, payment = call("payments/pay-stored-card", event("payments/pay-stored-card"))
    assert (status, payment["status"]) == (202, "processing")
    status, body = call("payments/pay-one-time", event("payments/pay-one-time"))
    assert (status, body["code"]) == (409, "payment_in_progress")
    assert body["payment"]["payment_id"] == payment["payment_id"]
    status, body = call("cards/delete", event("cards/delete"))
    assert (status, body["code"]) == (409, "card_in_use")


def test_the_banks_step_hands_the_secret_to_the_owner(ports: FakePorts, event: Event) -> None:
    ports.gateway.confirms = [ActionRequired("pi_1_secret_2")]
    status, payment = call("payments/pay-stored-card", event("payments/pay-stored-card"))
    assert (status, payment["status"]) == (201, "requires_action")
    assert payment["client_secret"] == "pi_1_secret_2"


def test_stripe_down_is_503_and_nothing_begun(ports: FakePorts, event: Event) -> None:
    ports.gateway.down = True
    status, body = call("payments/pay-stored-card", event("payments/pay-stored-card"))
    assert (status, body["code"]) == (503, "service_unavailable")
    assert call("cards/list", event("cards/list"))[0] == 200


# Bad input, on every route that takes any


def routes() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name in sorted(STATUS):
        loaded = json.loads((EVENTS / f"{name}.json").read_text())
        if loaded.get("body"):
            found.append((name, loaded))
    return found


BAD_BODIES: list[Any] = [
    None,
    [],
    "text",
    12,
    {},
    {"surprise": 1},
    {"card_id": 5},
    {"card_id": "x" * 5000},
    {"nickname": "x" * 500},
    {"nickname": {"a": "b"}},
    {"enabled": 1},
    {"setup_intent": "../../../etc"},
    {"amount": "12050", "currency": "USD", "source": {"payment_method": "pm_1234"}},
    {"amount": 120.5, "currency": "USD", "source": {"payment_method": "pm_1234"}},
    {"amount": 12050, "currency": "usd", "source": {"payment_method": "pm_1234"}},
    {"amount": 12050, "currency": "QQQ", "source": {"payment_method": "pm_1234"}},
    {"amount": -1, "currency": "USD", "source": {"payment_method": "pm_1234"}},
    {"amount": 12050, "currency": "USD", "source": {}},
    {"amount": 12050, "currency": "USD", "source": {"card_id": "a", "payment_method": "pm_1234"}},
]


@pytest.mark.parametrize("bad", BAD_BODIES, ids=lambda bad: json.dumps(bad)[:40])
@pytest.mark.parametrize(("name", "good"), routes(), ids=[name for name, _ in routes()])
def test_a_bad_body_is_a_problem_that_names_the_field(
    ports: FakePorts, name: str, good: dict[str, Any], bad: Any
) -> None:
    before = repr(ports.store)
    status, body = call(name, {**good, "body": json.dumps(bad)})
    assert 400 <= status < 500
    assert body["code"]
    if status == 422 and body["code"] == "invalid_input":
        assert body["field"]
    assert repr(ports.store) == before


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [("{", 422, "invalid_input"), ('"' + "x" * 20_000 + '"', 413, "body_too_large")],
)
@pytest.mark.parametrize(("name", "good"), routes(), ids=[name for name, _ in routes()])
def test_a_body_that_is_no_json_or_too_large(
    ports: FakePorts, name: str, good: dict[str, Any], raw: str, status: int, code: str
) -> None:
    before = repr(ports.store)
    answered, body = call(name, {**good, "body": raw})
    assert (answered, body["code"]) == (status, code)
    assert repr(ports.store) == before


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"cursor": "x" * 500}, {"cursor": "é"}],
    ids=str,
)
@pytest.mark.parametrize("name", ["invoices/list", "payments/list"])
def test_bad_list_parameters(
    ports: FakePorts, event: Event, name: str, query: dict[str, str]
) -> None:
    status, body = call(name, {**event(name), "queryStringParameters": query})
    assert (status, body["code"]) == (422, "invalid_input")
    assert body["field"] == next(iter(query))


def test_an_unknown_status_filter_is_named(ports: FakePorts, event: Event) -> None:
    sent = {**event("invoices/list"), "queryStringParameters": {"status": "open,late"}}
    status, body = call("invoices/list", sent)
    assert (status, body["field"]) == (422, "status")


@pytest.mark.parametrize("foreign", ["nonsense", "inv_1", "%2e%2e", "x" * 3000, "inv_'; drop"])
def test_identifiers_of_another_shape_are_not_found(
    ports: FakePorts, event: Event, foreign: str
) -> None:
    sent = event("invoices/show")
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/v1/invoices/{foreign}"
    status, body = call("invoices/show", sent)
    assert (status, body["code"]) == (404, "not_found")


FOREIGN = [
    "cards/delete",
    "cards/rename",
    "invoices/show",
    "payments/pay-one-time",
    "payments/pay-stored-card",
    "primary_card/make-primary",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_another_customers_identifiers_are_not_found(
    ports: FakePorts, event: Event, name: str
) -> None:
    before = repr(ports.store)
    sent = event(name)
    sent["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = "cust-2002"
    status, body = call(name, sent)
    assert (status, body["code"]) == (404, "not_found")
    assert repr(ports.store) == before


@pytest.mark.parametrize(
    "claims", [{"token_use": "id"}, {"client_id": "other"}, {"token_use": None}]
)
@pytest.mark.parametrize("name", [name for name in sorted(STATUS) if STATUS[name] < 300])
def test_only_our_access_tokens_pass(
    ports: FakePorts, event: Event, name: str, claims: dict[str, Any]
) -> None:
    before = repr(ports.store)
    sent = event(name)
    sent["requestContext"]["authorizer"]["jwt"]["claims"].update(claims)
    status, body = call(name, sent)
    assert (status, body["code"]) == (401, "invalid_token")
    assert repr(ports.store) == before


def test_an_unforeseen_error_tells_nothing(
    ports: FakePorts,
    event: Event,
    monkeypatch: pytest.MonkeyPatch,
    logs: StringIO,
) -> None:
    secret = "customer-1@example.com pm_secret"

    def broken(*_: Any) -> None:
        raise KeyError(secret)

    monkeypatch.setattr(type(ports.customers), "wallet", broken)
    status, body = call("cards/list", event("cards/list"))
    assert (status, body["code"]) == (500, "internal_error")
    assert "Traceback" not in json.dumps(body)
    assert secret not in json.dumps(body) + logs.getvalue()
    assert "KeyError" in logs.getvalue()


def test_the_invoice_of_the_events_is_the_one_in_the_fixture(event: Event) -> None:
    assert event("invoices/show")["pathParameters"]["invoice_id"] == INVOICE_ID


def test_what_happened_is_told_before_the_answer_leaves(ports: FakePorts, event: Event) -> None:
    assert call("payments/pay-stored-card", event("payments/pay-stored-card"))[0] == 201
    assert ports.bus.kinds == ["PaymentSucceeded", "InvoicePaid"]
    assert ports.store.unsent == {}


def test_where_time_is_short_the_answer_comes_first(ports: FakePorts, event: Event) -> None:
    handler = importlib.import_module("functions.autopay.app").handler
    answer = handler(event("autopay/turn-off"), FakeContext(left=5))
    assert answer["statusCode"] == 200
    assert ports.bus.sent == []
    assert len(ports.store.unsent) == 1


def test_a_bus_that_breaks_does_not_break_the_answer(ports: FakePorts, event: Event) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    ports.bus.send = broken  # type: ignore[method-assign, assignment]
    assert call("payments/pay-stored-card", event("payments/pay-stored-card"))[0] == 201
    assert len(ports.store.unsent) == 1


def test_an_amount_that_no_card_can_be_charged_is_told_with_a_code_of_its_own(
    ports: FakePorts, event: Event
) -> None:
    """An invoice of older rules: trying again would be no use, so it is not 503."""
    key = (CUSTOMER_ID, INVOICE_ID)
    ports.store.invoices[key] = replace(ports.store.invoices[key], amount_due=Money("USD", 49))
    sent = event("payments/pay-one-time")
    sent["body"] = json.dumps({**json.loads(sent["body"]), "amount": 49})
    status, body = call("payments/pay-one-time", sent)
    assert (status, body["code"]) == (409, "amount_not_chargeable")
    assert "Contact us" in body["detail"]
