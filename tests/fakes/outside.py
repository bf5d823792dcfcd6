"""Stripe, the bus and the queues, as far as a test lays out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billfold.domain.autopay_message import Look, Shard
from billfold.domain.customer import Customer
from billfold.domain.errors import (
    NotFoundError,
    UnavailableError,
)
from billfold.domain.fact import Entry
from billfold.domain.mail import Mail
from billfold.domain.payment import (
    Answer,
    Payment,
    Source,
    Succeeded,
    WantsMethod,
)
from billfold.domain.stripe_event import StripeEvent
from billfold.domain.wallet import CardDetails, CardFace
from billfold.services.ports import (
    ChargeView,
    Fenceable,
    FoundIntent,
    SetupResult,
    SetupSecret,
)

from tests.builders import NOON


@dataclass
class FakeBus:
    """Keeps what it was sent; ``down`` makes it unreachable."""

    sent: list[Entry] = field(default_factory=list)
    down: bool = False

    def send(self, entry: Entry) -> None:
        if self.down:
            raise UnavailableError
        self.sent.append(entry)

    @property
    def kinds(self) -> list[str]:
        return [fact.kind.value for entry in self.sent for fact in entry.facts]


@dataclass
class FakeEventQueue:
    sent: list[StripeEvent] = field(default_factory=list)

    def send(self, event: StripeEvent) -> None:
        self.sent.append(event)


@dataclass
class FakeAutopayQueues:
    """Keeps what it was sent; what was sent before is dropped, as the real queue does."""

    shards: list[Shard] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    known: set[Look] = field(default_factory=set)

    def dispatch(self, shards: Sequence[Shard]) -> None:
        self.shards += shards

    def waiting(self) -> int:
        return len(self.looks)

    def charge(self, looks: Sequence[Look]) -> None:
        self.looks += [look for look in looks if look not in self.known]
        self.known |= set(looks)


@dataclass
class FakeGateway:
    """A Stripe whose answers are laid out beforehand; what was asked is kept in ``calls``."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    confirms: list[Answer] = field(default_factory=list)
    looks: list[Answer] = field(default_factory=list)
    setups: dict[str, SetupResult] = field(default_factory=dict)
    detached: list[str] = field(default_factory=list)
    intents: dict[str, Answer] = field(default_factory=dict)
    cards: dict[str, tuple[str | None, CardDetails]] = field(default_factory=dict)
    charge_views: dict[str, ChargeView] = field(default_factory=dict)
    found: dict[str, list[FoundIntent]] = field(default_factory=dict)
    down: bool = False

    def _call(self, name: str, about: str) -> None:
        self.calls.append((name, about))
        if self.down:
            raise UnavailableError

    def create_customer(self, customer_id: str) -> str:
        self._call("create_customer", customer_id)
        return f"cus_{customer_id}"

    def create_setup_intent(self, stripe_customer: str, customer_id: str) -> SetupSecret:
        self._call("create_setup_intent", stripe_customer)
        return SetupSecret("seti_1234", "pk_test_x", "seti_1234_secret_5678")

    def setup_result(self, setup_intent: str) -> SetupResult:
        self._call("setup_result", setup_intent)
        if setup_intent not in self.setups:
            raise NotFoundError
        return self.setups[setup_intent]

    def cancel_setup(self, setup_intent: str) -> None:
        self._call("cancel_setup", setup_intent)

    def detach(self, payment_method: str) -> None:
        self._call("detach", payment_method)
        self.detached.append(payment_method)

    def create_payment_intent(self, payment: Payment, stripe_customer: str) -> str:
        self._call("create_payment_intent", f"pi:{payment.invoice_id}:{payment.epoch}")
        return f"pi_{payment.invoice_id[-6:]}_{payment.epoch}"

    def confirm(
        self, payment: Payment, source: Source | None, payment_method: str | None
    ) -> Answer:
        self.calls.append(("confirm", f"{payment.invoice_id}:{payment.epoch}:{payment.n}"))
        return self.confirms.pop(0) if self.confirms else self.success(payment)

    def retrieve(self, payment: Payment) -> Answer:
        self.calls.append(("retrieve", payment.intent or ""))
        return self.looks.pop(0) if self.looks else WantsMethod()

    def cancel(self, fenceable: Fenceable) -> Answer:
        self.calls.append(("cancel", fenceable.intent or ""))
        return self.looks.pop(0) if self.looks else WantsMethod()

    def look(self, intent: str) -> Answer:
        self._call("look", intent)
        if intent not in self.intents:
            raise NotFoundError
        return self.intents[intent]

    def find_intents(
        self, customer_id: str, invoice_id: str, stripe_customer: str | None, *, since: datetime
    ) -> Sequence[FoundIntent]:
        self._call("find_intents", invoice_id)
        return self.found.get(invoice_id, [])

    def card(self, payment_method: str) -> tuple[str | None, CardDetails]:
        self._call("card", payment_method)
        if payment_method not in self.cards:
            raise NotFoundError
        return self.cards[payment_method]

    def charge(self, charge: str) -> ChargeView:
        self._call("charge", charge)
        if charge not in self.charge_views:
            raise NotFoundError
        return self.charge_views[charge]

    def charges(self, start: datetime, end: datetime) -> Iterator[ChargeView]:
        self._call("charges", start.isoformat())
        yield from (v for v in self.charge_views.values() if start <= v.charged_at < end)

    @staticmethod
    def success(payment: Payment) -> Succeeded:
        intent = payment.intent or ""
        return Succeeded(intent, f"ch_{intent}", payment.money, CardFace("visa", "4242"), NOON)


@dataclass
class FakeMailer:
    """Keeps what it sent; ``down`` makes it unreachable."""

    sent: list[tuple[str, Mail]] = field(default_factory=list)
    down: bool = False

    def send(self, customer: Customer, mail: Mail) -> None:
        if self.down:
            raise UnavailableError
        self.sent.append((customer.email, mail))


@dataclass
class FakeDeadLetters:
    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, body: str, reason: str) -> None:
        self.sent.append((body, reason))
