"""The nouns of the model: what is on our disk, at Stripe, on the wire and in each process.

Everything is an immutable tuple of small things, so that a world is a key of a dict.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from billfold.domain.payment import TRANSITIONS, State, Step, Transition

OPERATORS = {"void": -1, "amount": -2}
"""Who holds the invoice's lock while it is voided or its amount changes."""


class Invoice(NamedTuple):
    """The one item that decides. ``copy`` is its copy of the state of its ``last`` payment."""

    status: str = "open"
    due: int = 1
    epoch: int = 0
    intent: int | None = None
    n: int = 0
    lock: int | None = None
    last: int | None = None
    copy: State | None = None
    voided: bool = False


class Payment(NamedTuple):
    """A try, as its own item says; its number is that of its order."""

    state: State
    epoch: int
    money: int
    n: int = 0
    intent: int | None = None


class Intent(NamedTuple):
    """A PaymentIntent. ``by`` is the payment whose confirm Stripe executed last.

    ``error`` is Stripe's last_payment_error; ``exposed``: a confirm was written ahead for it.
    """

    epoch: int
    amount: int
    status: str = "requires_payment_method"
    by: int | None = None
    error: bool = False
    exposed: bool = False


class Request(NamedTuple):
    """A request on its way to Stripe, executed at any later time or never."""

    kind: str
    intent: int | None = None
    payment: int | None = None
    n: int = 0
    epoch: int = 0
    amount: int = 0


class Actor(NamedTuple):
    """A process: what it does next, and what it remembers from when it last read."""

    stage: str = "start"
    payment: int | None = None
    state: State | None = None
    n: int = 0
    intent: int | None = None
    epoch: int = 0
    due: int = 0
    step: Step | None = None


class World(NamedTuple):
    """Everything, at one instant.

    ``holds`` names the payments that hold the card; ``touched``: the wallet has changed since its
    deletion was decided. ``confirms`` is the last (epoch, n) that was written ahead, and ``wrong``
    names a promise that was broken by the move that led here.
    """

    invoice: Invoice
    payments: tuple[Payment | None, ...]
    actors: tuple[Actor, ...]
    intents: tuple[Intent, ...] = ()
    wire: frozenset[Request] = frozenset()
    keys: frozenset[tuple[str, int]] = frozenset()
    card: bool = True
    holds: frozenset[int] = frozenset()
    touched: bool = False
    ledger: frozenset[int] = frozenset()
    confirms: tuple[int, int] = (0, 0)
    wrong: str = ""


class Order(NamedTuple):
    """What somebody wants paid, under one Idempotency-Key."""

    name: str
    stored: bool = True
    off_session: bool = False


@dataclass(frozen=True)
class Config:
    """A cast small enough to be searched to its end.

    ``cast`` lists the processes: the name of an order is one that pays it; the rest are
    ``confirm`` and ``cancel`` (the owner during the bank's step), ``reconciler``, ``worker`` (of
    webhooks), ``delete`` (the stored card), ``void`` and ``amount``. ``bank`` lists what a confirm
    may lead to besides success and decline; ``faults`` what else may happen.
    """

    orders: tuple[Order, ...]
    cast: tuple[str, ...]
    bank: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()

    def start(self) -> World:
        """An open invoice, a card in the wallet, and nobody has done anything."""
        return World(Invoice(), (None,) * len(self.orders), (Actor(),) * len(self.cast))

    def order(self, name: str) -> int | None:
        """The number of the order that a process pays, if it pays one."""
        return next((p for p, order in enumerate(self.orders) if order.name == name), None)


@dataclass(frozen=True)
class Guards:
    """Everything besides the transition table that keeps the promises; each can be taken away."""

    # Conditions of the reservation.
    reserve_open: bool = True
    reserve_unlocked: bool = True
    reserve_epoch: bool = True
    reserve_n: bool = True
    reserve_amount: bool = True
    reserve_card: bool = True
    reserve_request: bool = True
    # Conditions of every later step.
    step_last: bool = True
    step_epoch: bool = True
    step_lock: bool = True
    step_n: bool = True
    # Conditions of single steps.
    ahead_n: bool = True
    ahead_intent: bool = True
    own_n: bool = True
    settle_intent: bool = True
    settle_open: bool = True
    settle_amount: bool = True
    settle_ledger: bool = True
    review_state: bool = True
    review_invoice: bool = True
    review_last: bool = True
    # The wallet.
    delete_hold: bool = True
    delete_version: bool = True
    # What the services do, in which order.
    ahead_before_confirm: bool = True
    intent_reused: bool = True
    create_key: bool = True
    doubt_keeps_lock: bool = True
    look_never_declines: bool = True
    refusal_is_looked_up: bool = True
    release_only_reserved: bool = True
    fence_cancels: bool = True
    fence_waits_for_word: bool = True
    fence_raises_epoch: bool = True
    settle_agrees: bool = True
    operator_locks: bool = True
    operator_fences: bool = True
    amount_raises_epoch: bool = True


GUARDS = tuple(guard.name for guard in fields(Guards))


@dataclass
class Law:
    """Guards and table, and a record of who refused: a set of guards for each refused write."""

    guards: Guards = Guards()
    table: Mapping[Step, Transition] = field(default_factory=lambda: TRANSITIONS)
    refusals: set[frozenset[str]] = field(default_factory=set)

    def allows(
        self, checks: Iterable[tuple[str, bool]], step: Step | None = None, source: Any = None
    ) -> bool:
        """Tell whether a write is done: every guard that is there says yes."""
        no = [name for name, holds in checks if not holds and getattr(self.guards, name)]
        if step is not None and source not in self.table[step].sources:
            no.append(entry(step, source))
        if no:
            self.refusals.add(frozenset(no))
        return not no

    def keeps(self, guard: str) -> bool:
        """Tell whether a guard is there, at a point where that decides what happens."""
        self.refusals.add(frozenset({guard}))
        return bool(getattr(self.guards, guard))


def entry(step: Step, source: State | None) -> str:
    """Name the guard that a step is not taken from a state."""
    return f"{step} not from {source}"


def widened(*entries: str) -> Mapping[Step, Transition]:
    """Copy the table without some of what it forbids."""
    return {
        step: Transition(
            kept.sources | {state for state in State if entry(step, state) in entries}, kept.target
        )
        for step, kept in TRANSITIONS.items()
    }


FORBIDDEN = tuple(
    entry(step, state)
    for step, transition in TRANSITIONS.items()
    for state in State
    if state not in transition.sources
)
"""Every entry of the table that forbids something."""
