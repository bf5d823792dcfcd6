"""Finishing what was left behind: everything in the table whose lease has run out.

It may run at any time, twice at once, or not at all for a day: every write is conditional, and
nothing is let go without Stripe's word (docs/payments.md).
"""

import logging
import random
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Entry
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.payment import (
    BACK_OFF,
    IN_FLIGHT,
    REVIEW_LEASE,
    ActionRequired,
    Answer,
    NoSuchIntent,
    NotBegun,
    Payment,
    Refused,
    State,
    Step,
    Unknown,
    Unreachable,
    WantsConfirmation,
    WantsMethod,
)
from billfold.domain.stripe_event import Parked
from billfold.services import invoice_changes, outbox, reviews, settle, stripe_events
from billfold.services.ports import Expired, LeftBehind, Overdue, Ports, StaleError, TimeLeft

logger = logging.getLogger(__name__)

SECONDS_FOR_ONE: Final = 35.0
"""Three calls of Stripe, ten seconds each at worst, and our own."""
IN_VAIN: Final = 3
"""So many in a row for which AWS or Stripe was not there tell that it is down, and not they."""
STUCK: Final = timedelta(hours=1)
"""An entry of the outbox that is older wakes a person."""
_ORDER: Final = (Overdue, InvoiceChange, Entry, Parked)
"""Money first: no trouble with the bus keeps a payment waiting."""


class LeftBehindError(Exception):
    """Something could not be taken up for a reason that the code does not know."""


def reconcile(ports: Ports, time_left: TimeLeft) -> Counter[str]:
    """Take up everything whose lease has run out, and count what has become of it.

    One that fails does not keep the others waiting. What there is no time for is found by the next
    run, a minute later.

    Raises
    ------
    LeftBehindError
        After all were taken up: some failed in a way that a person must mend.
    """
    ends: Counter[str] = Counter()
    _tell_the_time(ports)
    left = list(ports.leases.expired(ports.clock.now()))
    # By chance, so that those in front do not always take the time of those behind.
    random.shuffle(left)
    stripe_is_there = True
    for kind in _ORDER:
        mine = [one for one in left if one.kind is kind]
        # Where it was not there for one kind, one of each other kind finds out whether it is now.
        patience = IN_VAIN if stripe_is_there or kind is Entry else 1
        stripe_is_there &= _take_up_all(mine, ends, ports, time_left, patience)
    outbox.flush(ports)
    if ends["failed"]:
        raise LeftBehindError(f"{ends['failed']} could not be taken up")
    return ends


def _tell_the_time(ports: Ports) -> None:
    """Tell the table the time; a table that was restored is found by what it was told last."""
    before, now = ports.continuity.read(), ports.clock.now()
    after = before.told(now)
    if before.at and before.is_broken(now):
        logger.warning("continuity begins anew", extra={"reason": f"last told {before.at}"})
    with suppress(StaleError):
        # Another run told it in this moment.
        ports.continuity.write(before, after)


def _take_up_all(
    left: list[LeftBehind],
    ends: Counter[str],
    ports: Ports,
    time_left: TimeLeft,
    patience: int,
) -> bool:
    """Take up all of a kind; tell whether what they need was there."""
    in_vain = 0
    for position, one in enumerate(left):
        if time_left() < SECONDS_FOR_ONE:
            logger.warning("time is up", extra={"reason": f"{len(left) - position} left"})
            return True
        try:
            expired = one.read()
            if expired:
                ends[_take_up(expired, ports)] += 1
            in_vain = 0
        except StaleError:
            # Somebody else was quicker.
            ends["later"] += 1
        except UnavailableError:
            in_vain += 1
            if in_vain == patience:
                # AWS or Stripe is not there: the others would wait for it in vain as well.
                ends["later"] += len(left) - position
                return False
            ends["later"] += 1
        except Exception as error:  # noqa: BLE001 - told above, once the others had their turn
            logger.error(  # noqa: TRY400 - a stack trace may show values
                "left behind", extra={"exception_name": type(error).__name__}
            )
            ends["failed"] += 1
    return True


def _take_up(expired: Expired, ports: Ports) -> str:
    match expired:
        case Overdue():
            try:
                after = _payment(expired, ports)
            except UnavailableError:
                _unsettled(expired.payment.created_at, ports)
                raise
            logger.info(
                "reconciled", extra={"payment_id": after.payment_id, "status": after.state.value}
            )
            if after.state in IN_FLIGHT:
                _unsettled(after.created_at, ports)
            return after.state.value
        case Entry():
            if ports.clock.now() - expired.at > STUCK:
                logger.error("outbox is stuck", extra={"customer_id": expired.customer_id})
            outbox.deliver(expired, ports)
            return "sent"
        case Parked():
            return "matched" if stripe_events.look_again(expired, ports) else "parked"
        case InvoiceChange():
            try:
                state = invoice_changes.go_on(expired, ports).state
            except UnavailableError:
                _unsettled(expired.created_at, ports)
                raise
            if state is ChangeState.FENCING:
                _unsettled(expired.created_at, ports)
            return f"change_{state.value}"


def _unsettled(since: datetime, ports: Ports) -> None:
    """Tell how long an invoice has been locked by what has not ended; the alarm is for a day."""
    age = ports.clock.now() - since
    logger.info("unsettled", extra={"seconds": int(age.total_seconds())})


def _payment(overdue: Overdue, ports: Ports) -> Payment:
    payment = overdue.payment
    if payment.state is State.RESERVED:
        # The confirm is written ahead before it is sent, so nothing was sent.
        return settle.end(payment, Step.RELEASE, ports)
    if payment.state is State.CONFIRMING:
        payment = settle.doubt(payment, ports)
        if payment.state is not State.UNKNOWN:
            # Its own answer came in this moment: there is nothing left to find out.
            return payment
    answer = ports.gateway.retrieve(payment)
    if _must_fence(payment, answer):
        answer = ports.gateway.cancel(payment)
    if isinstance(answer, Unreachable):
        # Nothing was looked at, so no look is used up: the next run tries again.
        raise UnavailableError
    if payment.state is State.REVIEW:
        after = reviews.look(payment, answer, ports)
        return _remind(after, overdue.looks, ports) if after.state is State.REVIEW else after
    if isinstance(answer, NoSuchIntent):
        # The confirm went to another account, where money may have moved: no look will tell.
        logger.error("payment needs review", extra={"payment_id": payment.payment_id})
        return settle.review(payment, None, ports)
    after = settle.record_look(payment, answer, ports)
    if after.state is State.REVIEW:
        return _remind(after, overdue.looks, ports)
    if after.state is payment.state or isinstance(answer, Unknown | NotBegun | Refused):
        return _postpone(after, overdue.looks, ports)
    return after


def _must_fence(payment: Payment, answer: Answer) -> bool:
    """Tell whether the intent must be canceled, so that a late confirm can never succeed."""
    if payment.state is State.REVIEW:
        # A person decides (``reviews.close``).
        return False
    if payment.state is State.REQUIRES_ACTION:
        # Past its deadline. A step that failed is a decline and needs no fence.
        return isinstance(answer, ActionRequired | WantsConfirmation)
    return isinstance(answer, WantsMethod | WantsConfirmation)


def _remind(payment: Payment, looks: int, ports: Ports) -> Payment:
    """Look again tomorrow, and wake a person again."""
    logger.error("payment needs review", extra={"payment_id": payment.payment_id})
    lease = ports.clock.now() + REVIEW_LEASE
    ports.payments.postpone(payment, looks=looks, lease_until=lease)
    return payment


def _postpone(payment: Payment, looks: int, ports: Ports) -> Payment:
    """Wait longer each time; after the last time a person must look, and the lock stays."""
    if payment.state not in {State.CONFIRMING, State.UNKNOWN, State.REQUIRES_ACTION}:
        return payment
    if looks >= len(BACK_OFF):
        logger.error("payment needs review", extra={"payment_id": payment.payment_id})
        return settle.review(payment, None, ports)
    ports.payments.postpone(
        payment, looks=looks + 1, lease_until=ports.clock.now() + BACK_OFF[looks]
    )
    return payment
