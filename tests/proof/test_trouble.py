"""Trouble that lasts: Stripe down for an hour, a throttled table, events that never come.

Nothing is lost, nothing is charged twice, and everything settles when the trouble ends.
"""

import itertools
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from billfold.adapters.dynamodb import table as table_module
from billfold.bootstrap import Container
from billfold.domain.errors import BillfoldError, UnavailableError
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import OneTimeCard, Payment, State, Unknown, WantsMethod
from billfold.services import outbox, payments
from billfold.services.payments import Order
from billfold.services.ports import Bus, Clock, Gateway
from billfold.services.reconcile import LeftBehindError, reconcile
from botocore.exceptions import ClientError

from tests.adapters.conftest import aws, table_definition
from tests.builders import a_customer, an_invoice
from tests.fakes import FakeBus, FakeClock, FakeGateway, FakePorts

__all__ = ["aws"]
MINUTE = timedelta(minutes=1)
INVOICES = [an_invoice(f"INV-{number}") for number in range(1, 13)]


class Stripe(FakeGateway):
    """A Stripe that charges what it is asked to, and remembers it; ``down`` answers nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.charged: dict[str, Payment] = {}
        self.lost: Iterator[bool] = itertools.cycle([False])

    def confirm(self, payment: Payment, *_: object) -> Any:
        if self.down:
            return Unknown()
        self.charged.setdefault(payment.intent or "", payment)
        return Unknown() if next(self.lost) else self.success(payment)

    def _seen(self, intent: str | None) -> Any:
        if self.down:
            return Unknown()
        charged = self.charged.get(intent or "")
        return self.success(charged) if charged else WantsMethod()

    def retrieve(self, payment: Payment) -> Any:
        return self._seen(payment.intent)

    def cancel(self, fenceable: Any) -> Any:
        return self._seen(fenceable.intent)


def pay(ports: Any, number: int, key: str = "key-00001") -> None:
    invoice = INVOICES[number]
    source = OneTimeCard("pm_1")
    order = Order("cust-1", invoice.invoice_id, invoice.amount_due, source, f"{key}-{number}")
    try:
        payments.pay(order, ports, lambda: 29)
    except BillfoldError:
        return
    finally:
        outbox.flush(ports)


def require_settled(ports: Any, stripe: Stripe) -> None:
    """Hold the table against what Stripe has charged."""
    charged = {payment.invoice_id for payment in stripe.charged.values()}
    assert len(stripe.charged) == len(charged), "an invoice was charged twice"
    for invoice in INVOICES:
        now = ports.invoices.get("cust-1", invoice.invoice_id)
        assert now.lock is None
        paid = now.status is InvoiceStatus.PAID
        assert paid == (invoice.invoice_id in charged), invoice.number
        tries = ports.payments.of_invoice("cust-1", invoice.invoice_id)
        assert sum(one.state is State.SUCCEEDED for one in tries) == int(paid)


def test_stripe_is_down_for_an_hour() -> None:
    ports, stripe = FakePorts(), Stripe()
    ports.gateway = stripe
    ports.customers.register(a_customer(), autopay=False)
    for invoice in INVOICES:
        ports.invoices.add(invoice)
    stripe.lost = itertools.cycle([True, False, True])
    for number in range(6):
        pay(ports, number)
    stripe.down = True
    for minute in range(60):
        ports.clock.forward(MINUTE)
        reconcile(ports, lambda: 60.0)
        # Customers go on trying, with their key and with new ones.
        pay(ports, minute % 12, f"key-{minute:05}")
    assert {i.status for i in ports.store.invoices.values()} >= {InvoiceStatus.PAYING}
    stripe.down = False
    for _ in range(40):
        ports.clock.forward(timedelta(hours=1))
        reconcile(ports, lambda: 60.0)
    require_settled(ports, stripe)
    assert len(stripe.charged) >= 6
    assert ports.store.unsent == {}


class OnTable(Container):
    """The real repositories, with a Stripe and a bus in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.stripe, self.heard, self.time = Stripe(), FakeBus(), FakeClock()

    @property
    def gateway(self) -> Gateway:
        return self.stripe

    @property
    def bus(self) -> Bus:
        return self.heard

    @property
    def clock(self) -> Clock:
        return self.time


@pytest.fixture
def on_table(aws: None, monkeypatch: pytest.MonkeyPatch) -> OnTable:
    monkeypatch.setenv("TABLE_NAME", "billfold")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    # Waiting is not what is tested.
    monkeypatch.setattr(table_module, "_wait", lambda _: None)
    boto3.setup_default_session()
    boto3.client("dynamodb").create_table(TableName="billfold", **table_definition())
    ports = OnTable()
    ports.customers.register(a_customer(), autopay=False)
    for invoice in INVOICES:
        ports.invoices.add(invoice)
    return ports


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "TransactionConflictException",
        "InternalServerError",
    ],
)
def test_the_table_refuses_every_third_call(on_table: OnTable, code: str) -> None:
    chance = random.Random(code)
    refused = 0
    trouble = True

    def refuse(params: Any, **_: Any) -> None:
        nonlocal refused
        if trouble and chance.random() < 1 / 3:
            refused += 1
            raise ClientError({"Error": {"Code": code, "Message": "later"}}, "Call")

    events = on_table._table._client.meta.events
    events.register("before-parameter-build.dynamodb", refuse)
    for tried in range(10):
        for number in range(len(INVOICES)):
            pay(on_table, number, f"key-{tried:05}")
        on_table.time.forward(2 * MINUTE)
        try:
            reconcile(on_table, lambda: 60.0)
        except (UnavailableError, LeftBehindError):
            continue
    trouble = False
    assert refused > 50
    for _ in range(40):
        on_table.time.forward(timedelta(hours=1))
        reconcile(on_table, lambda: 60.0)
    require_settled(on_table, on_table.stripe)
    assert on_table.heard.kinds.count("InvoicePaid") >= len(on_table.stripe.charged) > 0
    assert list(on_table.leases.expired(on_table.time.now() + timedelta(days=1))) == []
