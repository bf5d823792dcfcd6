"""The state machine: everybody who touches money or cards, in any order, call by call."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, TypeVar, cast

from billfold.domain.autopay_message import Look, read_look
from billfold.domain.errors import CardInUseError
from billfold.domain.fact import Actor
from billfold.domain.invoice import Invoice
from billfold.domain.money import Money
from billfold.domain.payment import OneTimeCard, Payment, State, StoredCard
from billfold.services import (
    account,
    autopay,
    cards,
    invoice_changes,
    payments,
    stripe_events,
)
from billfold.services.payments import Order
from billfold.services.reconcile import reconcile
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from tests.emulator import Emulator
from tests.proof.crash.wire import Mode, in_silence
from tests.proof.machine.dashboard import Dashboard
from tests.proof.machine.processes import Process
from tests.proof.machine.rest import come_to_rest, violations
from tests.proof.machine.world import CUSTOMER, Ports, World

F = TypeVar("F", bound=Callable[..., None])

GOOD, DECLINED, BANKS_STEP = "4242424242424242", "4000000000000002", "4000002760003184"
# The first charge is declined, though the bank has taken the card.
DECLINED_LATER, MASTERCARD = "4000000000000341", "5555555555554444"
MOST_AT_ONCE = 3
SEEN = "state machine"

WAYS = (Mode.CRASH_BEFORE, Mode.CRASH_AFTER, Mode.REPLY_LOST, Mode.LATE)
"""How a call goes wrong here. When it arrives late, and who stands still, the turns decide."""

some = st.integers(0, 11)
"""Chooses one of what there is, whatever there is."""
seldom = st.integers(0, 2)
"""Does it where it is 0: what ends an invoice or a card leaves less to go wrong."""
keys = st.sampled_from(["key-aaaa", "key-bbbb", "key-cccc", "key-dddd"])
numbers = st.sampled_from([GOOD, GOOD, DECLINED, BANKS_STEP])


@dataclass(frozen=True)
class Turn:
    """One of the processes makes some calls; where ``mode`` is set, its next one goes wrong.

    It goes wrong sooner where money may move, since most of the trouble comes from there.
    """

    which: int
    calls: int
    mode: Mode | None


Turns = list[Turn]
turns = st.lists(
    st.builds(
        Turn,
        which=some,
        calls=st.sampled_from([99, 1, 2, 3, 5]),
        mode=st.sampled_from([None, None, None, *WAYS, Mode.LATE]),
    ),
    min_size=1,
    max_size=3,
)


def begins(**given: st.SearchStrategy[Any]) -> Callable[[F], F]:
    """Mark a rule that begins a process; after that those who are there take turns.

    The turns are no rule of their own, since Hypothesis leaves out rules by chance: there would be
    histories in which nobody ever goes on.
    """
    # Hypothesis types a rule by its targets, and this one has none.
    return cast("Any", rule)(then=turns, **given)  # type: ignore[no-any-return]


class Machine(Dashboard):
    """One customer with three invoices and two cards.

    Rules begin processes, which take turns. What Stripe has charged is held against the promise
    after every rule, everything else when all has come to rest.
    """

    emulator: ClassVar[Emulator]
    seen: ClassVar[Counter[str]] = Counter()
    """What came about in all histories of a run, for the summary at its end."""

    world: World
    invoices: list[Invoice]

    @initialize(every_event_comes=st.booleans(), banks_step=st.booleans())
    def begin(self, *, every_event_comes: bool, banks_step: bool) -> None:
        self.world = World(self.emulator)
        self.every_event_comes = every_event_comes
        for number in (BANKS_STEP if banks_step else GOOD, DECLINED_LATER):
            cards.add(CUSTOMER, self.world.set_up(number), None, self.world.audit)
        self.invoices = [self.world.issue(n, due) for n, due in ((1, 12050), (2, 700), (3, 99))]

    # ---- What people and machines begin ----------------------------------------------------------

    @begins(which=some, card=some, key=keys)
    def pay(self, then: Turns, which: int, card: int, key: str) -> None:
        """Pay with a stored card; the same key may be used again, also for something else."""
        chosen = self._card(card)
        if chosen:
            self._order(
                then, self._one(which), StoredCard(chosen, self.world.emulator.cvc_token()), key
            )

    @begins(which=some, number=numbers, key=keys)
    def pay_once(self, then: Turns, which: int, number: str, key: str) -> None:
        """Pay with a card that is not stored."""
        self._order(
            then, self._one(which), OneTimeCard(str(self.world.emulator.card(number)["id"])), key
        )

    @begins(which=some, day=st.sampled_from([0, 1, 3, 7]), copies=st.integers(1, 2))
    def autopay(self, then: Turns, which: int, day: int, copies: int) -> None:
        """A message of the schedule comes, maybe twice, or late."""
        invoice = self._one(which)
        at = Look(CUSTOMER, invoice.due_on + timedelta(days=day), "run", invoice.invoice_id)
        for _ in range(copies):
            self._look(then, at)

    @begins(day=st.sampled_from([0, 7]))
    def autopay_wallet(self, then: Turns, day: int) -> None:
        """The run takes up a wallet, which may ask for invoices."""
        self._look(then, Look(CUSTOMER, self.invoices[0].due_on + timedelta(days=day), "run"))
        while self.world.queues.looks:
            self._look(then, read_look(self.world.queues.looks.pop(0)))

    @begins(enabled=st.booleans())
    def set_autopay(self, then: Turns, *, enabled: bool) -> None:
        self._start(
            then,
            "set autopay",
            lambda ports: account.set_autopay(CUSTOMER, ports, enabled=enabled),
        )

    @begins(which=some, complete=st.booleans())
    def bank(self, then: Turns, which: int, *, complete: bool) -> None:
        """The customer takes the bank's step, or fails it, and the browser goes on."""
        payment = self._waiting(which)
        if payment:
            self.world.stripe.bank_says(payment.intent or "", "complete" if complete else "fail")
            self._confirm(then, payment)

    @begins(which=some)
    def confirm(self, then: Turns, which: int) -> None:
        """The browser asks to go on, whether the step was taken or not."""
        payment = self._waiting(which)
        if payment:
            self._confirm(then, payment)

    @begins(which=some)
    def give_up(self, then: Turns, which: int) -> None:
        payment = self._waiting(which)
        if payment:
            self._start(
                then, "give up", lambda ports: payments.cancel(CUSTOMER, payment.payment_id, ports)
            )

    @begins(number=st.sampled_from([GOOD, MASTERCARD]), asks=st.booleans())
    def add_card(self, then: Turns, number: str, *, asks: bool) -> None:
        """Add a card; where the browser never asks, only Stripe's event tells of it."""
        if len(self.world.audit.customers.wallet(CUSTOMER).cards) > 3:
            return
        setup = self.world.set_up(number)
        if asks:
            self._start(then, "add card", lambda ports: cards.add(CUSTOMER, setup, "Mine", ports))

    @begins(card=some, seldom=seldom)
    def delete_card(self, then: Turns, card: int, seldom: int) -> None:
        """Delete a card; after the answer no charge on it begins."""
        chosen = self._card(card)
        if chosen is None or seldom:
            return
        method = self.world.audit.customers.wallet(CUSTOMER).card(chosen).payment_method

        def act(ports: Ports) -> None:
            try:
                cards.delete(CUSTOMER, chosen, ports)
            except CardInUseError:
                Machine.seen["card in use"] += 1
                raise
            # From now on, as Stripe sees it.
            self.world.history.removed[method] = self.world.charges_on(method)

        self._start(then, "delete card", act)

    @begins(card=some)
    def make_primary(self, then: Turns, card: int) -> None:
        chosen = self._card(card)
        if chosen:
            self._start(
                then, "make primary", lambda ports: cards.make_primary(CUSTOMER, chosen, ports)
            )

    @begins(which=some, seldom=seldom)
    def void(self, then: Turns, which: int, seldom: int) -> None:
        if seldom:
            return
        about = self._one(which).invoice_id
        self._start(
            then, "void", lambda ports: invoice_changes.void(CUSTOMER, about, ports), Actor.BUSINESS
        )

    @begins(which=some, due=st.sampled_from([500, 12000]), seldom=seldom)
    def change_amount(self, then: Turns, which: int, due: int, seldom: int) -> None:
        if seldom:
            return
        about, money = self._one(which).invoice_id, Money("USD", due)
        self._start(
            then,
            "change amount",
            lambda ports: invoice_changes.change_amount(CUSTOMER, about, money, ports),
            Actor.BUSINESS,
        )

    @rule(which=some, amount=st.sampled_from([100, 400]))
    def refund(self, which: int, amount: int) -> None:
        """Money is given back in Stripe's dashboard."""
        charges = self.world.charges()
        paid = [c for c in charges if c["amount"] - c["amount_refunded"] >= amount]
        if paid:
            charge = paid[which % len(paid)]["id"]
            self.world.emulator.post("refunds", charge=charge, amount=amount)
            Machine.seen["refunds"] += 1

    @begins(which=st.integers(0, 40))
    def webhook(self, then: Turns, which: int) -> None:
        """Any event comes: early, late, again, out of order."""
        events = self.world.stripe.events()
        if events:
            event = events[which % len(events)]
            name = f"event {event.type}"
            self._start(then, name, lambda ports: stripe_events.take(event, ports), Actor.STRIPE)

    @begins(after=st.sampled_from([0, 2, 35]))
    def reconcile(self, then: Turns, after: int) -> None:
        """The reconciler comes after some minutes, and finds what nobody went on with."""
        self.world.forward(timedelta(minutes=after))
        self._start(
            then, "reconcile", lambda ports: reconcile(ports, lambda: 60.0), Actor.RECONCILER
        )

    # ---- How it goes on --------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 25]))
    def time_passes(self, hours: int) -> None:
        """After a day Stripe has forgotten its idempotency keys."""
        self.world.forward(timedelta(hours=hours))

    @begins()
    def go_on(self, then: Turns) -> None:
        """Nobody new comes; those who are there go on."""
        self._take(then)

    @rule(which=some)
    def arrives(self, which: int) -> None:
        """Something arrives that had been on its way."""
        # No precondition: what Hypothesis draws must not depend on how the machine ran.
        if self.world.late:
            in_silence(self.world.late.pop(which % len(self.world.late)))
            Machine.seen["arrived late"] += 1

    # ---- What must hold --------------------------------------------------------------------------

    @invariant()
    def charged_at_most_once(self) -> None:
        """And never a card that was deleted."""
        charges = self.world.charges()
        paid = [charge["metadata"]["billfold_invoice_id"] for charge in charges]
        assert len(paid) == len(set(paid)), f"charged twice: {Counter(paid)}"
        for charge in charges:
            before = self.world.history.removed.get(charge["payment_method"])
            assert before is None or charge["id"] in before, "a deleted card was charged"

    def teardown(self) -> None:
        """Let everything come to rest, and hold the whole history against what was promised."""
        if not hasattr(self, "invoices"):
            return
        try:
            come_to_rest(self.world, every_event_comes=self.every_event_comes)
            wrong = violations(self.world, every_event_comes=self.every_event_comes)
            self._count()
        finally:
            self.world.close()
        assert not wrong, "; ".join(wrong)

    # ---- Details ---------------------------------------------------------------------------------

    @property
    def running(self) -> list[Process]:
        return [process for process in self.world.processes if process.at]

    def _start(self, then: Turns, name: str, act: Any, actor: Actor = Actor.CUSTOMER) -> None:
        if len(self.running) >= MOST_AT_ONCE:
            self._run(self.running[0])
        self.world.start(name, act, actor=actor)
        Machine.seen[name.partition(":")[0]] += 1
        self._take(then)

    def _take(self, then: Turns) -> None:
        for turn in then:
            if not self.running:
                return
            process = self.running[turn.which % len(self.running)]
            calls = 0
            while process.at and calls < turn.calls:
                if turn.mode and process.at.endswith(("/confirm", "/cancel")):
                    break
                self._step(process)
                calls += 1
            if process.at and turn.mode:
                Machine.seen[turn.mode.value] += 1
                self._step(process, turn.mode)

    def _run(self, process: Process) -> None:
        while process.at:
            self._step(process)

    def _step(self, process: Process, mode: Mode | None = None) -> None:
        note(f"    {process.name}: {process.at}{f', {mode.value}' if mode else ''}")
        self.world.step(process, mode)

    def _one(self, which: int) -> Invoice:
        return self.invoices[which % len(self.invoices)]

    def _card(self, which: int) -> str | None:
        stored = self.world.audit.customers.wallet(CUSTOMER).cards
        return stored[which % len(stored)].card_id if stored else None

    def _waiting(self, which: int) -> Payment | None:
        tries = [payment for one in self.invoices for payment in self.world.payments(one)]
        waiting = [payment for payment in tries if payment.state is State.REQUIRES_ACTION]
        return waiting[which % len(waiting)] if waiting else None

    def _look(self, then: Turns, at: Look) -> None:
        name = f"autopay:{at.invoice_id or 'wallet'}"
        self._start(then, name, lambda ports: autopay.look(at, ports, lambda: 29.0), Actor.AUTOPAY)

    def _order(
        self, then: Turns, invoice: Invoice, source: StoredCard | OneTimeCard, key: str
    ) -> None:
        def ask(ports: Ports) -> Payment:
            # The amount is what the page has shown, which may have changed since.
            order = Order(CUSTOMER, invoice.invoice_id, shown, source, key)
            return payments.pay(order, ports, lambda: 29).payment

        shown = self.world.invoice(invoice).amount_due
        if shown.amount:
            self._start(then, f"pay:{key}", self.world.asking(invoice, key, ask))

    def _confirm(self, then: Turns, payment: Payment) -> None:
        def ask(ports: Ports) -> Payment:
            return payments.confirm(CUSTOMER, payment.payment_id, ports, lambda: 29).payment

        invoice = next(one for one in self.invoices if one.invoice_id == payment.invoice_id)
        key = payment.idempotency_key
        self._start(then, f"confirm:{key}", self.world.asking(invoice, key, ask))

    def _count(self) -> None:
        Machine.seen["histories"] += 1
        tries = [payment for one in self.invoices for payment in self.world.payments(one)]
        for payment in tries:
            Machine.seen[f"payments {payment.state.value}"] += 1
        Machine.seen["charges"] += len(self.world.charges())
