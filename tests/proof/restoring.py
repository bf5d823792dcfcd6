"""A table that is restored to an earlier point, and what the services then ask Stripe first.

As services/lost_history.py goes: before anything is begun with an invoice, the intents that were
made for it are looked for; those that could still succeed are canceled, one that has succeeded is
settled by a payment that is written anew, and the next one is of a generation that none had.
"""

from billfold.domain.payment import State, Step

from tests.proof import writes
from tests.proof.law import Law
from tests.proof.paying import Steps
from tests.proof.stripe_side import send
from tests.proof.world import SAVED, Actor, Config, Payment, Request, World

IDLE = frozenset({"start", "done"})
ENDED = frozenset({"succeeded", "canceled"})


def begin(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """The point to which the table may be restored later: any."""
    yield "this point", w._replace(saved=w[:SAVED]), Actor("point taken")


def point_taken(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Restore the table while no request of ours is running, or never."""
    yield "never", w._replace(saved=()), None
    others = [actor for actor in w.actors if actor.stage != "point taken"]
    if all(actor.stage in IDLE for actor in others):
        # What was told of the time is older than the table's new life.
        after = World(*w.saved, *w[SAVED:])._replace(recorded=False, saved=(), restored=True)
        yield "restores the table", after, None


def may_be_gone(w: World, law: Law) -> bool:
    """Tell whether Stripe is to be asked before anything is begun."""
    return not w.recorded and law.keeps("restored_asks")


def find(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """List the intents of the invoice; ``intent`` is how many there were."""
    yield "finds its intents", w, me._replace(stage="ending", intent=len(w.intents))


def ending(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """See how each ended; one that could still succeed is canceled. Give up at any time."""
    found = w.intents[: me.intent]
    open_ = [i for i, intent in enumerate(found) if intent.status not in ENDED]
    if open_ and law.keeps("restored_cancels"):
        for i in open_:
            yield f"sends cancel of {i}", send(w, Request("cancel", i)), me
        yield "not ended: nothing is begun", w, None
        return
    to = max([me.epoch, *(intent.epoch + law.keeps("restored_raises_epoch") for intent in found)])
    paid = [i for i, intent in enumerate(found) if intent.status == "succeeded"]
    lost = bool(paid) and law.keeps("restored_settles")
    after = writes.begin_generation(w, law, to, epoch=me.epoch, n=me.n, recorded=not lost)
    if after is None:
        yield "new generation refused", w, Actor()
    elif lost:
        yield "new generation, to settle", after, Actor("found", epoch=to, intent=paid[0])
    else:
        yield "new generation", after, Actor()


def found(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """Write the payment anew by the steps that every payment takes: reserve, ..."""
    number = len(config.orders) - 1
    # Each try has an order of its own; of those that ended without a charge we keep none.
    before = w.payments[number]
    if before and before.state in writes.FINAL - {State.SUCCEEDED}:
        w = w._replace(payments=(*w.payments[:number], None))
    payment = Payment(State.RESERVED, me.epoch, w.invoice.due, stored=False)
    after = writes.reserve(w, law, number, payment, n=0)
    mine = Actor("found ahead", number, payment, 1, me.intent)
    yield "reserves what was found" if after else "refused", after or w, mine if after else Actor()


def found_ahead(w: World, config: Config, law: Law, role: str, me: Actor) -> Steps:
    """... write ahead, and settle."""
    assert me.payment is not None
    assert me.was is not None
    assert me.intent is not None
    after = writes.write_ahead(w, law, me.payment, me.was, intent=me.intent, n=1)
    sure = me.was._replace(state=State.CONFIRMING, n=1, intent=me.intent)
    following = Actor("write", me.payment, sure, step=Step.SETTLE)
    yield "writes ahead what was found", after or w, following if after else None
