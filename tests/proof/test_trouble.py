"""Trouble that lasts: Stripe down for an hour, a throttled table, events that never come.

Nothing is lost, nothing is charged twice, and everything settles when the trouble ends. The real
services and adapters run here, on moto's DynamoDB and the Stripe emulator.
"""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from billfold.adapters.dynamodb import table as table_module
from billfold.domain.errors import BillfoldError, UnavailableError
from billfold.domain.fact import Actor
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.payment import OneTimeCard, State
from billfold.services import outbox, payments
from billfold.services.payments import Order
from billfold.services.reconcile import LeftBehindError, reconcile
from botocore.exceptions import ClientError

from tests.builders import an_invoice
from tests.proof.auditor import Auditor
from tests.proof.crash.pay_paths import CONFIRMS
from tests.proof.crash.sites import Process, Sites
from tests.proof.crash.world import World

MINUTE = timedelta(minutes=1)
MANY = 12


class Account:
    """A customer with many invoices; every process reaches the table through ``client``."""

    def __init__(self, world: World, client: Any) -> None:
        self.world, self._client = world, client
        self.invoices = [world.invoice]
        for number in range(1, MANY):
            invoice = an_invoice(f"MANY-{number}", customer_id=world.customer_id)
            world.auditor.invoices.add(invoice)
            world.history.invoices.append((world.customer_id, invoice.invoice_id))
            self.invoices.append(invoice)
        # One PaymentMethod for each, as the page of a one-time payment makes it.
        self.cards = [OneTimeCard(world.stripe.typed()) for _ in self.invoices]

    def process(self, actor: Actor = Actor.CUSTOMER) -> Process:
        return Process(self.world, actor, self._client)

    def pay(self, number: int, key: str = "key-00001") -> None:
        """Pay, and keep what the customer is told."""
        world, invoice, ports = self.world, self.invoices[number], self.process()
        key = f"{key}-{number}"
        due, card = invoice.amount_due, self.cards[number]
        order = Order(world.customer_id, invoice.invoice_id, due, card, key)
        try:
            payments.pay(order, ports, lambda: 29.0)
        except BillfoldError as error:
            tries = world.auditor.payments.of_invoice(world.customer_id, invoice.invoice_id)
            world.history.refused(error, key, list(tries))
        finally:
            outbox.flush(ports)
            world.look()

    def reconcile(self) -> None:
        reconcile(self.process(Actor.RECONCILER), lambda: 60.0)
        self.world.look()

    def now(self, invoice: Invoice) -> Invoice:
        return self.world.auditor.invoices.get(self.world.customer_id, invoice.invoice_id)

    def charges(self) -> Counter[str]:
        """Count Stripe's charges for each invoice."""
        side = Auditor(self.world.stripe.emulator, self.world.customer_id)
        return Counter(charge.invoice_id for charge in side.charges())

    def require_settled(self) -> None:
        """Hold the table against what Stripe has charged."""
        charges = self.charges()
        assert set(charges.values()) <= {1}, "an invoice was charged twice"
        for invoice in self.invoices:
            now = self.now(invoice)
            assert now.lock is None
            paid = now.status is InvoiceStatus.PAID
            assert paid == (invoice.invoice_id in charges), invoice.number
            ids = (self.world.customer_id, invoice.invoice_id)
            tries = self.world.auditor.payments.of_invoice(*ids)
            assert sum(one.state is State.SUCCEEDED for one in tries) == int(paid)
        assert self.world.violations() == []


@pytest.fixture
def world(sites: Sites) -> Iterator[World]:
    world = World(sites)
    yield world
    world.close()


def test_stripe_is_down_for_an_hour(world: World) -> None:
    owed = Account(world, world.sites.dynamodb)
    for number, lost in zip(range(6), itertools.cycle([True, False, True]), strict=False):
        if lost:
            world.stripe.trouble(CONFIRMS, "drop_after_commit")
        owed.pay(number)
    # It answers nobody: each connection is closed, and nothing is executed.
    world.stripe.emulator.fault("/v1/*", "timeout", method="*", count=100_000, seconds=0)
    for minute in range(60):
        world.pass_time(MINUTE)
        owed.reconcile()
        # Customers go on trying, with their key and with new ones.
        owed.pay(minute % MANY, f"key-{minute:05}")
    unanswered = [row for row in world.stripe.emulator.requests() if row["fault"] == "timeout"]
    assert len(unanswered) > 60
    assert InvoiceStatus.PAYING in {owed.now(invoice).status for invoice in owed.invoices}
    world.stripe.no_trouble()
    for _ in range(40):
        world.pass_time(timedelta(hours=1))
        owed.reconcile()
    owed.require_settled()
    assert owed.charges().total() >= 6
    assert list(world.auditor.leases.expired(world.clock.now() + timedelta(days=1))) == []


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "TransactionConflictException",
        "InternalServerError",
    ],
)
def test_the_table_refuses_every_third_call(
    world: World, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Waiting is not what is tested.
    monkeypatch.setattr(table_module, "_wait", lambda _: None)
    client: Any = boto3.client("dynamodb")
    owed = Account(world, client)
    chance = random.Random(code)
    refused = 0
    trouble = True

    def refuse(params: Any, **_: Any) -> None:
        nonlocal refused
        if trouble and chance.random() < 1 / 3:
            refused += 1
            raise ClientError({"Error": {"Code": code, "Message": "later"}}, "Call")

    client.meta.events.register("before-parameter-build.dynamodb", refuse)
    for tried in range(10):
        for number in range(MANY):
            owed.pay(number, f"key-{tried:05}")
        world.pass_time(2 * MINUTE)
        try:
            owed.reconcile()
        except (UnavailableError, LeftBehindError):
            continue
    trouble = False
    assert refused > 50
    for _ in range(40):
        world.pass_time(timedelta(hours=1))
        owed.reconcile()
    owed.require_settled()
    kinds = Counter(told.kind.value for told in world.history.told)
    assert kinds["InvoicePaid"] >= owed.charges().total() > 0
    assert list(world.auditor.leases.expired(world.clock.now() + timedelta(days=1))) == []
