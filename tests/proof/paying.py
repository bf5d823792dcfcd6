"""Paying and settling, one I/O a step, as services/payments.py and settle.py go."""

from collections.abc import Iterator

from billfold.domain.payment import State, Step

from tests.proof import writes
from tests.proof.stripe_side import retrieve, send
from tests.proof.world import Actor, Config, Law, Request, World

Steps = Iterator[tuple[str, World, Actor | None]]
"""What was done, the world after it, and how the process goes on; None: it is through."""


# Paying: steps 1 to 4.


def pay(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Read all that the beginning of a payment is decided from."""
    number, invoice = config.order(role), w.invoice
    assert number is not None
    order = config.orders[number]
    if w.payments[number] is not None and law.keeps("reserve_request"):
        yield "replay", w, None
    elif invoice.status == "open" and invoice.lock is None and (w.card or not order.stored):
        seen = Actor("reserve", number, State.RESERVED, invoice.n, invoice.intent)
        yield "reads", w, seen._replace(epoch=invoice.epoch, due=invoice.due)


def reserve(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 1."""
    after = writes.reserve(w, config, law, me)
    if after is None:
        yield "reserve refused", w, Actor()
        return
    mine = me._replace(n=0, due=0, epoch=0)
    bound = me.intent is not None and law.keeps("intent_reused")
    stage = "ahead" if bound else "create"
    yield "reserve", after, mine._replace(stage=stage, n=me.n, intent=me.intent if bound else None)


def create(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 2, with step 3 to follow."""
    payment = w.payments[me.payment or 0]
    assert payment is not None
    request = Request("create", payment=me.payment, epoch=payment.epoch, amount=payment.money)
    yield "sends create", send(w, request), me._replace(stage="creating")


def creating(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Give up waiting: nothing was begun."""
    yield "no answer to create", w, me._replace(stage="write", step=Step.RELEASE, n=0)


def parameters_changed(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Leave an epoch whose intent was made for another amount."""
    after = writes.end(w, law, me._replace(n=0), Step.RELEASE, raise_epoch=True)
    yield "release, next epoch", after or w, None


def ahead(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 3; where it is refused, nothing is sent."""
    mine = me._replace(n=me.n + 1, stage="send")
    if not law.keeps("ahead_before_confirm"):
        yield "skips write ahead", w, mine
        return
    after = writes.write_ahead(w, law, mine)
    if after is None:
        yield "write ahead refused", w, None
    else:
        yield f"write ahead n={mine.n}", after, mine


def send_confirm(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 4."""
    request = Request("confirm", me.intent, me.payment, me.n)
    after = send(w, request)
    if not law.keeps("ahead_before_confirm"):
        after = writes.write_ahead(after, law, me) or after
    mine = me._replace(stage="waiting", state=State.CONFIRMING)
    yield f"sends confirm n={me.n}", after, mine


def answered(w: World, law: Law, me: Actor) -> Steps:
    """Record the answer to confirm n; it may also be lost, or come after we stopped waiting."""
    lost = Step.DOUBT if law.keeps("doubt_keeps_lock") else Step.DECLINE
    yield "no answer to confirm", w, me._replace(stage="write", step=lost)
    if me.stage == "answered refused":
        if law.keeps("refusal_is_looked_up"):
            yield "refused", w, me._replace(stage="refused")
        else:
            yield "refused", w, me._replace(stage="write", step=Step.REFUSE)
    elif me.stage != "waiting":
        answer = me.stage.removeprefix("answered ")
        step = {"declined": Step.DECLINE, "not_begun": Step.RELEASE}.get(answer)
        yield answer, w, me._replace(stage="write", step=step or means(law, me, answer))


def refused(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Look what a refused confirm has left."""
    status = retrieve(w, me.intent)
    step = Step.REFUSE if status == "requires_payment_method" else means(law, me, status)
    yield f"sees {status}", w, me._replace(stage="write", step=step) if step else None


# Settling: steps 5 to 9.


def means(law: Law, me: Actor, status: str, *, error: bool = False) -> Step | None:
    """Tell what a look is recorded as, given the state that the payment had when it was read."""
    if status in {"succeeded", "canceled"}:
        return Step.SETTLE if status == "succeeded" else Step.FENCE
    if status == "requires_action" and me.state is not State.REQUIRES_ACTION:
        return Step.ACTION
    if status == "requires_payment_method":
        if me.state is State.REQUIRES_ACTION:
            return Step.DECLINE
        if error and not law.keeps("look_never_declines"):
            return Step.DECLINE
    return Step.DOUBT if me.state is State.CONFIRMING else None


def record(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Write down how a payment ended, or that nobody knows; the last I/O of every process."""
    assert me.step is not None
    after = _written(w, law, me, me.step)
    yield str(me.step) if after else f"{me.step} refused", after or w, None


def _written(w: World, law: Law, me: Actor, step: Step) -> World | None:
    match step:
        case Step.SETTLE:
            return writes.settle(w, law, me)
        case Step.DECLINE:
            return writes.decline(w, law, me)
        case Step.DOUBT | Step.ACTION:
            return writes.doubt_or_action(w, law, me, step)
        case Step.REVIEW:
            return writes.review(w, law, me)
        case _:
            return writes.end(w, law, me, step, raise_epoch=step is Step.FENCE)
