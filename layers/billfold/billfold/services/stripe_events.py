"""What a webhook of Stripe leads to: look at Stripe, and settle as everybody does.

Events come late, twice, out of order, before our own reply, or never; nothing here depends on any
of that. One that matches nothing yet is parked and looked at again.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from billfold.domain import fact
from billfold.domain.errors import (
    CardDeclinedError,
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
    UnknownStripeCustomerError,
)
from billfold.domain.limit import FAILED_CARDS
from billfold.domain.payment import (
    ENDED_WITHOUT_CHARGE,
    Canceled,
    Declined,
    Dispute,
    Payment,
    State,
    Succeeded,
)
from billfold.domain.stripe_event import (
    CUSTOMER_DELETED,
    DETACHED,
    PATIENCE,
    Owner,
    Parked,
    StripeEvent,
)
from billfold.services import (
    cards,
    detached_cards,
    lost_history,
    outbox,
    reviews,
    settle,
    wallets,
)
from billfold.services.ports import ChargeView, Ports, StaleError

logger = logging.getLogger(__name__)

REFLECT_TRIES: Final = 5
"""How often a charge is looked at again because something changed meanwhile."""


def hear(payload: str, signature: str, ports: Ports) -> None:
    """Verify a delivery of Stripe and queue what we listen to; the work is the worker's.

    Raises
    ------
    InvalidSignatureError
    UnavailableError
        It was not queued: Stripe must deliver it again.
    """
    event = ports.webhooks.read(payload, signature)
    if event:
        ports.event_queue.send(event)


def take(event: StripeEvent, ports: Ports) -> bool:
    """Do what an event asks for, or park it; tell whether it was done.

    Raises
    ------
    UnavailableError
        Stripe or AWS is down: try the message again.
    """
    if _done(event, ports):
        return True
    ports.parking.park(event, until=ports.clock.now() + PATIENCE[0])
    return False


def look_again(parked: Parked, ports: Ports) -> bool:
    """Take up a parked event; one that matches nothing for days is left for a person to look at."""
    if _done(parked.event, ports):
        ports.parking.forget(parked)
        return True
    looks = parked.looks + 1
    if looks >= len(PATIENCE):
        logger.error("stripe event matches nothing", extra={"reason": parked.event.type})
        ports.parking.give_up(parked)
    else:
        ports.parking.postpone(parked, until=ports.clock.now() + PATIENCE[looks])
    return False


def _done(event: StripeEvent, ports: Ports) -> bool:
    if event.setup_intent:
        return _card(event, event.setup_intent, ports)
    if event.charge:
        return _charge(event.charge, ports)
    if event.type == CUSTOMER_DELETED:
        return _about_customer(event, _customer_deleted, ports)
    if event.type == DETACHED:
        return _about_customer(event, _detached, ports)
    if event.payment_method:
        return _renewed(event.payment_method, ports)
    if event.payment_intent:
        return _intent(event, event.payment_intent, ports)
    return True


def _intent(event: StripeEvent, intent: str, ports: Ports) -> bool:
    if event.owner is None:
        # The business takes other payments on the same Stripe account.
        return True
    # First the payment, then Stripe: what is seen there is not older than what it is written to.
    payment = _payment_of(event.owner, intent, ports)
    try:
        answer = ports.gateway.look(intent)
    except NotFoundError:
        return False
    if payment is None:
        # An intent that was canceled before it was bound to a payment concerns nobody.
        return isinstance(answer, Canceled)
    if isinstance(answer, Succeeded) and _was_lost(payment, event.owner, ports):
        return True
    own = event.idempotency_key is not None and event.idempotency_key == payment.confirm_key
    if event.decline and own and payment.state in {State.CONFIRMING, State.UNKNOWN}:
        settle.record(payment, Declined(event.decline), ports)
    else:
        settle.record_look(payment, answer, ports)
    return True


def _payment_of(owner: Owner, intent: str, ports: Ports) -> Payment | None:
    """Return the latest try of an intent, also one that a restore has lost."""
    ids = (owner.customer_id, owner.invoice_id)
    payment = ports.payments.by_intent(*ids, intent)
    if payment is None and lost_history.recover_named(owner, ports):
        return ports.payments.by_intent(*ids, intent)
    return payment


def _was_lost(payment: Payment, owner: Owner, ports: Ports) -> bool:
    """Recover what a restore has lost after a try that ended without a charge, and tell if it did.

    The money is not that of this try, though they share the intent.
    """
    over = payment.state in ENDED_WITHOUT_CHARGE and payment.charge is None
    return over and lost_history.recover_named(owner, ports)


def _charge(charge: str, ports: Ports) -> bool:
    """Return whether the charge needs nothing more: it is not ours, or its payment shows it."""
    try:
        seen = ports.gateway.charge(charge)
    except NotFoundError:
        return False
    return seen is None or seen.intent is None or reflect(seen, ports)


def reflect(known: ChargeView, ports: Ports) -> bool:
    """Write what has become of a charge to its payment, settled first if it was not.

    Of ``known`` only what never changes is taken. The charge is looked at after the payment was
    read, and written over nothing but what was read. After a write it is looked at once more: a
    refund may fail, so that another event, which found nothing to write, was newer than this look.

    Returns
    -------
    bool
        Whether the payment shows what a look after its reading has shown. False where there is no
        such payment, or it changed each time.
    """
    owner, settled = known.owner, False
    for _ in range(REFLECT_TRIES):
        payment = _payment_of(owner, known.intent or "", ports)
        if payment is None:
            return False
        seen = ports.gateway.charge(known.charge)
        if seen is None or _is_reviewed(payment, seen, ports):
            return True
        if seen.answer and _was_lost(payment, owner, ports):
            continue
        if payment.charge == seen.charge:
            if (payment.refunded, payment.dispute) == (seen.refunded, seen.dispute):
                return True
            with suppress(StaleError):
                _write(payment, seen, ports)
            continue
        if seen.answer is None:
            # A charge that failed has nothing to reflect.
            return True
        if settled:
            # A person decides, or the money is that of another try.
            return False
        settle.record_look(payment, seen.answer, ports)
        settled = True
    return False


def _is_reviewed(payment: Payment, seen: ChargeView, ports: Ports) -> bool:
    """Look at a charge that is, or was, in review; tell whether it is left to a person, or over."""
    if payment.state is State.REVIEW and seen.answer:
        return reviews.look(payment, seen.answer, ports, seen).state is not State.SUCCEEDED
    if payment.state is not State.CANCELED or payment.charge != seen.charge:
        return False
    if not reviews.is_given_back(seen):
        reviews.open_again(payment, ports)
        return True
    return False


def _write(payment: Payment, seen: ChargeView, ports: Ports) -> None:
    facts = []
    if payment.refunded != seen.refunded:
        facts.append(fact.payment_refunded(payment, seen.refunded))
    if payment.dispute != seen.dispute:
        status = seen.dispute.value if seen.dispute else None
        facts.append(fact.payment_disputed(payment, status))
        if seen.dispute is Dispute.OPEN:
            logger.warning("charge is disputed", extra={"payment_id": payment.payment_id})
    entry = outbox.entry(payment.customer_id, *facts, ports=ports)
    ports.payments.reflect(payment, refunded=seen.refunded, dispute=seen.dispute, entry=entry)
    ports.committed.append(entry)


def _count_failed(event: StripeEvent, customer_id: str, setup_intent: str, ports: Ports) -> None:
    """Count a card that failed; at the limit, end also what was begun, or it could be tried on."""
    now = ports.clock.now()
    ports.limits.count_event(FAILED_CARDS, customer_id, event.event_id, now)
    try:
        ports.limits.require_below(FAILED_CARDS, customer_id, now)
    except TooManyRequestsError:
        logger.warning("adding cards is locked", extra={"customer_id": customer_id})
        ports.gateway.cancel_setup(setup_intent)


def _renewed(payment_method: str, ports: Ports) -> bool:
    """Take in what the networks' updater has changed of a card, as Stripe has it now."""
    try:
        seen = ports.gateway.card(payment_method)
    except NotFoundError:
        # Detached since: it is in no wallet.
        return True
    if seen.customer_id:
        wallets.change(seen.customer_id, lambda wallet: wallet.renew(seen.details), ports)
    return True


def _about_customer(
    event: StripeEvent, take_in: Callable[[StripeEvent, Ports], bool], ports: Ports
) -> bool:
    """Take in what became of a Stripe customer; one whom our account never had is waited for."""
    try:
        return take_in(event, ports)
    except UnknownStripeCustomerError:
        return False


def _detached(event: StripeEvent, ports: Ports) -> bool:
    """Drop a card that was detached, unless that was our own doing or Stripe has it after all."""
    customer_id = event.customer_id
    if customer_id is None and event.stripe_customer:
        try:
            customer_id = ports.gateway.customer(event.stripe_customer).customer_id
        except NotFoundError:
            return False
    if customer_id is None or event.payment_method is None:
        # Not ours; or the customer was deleted meanwhile, of which there is an event of its own.
        return True
    return detached_cards.drop(customer_id, (event.payment_method,), ports)


def _customer_deleted(event: StripeEvent, ports: Ports) -> bool:
    if event.customer_id is None or event.stripe_customer is None:
        return True
    return detached_cards.forget_customer(event.customer_id, event.stripe_customer, ports)


def _card(event: StripeEvent, setup_intent: str, ports: Ports) -> bool:
    try:
        result = ports.gateway.setup_result(setup_intent)
    except NotFoundError:
        return False
    if result.customer_id is None:
        return True
    if event.type == "setup_intent.setup_failed":
        _count_failed(event, result.customer_id, setup_intent, ports)
        return True
    try:
        # The browser's own request was lost, or is still on its way: it will find its card here.
        cards.add(result.customer_id, setup_intent, None, ports)
    except (ConflictError, CardDeclinedError, NotFoundError):
        # A duplicate, one too many, or removed since: the wallet is as it should be.
        return True
    return True
