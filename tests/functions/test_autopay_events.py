"""The functions of automatic payment and mail, driven by their events."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from billfold.domain.errors import InvalidInputError
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import NotBegun

from functions.autopay_charge import app as charge
from functions.autopay_dispatch import app as dispatch
from functions.notify import app as notify
from tests.builders import a_card, a_customer, an_invoice
from tests.fakes import FakePorts
from tests.functions.conftest import FakeContext

Event = Callable[[str], dict[str, Any]]
CONTEXT: Any = FakeContext()
INVOICE = an_invoice()


@pytest.fixture
def due(ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> FakePorts:
    """An invoice that is due, of a customer with a card."""
    monkeypatch.setenv("AUTOPAY_SECONDS", "0")
    ports.customers.register(a_customer(), autopay=True)
    wallet = ports.customers.wallet("cust-1").add(a_card(1))
    ports.customers.save(replace(wallet.with_stripe_customer("cus_1"), offered=False))
    ports.invoices.add(INVOICE)
    ports.clock.at = datetime(2026, 10, 31, 12, tzinfo=UTC)
    return ports


def test_the_schedule_asks_for_every_shard(due: FakePorts, event: Event) -> None:
    told = dispatch.handler(event("autopay_dispatch/scheduled"), CONTEXT)
    assert told == {"day": "2026-10-31", "run": CONTEXT.aws_request_id, "waiting": 0}
    assert [shard.shard for shard in due.autopay_queues.shards] == list(due.invoices.shards())
    assert {shard.day for shard in due.autopay_queues.shards} == {date(2026, 10, 31)}


def test_a_run_by_hand_for_a_day_to_come_is_refused(due: FakePorts, event: Event) -> None:
    assert dispatch.handler(event("autopay_dispatch/by-hand"), CONTEXT)["day"] == "2026-10-20"
    with pytest.raises(InvalidInputError):
        dispatch.handler({"day": "2026-11-01"}, CONTEXT)


def test_a_shard_is_sent_on(due: FakePorts, event: Event) -> None:
    for shard in due.invoices.shards():
        sent = event("autopay_dispatch/shard")
        body = {**json.loads(sent["Records"][0]["body"]), "shard": shard}
        sent["Records"][0]["body"] = json.dumps(body)
        assert dispatch.handler(sent, CONTEXT)["batchItemFailures"] == []
    looks = [(look.customer_id, look.invoice_id) for look in due.autopay_queues.looks]
    assert looks.count(("cust-1", INVOICE.invoice_id)) == 1


def test_an_invoice_is_charged_and_logged(due: FakePorts, event: Event, logs: StringIO) -> None:
    sent = event("autopay_charge/invoice")
    assert json.loads(sent["Records"][0]["body"])["invoice_id"] == INVOICE.invoice_id
    assert charge.handler(sent, CONTEXT)["batchItemFailures"] == []
    assert due.invoices.get("cust-1", INVOICE.invoice_id).status is InvoiceStatus.PAID
    assert due.bus.kinds == ["PaymentSucceeded", "InvoicePaid"]
    lines = [json.loads(line) for line in logs.getvalue().splitlines()]
    [line] = [line for line in lines if line["message"] == "autopay"]
    assert (line["status"], line["invoice_id"]) == ("charged", INVOICE.invoice_id)


def test_a_wallet_is_looked_at(due: FakePorts, event: Event) -> None:
    wallet = due.customers.wallet("cust-1")
    due.customers.save(replace(wallet, offered=True))
    assert charge.handler(event("autopay_charge/wallet"), CONTEXT)["batchItemFailures"] == []
    assert [look.invoice_id for look in due.autopay_queues.looks] == [INVOICE.invoice_id]


@pytest.mark.parametrize(
    ("app", "name"),
    [(dispatch, "autopay_dispatch"), (charge, "autopay_charge"), (notify, "notify")],
)
def test_what_cannot_be_read_is_put_aside(
    due: FakePorts, event: Event, app: Any, name: str
) -> None:
    assert app.handler(event(f"{name}/malformed"), CONTEXT)["batchItemFailures"] == []
    [(_, reason)] = due.dead_letters.sent
    assert reason.startswith("malformed")


def test_the_pace_is_kept_and_slower_where_stripe_refuses(
    due: FakePorts, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setenv("AUTOPAY_SECONDS", "2")
    due.gateway.confirms = [NotBegun()]
    charge.handler(event("autopay_charge/invoice"), CONTEXT)
    charge.handler(event("autopay_charge/invoice"), CONTEXT)
    charge.handler(event("autopay_charge/invoice"), CONTEXT)
    refused, charged = waited
    assert 9 < refused <= 10
    assert 1 < charged <= 2


def test_a_receipt_is_sent_once(due: FakePorts, event: Event) -> None:
    for _ in range(2):
        assert notify.handler(event("notify/receipt"), CONTEXT)["batchItemFailures"] == []
    [(to, mail)] = due.mailer.sent
    assert (to, mail.subject) == ("customer-1@example.com", "Receipt for invoice INV-1")


def test_a_mail_that_fails_comes_again(due: FakePorts, event: Event) -> None:
    due.mailer.down = True
    sent = event("notify/failed")
    failed = notify.handler(sent, CONTEXT)["batchItemFailures"]
    assert failed == [{"itemIdentifier": sent["Records"][0]["messageId"]}]
    assert due.dead_letters.sent == []
