"""Commands of the business through their queue: carried out, tried again, or put aside."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.money import Money
from billfold.domain.payment import OneTimeCard, Unknown
from billfold.entrypoints.queue import PATIENCE_SECONDS, PAYMENT_PATIENCE_SECONDS
from billfold.services import payments
from billfold.services.payments import Order

from functions.change_invoice import app
from tests.fakes import FakePorts
from tests.functions.conftest import CUSTOMER_ID, INVOICE_ID, FakeContext

Event = Callable[[str], dict[str, Any]]


def take(event: dict[str, Any]) -> list[Any]:
    failures: list[Any] = app.handler(event, FakeContext())["batchItemFailures"]  # type: ignore[arg-type]
    return failures


def with_detail(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    envelope = json.loads(event["Records"][0]["body"])
    envelope["detail"].update(changes)
    event["Records"][0]["body"] = json.dumps(envelope)
    return event


def sent_ago(ports: FakePorts, event: dict[str, Any], seconds: float) -> dict[str, Any]:
    sent = ports.clock.now().timestamp() - seconds
    event["Records"][0]["attributes"]["SentTimestamp"] = str(int(sent * 1000))
    return event


def again(event: dict[str, Any]) -> list[dict[str, str]]:
    return [{"itemIdentifier": event["Records"][0]["messageId"]}]


def test_an_invoice_is_voided_once_and_the_bus_is_told(ports: FakePorts, event: Event) -> None:
    for _ in range(2):
        assert take(event("change_invoice/void")) == []
    invoice = ports.invoices.get(CUSTOMER_ID, INVOICE_ID)
    assert invoice.status is InvoiceStatus.VOID
    assert ports.bus.kinds == ["InvoiceVoided"]
    assert ports.dead_letters.sent == []


def test_an_amount_is_changed_once(ports: FakePorts, event: Event) -> None:
    for _ in range(2):
        assert take(event("change_invoice/amount")) == []
    assert ports.invoices.get(CUSTOMER_ID, INVOICE_ID).amount_due == Money("USD", 9900)
    assert ports.bus.kinds == ["InvoiceAmountChanged"]


def test_both_commands_in_one_batch(ports: FakePorts, event: Event) -> None:
    batch = event("change_invoice/amount")
    batch["Records"] += event("change_invoice/void")["Records"]
    assert take(batch) == []
    assert ports.bus.kinds == ["InvoiceAmountChanged", "InvoiceVoided"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"command_id": ""}, "command_id"),
        ({"command_id": "x" * 65}, "command_id"),
        ({"command_id": "two words"}, "command_id"),
        ({"number": "no number"}, "number"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"customer_id": "Not An Id"}, "customer_id"),
        ({"amount": "9900"}, "amount"),
        ({"amount": -1}, "amount"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "QQQ"}, "currency"),
        ({"invoice_id": INVOICE_ID}, "invoice_id"),
    ],
)
def test_a_malformed_command_is_put_aside_with_the_field(
    ports: FakePorts, event: Event, changes: dict[str, Any], reason: str
) -> None:
    before = repr(ports.store)
    sent = with_detail(event("change_invoice/amount"), **changes)
    assert take(sent) == []
    [(body, why)] = ports.dead_letters.sent
    assert body == sent["Records"][0]["body"]
    assert reason in why
    assert repr(ports.store) == before


@pytest.mark.parametrize("name", ["not-json", "malformed"])
def test_what_is_no_command_is_put_aside(ports: FakePorts, event: Event, name: str) -> None:
    assert take(event(f"change_invoice/{name}")) == []
    [(_, why)] = ports.dead_letters.sent
    assert why.startswith("malformed_event")


def test_a_void_carries_no_amount(ports: FakePorts, event: Event) -> None:
    assert take(with_detail(event("change_invoice/void"), amount=1)) == []
    [(_, why)] = ports.dead_letters.sent
    assert "amount" in why


def test_an_event_of_another_type_is_put_aside(ports: FakePorts, event: Event) -> None:
    sent = event("change_invoice/void")
    body = json.loads(sent["Records"][0]["body"])
    sent["Records"][0]["body"] = json.dumps({**body, "detail-type": "InvoiceIssued"})
    assert take(sent) == []
    [(_, why)] = ports.dead_letters.sent
    assert why == (
        "malformed_event: the message is not an event of type VoidInvoice or ChangeInvoiceAmount"
    )


def test_an_unknown_invoice_is_waited_for_an_hour(ports: FakePorts, event: Event) -> None:
    sent = sent_ago(ports, event("change_invoice/unknown-invoice"), PATIENCE_SECONDS - 1)
    assert take(sent) == again(sent)
    assert ports.dead_letters.sent == []
    assert take(sent_ago(ports, sent, PATIENCE_SECONDS)) == []
    assert ports.dead_letters.sent[0][1].startswith("unknown_invoice")


def test_a_payment_in_progress_is_waited_for_a_day(ports: FakePorts, event: Event) -> None:
    ports.gateway.confirms = [Unknown()]
    due = ports.invoices.get(CUSTOMER_ID, INVOICE_ID).amount_due
    order = Order(CUSTOMER_ID, INVOICE_ID, due, OneTimeCard("pm_once"), "key-00001")
    payments.pay(order, ports, lambda: 29)
    sent = sent_ago(ports, event("change_invoice/void"), PAYMENT_PATIENCE_SECONDS - 1)
    assert take(sent) == again(sent)
    assert ports.dead_letters.sent == []
    assert take(sent_ago(ports, sent, PAYMENT_PATIENCE_SECONDS)) == []
    assert ports.dead_letters.sent[0][1].startswith("payment_in_progress")


def test_a_refusal_is_told_on_the_bus_and_is_no_dead_letter(ports: FakePorts, event: Event) -> None:
    assert take(event("change_invoice/void")) == []
    assert take(event("change_invoice/amount")) == []
    assert ports.bus.kinds == ["InvoiceVoided", "InvoiceChangeRefused"]
    assert ports.dead_letters.sent == []


def test_the_reason_is_in_no_log(ports: FakePorts, event: Event, logs: StringIO) -> None:
    """It is free text about a customer."""
    assert take(event("change_invoice/void")) == []
    assert take(event("change_invoice/malformed")) == []
    assert "dead letter" in logs.getvalue()
    assert "by mistake" not in logs.getvalue()
    assert "as agreed" not in logs.getvalue()
