"""Paying and settling, one I/O a step, as services/payments.py and settle.py go."""

from collections.abc import Iterator

from billfold.domain.payment import State, Step

from tests.proof import writes
from tests.proof.law import Law
from tests.proof.stripe_side import retrieve, send
from tests.proof.world import Actor, Config, Payment, Request, World

Steps = Iterator[tuple[str, World, Actor | None]]
"""What was done, the world after it, and how the process goes on; None: it is through."""
WITHOUT_CHARGE = writes.FINAL - {State.SUCCEEDED}


# Paying: steps 1 to 4.


def pay(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Read all that the beginning of a payment is decided from."""
    number, invoice = config.order(role), w.invoice
    assert number is not None
    order = config.orders[number]
    card = w.card or not order.stored
    wished = (w.autopay and w.primary) or not order.automatic
    if w.payments[number] is not None and law.keeps("reserve_request"):
        yield "replay", w, None
    elif invoice.status == "open" and invoice.lock is None and card and wished:
        seen = Actor("reserve", number, n=invoice.n, intent=invoice.intent)
        yield "reads", w, seen._replace(epoch=invoice.epoch, due=invoice.due)


def reserve(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 1."""
    assert me.payment is not None
    order = config.orders[me.payment]
    payment = Payment(State.RESERVED, me.epoch, me.due, 0, None, order.stored, order.automatic)
    after = writes.reserve(w, law, me.payment, payment, n=me.n)
    if after is None:
        yield "reserve refused", w, Actor()
        return
    bound = me.intent is not None and law.keeps("intent_reused")
    mine = Actor("ahead" if bound else "create", me.payment, payment, me.n + 1)
    yield "reserve", after, mine._replace(intent=me.intent if bound else None)


def create(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 2, with step 3 to follow."""
    _, was = tried(me)
    request = Request("create", payment=me.payment, epoch=was.epoch, amount=was.money)
    yield "sends create", send(w, request), me._replace(stage="creating")


def creating(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Give up waiting: nothing was begun."""
    yield "no answer to create", w, to_write(me, Step.RELEASE)


def parameters_changed(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Leave an epoch whose intent was made for another amount."""
    after = writes.end(w, law, Step.RELEASE, *tried(me), raise_epoch=True)
    yield "release, next epoch", after or w, None


def ahead(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 3; where it is refused, nothing is sent."""
    number, was = tried(me)
    assert me.intent is not None
    sure = was._replace(state=State.CONFIRMING, n=me.n, intent=me.intent)
    if not law.keeps("ahead_before_confirm"):
        yield "skips write ahead", w, Actor("send", number, sure)
        return
    after = writes.write_ahead(w, law, number, was, intent=me.intent, n=me.n)
    now = w.payments[number]
    if after:
        yield f"write ahead n={me.n}", after, Actor("send", number, sure)
    elif now and now.automatic and now.state is State.RESERVED:
        # Not wished for any more.
        yield "write ahead refused", w, Actor("write", number, now, step=Step.RELEASE)
    else:
        yield "write ahead refused", w, None


def send_confirm(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Step 4."""
    number, was = tried(me)
    after = send(w, Request("confirm", was.intent, number, was.n))
    now = w.payments[number]
    if now and was.intent is not None and not law.keeps("ahead_before_confirm"):
        late = writes.write_ahead(after, law, number, now, intent=was.intent, n=was.n)
        after = late or after
    yield f"sends confirm n={was.n}", after, me._replace(stage="waiting")


def answered(w: World, law: Law, me: Actor) -> Steps:
    """Record the answer to confirm n; it may also be lost, or come after we stopped waiting."""
    _, was = tried(me)
    lost = Step.DOUBT if law.keeps("doubt_keeps_lock") else Step.DECLINE
    yield "no answer to confirm", w, to_write(me, lost)
    if me.stage == "answered refused":
        if law.keeps("refusal_is_looked_up"):
            yield "refused", w, me._replace(stage="refused")
        else:
            yield "refused", w, to_write(me, Step.REFUSE)
    elif me.stage != "waiting":
        answer = me.stage.removeprefix("answered ")
        step = {"declined": Step.DECLINE, "not_begun": Step.RELEASE}.get(answer)
        step = step or means(law, was, answer) or Step.DOUBT
        yield answer, w, to_write(me, step, stage="write answer")


def refused(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Look what a refused confirm has left."""
    _, was = tried(me)
    status = retrieve(w, was.intent)
    if status != "requires_payment_method":
        step = means(law, was, status) or Step.DOUBT
        yield f"sees {status}", w, to_write(me, step, stage="write answer")
        return
    yield f"sees {status}", w, to_write(me, Step.REFUSE)
    yield f"sees {status}, and the fault is ours", w, to_write(me, Step.RELEASE)
    if was.n > 1:
        # The intent may be what is wrong: the next try makes another.
        after = send(w, Request("cancel", was.intent))
        yield f"sees {status}, sends cancel", after, me._replace(stage="given up")


def given_up(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Look what the cancel of a refused intent did."""
    _, was = tried(me)
    status = retrieve(w, was.intent)
    step = means(law, was, status) or Step.DOUBT
    yield f"sees {status}", w, to_write(me, step, stage="write answer")


# Settling: steps 5 to 9.


def means(law: Law, was: Payment, status: str, *, error: bool = False) -> Step | None:
    """Tell what a look is recorded as, given the payment as it was read before."""
    if status in {"succeeded", "canceled"}:
        return Step.SETTLE if status == "succeeded" else Step.FENCE
    if status == "requires_action" and was.state is not State.REQUIRES_ACTION:
        return Step.ACTION
    if status == "requires_payment_method":
        if was.state is State.REQUIRES_ACTION:
            return Step.DECLINE
        if error and not law.keeps("look_never_declines"):
            return Step.DECLINE
    return None


def record(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Write down how a payment ended, or that nobody knows."""
    number, was = tried(me)
    assert me.step is not None
    if me.step is Step.SETTLE:
        yield from _settle(w, law, me)
        return
    after = _written(w, law, me.step, number, was)
    yield str(me.step) if after else f"{me.step} refused", after or w, _go_on(w, me, after)


def _written(w: World, law: Law, step: Step, number: int, was: Payment) -> World | None:
    match step:
        case Step.DECLINE:
            return writes.decline(w, law, number, was)
        case Step.DOUBT | Step.ACTION:
            return writes.doubt_or_action(w, law, step, number, was)
        case Step.REVIEW:
            return writes.review(w, law, number, was)
        case _:
            return writes.end(w, law, step, number, was, raise_epoch=step is Step.FENCE)


def _go_on(w: World, me: Actor, after: World | None) -> Actor | None:
    """Doubt what is still being confirmed after its answer was refused: it is another's confirm."""
    now = w.payments[me.payment or 0]
    if after is None and me.stage.endswith("answer") and now and now.state is State.CONFIRMING:
        return Actor("write", me.payment, now, step=Step.DOUBT)
    return None


def _settle(w: World, law: Law, me: Actor) -> Steps:
    """Step 5; a charge that disagrees goes to a person."""
    number, was = tried(me)
    intent = was.intent
    assert intent is not None
    if was.state is State.SUCCEEDED:
        yield "settled before", w, _through(me, number)
        return
    if w.intents[intent].amount != was.money and law.keeps("settle_agrees"):
        yield "disagrees", writes.review(w, law, number, was, intent=intent) or w, None
        return
    after = writes.settle(w, law, number, was, intent=intent)
    if after:
        yield "settle", after, _through(me, number)
    else:
        yield "settle refused", w, me._replace(stage=me.stage.replace("write", "unsettled"))


def unsettled(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Find out whose money it is that could not be settled."""
    number, was = tried(me)
    now, intent = w.payments[number], was.intent
    if now is None or now.state not in WITHOUT_CHARGE or intent in w.ledger:
        settled = now is not None and now.state is State.SUCCEEDED
        yield "settled by another", w, _through(me, number) if settled else _go_on(w, me, None)
        return
    # An intent serves one try after another: the money is that of the last, if that is not ours.
    last = latest(w, intent)
    if last == number or not law.keeps("review_last"):
        yield "nobody's", w, Actor("book", number, now, intent=intent)
    else:
        mine = me._replace(payment=last, was=w.payments[last])
        yield "another's", w, mine._replace(stage=me.stage.replace("unsettled", "write"))


def book(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Hand money to a person that came when the invoice was void, or paid otherwise."""
    after = writes.review(w, law, *tried(me), intent=me.intent)
    yield "review" if after else "review refused", after or w, None


def latest(w: World, intent: int | None) -> int:
    """Find the latest try of an intent; at its invoice, or else by age."""
    last = w.invoice.last
    if last is not None and w.invoice.copy and w.invoice.copy.intent == intent:
        return last
    return max(p for p, payment in enumerate(w.payments) if payment and payment.intent == intent)


def _through(me: Actor, number: int) -> Actor | None:
    """A settled payment ends what was done for it, also a change of its invoice."""
    return None if me.change is None else Actor("refuse", change=me.change)


def tried(me: Actor) -> tuple[int, Payment]:
    """Give the number of a process's payment, and the payment as it knows it."""
    assert me.payment is not None
    assert me.was is not None
    return me.payment, me.was


def to_write(me: Actor, step: Step, stage: str = "write") -> Actor:
    """Go on to write a step, on what is known of the payment."""
    return Actor(stage, me.payment, me.was, step=step, change=me.change)
