"""Stripe, the bus and the queues, as far as a test lays out."""

from collections.abc import Mapping, Sequence
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
from billfold.domain.wallet import CardFace, Wallet
from billfold.services.ports import (
    CardView,
    ChargeView,
    Fenceable,
    FoundIntent,
    Listed,
    SetupResult,
    SetupSecret,
    Stretch,
    StripeCustomer,
    StripeCustomerGoneError,
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

    def details(self, kind: str) -> list[Mapping[str, object]]:
        return [
            fact.detail for entry in self.sent for fact in entry.facts if fact.kind.value == kind
        ]


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
    cards: dict[str, CardView] = field(default_factory=dict)
    deleted_customers: set[str] = field(default_factory=set)
    unknown_customers: set[str] = field(default_factory=set)
    charge_views: dict[str, ChargeView] = field(default_factory=dict)
    found: dict[str, list[FoundIntent]] = field(default_factory=dict)
    foreign: dict[str, datetime] = field(default_factory=dict)
    refunded: list[Listed] = field(default_factory=list)
    disputed: list[Listed] = field(default_factory=list)
    down: bool = False

    def _call(self, name: str, about: str) -> None:
        self.calls.append((name, about))
        if self.down:
            raise UnavailableError

    def create_customer(self, customer_id: str) -> str:
        self._call("create_customer", customer_id)
        made = f"cus_{customer_id}"
        return f"{made}_again" if made in self.deleted_customers else made

    def create_setup_intent(self, stripe_customer: str, customer_id: str) -> SetupSecret:
        self._call("create_setup_intent", stripe_customer)
        self._require_customer(stripe_customer)
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
        self._require_customer(stripe_customer)
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

    def card(self, payment_method: str) -> CardView:
        self._call("card", payment_method)
        if payment_method not in self.cards:
            raise NotFoundError
        return self.cards[payment_method]

    def attach(self, wallet: Wallet) -> None:
        """Have the cards of a wallet as they are there, at its Stripe customer."""
        for card in wallet.cards:
            self.cards[card.payment_method] = CardView(
                card.details, wallet.stripe_customer, wallet.customer_id
            )

    def take_away(self, payment_method: str) -> None:
        """Detach a card in the dashboard."""
        self.cards[payment_method] = CardView(self.cards[payment_method].details)

    def delete_customer(self, stripe_customer: str) -> None:
        """Delete a customer in the dashboard; the cards are detached."""
        self.deleted_customers.add(stripe_customer)
        for payment_method, seen in list(self.cards.items()):
            if seen.stripe_customer == stripe_customer:
                self.take_away(payment_method)

    def customer(self, stripe_customer: str) -> StripeCustomer:
        self._call("customer", stripe_customer)
        if stripe_customer in self.unknown_customers:
            raise NotFoundError
        if stripe_customer in self.deleted_customers:
            return StripeCustomer(None, deleted=True)
        return StripeCustomer(stripe_customer.removeprefix("cus_").partition("_")[0])

    def _require_customer(self, stripe_customer: str) -> None:
        if stripe_customer in self.deleted_customers | self.unknown_customers:
            raise StripeCustomerGoneError

    def charge(self, charge: str) -> ChargeView | None:
        self._call("charge", charge)
        if charge in self.foreign:
            return None
        if charge not in self.charge_views:
            raise NotFoundError
        return self.charge_views[charge]

    def charges(self, start: datetime, end: datetime) -> Stretch[Listed]:
        ours = [Listed(v.charge, v.charged_at, v.owner, v) for v in self.charge_views.values()]
        foreign = [Listed(charge, at) for charge, at in self.foreign.items()]
        return self._listed("charges", [*ours, *foreign], start, end)

    def refunds(self, start: datetime, end: datetime) -> Stretch[Listed]:
        return self._listed("refunds", self.refunded, start, end)

    def disputes(self, start: datetime, end: datetime) -> Stretch[Listed]:
        return self._listed("disputes", self.disputed, start, end)

    def _listed(
        self, name: str, listed: Sequence[Listed], start: datetime, end: datetime
    ) -> Stretch[Listed]:
        self._call(name, start.isoformat())
        return Stretch([one for one in listed if start <= one.at < end], start)

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
