"""Races on the embedded stack: everybody starts at one barrier, and a history is kept of it."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from billfold.adapters.clock import SystemClock
from billfold.bootstrap import Container
from billfold.domain.fact import Actor, Kind
from billfold.domain.payment import Payment, Status
from billfold.services.ports import Clock
from billfold.services.reconcile import reconcile

from tests.e2e.client import (
    Customer,
    Integrator,
    Stack,
    invoice_detail,
    new_customer,
    put_event,
    until,
)
from tests.emulator import Emulator
from tests.proof.auditor import Auditor
from tests.proof.history import check, left_behind
from tests.proof.wishes import About, Wishes, asked_for
from tests.proof.witnesses import History, Told, premature

T = TypeVar("T")
RACERS: Final = 70
LOGIN_LIVES: Final = 200.0
"""Seconds; an access token lives for five minutes."""


class Ahead(SystemClock):
    """The real time, or some time ahead of it."""

    def __init__(self, by: timedelta) -> None:
        super().__init__(ZoneInfo("UTC"))
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


class Process(Container):
    """The product's own adapters on the running stack, for one caller at a time."""

    def __init__(self, actor: Actor, ahead: timedelta = timedelta()) -> None:
        super().__init__()
        self._actor, self._ahead = actor, ahead

    @cached_property
    def actor(self) -> Actor:
        return self._actor

    @cached_property
    def clock(self) -> Clock:
        return Ahead(self._ahead)


@dataclass(frozen=True)
class Answer:
    """What somebody was told who sent an order, over HTTP or by a call of the service."""

    key: str
    status: int
    code: str = ""
    detail: str = ""
    payment_id: str = ""
    payment_status: str = ""

    @property
    def kind(self) -> str:
        return f"{self.status} {self.code or self.payment_status}".strip()

    @property
    def denies(self) -> bool:
        """Tell whether it says that this order has charged nothing (docs/api.md)."""
        if self.status == 503:
            return "nothing was charged" in self.detail
        return self.status in {402, 404, 409, 422, 429}


def over_http(key: str, answered: tuple[int, dict[str, Any]]) -> Answer:
    status, body = answered
    if status >= 400:
        return Answer(key, status, body.get("code", "none"), body.get("detail", ""))
    return Answer(key, status, payment_id=body["payment_id"], payment_status=body["status"])


def at_once(acts: Sequence[Callable[[], T]], chance: random.Random, spread: float = 0) -> list[T]:
    """Start all at one barrier, each up to ``spread`` seconds after it, and wait for all."""
    barrier = threading.Barrier(len(acts))
    late = [chance.uniform(0, spread) for _ in acts]

    def start(act: Callable[[], T], seconds: float) -> T:
        barrier.wait(timeout=30)
        # By chance who is first: nothing is waited for.
        time.sleep(seconds)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(start, acts, late))


@dataclass
class Scene:
    """A customer, and what they and the bus were told over all their rounds."""

    track: "Track"
    payer: Customer
    logged_in: float = field(default_factory=time.monotonic)
    told: dict[str, Told] = field(default_factory=dict)
    removed: dict[str, frozenset[str]] = field(default_factory=dict)
    invoices: list[dict[str, Any]] = field(default_factory=list)
    wishes: Wishes = field(init=False)

    def __post_init__(self) -> None:
        self.wishes = Wishes(self._asked)

    @property
    def cards(self) -> list[str]:
        return [card["card_id"] for card in self.payer.cards()]

    def issue(self, count: int) -> None:
        """Issue invoices over the bus and wait until the customer sees them."""
        today = datetime.now(UTC).date()
        numbers = [f"INV-{uuid.uuid4().hex[:12]}" for _ in range(count)]
        due = today + timedelta(days=14)
        for start in range(0, count, 10):
            details = [
                invoice_detail(self.payer, number, 12050, "USD", today, due)
                for number in numbers[start : start + 10]
            ]
            put_event(self.payer.stack, "InvoiceIssued", *details)

        def all_there() -> list[dict[str, Any]]:
            _, body = self.payer.call("GET", "/v1/invoices?limit=100")
            found = [one for one in body["data"] if one["number"] in numbers]
            return found if len(found) == count else []

        self.invoices += until(all_there, "the invoices", seconds=60)

    def stay_logged_in(self) -> None:
        if time.monotonic() - self.logged_in > LOGIN_LIVES:
            self.payer.login()
            self.logged_in = time.monotonic()

    def pay(self, invoice: dict[str, Any], source: dict[str, str], key: str) -> Answer:
        return over_http(key, self.payer.pay(invoice, source, key))

    def opt(self, *, enabled: bool) -> Answer:
        """Turn automatic payment on or off; what is answered counts from then on."""
        said: list[int] = []
        with self.wishes.asking(About.SETTING, wish=lambda: said == [200] and not enabled):
            status, body = self.payer.call("PUT", "/v1/autopay", {"enabled": enabled})
            said.append(status)
        return Answer("", status, body.get("code", ""))

    def choose(self, card_id: str) -> Answer:
        """Make a card the primary one; what is answered counts from then on."""
        said: list[int] = []
        with self.wishes.asking(About.CARD, wish=lambda: said == [200], card=card_id):
            status, body = self.payer.call("PUT", "/v1/primary-card", {"card_id": card_id})
            said.append(status)
        return Answer("", status, body.get("code", ""))

    def _asked(self) -> frozenset[str]:
        """Give the automatic payments that have asked for money up to now."""
        return frozenset[str]().union(*(asked_for(self.payments(one)) for one in self.invoices))

    def stored(self, card_id: str) -> dict[str, str]:
        return {"card_id": card_id, "cvc_token": self.track.stripe.cvc_token()}

    def one_time(self) -> dict[str, str]:
        return {"payment_method": str(self.track.stripe.card()["id"])}

    def payments(self, invoice: dict[str, Any]) -> list[Payment]:
        found = self.track.ports.payments.of_invoice(self.payer.customer_id, invoice["invoice_id"])
        return list(found)

    def charges_on(self, payment_method: str) -> frozenset[str]:
        charges = Auditor(self.track.stripe, self.payer.customer_id).charges()
        return frozenset(c.charge for c in charges if c.payment_method == payment_method)

    def violations(self, invoice: dict[str, Any], answers: Sequence[Answer]) -> list[str]:
        """Come to rest, and hold the history against what is promised."""
        self.track.come_to_rest(self.payer.customer_id)
        self.track.listen_to(self)
        history = History(
            invoices=[(self.payer.customer_id, invoice["invoice_id"])],
            removed=self.removed,
            told=list(self.told.values()),
            wishes=self.wishes.stated,
        )
        by_key = {payment.idempotency_key: payment for payment in self.payments(invoice)}
        for answer in answers:
            if answer.payment_status == Status.SUCCEEDED:
                history.charged[answer.payment_id] = answer.kind
            if answer.payment_status in {Status.DECLINED, Status.CANCELED}:
                history.not_charged[answer.payment_id] = answer.kind
            if answer.denies and answer.key in by_key:
                history.not_charged[by_key[answer.key].payment_id] = answer.kind
        for payment in by_key.values():
            history.answered(payment)
        return check(self.track.ports, Auditor(self.track.stripe, self.payer.customer_id), history)


class Track:
    """A running stack with an auditor at Stripe, an integrator on the bus, and a reconciler."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.stripe = Emulator(stack["stripe_url"])
        self.ports = Process(Actor.BUSINESS)
        self._integrator = Integrator(stack)
        self._scenes: dict[str, Scene] = {}

    def close(self) -> None:
        self._integrator.close()
        self.stripe.close()

    def scene(self) -> Scene:
        """Begin with a new customer."""
        scene = Scene(self, new_customer(self.stack))
        self._scenes[scene.payer.customer_id] = scene
        return scene

    def come_to_rest(self, customer_id: str) -> None:
        """Reconcile what the race has left behind, ever later, until nothing is."""
        for minutes in (3, 20, 120, 2880):
            if not any(left_behind(self.ports, {customer_id})):
                return
            reconcile(Process(Actor.RECONCILER, timedelta(minutes=minutes)), lambda: 60.0)

    def listen_to(self, scene: Scene) -> None:
        """Hear the bus until all is told that the customer's trail knows."""
        trail = self.ports.outbox.trail(scene.payer.customer_id, limit=200, after=None).items
        known = {entry.event_id(at) for entry in trail for at in range(len(entry.facts))}

        def heard_all() -> bool:
            for event in self._integrator.listen():
                self._hear(event)
            return known <= scene.told.keys()

        until(heard_all, "what the bus should tell")

    def _hear(self, event: dict[str, Any]) -> None:
        detail, kind = event["detail"], Kind(event["detail-type"])
        scene = self._scenes.get(detail["customer_id"])
        if scene and detail["event_id"] not in scene.told:
            early = premature(self.ports, detail["customer_id"], kind, detail)
            told = Told(detail["customer_id"], detail["event_id"], kind, detail, early)
            scene.told[told.event_id] = told
