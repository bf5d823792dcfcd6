"""Events of the bus through their queues: stored once, tried again, or put aside with a reason."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from billfold import bootstrap
from billfold.domain.errors import UnavailableError
from billfold.entrypoints.queue import PATIENCE_SECONDS

from functions.issue_invoice import app
from tests.fakes import FakePorts
from tests.functions.conftest import CUSTOMER_ID, FakeContext

Event = Callable[[str], dict[str, Any]]


def issue(event: dict[str, Any]) -> list[Any]:
    failures: list[Any] = app.handler(event, FakeContext())["batchItemFailures"]  # type: ignore[arg-type]
    return failures


def with_detail(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    envelope = json.loads(event["Records"][0]["body"])
    envelope["detail"].update(changes)
    event["Records"][0]["body"] = json.dumps(envelope)
    return event


def numbers(ports: FakePorts) -> set[str]:
    return {invoice.number for invoice in ports.store.invoices.values()}


def test_an_invoice_is_stored_once(ports: FakePorts, event: Event) -> None:
    for _ in range(2):
        assert issue(event("issue_invoice/issued")) == []
    assert numbers(ports) == {"INV-2026-0001", "INV-2026-0042"}
    owed = {i.number: i.amount_due.amount for i in ports.invoices.open(CUSTOMER_ID)}
    assert owed["INV-2026-0042"] == 1790
    assert ports.dead_letters.sent == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [{"description": "x", "quantity": 1, "amount": 19.9}]}, "lines.0.amount"),
        ({"lines": [{"description": "x", "quantity": 1, "amount": "1990"}]}, "lines.0.amount"),
        ({"lines": [{"description": "x", "quantity": 1, "amount": -5}]}, "lines"),
        ({"lines": [{"description": "", "quantity": 1, "amount": 5}]}, "lines.0.description"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "QQQ"}, "currency"),
        (
            {"currency": "KWD", "lines": [{"description": "x", "quantity": 1, "amount": 1001}]},
            "lines",
        ),
        ({"due_on": "2026-10-01"}, "due_on"),
        ({"due_on": "soon"}, "due_on"),
        ({"issued_on": None}, "issued_on"),
        ({"number": ""}, "number"),
        ({"number": "x" * 65}, "number"),
        ({"customer_id": "Not An Id"}, "customer_id"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_malformed_invoice_is_put_aside_with_the_field(
    ports: FakePorts, event: Event, changes: dict[str, Any], reason: str
) -> None:
    before = repr(ports.store)
    sent = with_detail(event("issue_invoice/issued"), **changes)
    assert issue(sent) == []
    [(body, why)] = ports.dead_letters.sent
    assert body == sent["Records"][0]["body"]
    assert reason in why
    assert repr(ports.store) == before


def total(currency: str, amount: int) -> dict[str, Any]:
    return {
        "currency": currency,
        "lines": [{"description": "x", "quantity": 1, "amount": amount}],
    }


@pytest.mark.parametrize(
    ("currency", "amount", "reason"),
    [
        ("USD", 49, "invalid_input: lines: 0.49 USD is too little for a card: 0.50 USD at least."),
        ("HUF", 17400, "invalid_input: lines: 174.00 HUF is too little"),
        ("UGX", 1_000_000, "invalid_input: lines: 1000000 UGX is too much"),
        ("IQD", 1000, "invalid_input: currency: Stripe charges no card in IQD."),
        ("VES", 5000, "invalid_input: currency: Stripe charges no card in VES."),
    ],
)
def test_what_no_card_can_be_charged_is_put_aside_with_what_to_do(
    ports: FakePorts, event: Event, currency: str, amount: int, reason: str
) -> None:
    assert issue(with_detail(event("issue_invoice/issued"), **total(currency, amount))) == []
    [(_, why)] = ports.dead_letters.sent
    assert why.startswith(reason)
    assert "INV-2026-0042" not in numbers(ports)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("IDR", 999_999_999_999), ("COP", 100_000_000), ("LBP", 100_000_000), ("JPY", 100_000_000)],
)
def test_large_amounts_of_small_money_are_stored(
    ports: FakePorts, event: Event, currency: str, amount: int
) -> None:
    assert issue(with_detail(event("issue_invoice/issued"), **total(currency, amount))) == []
    assert ports.dead_letters.sent == []
    assert "INV-2026-0042" in numbers(ports)


@pytest.mark.parametrize("raw", ["{", "[]", '"x"', '{"detail-type": "Other", "detail": {}}'])
def test_what_is_no_such_event_is_put_aside(ports: FakePorts, event: Event, raw: str) -> None:
    sent = event("issue_invoice/issued")
    sent["Records"][0]["body"] = raw
    assert issue(sent) == []
    [(body, why)] = ports.dead_letters.sent
    assert body == raw
    assert why.startswith("malformed_event")


def test_a_reused_number_is_put_aside(ports: FakePorts, event: Event) -> None:
    sent = with_detail(event("issue_invoice/issued"), number="INV-2026-0001")
    assert issue(sent) == []
    assert ports.dead_letters.sent[0][1].startswith("invoice_number_reused")


def test_an_unknown_customer_is_waited_for_an_hour(ports: FakePorts, event: Event) -> None:
    sent = event("issue_invoice/unknown-customer")
    record = sent["Records"][0]
    now = ports.clock.now().timestamp()
    record["attributes"]["SentTimestamp"] = str(int((now - PATIENCE_SECONDS + 1) * 1000))
    assert issue(sent) == [{"itemIdentifier": record["messageId"]}]
    assert ports.dead_letters.sent == []
    record["attributes"]["SentTimestamp"] = str(int((now - PATIENCE_SECONDS) * 1000))
    assert issue(sent) == []
    assert ports.dead_letters.sent[0][1].startswith("unknown_customer")


def test_one_bad_message_does_not_hold_up_the_others(ports: FakePorts, event: Event) -> None:
    good, unknown = event("issue_invoice/issued"), event("issue_invoice/unknown-customer")
    unknown["Records"][0]["messageId"] = "another"
    batch = {"Records": [*event("issue_invoice/malformed")["Records"], *unknown["Records"]]}
    batch["Records"] += good["Records"]
    assert issue(batch) == [{"itemIdentifier": "another"}]
    assert "INV-2026-0042" in numbers(ports)


def test_an_outage_is_tried_again(
    ports: FakePorts, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise UnavailableError

    monkeypatch.setattr(type(ports.invoices), "add", down)
    sent = event("issue_invoice/issued")
    assert issue(sent) == [{"itemIdentifier": sent["Records"][0]["messageId"]}]
    assert bootstrap.ports() is ports
    assert ports.dead_letters.sent == []
