"""The state machine: everybody who touches money or cards, in any order, call by call."""

from datetime import timedelta

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
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.proof.crash.wire import in_silence
from tests.proof.machine.rare import Rare
from tests.proof.machine.stage import Stage
from tests.proof.machine.turns import GOOD, MASTERCARD, Turns, begins, keys, numbers, seldom, some
from tests.proof.machine.world import CUSTOMER, Ports
from tests.proof.wishes import About

SEEN = "state machine"


class Machine(Rare):
    """Everybody who touches money or cards."""

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
        def act(ports: Ports) -> None:
            with self.world.wishes.asking(About.SETTING, wish=lambda: not enabled):
                account.set_autopay(CUSTOMER, ports, enabled=enabled)
            Stage.seen["opt-ins answered" if enabled else "opt-outs answered"] += 1

        self._start(then, "set autopay", act)

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
                # Another card may be the primary one from then on.
                with self.world.wishes.asking(About.CARD, wish=lambda: False):
                    cards.delete(CUSTOMER, chosen, ports)
            except CardInUseError:
                Stage.seen["card in use"] += 1
                raise
            # From now on, as Stripe sees it.
            self.world.history.removed[method] = self.world.charges_on(method)

        self._start(then, "delete card", act)

    @begins(card=some)
    def make_primary(self, then: Turns, card: int) -> None:
        chosen = self._card(card)
        if chosen is None:
            return

        def act(ports: Ports) -> None:
            with self.world.wishes.asking(About.CARD, card=chosen):
                cards.make_primary(CUSTOMER, chosen, ports)
            Stage.seen["primary cards answered"] += 1

        self._start(then, "make primary", act)

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
            Stage.seen["arrived late"] += 1

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
