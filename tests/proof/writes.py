"""The conditional writes on our own disk, each one atomic (adapters/dynamodb/payments.py).

A write gives the world after it, or None where a condition failed.
"""

from typing import Any

from billfold.domain.payment import State, Step

from tests.proof.world import OPERATORS, Actor, Config, Law, Payment, World

FINAL = frozenset({State.SUCCEEDED, State.DECLINED, State.REFUSED, State.RELEASED, State.CANCELED})
"""What was answered stands."""
TRUTH = frozenset({State.SUCCEEDED, State.CANCELED, State.REVIEW})
"""What Stripe alone can say: nothing else may change what a person was asked to look at."""


def reserve(w: World, config: Config, law: Law, me: Actor) -> World | None:
    """Step 1: the lock, a hold on the card, the payment and the memory of the request."""
    invoice, number = w.invoice, me.payment
    assert number is not None
    stored = config.orders[number].stored
    if not law.allows(
        [
            ("reserve_open", invoice.status == "open"),
            ("reserve_unlocked", invoice.lock is None),
            ("reserve_epoch", invoice.epoch == me.epoch),
            ("reserve_n", invoice.n == me.n),
            ("reserve_amount", invoice.due == me.due),
            ("reserve_card", w.card or not stored),
            ("reserve_request", w.payments[number] is None),
        ]
    ):
        return None
    return w._replace(
        wrong=w.wrong or ("one order was tried twice" if w.payments[number] else ""),
        invoice=invoice._replace(status="paying", lock=number, last=number, copy=State.RESERVED),
        payments=_with(w, number, Payment(State.RESERVED, me.epoch, me.due)),
        holds=w.holds | {number} if stored else w.holds,
        touched=stored or w.touched,
    )


def write_ahead(w: World, law: Law, me: Actor) -> World | None:
    """Steps 2 and 3: bind the intent if none is bound; confirm n may now be sent."""
    invoice = w.invoice
    checks = [
        ("ahead_n", invoice.n == me.n - 1),
        ("ahead_intent", invoice.intent in {None, me.intent}),
    ]
    after = _step(w, law, Step.WRITE_AHEAD, me, checks, intent=me.intent, n=me.n)
    if after is None or me.intent is None:
        return None
    intents = list(after.intents)
    intents[me.intent] = intents[me.intent]._replace(exposed=True)
    this = (_own(w, me).epoch, me.n)
    return after._replace(
        intents=tuple(intents),
        confirms=max(this, w.confirms),
        wrong=after.wrong or ("two confirms under one key" if this <= w.confirms else ""),
    )


def doubt_or_action(w: World, law: Law, me: Actor, step: Step) -> World | None:
    """Steps 7 and 8: the lock stays."""
    return _step(w, law, step, me, [("own_n", w.invoice.n == me.n)])


def decline(w: World, law: Law, me: Actor) -> World | None:
    """Step 6: the invoice is open again and the intent serves the next try."""
    checks = [("own_n", w.invoice.n == me.n)]
    return _freed(_step(w, law, Step.DECLINE, me, checks, status="open", lock=None), me)


def end(w: World, law: Law, me: Actor, step: Step, *, raise_epoch: bool) -> World | None:
    """Steps 8 and 9 without a charge: release, refuse, fence."""
    payment = _own(w, me)
    changes: dict[str, Any] = {"status": "open", "lock": None}
    if raise_epoch:
        epoch = payment.epoch + law.keeps("fence_raises_epoch")
        changes |= {"epoch": epoch, "intent": None, "n": 0}
    return _freed(_step(w, law, step, me, [], **changes), me)


def settle(w: World, law: Law, me: Actor) -> World | None:
    """Step 5: paid, whoever holds the lock; a charge that disagrees goes to a person."""
    invoice, payment = w.invoice, _own(w, me)
    assert me.intent is not None
    charged = w.intents[me.intent].amount
    if charged != payment.money and law.keeps("settle_agrees"):
        return review(w, law, me)
    checks = [
        ("settle_intent", invoice.intent == me.intent),
        ("settle_open", invoice.status in {"open", "paying"}),
        ("settle_amount", invoice.due == charged),
        ("settle_ledger", me.intent not in w.ledger),
    ]
    paid = {"status": "paid", "due": 0, "lock": None}
    after = _freed(_step(w, law, Step.SETTLE, me, checks, locked=False, **paid), me)
    if after is None:
        if payment.state not in FINAL - {State.SUCCEEDED} or me.intent in w.ledger:
            return None
        if invoice.last == me.payment or not law.keeps("review_last"):
            return review(w, law, me._replace(state=payment.state))
        # An intent serves one try after another: the money is that of the try that is not over.
        last = None if invoice.last is None else w.payments[invoice.last]
        if last is None or last.intent != me.intent or last.state in FINAL:
            return None
        return settle(w, law, me._replace(payment=invoice.last, state=last.state, n=last.n))
    twice = "a charge was booked twice" if me.intent in w.ledger else ""
    return after._replace(ledger=w.ledger | {me.intent}, wrong=after.wrong or twice)


def review(w: World, law: Law, me: Actor) -> World | None:
    """A person must look; the lock stays. Conditional on the payment's own item."""
    payment = _own(w, me)
    checks = [("review_state", payment.state == me.state)]
    if not law.allows(checks, Step.REVIEW, payment.state):
        return None
    after = law.table[Step.REVIEW].target
    invoice = w.invoice
    if invoice.last == me.payment and law.keeps("review_invoice"):
        invoice = invoice._replace(copy=after)
    return w._replace(
        wrong=w.wrong or _stands(payment.state, after),
        invoice=invoice,
        payments=_with(w, me.payment, payment._replace(state=after)),
    )


def delete_card(w: World, law: Law) -> World | None:
    """Remove the card from the wallet as it was read, and answer 204."""
    if not law.allows([("delete_version", not w.touched)]):
        return None
    return w._replace(card=False)


def operator_lock(w: World, what: str) -> World | None:
    """Take the lock of an invoice that nobody pays, to void it or to change its amount."""
    if w.invoice.status != "open" or w.invoice.lock is not None:
        return None
    return w._replace(invoice=w.invoice._replace(status="paying", lock=OPERATORS[what]))


def operator_write(w: World, law: Law, what: str) -> World | None:
    """Void the invoice or change its amount, and let go of the lock."""
    invoice = w.invoice
    if invoice.lock != OPERATORS[what] and law.keeps("operator_locks"):
        return None
    if what == "void":
        return w._replace(invoice=invoice._replace(status="void", lock=None, voided=True))
    changed = invoice._replace(status="open", due=invoice.due + 1, lock=None)
    if law.keeps("amount_raises_epoch"):
        changed = changed._replace(epoch=invoice.epoch + 1, intent=None, n=0)
    return w._replace(invoice=changed)


def _step(
    w: World,
    law: Law,
    step: Step,
    me: Actor,
    checks: list[tuple[str, bool]],
    *,
    locked: bool = True,
    **changes: Any,
) -> World | None:
    """Take a step of the table: on the invoice, its copy, and the payment's item at once."""
    invoice, payment = w.invoice, _own(w, me)
    allowed = law.allows(
        [
            ("step_last", invoice.last == me.payment),
            ("step_epoch", invoice.epoch == payment.epoch),
            ("step_lock", invoice.lock == me.payment or not locked),
            ("step_n", payment.n == me.n or not locked or step is Step.WRITE_AHEAD),
            *checks,
        ],
        step,
        invoice.copy,
    )
    if not allowed:
        return None
    target = law.table[step].target
    item = payment._replace(state=target, n=me.n, intent=me.intent)
    return w._replace(
        wrong=w.wrong or _stands(payment.state, target),
        invoice=invoice._replace(copy=target, last=me.payment, **changes),
        payments=_with(w, me.payment, item),
    )


def _stands(before: State, after: State) -> str:
    kept = before == after or before not in FINAL
    if before is State.REVIEW:
        kept = after in TRUTH
    return "" if kept else f"a payment that was {before} became {after}"


def _freed(w: World | None, me: Actor) -> World | None:
    """Release the card with whatever ended the payment."""
    if w is None or me.payment not in w.holds:
        return w
    return w._replace(holds=w.holds - {me.payment}, touched=True)


def _own(w: World, me: Actor) -> Payment:
    payment = w.payments[me.payment] if me.payment is not None else None
    assert payment is not None
    return payment


def _with(w: World, number: int | None, payment: Payment) -> tuple[Payment | None, ...]:
    payments = list(w.payments)
    payments[number or 0] = payment
    return tuple(payments)
