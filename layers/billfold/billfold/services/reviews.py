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


def look(payment: Payment, answer: Answer, ports: Ports) -> Payment:
    """Return a payment in review as Stripe's answer about its intent leaves it.

    Raises
    ------
    UnavailableError, NotFoundError
    """
    after = settle.record_look(payment, answer, ports)
    if after.state is not State.REVIEW or not isinstance(answer, Succeeded):
        return after
    seen = ports.gateway.charge(answer.charge)
    return end_if_refunded(after, seen, ports) if seen else after


def end_if_refunded(payment: Payment, seen: ChargeView, ports: Ports) -> Payment:
    """End a review whose charge was refunded in full; anything less leaves it as it is."""
    if seen.intent != payment.intent or seen.refunded < seen.money.amount:
        return payment
    return settle.close(payment, REFUNDED, ports, seen)


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
