"""One customer, some invoices, a table, a Stripe emulator, and processes that come and go."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import stripe
from billfold.adapters.dynamodb.table import Table
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.adapters.stripe_webhooks import StripeWebhooks
from billfold.bootstrap import Container
from billfold.domain.customer import Customer
from billfold.domain.errors import BillfoldError, NothingBegunError
from billfold.domain.fact import Actor, Entry
from billfold.domain.invoice import Invoice
from billfold.domain.payment import Payment
from billfold.domain.stripe_event import StripeEvent
from billfold.services import cards, outbox
from billfold.services.ports import Bus, Clock, Gateway, Webhooks

from tests.adapters.conftest import table_definition
from tests.builders import an_invoice
from tests.fakes import FakeClock
from tests.proof.crash.wire import Mode, WiredBus, WiredDynamo, WiredStripe
from tests.proof.machine.processes import Process

SECRET_KEY, PUBLISHABLE_KEY = "sk_test_emulator", "pk_test_emulator"
WEBHOOK_SECRET = "whsec_machine"
CUSTOMER = "cust-1"


class Direct:
    """A wire on which nothing goes wrong, for those who only look."""

    def call(self, name: str, send: Callable[[], Any], lost: object) -> Any:
        del name, lost
        return send()


class Ports(Container):
    """The real adapters of one process, all its calls on ``wire``."""

    def __init__(self, world: "World", wire: Any, actor: Actor) -> None:
        super().__init__()
        self.__dict__["actor"] = actor
        self.__dict__["_table"] = Table(WiredDynamo(world.dynamodb, wire), "billfold")  # type: ignore[arg-type]
        self._clock = world.time
        http = WiredStripe(timeout=10)
        http.wire = wire
        self._gateway = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, world.url)
        self._gateway._client = world.stripe(http)
        self._bus = WiredBus()
        self._bus.wire, self._bus.sent = wire, world.heard

    @property
    def gateway(self) -> Gateway:
        return self._gateway

    @property
    def bus(self) -> Bus:
        return self._bus

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def webhooks(self) -> Webhooks:
        return StripeWebhooks((WEBHOOK_SECRET,))


@dataclass
class Told:
    """An answer that the customer was given to an order."""

    invoice: Invoice
    key: str
    answer: str


@dataclass
class World:
    """Everything that outlives a process."""

    url: str
    heard: list[Entry] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=30)
        self.control("reset")
        self.time = FakeClock(datetime.fromtimestamp(int(time.time()), UTC))
        self.dynamodb = boto3.client("dynamodb")
        if self.dynamodb.list_tables()["TableNames"]:
            self.dynamodb.delete_table(TableName="billfold")
        self.dynamodb.create_table(TableName="billfold", **table_definition())
        self.audit = Ports(self, Direct(), Actor.BUSINESS)
        customer = Customer(CUSTOMER, "customer@example.com", "A Customer")
        self.audit.customers.register(customer, autopay=True)

    def stripe(self, http: stripe.HTTPClient | None = None) -> stripe.StripeClient:
        return stripe.StripeClient(
            SECRET_KEY,
            base_addresses={"api": self.url},
            http_client=http,
            max_network_retries=0,
        )

    # What is done

    def start(
        self,
        name: str,
        act: Callable[[Ports], object],
        *,
        actor: Actor = Actor.CUSTOMER,
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
                answer = ask(ports).status.value
            except NothingBegunError:
                answer = "nothing"
            except BillfoldError as error:
                answer = error.code
            self.told.append(Told(invoice, key, answer))

        return act

    def forward(self, by: timedelta) -> None:
        """Let time pass here and at Stripe, whose idempotency keys expire after a day."""
        self.time.forward(by)
        self.control("clock", advance=by.total_seconds())

    # What is at Stripe

    def card(self, number: str) -> str:
        fields = {"type": "card", "card[number]": number, "card[exp_month]": "12",
                  "card[exp_year]": "2040", "card[cvc]": "123"}  # fmt: skip
        return str(self._public("payment_methods", fields)["id"])

    def cvc_token(self) -> str:
        return str(self._public("tokens", {"cvc_update[cvc]": "123"})["id"])

    def set_up(self, number: str) -> str:
        """Give a card to Stripe, as the browser does; gives the SetupIntent."""
        setup = cards.begin_setup(CUSTOMER, self.audit)
        fields = {"client_secret": setup.client_secret, "payment_method": self.card(number)}
        answer = self._public(f"setup_intents/{setup.setup_intent}/confirm", fields)
        if answer["status"] == "requires_action":
            self.control(f"3ds/{setup.setup_intent}", result="complete")
        return setup.setup_intent

    def take_the_banks_step(self, payment: Payment, *, complete: bool) -> None:
        """Take it, or fail it; the bank's page refuses one that is over."""
        result = "complete" if complete else "fail"
        answer = self.http.post(f"/_control/3ds/{payment.intent}", json={"result": result})
        assert answer.status_code in {200, 400}, answer.text

    def _public(self, route: str, fields: dict[str, str]) -> dict[str, Any]:
        answer = self.http.post(f"/v1/{route}", auth=(PUBLISHABLE_KEY, ""), data=fields)
        return dict(answer.raise_for_status().json())

    def control(self, route: str, **given: Any) -> None:
        self.http.post(f"/_control/{route}", json=given).raise_for_status()

    def charges(self) -> list[dict[str, Any]]:
        """Give all charges that there are at Stripe, oldest first."""
        return list(self.http.get("/_control/charges").raise_for_status().json()["data"])

    def attached(self) -> set[str]:
        """Give the cards that Stripe keeps for the customer."""
        customer = self.audit.customers.wallet(CUSTOMER).stripe_customer
        if customer is None:
            return set()
        methods = self.stripe().v1.customers.payment_methods.list(customer, {"limit": 100})
        return {method.id for method in methods.data}

    def events(self) -> Sequence[StripeEvent]:
        """Give what Stripe has to tell, read as a delivery is read, newest first."""
        found = self.http.get("/v1/events", auth=(SECRET_KEY, ""), params={"limit": 100})
        read = (self._delivered(event) for event in found.raise_for_status().json()["data"])
        return [event for event in read if event]

    def _delivered(self, event: dict[str, Any]) -> StripeEvent | None:
        payload, at = json.dumps(event), int(time.time())
        signature = stripe.WebhookSignature._compute_signature(f"{at}.{payload}", WEBHOOK_SECRET)
        return self.audit.webhooks.read(payload, f"t={at},v1={signature}")

    # What is there

    def issue(self, number: int, due: int) -> Invoice:
        invoice = an_invoice(f"INV-{number}", customer_id=CUSTOMER, amounts=(due,))
        self.audit.invoices.add(invoice)
        return invoice

    def invoice(self, invoice: Invoice) -> Invoice:
        return self.audit.invoices.get(CUSTOMER, invoice.invoice_id)

    def payments(self, invoice: Invoice) -> list[Payment]:
        return list(self.audit.payments.of_invoice(CUSTOMER, invoice.invoice_id))

    def close(self) -> None:
        """End what still waits, so that no thread is left."""
        for process in self.processes:
            while process.at:
                with suppress(Exception):  # a history that failed has failed already
                    process.step(Mode.CRASH_BEFORE)
        self.http.close()
