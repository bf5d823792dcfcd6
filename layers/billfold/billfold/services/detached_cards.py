"""Cards that Stripe no longer has: they leave the wallet, and their owner is asked for them again.

Somebody detaches a card, or deletes the customer, in Stripe's dashboard. What counts is what Stripe
says now, never the event or the error that made us look. A PaymentMethod that was detached is never
attached again, so the look does not grow old while the wallet is written.
"""

import logging
from collections.abc import Collection

from billfold.domain.errors import (
    CardInUseError,
    NotFoundError,
    UnavailableError,
    UnknownStripeCustomerError,
)
from billfold.domain.fact import Removal, cards_detached
from billfold.domain.stripe_event import (
    CUSTOMER_DELETED,
    DETACHED,
    PATIENCE,
    StripeEvent,
)
from billfold.domain.wallet import Wallet
from billfold.services import wallets
from billfold.services.ports import Ports
from billfold.services.retry import until_fresh

logger = logging.getLogger(__name__)


def is_attached(payment_method: str, wallet: Wallet, ports: Ports) -> bool:
    """Ask Stripe whether a card is attached to the wallet's Stripe customer.

    Raises
    ------
    UnavailableError
        Stripe does not say. A key of another account says of every card that there is none, so that
        is believed only where the customer is known.
    """
    try:
        seen = ports.gateway.card(payment_method)
    except NotFoundError:
        _require_known(wallet.stripe_customer, ports)
        return False
    return seen.stripe_customer is not None and seen.stripe_customer == wallet.stripe_customer


def drop(
    customer_id: str, payment_methods: Collection[str], ports: Ports, *, tell: bool = True
) -> bool:
    """Take out of the wallet those of these cards that Stripe no longer has.

    Return whether it is done: a card with a charge in flight stays until that has ended. One that
    is not in the wallet is remembered, since it may be on its way there.

    Parameters
    ----------
    tell
        Write a mail about it; not where the customer has it on the screen.

    Raises
    ------
    UnavailableError
    """

    def attempt() -> bool:
        # First the wallet, then Stripe: what is added in between makes the wallet stale.
        wallet = after = ports.customers.wallet(customer_id)
        if not wallet.version:
            # No customer of ours has this number.
            return True
        done = True
        for payment_method in payment_methods:
            if payment_method in wallet.gone or is_attached(payment_method, wallet, ports):
                continue
            try:
                after = after.lose(payment_method)
            except CardInUseError:
                done = False
        if after != wallet:
            asks = tell and after.cards != wallet.cards
            facts = (cards_detached(wallet, after),) if asks else ()
            wallets.save(wallet, after, ports, *facts, removal=Removal.DETACHED)
        return done

    return until_fresh(attempt)


def remember(customer_id: str, card_id: str, ports: Ports) -> None:
    """Write down that a card is to be dropped, before what tells of it: it is not forgotten then.

    Raises
    ------
    UnavailableError, NotFoundError
    """
    payment_method = ports.customers.wallet(customer_id).card(card_id).payment_method
    event = StripeEvent(
        f"card:{payment_method}",
        DETACHED,
        payment_method=payment_method,
        customer_id=customer_id,
    )
    _later(event, ports)


def drop_remembered(customer_id: str, card_id: str, ports: Ports, *, tell: bool) -> None:
    """Drop a card at once; it never raises, since what is not done now is done later."""
    try:
        stored = [c for c in ports.customers.wallet(customer_id).cards if c.card_id == card_id]
        drop(customer_id, [card.payment_method for card in stored], ports, tell=tell)
    except UnavailableError:
        logger.warning("detached card left to the reconciler")


def forget_customer(customer_id: str, deleted: str, ports: Ports) -> bool:
    """Drop all that went with a Stripe customer who was deleted; return whether it is done.

    Raises
    ------
    UnavailableError
        Stripe does not say that there was such a customer.
    """
    if not _require_known(deleted, ports):
        return True
    wallets.change(customer_id, lambda w: w.without_stripe_customer(deleted), ports)
    cards = [card.payment_method for card in ports.customers.wallet(customer_id).cards]
    return drop(customer_id, cards, ports)


def without_deleted(used: Wallet, ports: Ports) -> Wallet:
    """Return the wallet as it is without its Stripe customer, of whom Stripe said there is none.

    Parameters
    ----------
    used
        The wallet as it was when Stripe said so.

    Raises
    ------
    UnavailableError
        Nobody has deleted the customer.
    """
    now = ports.customers.wallet(used.customer_id)
    gone = now.stripe_customer
    if gone != used.stripe_customer:
        # Somebody else was quicker, or has only made this customer.
        return now
    if gone is None or not _require_known(gone, ports):
        raise UnavailableError
    _later(
        StripeEvent(
            f"customer:{gone}",
            CUSTOMER_DELETED,
            stripe_customer=gone,
            customer_id=used.customer_id,
        ),
        ports,
    )
    forget_customer(used.customer_id, gone, ports)
    return ports.customers.wallet(used.customer_id)


def _later(event: StripeEvent, ports: Ports) -> None:
    """Have the reconciler look, whatever becomes of us; it forgets it where there is no need."""
    ports.parking.park(event, until=ports.clock.now() + PATIENCE[0])


def _require_known(stripe_customer: str | None, ports: Ports) -> bool:
    """Tell whether a Stripe customer was deleted.

    Raises
    ------
    UnavailableError
        The account that our key is of has never had it: nothing is decided from that.
    """
    if stripe_customer is None:
        return True
    try:
        return ports.gateway.customer(stripe_customer).deleted
    except NotFoundError as error:
        logger.error("customer unknown to stripe")  # noqa: TRY400
        raise UnknownStripeCustomerError from error
