"""Search every reachable world of a configuration, and check the promises in each.

``explore`` walks breadth first, so the trace of a broken promise is among the shortest.
"""

import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from billfold.domain.payment import State

from tests.proof import actors, stripe_side
from tests.proof.law import Law
from tests.proof.stripe_side import CONFIRMABLE, Move
from tests.proof.world import Config, World, awaited_by

NOT_CHARGED = frozenset({State.DECLINED, State.REFUSED, State.RELEASED, State.CANCELED})
IDLE = frozenset({"start", "done"})


@dataclass(frozen=True)
class Result:
    """What a search found; ``broken`` is the promise that the last world of ``trace`` breaks."""

    states: int
    moves: int
    seconds: float
    broken: str = ""
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Show the counter-example as a list of moves."""
        if not self.broken:
            return f"{self.states:,} states, {self.moves:,} moves: every promise holds"
        steps = "\n".join(f"  {i:2}. {step}" for i, step in enumerate(self.trace, 1))
        return f"{self.broken}, after\n{steps}"


def explore(config: Config, law: Law | None = None) -> Result:
    """Search until a promise is broken, or to the end.

    Liveness is checked at the end: from every world, were every process to die now, the
    reconciler and Stripe alone can bring about a quiet one, in which nothing is locked unless a
    person was asked to look.
    """
    law, began = law or Law(), time.perf_counter()
    start = config.start()
    worlds, number = [start], {start: 0}
    parents, labels = array("l", [-1]), [""]
    mending = (array("l"), array("l"))
    count = 0

    def result(broken: str = "", last: int = 0) -> Result:
        trace = []
        while last > 0:
            trace.append(labels[last])
            last = parents[last]
        seconds = time.perf_counter() - began
        return Result(len(worlds), count, seconds, broken, tuple(reversed(trace)))

    for here, world in enumerate(worlds):  # worlds grows while it is walked
        broken = broken_promise(world)
        if broken:
            return result(broken, here)
        for move in moves(world, config, law):
            after = tidy(move.after)
            there = number.setdefault(after, len(worlds))
            if there == len(worlds):
                worlds.append(after)
                parents.append(here)
                labels.append(move.label)
            count += 1
            if move.mends and there != here:
                mending[0].append(here)
                mending[1].append(there)
    stuck = _stuck(worlds, mending) if "reconciler" in config.cast else None
    return result("something stays locked for ever", stuck) if stuck is not None else result()


def moves(world: World, config: Config, law: Law) -> Iterator[Move]:
    """Give everything that may happen next."""
    yield from actors.moves(world, config, law)
    yield from stripe_side.moves(world, config, law)


def tidy(world: World) -> World:
    """Forget requests that can change nothing any more and whose answer nobody awaits."""
    awaited = {awaited_by(actor) for actor in world.actors}
    kept = frozenset(
        request
        for request in world.wire
        if request.kind == "create"
        or (request.payment, request.n) in awaited
        or world.intents[request.intent or 0].status not in {"succeeded", "canceled"}
    )
    if world.restored and world.wrong:
        # Of a table that forgot, less is promised.
        world = world._replace(wrong="")
    return world if len(kept) == len(world.wire) else world._replace(wire=kept)


def broken_promise(w: World) -> str:
    """Name the first promise that a world breaks, or give nothing."""
    promises = _PROMISES[:1] if w.restored else _PROMISES
    return w.wrong or next((name for name, broken in promises if broken(w)), "")


def _two_charges(w: World) -> bool:
    return sum(intent.status == "succeeded" for intent in w.intents) > 1


def _two_live_intents(w: World) -> bool:
    return sum(intent.exposed and intent.status != "canceled" for intent in w.intents) > 1


def _charged_after_all(w: World) -> bool:
    """Tell whether a payment answered as not charged was charged, or may still be."""
    for number, payment in enumerate(w.payments):
        if payment is None or payment.state not in NOT_CHARGED:
            continue
        if any(i.by == number and i.status in {"succeeded", "processing"} for i in w.intents):
            return True
        pending = [r.intent for r in w.wire if r.kind == "confirm" and r.payment == number]
        pending += [
            a.was.intent for a in w.actors if a.stage == "send" and a.payment == number and a.was
        ]
        if any(i is not None and w.intents[i].status in CONFIRMABLE for i in pending):
            return True
    return False


def _void_yet_charged(w: World) -> bool:
    live = {"succeeded", "processing"}
    return w.voided and any(i.status in live for i in w.intents)


def _void_yet_live(w: World) -> bool:
    return w.voided and any(i.exposed and i.status != "canceled" for i in w.intents)


def _paid_by_another(w: World) -> bool:
    """Tell whether a payment is called succeeded whose own confirm brought no money."""
    return any(
        payment is not None
        and payment.state is State.SUCCEEDED
        and not any(i.by == number and i.status == "succeeded" for i in w.intents)
        for number, payment in enumerate(w.payments)
    )


def _ledger_invents(w: World) -> bool:
    return any(w.intents[i].status != "succeeded" for i in w.ledger)


def _copy_differs(w: World) -> bool:
    """Tell whether the invoice's copy of its latest payment is not what the payment is."""
    last = w.invoice.last
    return last is not None and w.invoice.copy != w.payments[last]


def _review_without_lock(w: World) -> bool:
    return any(
        payment is not None and payment.state is State.REVIEW and w.invoice.lock != number
        for number, payment in enumerate(w.payments)
    )


def _quiet_but_wrong(w: World) -> bool:
    """Tell whether all is at rest, yet ledger, invoice or wallet do not fit the charges."""
    if not quiet(w) or w.invoice.lock is not None:
        return False
    charged = {i for i, intent in enumerate(w.intents) if intent.status == "succeeded"}
    return w.ledger != charged or bool(w.holds) or (w.invoice.status == "paid") != bool(charged)


_PROMISES: tuple[tuple[str, Callable[[World], bool]], ...] = (
    ("the invoice was charged twice", _two_charges),
    ("a void invoice was charged", _void_yet_charged),
    ("a payment answered as not charged was or can still be charged", _charged_after_all),
    ("two live intents", _two_live_intents),
    ("a void invoice has a live intent", _void_yet_live),
    ("a payment is called succeeded for another's charge", _paid_by_another),
    ("the ledger has a row without a charge", _ledger_invents),
    ("an invoice's copy of its payment is not the payment", _copy_differs),
    ("a payment awaits a person but holds no lock", _review_without_lock),
    ("all is quiet but does not fit the charges", _quiet_but_wrong),
)


def quiet(w: World) -> bool:
    """Tell whether every process is at rest, no change is left half-way, and nothing is locked.

    Locked it may be where a person must look.
    """
    if any(actor.stage not in IDLE for actor in w.actors):
        return False
    if any(change.state == "fencing" for change in w.changes):
        return False
    lock = w.invoice.lock
    if lock is None:
        return w.invoice.status != "paying"
    payment = w.payments[lock] if lock >= 0 else None
    return payment is not None and payment.state is State.REVIEW


def _stuck(worlds: list[World], mending: tuple["array[int]", "array[int]"]) -> int | None:
    """Give the first world from which no quiet one can be reached by mending moves."""
    before: list[list[int]] = [[] for _ in worlds]
    for here, there in zip(*mending, strict=True):
        before[there].append(here)
    fine = [quiet(world) for world in worlds]
    ahead = [i for i, is_fine in enumerate(fine) if is_fine]
    while ahead:
        for here in before[ahead.pop()]:
            if not fine[here]:
                fine[here] = True
                ahead.append(here)
    return next((i for i, is_fine in enumerate(fine) if not is_fine), None)
