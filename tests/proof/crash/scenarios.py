"""The paths on which money or cards move, each with what must be there before it begins."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from billfold.domain.errors import BillfoldError, NothingBegunError
from billfold.domain.invoice import Invoice
from billfold.domain.money import Money
from billfold.domain.payment import OneTimeCard, Payment, Source, StoredCard
from billfold.domain.stripe_event import Owner, StripeEvent
from billfold.services import account, cards, invoice_changes, outbox, payments, stripe_events
from billfold.services.payments import Order
from billfold.services.reconcile import reconcile

from tests.proof.crash.world import World

GOOD, DECLINED, BANKS_STEP = "4242424242424242", "4000000000000002", "4000002760003184"


@dataclass
class Run:
    """One customer with one invoice, what they were told, and how they go on."""

    world: World
    invoice: Invoice
    told: list[tuple[str, str]] = field(default_factory=list)
    card_id: str = ""

    def __post_init__(self) -> None:
        self.card_id = self.world.customers.wallet(self.customer_id).cards[0].card_id

    @property
    def customer_id(self) -> str:
        return self.invoice.customer_id

    def pay(self, source: Source, key: str) -> None:
        """Pay as the portal does; the answer is what the customer was told."""

        def ask() -> Payment:
            now = self.world.invoices.get(self.customer_id, self.invoice.invoice_id)
            order = Order(self.customer_id, now.invoice_id, now.amount_due, source, key)
            return payments.pay(order, self.world, lambda: 29).payment

        self._hear(key, ask)

    def confirm(self, key: str) -> None:
        """Go on after the bank's step."""

        def ask() -> Payment:
            payment_id = self.payments[0].payment_id
            return payments.confirm(self.customer_id, payment_id, self.world, lambda: 29).payment

        self._hear(key, ask)

    def cancel(self) -> None:
        """Give up the bank's step."""

        def act() -> None:
            payment_id = self.payments[0].payment_id
            payments.cancel(self.customer_id, payment_id, self.world)

        self.try_to(act)

    @property
    def payments(self) -> list[Payment]:
        return list(self.world.payments.of_invoice(self.customer_id, self.invoice.invoice_id))

    def stored(self) -> Source:
        # The page was read before the trouble began; a card may be gone by now.
        return StoredCard(self.card_id, self.world.cvc_token())

    def one_time(self, number: str = GOOD) -> Source:
        return OneTimeCard(self.world.card(number))

    def _hear(self, key: str, ask: Callable[[], Payment]) -> None:
        try:
            answer = ask().status.value
        except NothingBegunError:
            answer = "nothing"
        except BillfoldError as error:
            answer = error.code
        self.told.append((key, answer))
        outbox.flush(self.world)

    def try_to(self, act: Callable[[], object]) -> None:
        """Do what may be refused."""
        try:
            act()
        except BillfoldError:
            return
        finally:
            outbox.flush(self.world)

    def in_doubt(self, kind: str = "drop_after_commit") -> None:
        """Leave a payment behind whose reply was lost."""
        self.world.fault("*/confirm", kind)
        self.pay(self.one_time(), "key-in-doubt")

    def told_by_stripe(self) -> None:
        """Let the worker take the event of the payment's intent."""

        def act() -> None:
            payment = self.payments[0]
            event = StripeEvent(
                f"evt_{payment.payment_id}",
                "payment_intent.succeeded",
                payment_intent=payment.intent,
                owner=Owner(self.customer_id, self.invoice.invoice_id),
            )
            stripe_events.take(event, self.world)

        self.try_to(act)

    def reconcile(self) -> None:
        self.world.time.forward_past_leases()
        self.try_to(lambda: reconcile(self.world, lambda: 60.0))


@dataclass(frozen=True)
class Scenario:
    """What is prepared without trouble, what is done with it, and what the customer repeats."""

    name: str
    act: Callable[[Run], None]
    prepare: Callable[[Run], None] = lambda _: None
    again: Callable[[Run], None] = lambda _: None


def _declined_first(run: Run) -> None:
    run.pay(run.one_time(DECLINED), "key-declined")


def _at_the_bank(run: Run) -> None:
    run.pay(run.one_time(BANKS_STEP), "key-step")
    for payment in run.payments:
        run.world.control(f"3ds/{payment.intent}", result="complete")


def _waiting(run: Run) -> None:
    run.pay(run.one_time(BANKS_STEP), "key-step")


def _void(run: Run) -> None:
    run.try_to(lambda: invoice_changes.void(run.customer_id, run.invoice.invoice_id, run.world))


def _change(run: Run) -> None:
    due = Money(run.invoice.amount_due.currency, run.invoice.amount_due.amount - 1000)
    run.try_to(
        lambda: invoice_changes.change_amount(
            run.customer_id, run.invoice.invoice_id, due, run.world
        )
    )


def _delete(run: Run) -> None:
    def act() -> None:
        card = run.world.customers.wallet(run.customer_id).cards[0]
        cards.delete(run.customer_id, card.card_id, run.world)

    run.try_to(act)


def _pay_stored(run: Run) -> None:
    run.pay(run.stored(), "key-stored")


def _pay_once(run: Run) -> None:
    run.pay(run.one_time(), "key-once")


SCENARIOS = (
    Scenario("pay with a stored card", _pay_stored, again=_pay_stored),
    Scenario("pay with a one-time card", _pay_once, again=_pay_once),
    Scenario("declined", _declined_first, again=_declined_first),
    Scenario("another card after a decline", _pay_once, _declined_first, _pay_once),
    Scenario("the bank's step begins", _waiting, again=_waiting),
    Scenario(
        "confirm after the bank's step",
        lambda run: run.confirm("key-step"),
        _at_the_bank,
        lambda run: run.confirm("key-step"),
    ),
    Scenario("give up the bank's step", Run.cancel, _waiting, _pay_once),
    Scenario("webhook of a lost reply", Run.told_by_stripe, Run.in_doubt, _pay_once),
    Scenario("reconcile a lost reply", Run.reconcile, Run.in_doubt, _pay_once),
    Scenario(
        "reconcile what never arrived",
        Run.reconcile,
        lambda run: run.in_doubt("500"),
        _pay_once,
    ),
    Scenario("void", _void, _declined_first, _pay_once),
    Scenario("change the amount", _change, _declined_first, _pay_once),
    Scenario("delete a card", _delete, again=_pay_stored),
    Scenario(
        "turn automatic payment off",
        lambda run: run.try_to(
            lambda: account.set_autopay(run.customer_id, run.world, enabled=False)
        ),
    ),
)

TRIED: dict[str, Counter[str]] = {}
"""What this run has tried of each, for the summary at its end."""
