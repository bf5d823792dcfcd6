"""One customer, some invoices, a table, a Stripe emulator, and processes that come and go."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any, Final

import boto3
from billfold.adapters.dynamodb.table import Table
from billfold.adapters.eventbridge import EventBus
from billfold.adapters.sqs import SqsAutopayQueues
from billfold.adapters.stripe_gateway import SECONDS, StripeGateway
from billfold.bootstrap import Container
from billfold.domain.continuity import Continuity
from billfold.domain.customer import Customer
from billfold.domain.errors import BillfoldError
from billfold.domain.fact import Actor
from billfold.domain.invoice import Invoice
from billfold.domain.payment import Payment
from billfold.services import cards, outbox
from billfold.services.ports import AutopayQueues, Bus, Clock, Gateway
from moto.core.model_instances import reset_model_data

from tests.adapters.conftest import table_definition
from tests.builders import an_invoice
from tests.emulator import PUBLISHABLE_KEY, SECRET_KEY, Emulator
from tests.fakes import FakeClock
from tests.proof.crash.reads import watch
from tests.proof.crash.stripe_side import StripeSide
from tests.proof.crash.wire import Call, Carrier, Mode, WiredAws, WiredStripe
from tests.proof.machine.processes import Process
from tests.proof.wishes import Wishes, asked_for
from tests.proof.witnesses import BusEnd, History, QueuesEnd

CUSTOMER: Final = "cust-1"
_numbers = count(1)


class Direct:
    """A wire on which nothing goes wrong, for those who only look."""

    def carry(self, call: Call) -> Any:
        return call.execute()


class Ports(Container):
    """The real adapters of one process, all its calls over ``wire``."""

    def __init__(self, world: "World", wire: Carrier, actor: Actor) -> None:
        super().__init__()
        self._world, self._wire, self._actor = world, wire, actor

    @cached_property
    def actor(self) -> Actor:
        return self._actor

    @cached_property
    def clock(self) -> Clock:
        return self._world.time

    @cached_property
    def _table(self) -> Table:
        wired: Any = WiredAws(self._world.dynamodb, self._wire, _uncounted)
        return Table(wired, self._world.table)

    @cached_property
    def gateway(self) -> Gateway:
        gateway = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, self._world.emulator.url)
        gateway._client._requestor._client = WiredStripe(self._wire, _uncounted, SECONDS)
        return gateway

    @cached_property
    def bus(self) -> Bus:
        wired: Any = WiredAws(self._world.bus_end, self._wire, _uncounted)
        return EventBus(wired, "bus")

    @cached_property
    def autopay_queues(self) -> AutopayQueues:
        wired: Any = WiredAws(self._world.queues, self._wire, _uncounted)
        return SqsAutopayQueues(wired, QueuesEnd.SHARDS, QueuesEnd.CHARGES)


def _uncounted() -> int:
    """The crash points count what arrives; here the test itself lets each call go."""
    return 0


class World:
    """Everything that outlives a process."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.stripe = StripeSide(emulator)
        self.stripe.forget()
        self.time = FakeClock(datetime.fromtimestamp(int(time.time()), UTC))
        self.dynamodb: Any = boto3.client("dynamodb")
        self.table = f"machine-{next(_numbers)}"
        self.loose_reads = watch(self.dynamodb)
        self.dynamodb.create_table(TableName=self.table, **table_definition())
        self.history = History()
        self.wishes = Wishes(self._asked, self.history.wishes)
        self._backup: list[dict[str, Any]] = []
        self.processes: list[Process] = []
        self.late: list[Callable[[], object]] = []
        self.taken: set[str] = set()
        """The cards that were taken away at Stripe, past our code."""
        self.audit = Ports(self, Direct(), Actor.BUSINESS)
        self.bus_end = BusEnd(self.history, self.audit)
        self.queues = QueuesEnd()
        customer = Customer(CUSTOMER, "customer@example.com", "A Customer")
        self.audit.customers.register(customer, autopay=True)
        self._told, self.restored = True, False
        now = self.time.now()
        self.audit.continuity.write(Continuity(), Continuity(now, now - timedelta(days=60)))

    def close(self) -> None:
        """End what still waits, and forget the table, which would make the next one slower."""
        for process in self.processes:
            while process.at:
                with suppress(Exception):  # a history that failed has failed already
                    process.step(Mode.CRASH_BEFORE)
        self.dynamodb.delete_table(TableName=self.table)
        # Moto copies a table for each transaction, and remembers every copy.
        reset_model_data()

    # What is done

    def start(
        self, name: str, act: Callable[[Ports], object], *, actor: Actor = Actor.CUSTOMER
    ) -> Process:
        """Begin an invocation; it stops before its first call."""

        def invocation(process: Process) -> None:
            ports = Ports(self, process, actor)
            # An error is an answer like any other; those to orders are kept by ``asking``.
            with suppress(BillfoldError):
                act(ports)
            outbox.flush(ports)

        process = Process(name, invocation)
        self.processes.append(process)
        return process

    def asking(
        self, invoice: Invoice, key: str, ask: Callable[[Ports], Payment]
    ) -> Callable[[Ports], None]:
        """Keep what the customer is told."""

        def act(ports: Ports) -> None:
            try:
                self.history.answered(ask(ports))
            except BillfoldError as error:
                self.history.refused(error, key, self.payments(invoice))

        return act

    def step(self, process: Process, mode: Mode | None = None) -> None:
        """Let a process make its next call; a moment passes, as in every world."""
        self.time.forward(timedelta(milliseconds=10))
        self.late += process.step(mode)

    def finish(self, process: Process) -> None:
        """Let a process run to its end."""
        while process.at:
            self.step(process)

    def forward(self, by: timedelta) -> None:
        """Let time pass here and at Stripe, whose idempotency keys expire after a day.

        The reconciler tells the table the time every minute, except while that is being restored.
        """
        before = self.audit.continuity.read()
        now = before.told(self.time.now())
        self.time.forward(by)
        self.emulator.control("clock", advance=by.total_seconds())
        if self._told:
            self.audit.continuity.write(before, Continuity(self.time.now(), now.since))

    def set_up(self, number: str) -> str:
        """Give a card to Stripe, as the browser does; gives the SetupIntent."""
        setup = cards.begin_setup(CUSTOMER, self.audit)
        method = str(self.emulator.card(number)["id"])
        answer = self.emulator.confirm_setup(setup.setup_intent, setup.client_secret, method)
        if answer.raise_for_status().json()["status"] == "requires_action":
            self.stripe.bank_says(setup.setup_intent, "complete")
        return setup.setup_intent

    def issue(self, number: int, due: int) -> Invoice:
        invoice = replace(
            an_invoice(
                f"INV-{number}", customer_id=CUSTOMER, amounts=(due,), due_on=self.time.today()
            ),
            recorded_since=self.time.now(),
        )
        self.audit.invoices.add(invoice)
        self.history.invoices.append((CUSTOMER, invoice.invoice_id))
        return invoice

    def back_up(self) -> None:
        """Keep the table as it is now, to be restored once."""
        self._backup = self._everything()

    def restore(self, *, takes: timedelta) -> None:
        """Put the table back to where it was kept; Stripe has kept everything."""
        self.audit.committed.clear()
        key = ("pk", "sk")
        for item in self._everything():
            self.dynamodb.delete_item(TableName=self.table, Key={name: item[name] for name in key})
        for item in self._backup:
            self.dynamodb.put_item(TableName=self.table, Item=item)
        trail = self.audit.outbox.trail(CUSTOMER, limit=200, after=None).items
        known = [self.audit.payments.of_invoice(*ids) for ids in self.history.invoices]
        self.history.restored({one.payment_id for each in known for one in each}, trail)
        self.history.wishes.clear()
        self._told, self.restored = False, True
        self.forward(takes)
        self._told = True

    def _everything(self) -> list[dict[str, Any]]:
        # By a client that nobody watches: the product never scans.
        items: list[dict[str, Any]] = boto3.client("dynamodb").scan(TableName=self.table)["Items"]
        return items

    # What is there

    def _asked(self) -> frozenset[str]:
        owned = [self.audit.payments.of_invoice(*ids) for ids in self.history.invoices]
        return frozenset[str]().union(*map(asked_for, owned))

    def charges(self) -> list[dict[str, Any]]:
        """Give all charges that succeeded at Stripe, newest first."""
        listed = self.emulator.every("/v1/charges")
        return [charge for charge in listed if charge["status"] == "succeeded"]

    def charges_on(self, payment_method: str) -> frozenset[str]:
        return frozenset(c["id"] for c in self.charges() if c["payment_method"] == payment_method)

    def invoice(self, invoice: Invoice) -> Invoice:
        return self.audit.invoices.get(CUSTOMER, invoice.invoice_id)

    def payments(self, invoice: Invoice) -> list[Payment]:
        return list(self.audit.payments.of_invoice(CUSTOMER, invoice.invoice_id))
