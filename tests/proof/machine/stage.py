"""What the rules of the state machine stand on: who is at work in a world, and what must hold."""

from collections import Counter
from collections.abc import Callable
from typing import ClassVar, Final

from billfold.domain.fact import Actor
from billfold.domain.invoice import Invoice
from billfold.domain.payment import OneTimeCard
from billfold.services import cards, payments
from billfold.services.payments import Order
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.emulator import Emulator
from tests.proof.crash.wire import Mode
from tests.proof.machine.processes import Process
from tests.proof.machine.rest import come_to_rest, violations
from tests.proof.machine.turns import BANKS_STEP, DECLINED_LATER, GOOD, Turns
from tests.proof.machine.world import CUSTOMER, Ports, World

MOST_AT_ONCE: Final = 3


class Stage(RuleBasedStateMachine):
    """One customer with four invoices, of which one is paid, and two cards.

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
        dues = ((1, 12050), (2, 700), (3, 99), (4, 3000))
        self.invoices = [self.world.issue(number, due) for number, due in dues]
        self._pay_undisturbed(self.invoices.pop())
        self.world.back_up()

    def _pay_undisturbed(self, invoice: Invoice) -> None:
        """Have something that is paid from the beginning, for what comes after money has moved."""
        source = OneTimeCard(str(self.world.emulator.card(GOOD)["id"]))
        order = Order(CUSTOMER, invoice.invoice_id, invoice.amount_due, source, "key-before")

        def ask(ports: Ports) -> None:
            payments.pay(order, ports, lambda: 29.0)

        self._run(self.world.start("paid before", ask))

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

    def _start(
        self, then: Turns, name: str, act: Callable[[Ports], object], actor: Actor = Actor.CUSTOMER
    ) -> None:
        if len(self.running) >= MOST_AT_ONCE:
            self._run(self.running[0])
        self.world.start(name, act, actor=actor)
        Stage.seen[name.partition(":")[0]] += 1
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
                Stage.seen[turn.mode.value] += 1
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

    def _count(self) -> None:
        Stage.seen["histories"] += 1
        tries = [payment for one in self.invoices for payment in self.world.payments(one)]
        for payment in tries:
            Stage.seen[f"payments {payment.state.value}"] += 1
        Stage.seen["charges"] += len(self.world.charges())
