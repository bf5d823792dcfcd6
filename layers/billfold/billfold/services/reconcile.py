"""Finishing what was left behind: payments in flight whose lease has run out.

It may run at any time, twice at once, or not at all for a day: every write is conditional, and
nothing is let go without Stripe's word (docs/payments.md).
"""

import logging
from collections import Counter

from billfold.domain.errors import UnavailableError
from billfold.domain.payment import (
    BACK_OFF,
    ActionRequired,
    Answer,
    NotBegun,
    Payment,
    Refused,
    State,
    Step,
    Unknown,
    WantsConfirmation,
    WantsMethod,
)
from billfold.services import settle
from billfold.services.ports import Overdue, Ports, StaleError

logger = logging.getLogger(__name__)


def reconcile(ports: Ports) -> Counter[State]:
    """Take up every payment whose lease has run out, and count what they have become."""
    ends: Counter[State] = Counter()
    for overdue in ports.payments.overdue(ports.clock.now()):
        try:
            after = _take_up(overdue, ports)
        except (StaleError, UnavailableError):
            # Somebody else was quicker, or our own store is not there: the next run looks again.
            after = overdue.payment
        ends[after.state] += 1
        logger.info(
            "reconciled", extra={"payment_id": after.payment_id, "status": after.state.value}
        )
    return ends


def _take_up(overdue: Overdue, ports: Ports) -> Payment:
    payment = overdue.payment
    if payment.state is State.RESERVED:
        # The confirm is written ahead before it is sent, so nothing was sent.
        return settle.end(payment, Step.RELEASE, ports)
    answer = ports.gateway.retrieve(payment)
    if _must_fence(payment, answer):
        answer = ports.gateway.cancel(payment)
    after = settle.record_look(payment, answer, ports)
    if after.state is payment.state or isinstance(answer, Unknown | NotBegun | Refused):
        return _postpone(after, overdue.looks, ports)
    return after


def _must_fence(payment: Payment, answer: Answer) -> bool:
    """Tell whether the intent must be canceled, so that a late confirm can never succeed."""
    if payment.state is State.REQUIRES_ACTION:
        # Past its deadline. A step that failed is a decline and needs no fence.
        return isinstance(answer, ActionRequired | WantsConfirmation)
    return isinstance(answer, WantsMethod | WantsConfirmation)


def _postpone(payment: Payment, looks: int, ports: Ports) -> Payment:
    """Wait longer each time; after the last time a person must look, and the lock stays."""
    if payment.state not in {State.CONFIRMING, State.UNKNOWN, State.REQUIRES_ACTION}:
        return payment
    if looks >= len(BACK_OFF):
        logger.error("payment needs review", extra={"payment_id": payment.payment_id})
        return ports.payments.review(payment, None)
    ports.payments.postpone(
        payment, looks=looks + 1, lease_until=ports.clock.now() + BACK_OFF[looks]
    )
    return payment
