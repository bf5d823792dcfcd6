"""Ending a review: what a person was asked to look at (docs/payments.md, docs/runbook.md).

A review keeps the invoice's lock. It ends by Stripe's word, which ``settle`` writes down as always;
or when the charge was refunded in full, so that no money is left; or when a person has looked.
"""

import logging

from billfold.domain.errors import (
    PaymentNotInReviewError,
    ReviewNotClosableError,
    UnavailableError,
)
from billfold.domain.payment import (
    Answer,
    Canceled,
    Dispute,
    NoSuchIntent,
    Payment,
    Processing,
    State,
    Succeeded,
)
from billfold.services import settle
from billfold.services.ports import ChargeView, Ports

logger = logging.getLogger(__name__)

REFUNDED = "refunded"
"""The reason of a review that ended since its charge was refunded in full."""


def look(payment: Payment, answer: Answer, ports: Ports, seen: ChargeView | None = None) -> Payment:
    """Return a payment in review as Stripe's answer about its intent leaves it.

    Raises
    ------
    UnavailableError, NotFoundError
    """
    if isinstance(answer, Succeeded):
        settle.look_later(answer.charge, ports)
    after = settle.record_look(payment, answer, ports)
    if after.state is not State.REVIEW or not isinstance(answer, Succeeded):
        return after
    seen = seen or ports.gateway.charge(answer.charge)
    if seen is None or seen.intent != after.intent or not is_given_back(seen):
        return after
    return settle.close(after, REFUNDED, ports, seen)


def is_given_back(seen: ChargeView) -> bool:
    """Return whether nothing of a charge is left to us: refunded in full, or lost in a dispute."""
    return seen.refunded >= seen.money.amount or seen.dispute is Dispute.LOST


def open_again(payment: Payment, ports: Ports) -> None:
    """Put an ended review before a person again: its charge is ours after all, a refund failed."""
    logger.error("payment needs review", extra={"payment_id": payment.payment_id})
    settle.review(payment, None, ports)


def close(customer_id: str, payment_id: str, reason: str, ports: Ports) -> Payment:
    """End a review on a person's word, as far as Stripe does not contradict it.

    An intent that can still be charged is canceled first. One that Stripe does not know ends here
    alone: the person has seen in the account to which it belonged that nothing was charged.

    Parameters
    ----------
    reason
        Kept in the audit trail.

    Raises
    ------
    NotFoundError, PaymentNotInReviewError
    ReviewNotClosableError
        The charge stands: refund it in full first. Or Stripe is still working on it.
    UnavailableError
        Stripe cannot be asked.
    """
    payment = ports.payments.get(customer_id, payment_id)
    if payment.state is not State.REVIEW:
        raise PaymentNotInReviewError
    answer = ports.gateway.cancel(payment)
    if isinstance(answer, NoSuchIntent):
        return settle.close(payment, reason, ports)
    if isinstance(answer, Canceled | Succeeded):
        after = look(payment, answer, ports)
        if after.state is not State.REVIEW:
            return after
        if isinstance(answer, Canceled):
            # It holds no lock any more: the invoice was void, or paid otherwise.
            return settle.close(payment, reason, ports)
    if isinstance(answer, Succeeded | Processing):
        raise ReviewNotClosableError
    raise UnavailableError
