"""Recording how a payment ended: steps 5 to 9 of the protocol, whoever brings the news.

The reply to a confirm, the webhook and the reconciler all end here. The first to write wins; the
others find the payment changed and report what it has become. Where our own store is not there,
each raises UnavailableError: what is on disk is still true, and the reconciler goes on from it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from billfold.domain import fact
from billfold.domain.autopay import ONE_DAY
from billfold.domain.decline import AUTHENTICATION_FAILED
from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Entry, Fact
from billfold.domain.payment import (
    ACTION_DEADLINE,
    ENDED_WITHOUT_CHARGE,
    REVIEW_LEASE,
    UNKNOWN_LEASE,
    ActionRequired,
    Answer,
    Blame,
    Canceled,
    Decline,
    Declined,
    NoSuchIntent,
    NotBegun,
    Payment,
    Refusal,
    Refused,
    State,
    Step,
    Succeeded,
    WantsMethod,
)
from billfold.domain.stripe_event import PATIENCE, StripeEvent
from billfold.domain.wallet import CardFace
from billfold.services import detached_cards, outbox, refusals
from billfold.services.ports import ChargeView, Ports, StaleError

logger = logging.getLogger(__name__)


def record(payment: Payment, answer: Answer, ports: Ports) -> Payment:
    """Write down the answer to the confirm of ``payment.n``, and give the payment as it then is."""
    if isinstance(answer, Refused):
        # A 400 tells about the request, not about the intent: look before letting go.
        blame = answer.blame
        answer = ports.gateway.retrieve(payment)
        if isinstance(answer, NoSuchIntent):
            # Not taken where we are, and every confirm before it has ended: nothing is pending at
            # the account whose intent this is, and only we could confirm it there.
            logger.error("intent unknown to stripe", extra={"payment_id": payment.payment_id})
            return end(payment, Step.RELEASE, ports, raise_epoch=True)
        if isinstance(answer, WantsMethod):
            return _refused(payment, blame, ports)
    elif isinstance(answer, NotBegun):
        return end(payment, Step.RELEASE, ports)
    elif isinstance(answer, Declined):
        return _decline(payment, answer.decline, answer.card, ports)
    after = record_look(payment, answer, ports)
    return doubt(after, ports) if after.state is State.CONFIRMING else after


def _refused(payment: Payment, blame: Blame, ports: Ports) -> Payment:
    """Free the invoice, and tell whose fault it was: a card is not given up for one of ours."""
    try:
        refusal = refusals.judge(payment, blame, ports)
    except UnavailableError:
        # Nobody says whose fault it was; nothing was charged.
        return end(payment, Step.RELEASE, ports)
    told = replace(payment, refusal=refusal)
    if refusal is Refusal.CARD_GONE:
        card = (payment.customer_id, payment.card_id or "")
        detached_cards.remember(*card, ports)
        after = end(told, Step.REFUSE, ports)
        # Whoever pays by hand reads it in the answer.
        detached_cards.drop_remembered(*card, ports, tell=payment.slot is not None)
        return after
    if refusal is None:
        logger.error("request refused by Stripe", extra={"payment_id": payment.payment_id})
    if payment.n > 1 and blame in {Blame.CARD, Blame.NOTHING, Blame.STRIPE_CUSTOMER}:
        # The intent has served an earlier confirm, and may be what is wrong, say, its Stripe
        # customer was deleted since: no stored card is to blame, and the next try makes another.
        answer = ports.gateway.cancel(payment)
        fenced = isinstance(answer, Canceled) and not payment.card_id
        after = record_look(told if fenced else payment, answer, ports)
        return doubt(after, ports) if after.state is State.CONFIRMING else after
    return end(told, Step.REFUSE if refusal else Step.RELEASE, ports)


def doubt(payment: Payment, ports: Ports) -> Payment:
    """Step 8: nobody knows how the confirm ended; the lock stays."""
    lease = ports.clock.now() + UNKNOWN_LEASE
    return _write(payment, lambda: ports.payments.doubt(payment, lease_until=lease), ports)


def record_look(payment: Payment, answer: Answer, ports: Ports) -> Payment:
    """Write down what a retrieve, a cancel or a webhook showed.

    A look cannot tell confirm n from n-1, so it never declines while a confirm may be under way;
    it settles, waits, turns to the bank's step, or fences.
    """
    match answer:
        case Succeeded():
            return _settle(payment, answer, ports)
        case Canceled():
            return end(payment, Step.FENCE, ports, raise_epoch=True)
        case ActionRequired() if payment.state is not State.REQUIRES_ACTION:
            return _action(payment, ports)
        case WantsMethod() if payment.state is State.REQUIRES_ACTION:
            return _decline(payment, answer.decline or AUTHENTICATION_FAILED, None, ports)
        case _:
            return payment


def end(payment: Payment, step: Step, ports: Ports, *, raise_epoch: bool = False) -> Payment:
    """Free the invoice after a refusal, a release or a fence: nothing was and will be charged.

    The bank may have heard of what was sent and then fenced: the schedule asks it once a day.
    """
    entry = _entry(payment, ports, fact.payment_canceled(payment, step.value))
    heard = payment.slot is not None and payment.n > 0 and step is Step.FENCE
    look_on = ports.clock.today() + ONE_DAY if heard else None
    return _write(
        payment,
        lambda: ports.payments.end(
            payment, step, raise_epoch=raise_epoch, entry=entry, look_on=look_on
        ),
        ports,
        entry,
    )


def review(payment: Payment, succeeded: Succeeded | None, ports: Ports) -> Payment:
    """Leave everything as it is for a person to look at; money that moved is in the ledger."""
    entry = _entry(payment, ports, fact.payment_needs_review(payment))
    lease = ports.clock.now() + REVIEW_LEASE
    return _write(
        payment,
        lambda: ports.payments.review(payment, succeeded, lease_until=lease, entry=entry),
        ports,
        entry,
    )


def close(payment: Payment, reason: str, ports: Ports, seen: ChargeView | None = None) -> Payment:
    """Free what a review holds, since it holds no money: ``seen`` is its charge, given back."""
    facts = [fact.payment_canceled(payment, reason)]
    after = payment
    if seen:
        facts.insert(0, fact.payment_refunded(payment, seen.refunded))
        after = replace(payment, charge=seen.charge, refunded=seen.refunded, dispute=seen.dispute)
    entry = _entry(payment, ports, *facts)
    # The bank has heard of it: the schedule asks again on the next day at the earliest.
    look_on = ports.clock.today() + ONE_DAY if payment.slot else None
    return _write(
        payment, lambda: ports.payments.close(after, entry=entry, look_on=look_on), ports, entry
    )


def look_later(charge: str, ports: Ports) -> None:
    """Have the reconciler look at a charge whose events may be over: refunds and disputes."""
    event = StripeEvent(f"charge:{charge}", "charge.refunded", charge=charge)
    ports.parking.park(event, until=ports.clock.now() + PATIENCE[0])


def _settle(payment: Payment, succeeded: Succeeded, ports: Ports) -> Payment:
    """Step 5, only where intent, amount and currency agree; else a person must look."""
    if payment.state is State.SUCCEEDED and payment.charge == succeeded.charge:
        return payment
    agrees = succeeded.intent == payment.intent and succeeded.money == payment.money
    if not agrees:
        logger.error("charge disagrees with payment", extra={"payment_id": payment.payment_id})
        return review(payment, succeeded, ports)
    after = replace(payment, charge=succeeded.charge, card=succeeded.card or payment.card)
    entry = _entry(payment, ports, *fact.payment_succeeded(after))
    settled = _write(
        payment, lambda: ports.payments.settle(payment, succeeded, entry=entry), ports, entry
    )
    if settled.state not in ENDED_WITHOUT_CHARGE:
        return settled
    if ports.ledger.find(payment.customer_id, succeeded.charge):
        return settled
    latest = ports.payments.by_intent(payment.customer_id, payment.invoice_id, succeeded.intent)
    if latest and latest.payment_id != payment.payment_id:
        # An intent serves one try after another: the money is that of the try that is not over.
        _settle(latest, succeeded, ports)
        return settled
    # The invoice was void or paid otherwise when the money came.
    logger.error("charge without an open invoice", extra={"payment_id": payment.payment_id})
    return review(settled, succeeded, ports)


def _action(payment: Payment, ports: Ports) -> Payment:
    entry = _entry(payment, ports, fact.payment_action_required(payment))
    deadline = ports.clock.now() + ACTION_DEADLINE
    return _write(
        payment,
        lambda: ports.payments.action(payment, lease_until=deadline, entry=entry),
        ports,
        entry,
    )


def _decline(payment: Payment, decline: Decline, card: CardFace | None, ports: Ports) -> Payment:
    after = replace(payment, card=payment.card or card)
    entry = _entry(payment, ports, *fact.payment_failed(after, decline))
    return _write(
        payment, lambda: ports.payments.decline(payment, decline, card, entry=entry), ports, entry
    )


def _entry(payment: Payment, ports: Ports, *facts: Fact) -> Entry:
    return outbox.entry(payment.customer_id, *facts, ports=ports)


def _write(
    payment: Payment, write: Callable[[], Payment], ports: Ports, entry: Entry | None = None
) -> Payment:
    """Write, or report what others have made of the payment meanwhile."""
    try:
        after = write()
    except StaleError:
        return ports.payments.get(payment.customer_id, payment.payment_id)
    if entry:
        ports.committed.append(entry)
    return after
