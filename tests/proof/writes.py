"""The conditional writes on our own table, each one atomic: those of ``adapters/dynamodb``.

A write gives the world after it, or None where a condition failed. It is decided on what was read,
which may be old: ``was`` is a payment as its process knows it. That the product writes the same
under the same conditions is shown by ``test_writes``.
"""

from typing import Any

from billfold.domain.payment import IN_FLIGHT, State, Step

from tests.proof.law import Law
from tests.proof.world import Change, Payment, World, lock_of

FINAL = frozenset({State.SUCCEEDED, State.DECLINED, State.REFUSED, State.RELEASED, State.CANCELED})
"""What was answered stands."""
TRUTH = frozenset({State.SUCCEEDED, State.CANCELED, State.REVIEW})
"""What Stripe alone can say: nothing else may change what a person was asked to look at."""

Checks = list[tuple[str, bool]]


def reserve(w: World, law: Law, number: int, payment: Payment, *, n: int) -> World | None:
    """Step 1: the lock, a hold on the card, the payment and the memory of the request."""
    invoice, wished = w.invoice, w.autopay and w.primary
    if not law.allows(
        [
            ("reserve_open", invoice.status == "open"),
            ("reserve_unlocked", invoice.lock is None),
            ("reserve_epoch", invoice.epoch == payment.epoch),
            ("reserve_n", invoice.n == n),
            ("reserve_amount", invoice.due == payment.money),
            ("reserve_card", w.card or not payment.stored),
            ("reserve_wish", wished or not payment.automatic),
            ("reserve_request", w.payments[number] is None),
        ]
    ):
        return None
    return w._replace(
        wrong=w.wrong or ("one order was tried twice" if w.payments[number] else ""),
        invoice=invoice._replace(status="paying", lock=number, last=number, copy=payment),
        payments=_with(w.payments, number, payment),
        holds=w.holds | {number} if payment.stored else w.holds,
        touched=payment.stored or w.touched,
    )


def write_ahead(
    w: World, law: Law, number: int, was: Payment, *, intent: int, n: int
) -> World | None:
    """Steps 2 and 3: bind the intent if none is bound; confirm n may now be sent."""
    invoice, wished = w.invoice, w.autopay and w.primary
    checks = [
        ("ahead_n", invoice.n == n - 1),
        ("ahead_intent", invoice.intent in {None, intent}),
        ("ahead_wish", wished or not was.automatic),
    ]
    following = was._replace(n=n, intent=intent)
    after = _step(w, law, Step.WRITE_AHEAD, number, was, following, checks, intent=intent, n=n)
    if after is None:
        return None
    this, wrong = (was.epoch, n), after.wrong
    if this <= w.confirms:
        wrong = wrong or "two confirms under one key"
    if was.automatic and not wished:
        wrong = wrong or "an automatic charge began that was not wished for any more"
    exposed = w.intents[intent]._replace(exposed=True)
    intents = _with(after.intents, intent, exposed)
    return after._replace(intents=intents, confirms=max(this, w.confirms), wrong=wrong)


def doubt_or_action(w: World, law: Law, step: Step, number: int, was: Payment) -> World | None:
    """Steps 7 and 8: the lock stays."""
    return _step(w, law, step, number, was, was, [("own_n", w.invoice.n == was.n)])


def decline(w: World, law: Law, number: int, was: Payment) -> World | None:
    """Step 6: the invoice is open again and the intent serves the next try."""
    checks = [("own_n", w.invoice.n == was.n)]
    freed: dict[str, Any] = {"status": "open", "lock": None}
    return _let_go(_step(w, law, Step.DECLINE, number, was, was, checks, **freed), number, was)


def end(
    w: World, law: Law, step: Step, number: int, was: Payment, *, raise_epoch: bool
) -> World | None:
    """Steps 8 and 9 without a charge: release, refuse, fence."""
    changes: dict[str, Any] = {"status": "open", "lock": None}
    if raise_epoch:
        epoch = was.epoch + law.keeps("fence_raises_epoch")
        changes |= {"epoch": epoch, "intent": None, "n": 0}
    after = _let_go(_step(w, law, step, number, was, was, [], **changes), number, was)
    if after and raise_epoch and step is Step.RELEASE:
        # Stripe remembers something else than we do.
        return after._replace(recorded=False)
    return after


def settle(w: World, law: Law, number: int, was: Payment, *, intent: int) -> World | None:
    """Step 5: paid, whoever holds the lock, by the charge of an intent."""
    invoice = w.invoice
    checks = [
        ("settle_intent", invoice.intent == intent),
        ("settle_open", invoice.status in {"open", "paying"}),
        ("settle_amount", invoice.due == w.intents[intent].amount),
        ("settle_ledger", intent not in w.ledger),
    ]
    paid: dict[str, Any] = {"status": "paid", "due": 0, "lock": None}
    after = _step(w, law, Step.SETTLE, number, was, was, checks, locked=False, **paid)
    booked = _booked(after, intent) if after else None
    return _let_go(booked, number, was)


def review(
    w: World, law: Law, number: int, was: Payment, *, intent: int | None = None
) -> World | None:
    """A person must look; the lock stays. Money that moved, by ``intent``, is in the ledger."""
    own = _own(w, number)
    checks = [
        ("review_state", own.state == was.state),
        ("review_n", own.n == was.n),
        ("review_ledger", intent not in w.ledger),
    ]
    if not law.allows(checks, Step.REVIEW, was.state):
        return None
    target = law.table[Step.REVIEW].target
    invoice = w.invoice
    if invoice.last == number and law.keeps("review_invoice"):
        invoice = invoice._replace(copy=was._replace(state=target))
    after = w._replace(
        wrong=w.wrong or _stands(own.state, target),
        invoice=invoice,
        payments=_with(w.payments, number, own._replace(state=target)),
    )
    return after if intent is None else _booked(after, intent)


def close(w: World, law: Law, number: int, was: Payment) -> World | None:
    """End a review, and free the invoice if the payment still holds it."""
    if w.invoice.lock == number:
        freed: dict[str, Any] = {"status": "open", "lock": None}
        freed |= {"epoch": was.epoch + 1, "intent": None, "n": 0}
        return _let_go(_step(w, law, Step.CLOSE, number, was, was, [], **freed), number, was)
    own = _own(w, number)
    if not law.allows([("close_review", own.state is State.REVIEW)]):
        return None
    after = was._replace(state=law.table[Step.CLOSE].target)
    invoice = w.invoice
    if invoice.last == number:
        invoice = invoice._replace(copy=after)
    wrong = w.wrong or _stands(own.state, after.state)
    payments = _with(w.payments, number, after)
    return _let_go(w._replace(wrong=wrong, invoice=invoice, payments=payments), number, was)


def reflect(
    w: World, law: Law, number: int, was: Payment, *, refunded: int, disputed: bool
) -> World | None:
    """Write what became of a charge over what was read, also on the invoice's copy."""
    own = _own(w, number)
    if not law.allows(
        [
            ("reflect_state", own.state == was.state),
            ("reflect_charge", own.intent == was.intent),
            ("reflect_refunded", own.refunded == was.refunded),
            ("reflect_disputed", own.disputed == was.disputed),
        ]
    ):
        return None
    after = was._replace(refunded=refunded, disputed=disputed)
    invoice = w.invoice
    if invoice.last == number:
        invoice = invoice._replace(copy=after)
    return w._replace(invoice=invoice, payments=_with(w.payments, number, after))


# A table that was restored.


def begin_generation(
    w: World, law: Law, to: int, *, epoch: int, n: int, recorded: bool
) -> World | None:
    """Leave the intent behind; perhaps note that Stripe was asked for all payments."""
    invoice = w.invoice
    if not law.allows(
        [
            ("generation_open", invoice.status == "open"),
            ("generation_unlocked", invoice.lock is None),
            ("generation_epoch", invoice.epoch == epoch),
            ("generation_n", invoice.n == n),
        ]
    ):
        return None
    left = invoice._replace(epoch=to, n=0, intent=None)
    return w._replace(invoice=left, recorded=recorded or w.recorded)


# The wallet.


def delete_card(w: World, law: Law) -> World | None:
    """Remove the card from the wallet as it was read, and answer 204."""
    if not law.allows([("delete_version", not w.touched)]):
        return None
    return w._replace(card=False, primary=False, touched=True)


# Voids and other amounts.


def begin(w: World, law: Law, change: Change) -> World | None:
    """Take the lock of an open invoice that is as it was read."""
    invoice = w.invoice
    if not law.allows(
        [
            ("begin_open", invoice.status == "open"),
            ("begin_unlocked", invoice.lock is None),
            ("begin_epoch", invoice.epoch == change.epoch),
            ("begin_amount", invoice.due == change.due),
            ("begin_intent", invoice.intent == change.intent),
        ]
    ):
        return None
    if law.keeps("change_locks"):
        invoice = invoice._replace(lock=lock_of(len(w.changes)))
    return w._replace(invoice=invoice, changes=(*w.changes, change))


def finish(w: World, law: Law, number: int) -> World | None:
    """Change the invoice and free it; its intent is left behind with its epoch."""
    invoice, change = w.invoice, w.changes[number]
    held = invoice.lock == lock_of(number) or not law.guards.change_locks
    if not law.allows(
        [
            ("finish_lock", held),
            ("finish_epoch", invoice.epoch == change.epoch),
            ("finish_open", invoice.status == "open"),
            ("finish_fencing", change.state == "fencing"),
        ]
    ):
        return None
    changed = invoice._replace(due=change.due_then, lock=None)
    if law.keeps("change_raises_epoch"):
        changed = changed._replace(epoch=change.epoch + 1, intent=None, n=0)
    if change.what == "void":
        changed = changed._replace(status="void")
    done = _with(w.changes, number, change._replace(state="done"))
    return w._replace(invoice=changed, changes=done, voided=w.voided or change.what == "void")


def refuse(w: World, law: Law, number: int) -> World | None:
    """Leave the invoice as it is: it was paid before it could be changed."""
    change = w.changes[number]
    if not law.allows([("finish_fencing", change.state == "fencing")]):
        return None
    return w._replace(changes=_with(w.changes, number, change._replace(state="refused")))


# What they share.


def _step(
    w: World,
    law: Law,
    step: Step,
    number: int,
    was: Payment,
    following: Payment,
    checks: Checks,
    *,
    locked: bool = True,
    **changes: Any,
) -> World | None:
    """Take a step of the table: on the invoice, its copy, and the payment's item at once."""
    invoice = w.invoice
    copy = invoice.copy
    allowed = law.allows(
        [
            ("step_last", invoice.last == number),
            ("step_epoch", invoice.epoch == was.epoch),
            ("step_lock", invoice.lock == number or not locked),
            ("step_n", not locked or (copy is not None and copy.n == was.n)),
            *checks,
        ],
        step,
        copy.state if copy else None,
    )
    if not allowed:
        return None
    following = following._replace(state=law.table[step].target)
    return w._replace(
        wrong=w.wrong or _stands(_own(w, number).state, following.state),
        invoice=invoice._replace(last=number, copy=following, **changes),
        payments=_with(w.payments, number, following),
    )


def _stands(before: State, after: State) -> str:
    kept = before == after or before not in FINAL
    if before is State.REVIEW:
        kept = after in TRUTH
    return "" if kept else f"a payment that was {before} became {after}"


def _let_go(w: World | None, number: int, was: Payment) -> World | None:
    """Release the card with whatever ended the payment, unless that was done before."""
    if w is None or not was.stored or was.state not in IN_FLIGHT:
        return w
    return w._replace(holds=w.holds - {number}, touched=True)


def _booked(w: World, intent: int) -> World:
    twice = "a charge was booked twice" if intent in w.ledger else ""
    return w._replace(ledger=w.ledger | {intent}, wrong=w.wrong or twice)


def _own(w: World, number: int) -> Payment:
    payment = w.payments[number]
    assert payment is not None
    return payment


def _with(items: tuple[Any, ...], number: int, item: Any) -> tuple[Any, ...]:
    return (*items[:number], item, *items[number + 1 :])
