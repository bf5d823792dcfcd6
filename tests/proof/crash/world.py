"""One customer, one invoice, and everything around them: the real services on real adapters.

DynamoDB is moto's, Stripe is the emulator, the bus is the product's EventBridge adapter on a client
that keeps what it is given. Each act runs in a process of its own, so that a killed one takes with
it what it had only in memory.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import boto3
from billfold.adapters.dynamodb.keys import PAYMENT
from billfold.adapters.dynamodb.payment_items import to_payment
from billfold.domain import ids
from billfold.domain.continuity import Continuity
from billfold.domain.customer import Customer
from billfold.domain.errors import BillfoldError, UnavailableError
from billfold.domain.fact import Actor
from billfold.domain.invoice import Invoice
from billfold.domain.money import Money
from billfold.domain.payment import Payment, State
from billfold.domain.stripe_event import StripeEvent
from billfold.domain.wallet import Card, Wallet
from billfold.services import cards, outbox, reconcile, stripe_events

from tests.builders import NOON, an_invoice
from tests.fakes import FakeClock
from tests.proof.auditor import Auditor
from tests.proof.crash.nearby import items
from tests.proof.crash.sites import Process, Sites
from tests.proof.crash.wire import WiredAws
from tests.proof.history import check
from tests.proof.wishes import Wishes, asked_for
from tests.proof.witnesses import BusEnd, History, QueuesEnd

T = TypeVar("T")
ROUNDS: Final = 60
"""More than the reconciler's back-offs and a parked event's patience take."""


class World:
    """A customer with an invoice, as set up by a scenario."""

    def __init__(self, sites: Sites, currency: str = "USD", *, told: bool = True) -> None:
        self.sites, self.stripe, self.wire = sites, sites.stripe, sites.wire
        sites.runs += 1
        sites.loose_reads.clear()
        sites.stripe.forget()
        self.customer_id = f"cust-{sites.runs}"
        self.table = f"run-{sites.runs}"
        sites.create_table(self.table)
        self.clock = FakeClock(NOON)
        self.history = History()
        self.wishes = Wishes(lambda: asked_for(self.payments), self.history.wishes)
        self.shown: dict[str, Money] = {}
        self.auditor = Process(self, Actor.BUSINESS, sites.dynamodb)
        bus = BusEnd(self.history, self.auditor)
        self.wired_bus: Any = WiredAws(bus, sites.wire, lambda: bus.calls)
        self.queues = QueuesEnd()
        self.wired_queues: Any = WiredAws(self.queues, sites.wire, lambda: self.queues.calls)
        self.auditor.customers.register(
            Customer(self.customer_id, f"{self.customer_id}@example.com", "A Customer"),
            autopay=False,
        )
        self.invoice_id = self.add_invoice(currency)
        self._told = told
        if told:
            # Every minute since long before; a test that is about a restore tells it by itself.
            self.auditor.continuity.write(Continuity(), Continuity(NOON, NOON - timedelta(days=7)))

    def add_invoice(self, currency: str) -> str:
        invoice = an_invoice(
            f"INV-{self.sites.runs}", customer_id=self.customer_id, currency=currency
        )
        self.auditor.invoices.add(invoice)
        self.history.invoices.append((self.customer_id, invoice.invoice_id))
        return invoice.invoice_id

    def close(self) -> None:
        """Throw the table away: an index of all runs would make each slower than the last."""
        self.sites.drop_table(self.table)

    def snapshot(self) -> list[dict[str, Any]]:
        """Return all that is in the table, by a client that nobody watches."""
        found: list[dict[str, Any]] = boto3.client("dynamodb").scan(TableName=self.table)["Items"]
        return found

    def restore(self, items: list[dict[str, Any]]) -> None:
        """Take the table back to an earlier point, of which ``snapshot`` was made."""
        for item in self.snapshot():
            key = {name: item[name] for name in ("pk", "sk")}
            self.sites.dynamodb.delete_item(TableName=self.table, Key=key)
        for item in items:
            self.sites.dynamodb.put_item(TableName=self.table, Item=item)
        # Nobody tells the time while a table is being restored.
        self._told = False
        trail = self.auditor.outbox.trail(self.customer_id, limit=200, after=None).items
        self.history.restored({payment.payment_id for payment in self.payments}, trail)

    # What is there

    @property
    def invoice(self) -> Invoice:
        return self.auditor.invoices.get(self.customer_id, self.invoice_id)

    @property
    def wallet(self) -> Wallet:
        return self.auditor.customers.wallet(self.customer_id)

    @property
    def payments(self) -> list[Payment]:
        return list(self.auditor.payments.of_invoice(self.customer_id, self.invoice_id))

    def has_card(self, name: str = "pm_card_visa") -> Card:
        """Put a card into the wallet that is attached at Stripe."""
        if self.wallet.stripe_customer and not self.stripe.has_customer(
            self.wallet.stripe_customer
        ):
            # The portal asks before it shows the field for a card.
            self.ask(lambda ports: cards.begin_setup(self.customer_id, ports))
        wallet = self.wallet
        customer = wallet.stripe_customer or self.stripe.customer(self.customer_id)
        made = self.stripe.attached(name, customer)
        card = Card(
            card_id=ids.new(ids.CARD, NOON),
            payment_method=made["id"],
            fingerprint=made["card"]["fingerprint"],
            brand=made["card"]["brand"],
            last4=made["card"]["last4"],
            exp_month=12,
            exp_year=2040,
            added_at=NOON,
            setup_intent=f"seti_{name}",
        )
        self.auditor.customers.save(wallet.with_stripe_customer(customer).add(card))
        return card

    # What happens

    def process(self, actor: Actor = Actor.CUSTOMER) -> Process:
        return Process(self, actor, self.sites.wired_dynamodb)

    def ask(
        self, act: Callable[[Process], T], *, key: str = "", actor: Actor = Actor.CUSTOMER
    ) -> T | None:
        """Run a request in its own process as the functions do; an error is an answer too."""
        ports = self.process(actor)
        answer, refusal = None, None
        try:
            answer = act(ports)
        except BillfoldError as error:
            refusal = error
        # The answer leaves the function after this, and only if it lives so long.
        outbox.flush(ports)
        if refusal:
            self.history.refused(refusal, key, self.payments)
        self.look()
        return answer

    def hear(self, event: StripeEvent) -> None:
        """Let the worker take an event of Stripe's."""
        self.ask(lambda ports: stripe_events.take(event, ports), actor=Actor.STRIPE)

    def hear_everything(self) -> None:
        """Let the worker take all that Stripe has to tell, as it delivers until it is heard."""
        for event in self.stripe.events():
            self.hear(event)
        self.history.every_event_came = True

    def look(self) -> None:
        """Note what the list of payments shows to its owner at this moment."""
        for item in items(self.table, prefix=PAYMENT):
            self.history.answered(to_payment(item))

    def reconcile(self) -> None:
        """Run the reconciler once; where AWS is not there, the next run does what it could not."""
        ports = self.process(Actor.RECONCILER)
        with suppress(UnavailableError):
            reconcile.reconcile(ports, lambda: 60.0)
        self.look()

    def pass_time(self, by: timedelta = timedelta(seconds=1)) -> None:
        """Let time pass; the reconciler's short runs in between do no more than tell it."""
        before = self.auditor.continuity.read()
        self.clock.forward(by)
        if self._told:
            self.auditor.continuity.write(before, Continuity(self.clock.at, before.since))

    def come_to_rest(self) -> None:
        """Let the reconciler run, each time when the next lease has run out, until none is left."""
        for _ in range(ROUNDS):
            lease = self._next_lease()
            if lease is None:
                return
            self.pass_time(max(self.clock.at, lease) + timedelta(seconds=1) - self.clock.at)
            self.reconcile()
        raise AssertionError("the reconciler never comes to rest")

    def _next_lease(self) -> datetime | None:
        leases = [
            datetime.fromisoformat(item["lease_until"])
            for item in items(self.table, having="lease_until")
            if item.get("state") != State.REVIEW.value
        ]
        return min(leases, default=None)

    def violations(self) -> list[str]:
        stripe = Auditor(self.stripe.emulator, self.customer_id)
        return [*check(self.auditor, stripe, self.history), *self.sites.loose_reads]

    @property
    def charged_in(self) -> datetime:
        """The UTC hour in which Stripe has charged, which is none of our clock's."""
        [charge] = Auditor(self.stripe.emulator, self.customer_id).charges()
        return charge.charged_in

    def charges_on(self, payment_method: str) -> frozenset[str]:
        charges = Auditor(self.stripe.emulator, self.customer_id).charges()
        return frozenset(c.charge for c in charges if c.payment_method == payment_method)
