"""Our processes, one I/O a step: the services' order of things (``paying`` has the payers').

Between two steps a process may be slow without limit, or die. What it remembers may be stale.
"""

from collections.abc import Iterator

from billfold.domain.payment import IN_FLIGHT, State, Step

from tests.proof import paying, writes
from tests.proof.paying import Steps, means
from tests.proof.stripe_side import Move, retrieve, send, with_actor
from tests.proof.world import Actor, Config, Law, Request, World

DONE = Actor("done")
LOOKERS = frozenset({"reconciler", "worker"})
"""These begin anew for ever; every other process runs once."""


def moves(w: World, config: Config, law: Law) -> Iterator[Move]:
    """Give everything that our processes may do next."""
    for a, (role, actor) in enumerate(zip(config.cast, w.actors, strict=True)):
        end = Actor() if role in LOOKERS else DONE
        if actor.stage not in {"start", "done"} and role not in {"void", "amount"}:
            # Crash. (A job of the operator stays in its queue until it is done.)
            yield Move(f"{role}: crash", with_actor(w, a, end), mends=True)
        for text, after, following in _next(w, config, law, role, actor):
            mends = role in {"reconciler", "void", "amount"}
            yield Move(f"{role}: {text}", with_actor(after, a, following or end), mends)


def _next(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    if me.stage == "start":
        begin = {
            "reconciler": _take_up,
            "worker": _woken,
            "confirm": _owner,
            "cancel": _owner,
            "delete": _delete,
            "void": _operator,
            "amount": _operator,
        }.get(role, paying.pay)
        yield from begin(w, config, law, role, me)
    elif me.stage == "done":
        return
    elif me.stage.startswith("answered") or me.stage == "waiting":
        yield from paying.answered(w, law, me)
    elif role in {"void", "amount"}:
        yield from _operator(w, config, law, role, me)
    else:
        yield from _STAGES[me.stage](w, config, law, role, me)


# The reconciler, and the worker that a webhook wakes.


def _take_up(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    for number, payment in enumerate(w.payments):
        if payment and payment.state in IN_FLIGHT:
            mine = Actor("look", number, payment.state, payment.n, payment.intent)
            if payment.state is State.RESERVED or not law.keeps("release_only_reserved"):
                mine = mine._replace(stage="write", step=Step.RELEASE)
            yield f"takes up {payment.state} {config.orders[number].name}", w, mine


def _woken(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    number = w.invoice.last
    payment = None if number is None else w.payments[number]
    if payment and payment.intent is not None:
        yield "woken", w, Actor("look", number, payment.state, payment.n, payment.intent)


def _look(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    status = retrieve(w, me.intent)
    assert me.intent is not None
    if role == "reconciler" and me.state is not State.REVIEW:
        if "unreachable" in config.faults:
            yield "Stripe is unreachable", w, me._replace(stage="write", step=Step.REVIEW)
        fence = {"requires_confirmation", "requires_payment_method"}
        if me.state is State.REQUIRES_ACTION:
            fence = {"requires_action", "requires_confirmation"}
        if status in fence:
            yield f"sees {status}", w, me._replace(stage="cancel")
            return
    step = means(law, me, status, error=w.intents[me.intent].error)
    if step:
        yield f"sees {status}", w, me._replace(stage="write", step=step)


def _cancel(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    after, following = w, me._replace(stage="canceling")
    if law.keeps("fence_cancels"):
        after = send(w, Request("cancel", me.intent))
    if not (law.guards.fence_cancels and law.keeps("fence_waits_for_word")):
        following = me._replace(stage="write", step=Step.FENCE)
    yield "sends cancel", after, following


def _canceling(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Look what the cancel did; its own answer says the same."""
    status = retrieve(w, me.intent)
    step = means(law, me, status)
    yield f"sees {status}", w, me._replace(stage="write", step=step) if step else None


# The owner during the bank's step.


def _owner(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    for number, payment in enumerate(w.payments):
        if payment and payment.state is State.REQUIRES_ACTION:
            stage = "owner looks" if role == "confirm" else "cancel"
            mine = Actor(stage, number, payment.state, payment.n, payment.intent)
            yield f"begins for {config.orders[number].name}", w, mine


def _owner_looks(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    status = retrieve(w, me.intent)
    if status == "requires_confirmation":
        yield f"sees {status}", w, me._replace(stage="ahead")
    else:
        step = means(law, me, status)
        yield f"sees {status}", w, me._replace(stage="write", step=step) if step else None


# The wallet, and whoever voids the invoice or changes its amount.


def _delete(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    if w.card and not (w.holds and law.keeps("delete_hold")):
        yield "reads the wallet", w._replace(touched=False), Actor("delete")


def _delete_card(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    after = writes.delete_card(w, law)
    yield "204" if after else "refused", after or w, None if after else Actor()


def _operator(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    if me.stage == "start":
        after = writes.operator_lock(w, role) if law.keeps("operator_locks") else w
        if after:
            yield "takes the lock", after, Actor("fence")
    elif me.stage == "fence":
        intent = w.invoice.intent
        if intent is None or not law.keeps("operator_fences"):
            yield "nothing to cancel", w, Actor("change")
        elif retrieve(w, intent) == "canceled":
            yield "sees canceled", w, Actor("change")
        else:
            yield "sends cancel", send(w, Request("cancel", intent)), me
    else:
        after = writes.operator_write(w, law, role)
        yield "done" if after else "refused", after or w, None


_STAGES = {
    "reserve": paying.reserve,
    "create": paying.create,
    "creating": paying.creating,
    "parameters changed": paying.parameters_changed,
    "ahead": paying.ahead,
    "send": paying.send_confirm,
    "refused": paying.refused,
    "write": paying.record,
    "look": _look,
    "cancel": _cancel,
    "canceling": _canceling,
    "owner looks": _owner_looks,
    "delete": _delete_card,
}
