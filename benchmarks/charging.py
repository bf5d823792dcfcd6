"""What it costs to charge what is due, at the pace that Stripe allows.

Real services charge on the embedded stack; calls are counted, and Stripe's emulator tells when each
request came. The money is a model: what was counted, times the list prices of AWS in us-east-1.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any, Final

import httpx
from billfold.bootstrap import Container
from billfold.domain import ids
from billfold.domain.autopay_message import Look
from billfold.domain.customer import Customer
from billfold.domain.fact import Actor
from billfold.domain.invoice import Line, issue
from billfold.domain.wallet import Card
from billfold.entrypoints.pace import Pace
from billfold.services import autopay, outbox

from local import aws
from local.env_vars import variables
from local.template import defaults

_GIVEN = defaults()
WORKERS, SECONDS = int(_GIVEN["AutopayConcurrency"]), float(_GIVEN["AutopaySeconds"])
CHARGES: Final = 10 * WORKERS
STRIPE_LIMIT: Final = 25
"""Requests a second that Stripe allows for an endpoint by default ("Rate limits")."""
FOR_PEOPLE: Final = 1 / 5

PRICES: Final = {
    "DynamoDB reads": 0.125,
    "DynamoDB writes": 0.625,
    "SQS requests": 0.50,
    "events": 1.00,
    "Lambda calls": 0.20,
    "Lambda GB-seconds": 13.3334,
}
"""Dollars for a million, us-east-1, on demand, arm64 (AWS price lists)."""
MAIL: Final = 100.0
"""Dollars for a million mails by SES."""
MEMORY_GB: Final = 0.5


@dataclass(frozen=True, slots=True)
class Charging:
    """What charging took; ``units`` are for one charge, ``busiest`` by Stripe's endpoints."""

    charges: int
    seconds: float
    each: float
    calls: Mapping[str, float]
    units: Mapping[str, float]
    busiest: Mapping[str, int]

    @property
    def a_second(self) -> float:
        """Charges a second."""
        return self.charges / self.seconds

    @property
    def dollars(self) -> Mapping[str, float]:
        """Dollars for a million charges, by kind, with one mail for each."""
        return {kind: self.units[kind] * price for kind, price in PRICES.items()} | {"mails": MAIL}

    @property
    def left_for_people(self) -> float:
        """The share of Stripe's limit that is left of where we charge, in the busiest second."""
        ours = [most for name, most in self.busiest.items() if name.startswith("POST")]
        return 1 - max(ours) / STRIPE_LIMIT


class Meter:
    """Counts calls of AWS, and DynamoDB's units by the size of what is asked for."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self._lock = threading.Lock()

    def attach(self, client: Any) -> None:  # noqa: ANN401 - botocore's own
        """Listen to a client."""
        client.meta.events.register("before-parameter-build", self._count)

    def _count(self, model: Any, params: dict[str, Any], **_: object) -> None:  # noqa: ANN401
        with self._lock:
            self.calls[model.name] += 1
            match model.name:
                case "TransactWriteItems":
                    # AWS documentation, "Read/write capacity": two units for each begun kilobyte.
                    items = [next(iter(item.values())) for item in params["TransactItems"]]
                    self.units["DynamoDB writes"] += sum(2 * _kilobytes(item) for item in items)
                case "PutItem" | "UpdateItem":
                    self.units["DynamoDB writes"] += _kilobytes(params)
                case "GetItem":
                    self.units["DynamoDB reads"] += 1
                case "BatchGetItem":
                    [wanted] = params["RequestItems"].values()
                    self.units["DynamoDB reads"] += len(wanted["Keys"])
                case "PutEvents":
                    self.units["events"] += len(params["Entries"])


def _kilobytes(given: Mapping[str, Any]) -> int:
    """Kilobytes begun; an invoice with its last payment is one that is written as an update."""
    size = len(repr(given.get("Item", given.get("ExpressionAttributeValues", ""))))
    return 1 + size // 1024


def charging(stack: Mapping[str, Any]) -> Charging:
    """Charge many customers once each, by as many workers as the template allows."""
    os.environ.update({**aws.ISOLATION, **variables(dict(stack))["Parameters"]})
    os.environ["BILLFOLD_ACTOR"] = Actor.AUTOPAY.value
    looks = _debtors(stack, CHARGES + WORKERS)
    meter = Meter()
    workers = [Container() for _ in range(WORKERS)]
    for worker, look in zip(workers, looks, strict=False):
        # The first charge of a process makes its clients.
        autopay.look(look, worker, lambda: 29.0)
        outbox.flush(worker)
        meter.attach(worker._table._client)  # noqa: SLF001 - the bench listens at the wire
        meter.attach(worker.bus._client)  # type: ignore[attr-defined]  # noqa: SLF001
    httpx.delete(f"{stack['stripe_control_url']}/requests").raise_for_status()
    each: list[float] = []
    seconds = _at_pace(looks[WORKERS:], workers, each)
    mean = sum(each) / len(each)
    return Charging(
        charges=CHARGES,
        seconds=seconds,
        each=mean,
        calls={name: number / CHARGES for name, number in sorted(meter.calls.items())},
        units={
            **{kind: number / CHARGES for kind, number in meter.units.items()},
            # Sent on in tens, received, deleted; and the same for the mail.
            "SQS requests": 2 * (0.1 + 1 + 1),
            # The charger, a tenth of the dispatcher, and notify.
            "Lambda calls": 1 + 0.1 + 0.1,
            "Lambda GB-seconds": max(SECONDS, mean) * MEMORY_GB,
        },
        busiest=_busiest(stack),
    )


def _at_pace(looks: Sequence[Look], workers: Sequence[Container], each: list[float]) -> float:
    queue: SimpleQueue[Look] = SimpleQueue()
    for look in looks:
        queue.put(look)

    def run(worker: Container) -> None:
        while True:
            try:
                at = queue.get_nowait()
            except Empty:
                return
            with Pace(SECONDS) as pace:
                began = time.monotonic()
                result = autopay.look(at, worker, lambda: 29.0)
                outbox.flush(worker)
                each.append(time.monotonic() - began)
                pace.asked = result.asked_stripe
                if result.outcome is not autopay.Outcome.CHARGED:
                    raise RuntimeError(f"not charged: {result}")

    began = time.monotonic()
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(run, workers))
    return time.monotonic() - began


def _busiest(stack: Mapping[str, Any]) -> dict[str, int]:
    """Give, for each endpoint of Stripe, the most requests that fell into one second."""
    log = httpx.get(f"{stack['stripe_control_url']}/requests").json()["data"]
    moments: dict[str, list[float]] = {}
    for request in log:
        parts = request["path"].split("/")
        name = "/".join("{id}" if part.startswith(("pi_", "cus_")) else part for part in parts)
        moments.setdefault(f"{request['method']} {name}", []).append(request["at"])
    return {name: most_in_a_second(times) for name, times in sorted(moments.items())}


def most_in_a_second(moments: Sequence[float]) -> int:
    """Give the most moments that fall into one second, wherever it begins."""
    ordered = sorted(moments)
    most = behind = 0
    for ahead, moment in enumerate(ordered):
        while moment - ordered[behind] >= 1:
            behind += 1
        most = max(most, ahead - behind + 1)
    return most


def _debtors(stack: Mapping[str, Any], count: int) -> list[Look]:
    """Make customers with a card at Stripe and an invoice that is due."""
    ports = Container()
    now = datetime.now(UTC)
    stripe = httpx.Client(base_url=stack["stripe_url"], auth=(stack["stripe_secret_key"], ""))

    def make(number: int) -> Look:
        name = f"bench-{int(now.timestamp())}-{number}"
        ports.customers.register(Customer(name, f"{name}@example.com", "Somebody"), autopay=True)
        customer = stripe.post("/v1/customers").raise_for_status().json()["id"]
        method = (
            stripe.post("/v1/payment_methods/pm_card_visa/attach", data={"customer": customer})
            .raise_for_status()
            .json()
        )
        card = Card(
            card_id=ids.new(ids.CARD, now),
            payment_method=method["id"],
            fingerprint=method["card"]["fingerprint"],
            brand="visa",
            last4="4242",
            exp_month=12,
            exp_year=now.year + 3,
            added_at=now,
            setup_intent=f"seti_{number}",
        )
        wallet = ports.customers.wallet(name).with_stripe_customer(customer).add(card)
        ports.customers.save(wallet)
        invoice = issue(
            invoice_id=ids.invoice_id(name, now.date()),
            customer_id=name,
            number=name,
            currency="USD",
            issued_on=now.date(),
            due_on=now.date(),
            lines=[Line("Web hosting", 1, 1990)],
        )
        ports.invoices.add(invoice)
        return Look(name, now.date(), "bench", invoice.invoice_id)

    return [make(number) for number in range(count)]
