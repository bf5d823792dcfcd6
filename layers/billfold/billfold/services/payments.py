"""Paying an invoice: steps 1 to 4 of the protocol (docs/payments.md). Step 5 on: ``settle``."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from billfold.domain import ids
from billfold.domain.errors import (
    AutopayChangedError,
    BillfoldError,
    CardDeclinedError,
    CardGoneError,
    IdempotencyKeyReusedError,
    NotChargedError,
    NotFoundError,
    NothingBegunError,
    PaymentNotWaitingError,
    SourceUnusableError,
    TooManyRequestsError,
    UnavailableError,
)
from billfold.domain.limit import DECLINES
from billfold.domain.money import Money
from billfold.domain.payment import (
    CONFIRM_RESERVE_SECONDS,
    RESERVE_LEASE,
    ActionRequired,
    OneTimeCard,
    Payment,
    Slot,
    Source,
    State,
    Status,
    Step,
    StoredCard,
    Trigger,
    WantsConfirmation,
)
from billfold.domain.wallet import Card, Wallet
from billfold.services import detached_cards, lost_history, refusals, settle
from billfold.services.cards import stripe_customer
from billfold.services.ports import (
    EpochSpentError,
    Opening,
    Page,
    Ports,
    Request,
    StaleError,
    StripeCustomerGoneError,
    TimeLeft,
)
from billfold.services.retry import until_fresh

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What someone wants paid: ``shown`` is the amount that the customer saw.

    ``slot`` is that of an order of the schedule: its customer is not there, so it is charged off
    session.
    """

    customer_id: str
    invoice_id: str
    shown: Money
    source: Source
    idempotency_key: str
    slot: Slot | None = None

    @property
    def trigger(self) -> Trigger:
        """Automatic, or else manual with a stored card and one-time without."""
        if self.slot:
            return Trigger.AUTOPAY
        return Trigger.ONE_TIME if isinstance(self.source, OneTimeCard) else Trigger.MANUAL

    @property
    def fingerprint(self) -> str:
        """What makes two orders the same.

        Never the token of a security code or of a one-time card: those change when the customer
        types again, and typing again is not a new order.
        """
        card_id = self.source.card_id if isinstance(self.source, StoredCard) else None
        parts = [self.invoice_id, self.shown.amount, self.shown.currency, self.trigger, card_id]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A payment as it now is; the secret lets its owner take the bank's step."""

    payment: Payment
    client_secret: str | None = None


@dataclass(frozen=True, slots=True)
class _Reserved:
    payment: Payment
    intent: str | None
    n: int
    wallet: Wallet
    card: Card | None


def pay(order: Order, ports: Ports, time_left: TimeLeft) -> Outcome:
    """Charge the amount due of an invoice, at most once.

    Raises
    ------
    NotFoundError
        No such invoice, or no such card in the wallet.
    InvoiceNotPayableError, AmountChangedError, PaymentInProgressError, IdempotencyKeyReusedError
    AutopayChangedError
        An order of the schedule is not wished for any more, or not with this card.
    TooManyRequestsError
        Too many declines of late.
    UnavailableError
        Stripe or AWS is down and nothing was begun.
    """
    begun = until_fresh(lambda: _reserve(order, ports))
    if isinstance(begun, Payment):
        return _told(_resume(begun, ports), replayed=True)
    payment = begun.payment
    try:
        intent = begun.intent or _bind(begun, ports)
        _require_time(time_left)
    except StripeCustomerGoneError as gone:
        _release(payment, ports)
        raise _without_customer(begun, ports) from gone
    except UnavailableError as error:
        _release(payment, ports)
        raise NothingBegunError from error
    except EpochSpentError as spent:
        # The unbound intent is never confirmed; the next try makes one of a new epoch.
        _release(payment, ports, raise_epoch=True)
        raise NothingBegunError from spent
    except BillfoldError:
        _release(payment, ports)
        raise
    method = begun.card.payment_method if begun.card else None
    return _told(_confirm(payment, order.source, method, intent, begun.n + 1, ports))


def _release(payment: Payment, ports: Ports, *, raise_epoch: bool = False) -> None:
    """Let go of a reservation; where that fails, the reconciler does when its lease runs out."""
    try:
        settle.end(payment, Step.RELEASE, ports, raise_epoch=raise_epoch)
    except UnavailableError:
        logger.warning("release left behind", extra={"payment_id": payment.payment_id})


def _recorded(payment: Payment, record: Callable[[], Payment]) -> Payment:
    """Record what Stripe said; a failure of our own store is no answer to the customer.

    Money may have moved. The payment is shown as it was last known, in flight, and the reconciler
    goes on from what is on disk.
    """
    try:
        return record()
    except UnavailableError as error:
        logger.error(  # noqa: TRY400 - a stack trace may show values
            "outcome not stored",
            extra={"payment_id": payment.payment_id, "exception_name": type(error).__name__},
        )
        return payment


def _told(outcome: Outcome, *, replayed: bool = False) -> Outcome:
    """Turn an end without a charge into the error that tells it; anything else is an outcome."""
    payment = outcome.payment
    if payment.state is State.DECLINED and payment.decline:
        raise CardDeclinedError(
            payment.decline.advice,
            decline_reason=payment.decline.reason,
            advice=payment.decline.advice,
            payment_id=payment.payment_id,
        )
    if payment.state is State.REFUSED or (payment.refusal and payment.state is State.CANCELED):
        raise refusals.error(payment.refusal)
    if payment.state is State.RELEASED and not replayed:
        raise NothingBegunError
    if payment.status is Status.CANCELED:
        raise NotChargedError(payment=payment)
    return outcome


def _reserve(order: Order, ports: Ports) -> _Reserved | Payment:
    """Step 1: take the invoice's lock, or find the payment that this order already is."""
    now = ports.clock.now()
    opening = _open(order, ports)
    # The request comes before everything: a replay must not be judged by today's state.
    if opening.request:
        return _replay(order, opening.request, ports)
    try:
        card = _require_payable(order, opening, ports)
    except BillfoldError:
        # Several items are read each at its own time. What keeps us from paying may be this very
        # order, sent twice, whose request was written between the two.
        again = _open(order, ports)
        if again.request:
            return _replay(order, again.request, ports)
        raise
    assert opening.invoice is not None  # noqa: S101 - _require_payable saw to it
    if not opening.continuity.covers(opening.invoice.recorded_since, now):
        lost_history.recover(opening.invoice, ports)
        raise StaleError
    payment = Payment(
        payment_id=ids.new(ids.PAYMENT, now),
        customer_id=order.customer_id,
        invoice_id=order.invoice_id,
        epoch=opening.invoice.epoch,
        trigger=order.trigger,
        money=order.shown,
        state=State.RESERVED,
        created_at=now,
        idempotency_key=order.idempotency_key,
        invoice_number=opening.invoice.number,
        card_id=card.card_id if card else None,
        card=card.face if card else None,
        slot=order.slot,
    )
    payment = ports.payments.reserve(
        payment,
        n=opening.invoice.n,
        fingerprint=order.fingerprint,
        lease_until=now + RESERVE_LEASE,
    )
    return _Reserved(payment, opening.invoice.intent, opening.invoice.n, opening.wallet, card)


def _open(order: Order, ports: Ports) -> Opening:
    now = ports.clock.now()
    return ports.payments.open(order.customer_id, order.invoice_id, order.idempotency_key, now)


def _replay(order: Order, request: Request, ports: Ports) -> Payment:
    if request.fingerprint != order.fingerprint:
        raise IdempotencyKeyReusedError
    return ports.payments.get(order.customer_id, request.payment_id)


def _require_payable(order: Order, opening: Opening, ports: Ports) -> Card | None:
    invoice = opening.invoice
    if invoice is None:
        raise NotFoundError
    invoice.require_payable(order.shown)
    # The limit is for people who try out numbers. The schedule has a limit of its own.
    if opening.declines >= DECLINES.most and not order.slot:
        raise TooManyRequestsError(DECLINES.retry_after(ports.clock.now()))
    source = order.source
    if isinstance(source, StoredCard):
        if order.slot:
            opening.wallet.require_autopay(source.card_id)
        return opening.wallet.card(source.card_id)
    if opening.wallet.knows(source.payment_method):
        # It would be charged without the hold that keeps a stored card from being deleted.
        raise SourceUnusableError
    return None


def _bind(begun: _Reserved, ports: Ports) -> str:
    """Step 2: make the intent of this epoch, unconfirmed. An orphan cannot move money."""
    payment = begun.payment
    try:
        return ports.gateway.create_payment_intent(payment, stripe_customer(begun.wallet, ports))
    except StripeCustomerGoneError:
        if begun.card:
            raise
    # Deleted in Stripe's dashboard: a card that is not stored needs only another one.
    kept = detached_cards.without_deleted(begun.wallet, ports)
    return ports.gateway.create_payment_intent(payment, stripe_customer(kept, ports))


def _without_customer(begun: _Reserved, ports: Ports) -> BillfoldError:
    """Give up what went with a deleted Stripe customer; return what the customer is told."""
    try:
        kept = detached_cards.without_deleted(begun.wallet, ports)
    except UnavailableError:
        return NothingBegunError()
    still = {card.card_id for card in kept.cards}
    return (
        CardGoneError() if begun.card and begun.card.card_id not in still else NothingBegunError()
    )


def _require_time(time_left: TimeLeft) -> None:
    """Refuse to begin a confirm whose answer this invocation may not live to see."""
    if time_left() < CONFIRM_RESERVE_SECONDS:
        raise UnavailableError


def _confirm(
    payment: Payment,
    source: Source | None,
    payment_method: str | None,
    intent: str,
    n: int,
    ports: Ports,
) -> Outcome:
    """Take steps 3 and 4: write ahead that a confirm may be sent, send it, record the answer."""
    lease = ports.clock.now() + RESERVE_LEASE
    try:
        payment = ports.payments.write_ahead(payment, intent=intent, n=n, lease_until=lease)
    except StaleError:
        # The confirm must not be sent: released or fenced meanwhile, or not wished for any more.
        now = ports.payments.get(payment.customer_id, payment.payment_id)
        if now.slot and now.state is State.RESERVED:
            _release(now, ports)
            raise AutopayChangedError from None
        return _resume(now, ports)
    answer = ports.gateway.confirm(payment, source, payment_method)
    after = _recorded(payment, lambda: settle.record(payment, answer, ports))
    return _outcome(after, answer)


def _outcome(payment: Payment, answer: object) -> Outcome:
    waits = payment.state is State.REQUIRES_ACTION and isinstance(answer, ActionRequired)
    return Outcome(payment, answer.client_secret if waits else None)  # type: ignore[attr-defined]


def _resume(payment: Payment, ports: Ports) -> Outcome:
    """Show a payment; one that waits for the bank's step comes with its secret again."""
    if payment.state is not State.REQUIRES_ACTION:
        return Outcome(payment)
    return _outcome(payment, ports.gateway.retrieve(payment))


def get(customer_id: str, payment_id: str, ports: Ports) -> Outcome:
    """Give a payment as it now is."""
    return _resume(ports.payments.get(customer_id, payment_id), ports)


def list_(customer_id: str, *, limit: int, after: str | None, ports: Ports) -> Page[Payment]:
    """List payments, newest first."""
    return ports.payments.list(customer_id, limit=limit, after=after)


def confirm(customer_id: str, payment_id: str, ports: Ports, time_left: TimeLeft) -> Outcome:
    """Go on after the bank's step; a confirm of its own, written ahead, with its own key."""
    payment = ports.payments.get(customer_id, payment_id)
    if payment.state is not State.REQUIRES_ACTION or payment.intent is None:
        return _told(Outcome(payment), replayed=True)
    answer = ports.gateway.retrieve(payment)
    if not isinstance(answer, WantsConfirmation):
        after = _recorded(payment, lambda: settle.record_look(payment, answer, ports))
        return _told(_outcome(after, answer))
    _require_time(time_left)
    return _told(_confirm(payment, None, None, payment.intent, payment.n + 1, ports))


def cancel(customer_id: str, payment_id: str, ports: Ports) -> Outcome:
    """Give up a payment that waits for the bank's step, so that another card can be used.

    Raises
    ------
    PaymentNotWaitingError
    """
    payment = ports.payments.get(customer_id, payment_id)
    if payment.state is State.CANCELED:
        return Outcome(payment)
    if payment.state is not State.REQUIRES_ACTION:
        raise PaymentNotWaitingError
    answer = ports.gateway.cancel(payment)
    return Outcome(_recorded(payment, lambda: settle.record_look(payment, answer, ports)))
