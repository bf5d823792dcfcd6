"""Finishing what was left behind: everything in the table whose lease has run out.

It may run at any time, twice at once, or not at all for a day: every write is conditional, and
nothing is let go without Stripe's word (docs/payments.md).
"""

import logging
from collections import Counter
from typing import Final

from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Entry
from billfold.domain.invoice_change import InvoiceChange
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
from billfold.domain.stripe_event import Parked
from billfold.services import invoice_changes, outbox, settle, stripe_events
from billfold.services.ports import Expired, Overdue, Ports, StaleError, TimeLeft

logger = logging.getLogger(__name__)

SECONDS_FOR_ONE: Final = 35.0
"""Three calls of Stripe, ten seconds each at worst, and our own."""


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
    for expired in ports.leases.expired(ports.clock.now()):
        if time_left() < SECONDS_FOR_ONE:
            logger.warning("time is up", extra={"reason": "more is left behind than one run takes"})
            break
        try:
            ends[_take_up(expired, ports)] += 1
        except (StaleError, UnavailableError):
            # Somebody else was quicker, or AWS or Stripe is not there: the next run looks again.
            ends["later"] += 1
        except Exception as error:  # noqa: BLE001 - told below, once the others have had their turn
            logger.error(  # noqa: TRY400 - a stack trace may show values
                "left behind", extra={"exception_name": type(error).__name__}
            )
            ends["failed"] += 1
    outbox.flush(ports)
    if ends["failed"]:
        raise LeftBehindError(f"{ends['failed']} could not be taken up")
    return ends


def _take_up(expired: Expired, ports: Ports) -> str:
    match expired:
        case Overdue():
            after = _payment(expired, ports)
            logger.info(
                "reconciled", extra={"payment_id": after.payment_id, "status": after.state.value}
            )
            return after.state.value
        case Entry():
            outbox.deliver(expired, ports)
            return "sent"
        case Parked():
            return "matched" if stripe_events.look_again(expired, ports) else "parked"
        case InvoiceChange():
            return f"change_{invoice_changes.go_on(expired, ports).state.value}"


def _payment(overdue: Overdue, ports: Ports) -> Payment:
    payment = overdue.payment
    if payment.state is State.RESERVED:
        # The confirm is written ahead before it is sent, so nothing was sent.
        return settle.end(payment, Step.RELEASE, ports)
    if payment.state is State.CONFIRMING:
        payment = settle.doubt(payment, ports)
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
        return settle.review(payment, None, ports)
    ports.payments.postpone(
        payment, looks=looks + 1, lease_until=ports.clock.now() + BACK_OFF[looks]
    )
    return payment
