"""The nouns of the model: what is on our disk, at Stripe, on the wire and in each process.

Everything is an immutable tuple of small things, so that a world is a key of a dict.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from billfold.domain.payment import State, Step


class Payment(NamedTuple):
    """A try; its number is that of its order. ``stored``: with the card of the wallet."""

    state: State
    epoch: int
    money: int
    n: int = 0
    intent: int | None = None
    stored: bool = True
    automatic: bool = False
    refunded: int = 0
    disputed: bool = False


class Invoice(NamedTuple):
    """The one item that decides. ``copy`` is its copy of its ``last`` payment."""

    status: str = "open"
    due: int = 1
    epoch: int = 0
    intent: int | None = None
    n: int = 0
    lock: int | None = None
    last: int | None = None
    copy: Payment | None = None


class Change(NamedTuple):
    """A void or another amount, begun on an invoice as it was read; ``due`` is that of before."""

    what: str
    epoch: int
    due: int
    intent: int | None
    state: str = "fencing"

    @property
    def due_then(self) -> int:
        """What will be due."""
        return 0 if self.what == "void" else self.due + 1


def lock_of(change: int) -> int:
    """Give the lock of a change: payments have the numbers from 0 on."""
    return -1 - change


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
    """A process: what it does next, and what it remembers from when it last read.

    ``was`` is its payment as it last read or wrote it. Before there is one, ``epoch``, ``n``,
    ``due`` and ``intent`` are the invoice's; then ``n`` and ``intent`` are those to write ahead.
    """

    stage: str = "start"
    payment: int | None = None
    was: Payment | None = None
    n: int = 0
    intent: int | None = None
    epoch: int = 0
    due: int = 0
    step: Step | None = None
    change: int | None = None


def awaited_by(actor: Actor) -> tuple[int | None, int] | None:
    """Tell which payment's confirm n a process waits for."""
    if actor.stage != "waiting" or actor.was is None:
        return None
    return actor.payment, actor.was.n


class World(NamedTuple):
    """Everything, at one instant. The table comes first: ``SAVED`` says how much that is.

    ``holds`` names the payments that hold the card; ``touched``: the wallet has changed since its
    deletion was decided; ``autopay`` and ``primary``: the wish, and that the card is the primary
    one; ``recorded``: all payments are in the table, as far as it knows. ``confirms`` is the last
    (epoch, n) that was written ahead, ``voided`` stays, ``saved`` is a point to which the table may
    be restored, and ``wrong`` names a promise that was broken by the move that led here.
    """

    invoice: Invoice
    payments: tuple[Payment | None, ...]
    changes: tuple[Change, ...] = ()
    card: bool = True
    autopay: bool = True
    primary: bool = True
    holds: frozenset[int] = frozenset()
    touched: bool = False
    ledger: frozenset[int] = frozenset()
    recorded: bool = True
    actors: tuple[Actor, ...] = ()
    intents: tuple[Intent, ...] = ()
    wire: frozenset[Request] = frozenset()
    keys: frozenset[tuple[str, int]] = frozenset()
    confirms: tuple[int, int] = (0, 0)
    voided: bool = False
    saved: tuple[Any, ...] = ()
    restored: bool = False
    wrong: str = ""


SAVED = World._fields.index("actors")
"""So many fields of a world are our table; the rest is Stripe's, the network's, or history."""


class Order(NamedTuple):
    """What somebody wants paid, under one Idempotency-Key."""

    name: str
    stored: bool = True
    automatic: bool = False


@dataclass(frozen=True)
class Config:
    """A cast small enough to be searched to its end.

    ``cast`` lists the processes: the name of an order is one that pays it; the rest are
    ``confirm`` and ``cancel`` (the owner during the bank's step), ``reconciler``, ``worker`` (of
    webhooks), ``person`` (who closes a review), ``delete`` (the stored card), ``opt_out`` (or
    another primary card is chosen), ``void``, ``amount``, and ``restore`` (of the table to an
    earlier point; the last order is then that of a lost payment that was found). ``bank`` lists
    what a confirm may lead to besides success and decline; ``faults`` what else may happen.
    """

    orders: tuple[Order, ...]
    cast: tuple[str, ...]
    bank: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()

    def start(self) -> World:
        """An open invoice, a card in the wallet, and nobody has done anything."""
        return World(Invoice(), (None,) * len(self.orders), actors=(Actor(),) * len(self.cast))

    def order(self, name: str) -> int | None:
        """The number of the order that a process pays, if it pays one."""
        return next((p for p, order in enumerate(self.orders) if order.name == name), None)
