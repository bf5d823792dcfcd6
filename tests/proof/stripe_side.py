"""Stripe, the bank and the network: what may happen to requests and intents at any time."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.proof.law import Law
from tests.proof.world import Actor, Config, Intent, Request, World, awaited_by

CONFIRMABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
"""In these an intent may be confirmed, or canceled."""
AFTER_CONFIRM = {
    "succeeded": "succeeded",
    "declined": "requires_payment_method",
    "requires_action": "requires_action",
    "processing": "processing",
    "canceled": "canceled",
}
"""What a confirm may answer, and the status it leaves the intent in."""


class Move(NamedTuple):
    """One step of the world. ``mends``: the reconciler, Stripe's own progress, or a crash."""

    label: str
    after: World
    mends: bool = False


def moves(w: World, config: Config, law: Law) -> Iterator[Move]:
    """Give everything that Stripe, the bank, the network and time may do next."""
    for request in w.wire:
        sent = w._replace(wire=w.wire - {request})
        if request.kind == "create":
            yield from _create(sent, law, request)
        elif request.kind == "confirm":
            yield from _confirm(sent, config, request)
        else:
            yield from _cancel(sent, request)
    for i, intent in enumerate(w.intents):
        if intent.status == "processing":
            yield Move(f"Stripe: intent {i} has succeeded", _charged(w, i), mends=True)
            failed = intent._replace(status="requires_payment_method", error=True)
            yield Move(f"Stripe: intent {i} has failed", _put(w, i, failed), mends=True)
        elif intent.status == "requires_action":
            done = intent._replace(status="requires_confirmation")
            yield Move(f"bank: step of intent {i} done", _put(w, i, done))
            failed = intent._replace(status="requires_payment_method", error=True)
            yield Move(f"bank: step of intent {i} failed", _put(w, i, failed))
    for key in w.keys:
        # A day passes. That a cancel's error is forgotten is what ends some waits.
        if "forget" in config.faults or key[0] == "cancel":
            after = w._replace(keys=w.keys - {key})
            yield Move(f"Stripe: forgets key {key[0]}:{key[1]}", after, mends=True)


def retrieve(w: World, intent: int | None) -> str:
    """Look at an intent; the answer may be used at any later time."""
    assert intent is not None
    return w.intents[intent].status


def _create(w: World, law: Law, request: Request) -> Iterator[Move]:
    """Make an intent, or give again the one that was made under the same key."""
    key = ("pi", request.epoch)
    known = [i for i, intent in enumerate(w.intents) if intent.epoch == request.epoch]
    answer: tuple[str, int | None]
    if key in w.keys and law.keeps("create_key"):
        answer = ("ahead", known[-1])
        if w.intents[known[-1]].amount != request.amount:
            answer = ("parameters changed", None)
        after = w
    else:
        answer = ("ahead", len(w.intents))
        made = Intent(request.epoch, request.amount)
        after = w._replace(intents=(*w.intents, made), keys=w.keys | {key})
    actors = tuple(
        actor._replace(stage=answer[0], intent=answer[1])
        if actor.stage == "creating" and actor.payment == request.payment
        else actor
        for actor in after.actors
    )
    yield Move(f"Stripe: create, epoch {request.epoch}", after._replace(actors=actors), mends=True)


def _confirm(w: World, config: Config, request: Request) -> Iterator[Move]:
    """Execute a confirm; the answer reaches whoever still waits for it."""
    i, payment = request.intent, request.payment
    assert i is not None
    assert payment is not None
    intent, order = w.intents[i], config.orders[payment]
    name = f"Stripe: confirm {order.name}'s n={request.n} on intent {i}"
    answers = []
    if intent.status in CONFIRMABLE:
        answers = ["succeeded", "declined", *sorted(config.bank)]
        if order.automatic and "requires_action" in answers:
            answers.remove("requires_action")  # Stripe answers 402 instead: a decline.
    for answer in answers:
        status = AFTER_CONFIRM[answer]
        after = _put(w, i, intent._replace(status=status, by=payment, error=answer == "declined"))
        if answer in {"succeeded", "processing"}:
            after = _starts(after, config, i)
        if answer == "succeeded":
            after = _charged(after, i)
        yield Move(f"{name}: {answer}", _answered(after, request, answer), mends=True)
    if not answers or "refused" in config.faults:
        yield Move(f"{name}: refused", _answered(w, request, "refused"), mends=True)
    if "not_begun" in config.faults:
        yield Move(f"{name}: not begun", _answered(w, request, "not_begun"), mends=True)


def _answered(w: World, request: Request, answer: str) -> World:
    sent = (request.payment, request.n)
    actors = tuple(
        actor._replace(stage=f"answered {answer}") if awaited_by(actor) == sent else actor
        for actor in w.actors
    )
    return w._replace(actors=actors)


def _cancel(w: World, request: Request) -> Iterator[Move]:
    """Execute a cancel. Its key is kept: while it is, an error is given again."""
    i = request.intent
    assert i is not None
    intent, key = w.intents[i], ("cancel", w.intents[i].epoch)
    if key in w.keys:
        after = w
    elif intent.status in CONFIRMABLE:
        after = _put(w, i, intent._replace(status="canceled"))
    elif intent.status == "processing":
        after = w._replace(keys=w.keys | {key})
    else:
        after = w
    yield Move(f"Stripe: cancel intent {i}", after, mends=True)


def _starts(w: World, config: Config, i: int) -> World:
    """A charge starts: on a card that is still there, for what is due and what was shown."""
    intent = w.intents[i]
    payment = w.payments[intent.by or 0]
    if payment is None:
        return w  # The table has forgotten it.
    wrong = w.wrong
    if config.orders[intent.by or 0].stored and not w.card:
        wrong = wrong or "a charge started on a card after its deletion was answered"
    if intent.amount != w.invoice.due and w.invoice.status in {"open", "paying"}:
        wrong = wrong or "a charge of another amount than the invoice's"
    if intent.amount != payment.money:
        wrong = wrong or "a charge of another amount than the payer saw"
    return w._replace(wrong=wrong)


def _charged(w: World, i: int) -> World:
    return _put(w, i, w.intents[i]._replace(status="succeeded", error=False))


def _put(w: World, i: int, intent: Intent) -> World:
    intents = list(w.intents)
    intents[i] = intent
    return w._replace(intents=tuple(intents))


def send(w: World, request: Request) -> World:
    """Put a request on the wire."""
    return w._replace(wire=w.wire | {request})


def with_actor(w: World, a: int, actor: Actor) -> World:
    """Let a process go on."""
    actors = list(w.actors)
    actors[a] = actor
    return w._replace(actors=tuple(actors))
