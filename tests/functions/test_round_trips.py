"""How many calls to DynamoDB and Stripe each request makes (docs/data-model.md says the bars).

Whatever has something to tell makes one write more than its change: it notes that it was told.
"""

import importlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from billfold import bootstrap
from billfold.bootstrap import Container
from billfold.domain import ids
from billfold.domain.continuity import Continuity
from billfold.domain.stripe_event import Owner
from billfold.services.ports import ChargeView, Gateway

from functions.payments import app as paying
from functions.stripe_events import app as worker
from tests.adapters.conftest import aws, table_definition
from tests.builders import a_card, a_customer, a_setup, an_invoice
from tests.fakes import FakeBus, FakeGateway
from tests.functions.conftest import CARD_ID, CUSTOMER_ID, FakeContext

__all__ = ["aws"]
Event = Callable[[str], dict[str, Any]]
READS = {"GetItem", "BatchGetItem", "Query"}


class Counted(Container):
    """The real repositories on moto, and a Stripe that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.stripe = FakeGateway()
        self.heard = FakeBus()

    @property
    def bus(self) -> FakeBus:
        return self.heard

    @property
    def gateway(self) -> Gateway:
        return self.stripe


@pytest.fixture
def calls(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    monkeypatch.setenv("TABLE_NAME", "billfold")
    boto3.setup_default_session()
    boto3.client("dynamodb").create_table(TableName="billfold", **table_definition())
    counted = Counted()
    customers = counted.customers
    customers.register(replace(a_customer(), customer_id=CUSTOMER_ID), autopay=True)
    wallet = customers.wallet(CUSTOMER_ID).add(replace(a_card(1), card_id=CARD_ID)).add(a_card(2))
    customers.save(wallet.with_stripe_customer(f"cus_{CUSTOMER_ID}"))
    counted.invoices.add(an_invoice("INV-2026-0001", customer_id=CUSTOMER_ID))
    # The reconciler runs every minute, so nothing is asked of Stripe that the table knows.
    known = Continuity(counted.clock.now(), datetime(2000, 1, 1, tzinfo=UTC))
    counted.continuity.write(Continuity(), known)
    counted.stripe.setups["seti_0003"] = a_setup(3, CUSTOMER_ID)
    seen: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        seen["reads" if model.name in READS else "writes"] += 1

    client = counted._table._client
    client.meta.events.register("before-call.dynamodb", count)
    bootstrap.use(counted)
    yield seen
    seen["stripe"] = len(counted.stripe.calls)
    bootstrap.use(None)


@pytest.mark.parametrize(
    ("name", "status", "reads", "writes", "stripe"),
    [
        ("cards/list", 200, 1, 0, 0),
        ("account/show", 200, 2, 0, 0),
        ("invoices/list", 200, 1, 0, 0),
        ("invoices/show", 200, 2, 0, 0),
        ("payments/list", 200, 1, 0, 0),
        ("cards/setup", 201, 2, 0, 1),
        ("cards/add", 201, 1, 2, 1),
        ("cards/rename", 200, 1, 1, 0),
        ("cards/delete", 204, 1, 2, 1),
        ("primary_card/make-primary", 200, 1, 0, 0),
        ("autopay/turn-off", 200, 1, 2, 0),
        ("payments/pay-stored-card", 201, 1, 4, 2),
        ("payments/pay-one-time", 201, 1, 4, 2),
    ],
)
def test_round_trips(
    calls: Counter[str],
    event: Event,
    name: str,
    status: int,
    reads: int,
    writes: int,
    stripe: int,
) -> None:
    handler = importlib.import_module(f"functions.{name.split('/', maxsplit=1)[0]}.app").handler
    answer = handler(event(name), FakeContext())
    assert answer["statusCode"] == status, json.loads(answer["body"])
    gateway = bootstrap.ports().gateway
    assert isinstance(gateway, FakeGateway)
    assert (calls["reads"], calls["writes"], len(gateway.calls)) == (reads, writes, stripe)


def test_a_refund_is_read_written_and_looked_at_once_more(
    calls: Counter[str], event: Event
) -> None:
    assert paying.handler(event("payments/pay-stored-card"), FakeContext())["statusCode"] == 201  # type: ignore[arg-type]
    ports = bootstrap.ports()
    gateway = ports.gateway
    assert isinstance(gateway, FakeGateway)
    invoice_id = ids.invoice_id("INV-2026-0001", an_invoice().issued_on)
    [payment] = ports.payments.of_invoice(CUSTOMER_ID, invoice_id)
    owner = Owner(CUSTOMER_ID, invoice_id)
    at = datetime.now(UTC)
    sent = event("stripe_events/refunded")
    charge = json.loads(sent["Records"][0]["body"])["charge"]
    sent["Records"][0]["body"] = sent["Records"][0]["body"].replace(charge, payment.charge or "")
    gateway.charge_views[payment.charge or ""] = ChargeView(
        payment.charge or "", payment.intent, owner, payment.money, at, None, refunded=50
    )
    calls.clear()
    gateway.calls.clear()
    worker.handler(sent, FakeContext())  # type: ignore[arg-type]
    assert ports.payments.get(CUSTOMER_ID, payment.payment_id).refunded == 50
    # One read more is this test's own.
    assert (calls["reads"] - 1, calls["writes"], len(gateway.calls)) == (3, 2, 3)
