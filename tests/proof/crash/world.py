"""The real services and adapters, on a table in this process and a Stripe emulator beside it."""

import itertools
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import stripe
from billfold.adapters.dynamodb.table import Table
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.bootstrap import Container
from billfold.domain.customer import Customer
from billfold.domain.invoice import Invoice
from billfold.services import cards, outbox
from billfold.services.ports import Bus, Clock, Gateway

from tests.builders import an_invoice
from tests.fakes import FakeClock
from tests.proof.crash.wire import Mode, Wire, WiredBus, WiredDynamo, WiredStripe

ROOT = Path(__file__).resolve().parents[3]
SECRET_KEY, PUBLISHABLE_KEY = "sk_test_emulator", "pk_test_emulator"


class Time(FakeClock):
    """A clock that is moved past every lease."""

    def forward_past_leases(self) -> None:
        self.forward(timedelta(minutes=2))

    def today(self) -> date:
        return self.at.date()


class World(Container):
    """Everything that one process has; its calls go over ``wire``."""

    def __init__(self, stripe_url: str) -> None:
        super().__init__()
        self.wire = Wire()
        self.time = Time()
        self.url = stripe_url
        self.http = httpx.Client(base_url=stripe_url, timeout=30)
        self._numbers = itertools.count(1)
        self.__dict__["_table"] = Table(
            WiredDynamo(boto3.client("dynamodb"), self.wire),  # type: ignore[arg-type]
            "billfold",
        )
        wired = WiredStripe(timeout=10)
        wired.wire = self.wire
        gateway = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, stripe_url)
        gateway._client = stripe.StripeClient(
            SECRET_KEY,
            base_addresses={"api": stripe_url},
            http_client=wired,
            max_network_retries=0,
        )
        self._gateway = gateway
        self._bus = WiredBus()
        self._bus.wire = self.wire

    @property
    def gateway(self) -> Gateway:
        return self._gateway

    @property
    def bus(self) -> Bus:
        return self._bus

    @property
    def clock(self) -> Clock:
        return self.time

    def heard(self, customer_id: str) -> list[str]:
        """Give the kinds of events about a customer that the bus has taken."""
        return [
            fact.kind.value
            for entry in self._bus.sent
            for fact in entry.facts
            if entry.customer_id == customer_id
        ]

    def newcomer(self) -> Invoice:
        """Make a customer with a stored card and an open invoice, without trouble."""
        self.wire.begin(0, Mode.CRASH_BEFORE)
        number = next(self._numbers)
        customer = Customer(f"cust-{number}", f"customer-{number}@example.com", "A Customer")
        self.customers.register(customer, autopay=True)
        invoice = an_invoice(f"INV-{number}", customer_id=customer.customer_id)
        self.invoices.add(invoice)
        setup = cards.begin_setup(customer.customer_id, self)
        self.http.post(
            f"/v1/setup_intents/{setup.setup_intent}/confirm",
            auth=(PUBLISHABLE_KEY, ""),
            data={"client_secret": setup.client_secret, "payment_method": self.card()},
        ).raise_for_status()
        cards.add(customer.customer_id, setup.setup_intent, None, self)
        outbox.flush(self)
        return invoice

    def die(self) -> None:
        """Forget what a process that was killed had in its memory."""
        self.committed.clear()

    def card(self, number: str = "4242424242424242") -> str:
        fields = {"type": "card", "card[number]": number, "card[exp_month]": "12",
                  "card[exp_year]": "2040", "card[cvc]": "123"}  # fmt: skip
        answer = self.http.post("/v1/payment_methods", auth=(PUBLISHABLE_KEY, ""), data=fields)
        return str(answer.raise_for_status().json()["id"])

    def cvc_token(self) -> str:
        fields = {"cvc_update[cvc]": "123"}
        answer = self.http.post("/v1/tokens", auth=(PUBLISHABLE_KEY, ""), data=fields)
        return str(answer.raise_for_status().json()["id"])

    def control(self, route: str, **given: Any) -> None:
        self.http.post(f"/_control/{route}", json=given).raise_for_status()

    def fault(self, path: str, kind: str) -> None:
        self.control("faults", path=path, kind=kind, method="POST")

    def charges(self, invoice: Invoice) -> list[stripe.Charge]:
        """Ask Stripe itself, past the wire."""
        client = stripe.StripeClient(SECRET_KEY, base_addresses={"api": self.url})
        customer = self.customers.wallet(invoice.customer_id).stripe_customer or ""
        return list(client.v1.charges.list({"customer": customer, "limit": 100}).data)


def start_emulator(database: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a Stripe emulator; give its process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.stripe_emulator", "--port", "0", "--db", str(database)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, process.stdout.readline().split()[-1]
