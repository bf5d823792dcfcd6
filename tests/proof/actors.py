"""Our processes, one I/O a step: the services' order of things (``paying`` has the payers').

Between two steps a process may be slow without limit, or die. What it remembers may be stale.
"""

from collections.abc import Iterator

from billfold.domain.payment import IN_FLIGHT, State, Step

from tests.proof import paying, restoring, writes
from tests.proof.law import Law
from tests.proof.paying import Steps, means, to_write, tried
from tests.proof.stripe_side import Move, retrieve, send, with_actor
from tests.proof.world import Actor, Change, Config, Request, World

DONE = Actor("done")
_BEGINS = frozenset({"reserve", "begin"})
"""What is about to be written when something is begun with an invoice."""
LOOKERS = frozenset({"reconciler", "worker"})
"""These begin anew for ever; every other process runs once."""
CHANGES = frozenset({"void", "amount"})


def moves(w: World, config: Config, law: Law) -> Iterator[Move]:
    """Give everything that our processes may do next."""
    for a, (role, actor) in enumerate(zip(config.cast, w.actors, strict=True)):
        end = Actor() if role in LOOKERS else DONE
        if actor.stage not in {"start", "done", "point taken"}:
            yield Move(f"{role}: crash", with_actor(w, a, end), mends=True)
        for text, after, following in _next(w, config, law, role, actor):
            mends = role in {"reconciler", "restore"}
            yield Move(f"{role}: {text}", with_actor(after, a, following or end), mends)


def _next(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    if me.stage == "start":
        begin = _BEGIN.get(role, paying.pay)
        for text, after, following in begin(w, config, law, role, me):
            if following and following.stage in _BEGINS and restoring.may_be_gone(w, law):
                yield text, w, following._replace(stage="find")
            else:
                yield text, after, following
    elif me.stage == "done":
        return
    elif me.stage.startswith("answered") or me.stage == "waiting":
        yield from paying.answered(w, law, me)
    else:
        yield from _STAGES[me.stage](w, config, law, role, me)


# The reconciler, and the worker that a webhook wakes.


def _take_up(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    for number, payment in enumerate(w.payments):
        if payment and payment.state in IN_FLIGHT:
            mine = Actor("look", number, payment)
            if payment.state is State.RESERVED or not law.keeps("release_only_reserved"):
                mine = to_write(mine, Step.RELEASE)
            elif payment.state is State.CONFIRMING:
                mine = mine._replace(stage="doubt")
            yield f"takes up {payment.state} {config.orders[number].name}", w, mine
    for number, change in enumerate(w.changes):
        if change.state == "fencing":
            yield f"takes up {change.what}", w, Actor("fence", change=number)


def _doubt(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Say that nobody knows, then look; where the answer came meanwhile there is nothing to do."""
    number, was = tried(me)
    after = writes.doubt_or_action(w, law, Step.DOUBT, number, was) or w
    now = after.payments[number]
    look = Actor("look", number, now) if now and now.state is State.UNKNOWN else None
    yield "doubt" if after is not w else "doubt refused", after, look


def _woken(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    number = w.invoice.last
    payment = None if number is None else w.payments[number]
    if payment and payment.intent is not None:
        yield "woken", w, Actor("look", number, payment)


def _look(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    _, was = tried(me)
    status = retrieve(w, was.intent)
    if role == "reconciler" and was.state is not State.REVIEW:
        if "unreachable" in config.faults:
            yield "Stripe is unreachable", w, to_write(me, Step.REVIEW)
        fence = {"requires_confirmation", "requires_payment_method"}
        if was.state is State.REQUIRES_ACTION:
            fence = {"requires_action", "requires_confirmation"}
        if status in fence:
            yield f"sees {status}", w, me._replace(stage="cancel")
            return
    step = means(law, was, status, error=w.intents[was.intent or 0].error)
    if step:
        yield f"sees {status}", w, to_write(me, step)


def _cancel(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    _, was = tried(me)
    after, following = w, me._replace(stage="canceling")
    if law.keeps("fence_cancels"):
        after = send(w, Request("cancel", was.intent))
    if not (law.guards.fence_cancels and law.keeps("fence_waits_for_word")):
        following = to_write(me, Step.FENCE)
    yield "sends cancel", after, following


def _canceling(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Look what the cancel did; its own answer says the same."""
    _, was = tried(me)
    status = retrieve(w, was.intent)
    step = means(law, was, status)
    yield f"sees {status}", w, to_write(me, step) if step else None


# The owner during the bank's step.


def _owner(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    for number, payment in enumerate(w.payments):
        if payment and payment.state is State.REQUIRES_ACTION:
            stage = "owner looks" if role == "confirm" else "cancel"
            yield f"begins for {config.orders[number].name}", w, Actor(stage, number, payment)


def _owner_looks(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    _, was = tried(me)
    status = retrieve(w, was.intent)
    if status == "requires_confirmation":
        yield f"sees {status}", w, me._replace(stage="ahead", n=was.n + 1, intent=was.intent)
    else:
        step = means(law, was, status)
        yield f"sees {status}", w, to_write(me, step) if step else None


def _person(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Close what was handed to a person; an intent that can still be charged is canceled first."""
    for number, payment in enumerate(w.payments):
        if payment and payment.state is State.REVIEW and payment.intent is not None:
            yield f"closes {config.orders[number].name}", w, Actor("cancel", number, payment)


# The wallet.


def _delete(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    if w.card and not (w.holds and law.keeps("delete_hold")):
        yield "reads the wallet", w._replace(touched=False), Actor("delete")


def _delete_card(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    after = writes.delete_card(w, law)
    yield "204" if after else "refused", after or w, None if after else Actor()


def _opt_out(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Read and write in one: who read an old version reads again."""
    yield "answered: off", w._replace(autopay=False, touched=True), None
    yield "answered: another primary card", w._replace(primary=False, touched=True), None


# Voids and other amounts: whoever begins one, and the reconciler, which goes on with it.


def _change(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    invoice = w.invoice
    if invoice.status == "open" and invoice.lock is None:
        seen = Actor("begin", n=invoice.n, intent=invoice.intent)
        yield "reads", w, seen._replace(epoch=invoice.epoch, due=invoice.due)


def _begin(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    after = writes.begin(w, law, Change(role, me.epoch, me.due, me.intent))
    if after:
        yield "takes the lock", after, Actor("fence", change=len(w.changes))
    else:
        yield "refused", w, Actor()


def _fence(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    intent = w.changes[me.change or 0].intent
    if intent is None or not law.keeps("change_fences"):
        yield "nothing to cancel", w, me._replace(stage="finish")
    else:
        yield "sends cancel", send(w, Request("cancel", intent)), me._replace(stage="fencing")


def _fencing(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Look what the cancel did: finish, settle what was quicker, or leave it to the reconciler."""
    intent = w.changes[me.change or 0].intent
    status = retrieve(w, intent)
    following = None
    if status == "canceled":
        following = me._replace(stage="finish")
    elif status == "succeeded":
        number = paying.latest(w, intent)
        payment = w.payments[number]
        following = Actor("write", number, payment, step=Step.SETTLE, change=me.change)
    yield f"sees {status}", w, following


def _finish(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    after = writes.finish(w, law, me.change or 0)
    yield "done" if after else "refused", after or w, None


def _refuse(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    after = writes.refuse(w, law, me.change or 0)
    yield "was paid before", after or w, None


_BEGIN = {
    "reconciler": _take_up,
    "worker": _woken,
    "confirm": _owner,
    "cancel": _owner,
    "person": _person,
    "delete": _delete,
    "opt_out": _opt_out,
    "void": _change,
    "amount": _change,
    "restore": restoring.begin,
}
_STAGES = {
    "reserve": paying.reserve,
    "create": paying.create,
    "creating": paying.creating,
    "parameters changed": paying.parameters_changed,
    "ahead": paying.ahead,
    "send": paying.send_confirm,
    "refused": paying.refused,
    "given up": paying.given_up,
    "write": paying.record,
    "write answer": paying.record,
    "unsettled": paying.unsettled,
    "unsettled answer": paying.unsettled,
    "book": paying.book,
    "doubt": _doubt,
    "look": _look,
    "cancel": _cancel,
    "canceling": _canceling,
    "owner looks": _owner_looks,
    "delete": _delete_card,
    "begin": _begin,
    "fence": _fence,
    "fencing": _fencing,
    "finish": _finish,
    "refuse": _refuse,
    "point taken": restoring.point_taken,
    "find": restoring.find,
    "ending": restoring.ending,
    "found": restoring.found,
    "found ahead": restoring.found_ahead,
}
