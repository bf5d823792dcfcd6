"""The wallet's use cases."""

from typing import Final

from billfold.domain import ids
from billfold.domain.errors import (
    CardDeclinedError,
    ConflictError,
    NotFoundError,
    SetupIncompleteError,
)
from billfold.domain.limit import FAILED_CARDS
from billfold.domain.wallet import Card, Wallet
from billfold.services import detached_cards, outbox, wallets
from billfold.services.ports import Ports, SetupResult, SetupSecret, StripeCustomerGoneError
from billfold.services.retry import until_fresh

_REMOVED: Final = "This card has been removed since. Enter it again."


def stripe_customer(wallet: Wallet, ports: Ports) -> str:
    """Give the Stripe customer of a wallet, made once.

    The conditional write on the wallet decides; the Stripe customer of whoever loses a race is
    left unused.
    """
    if wallet.stripe_customer:
        return wallet.stripe_customer
    made = ports.gateway.create_customer(wallet.customer_id)
    kept = wallets.change(wallet.customer_id, lambda w: w.with_stripe_customer(made), ports)
    return kept.stripe_customer or made


def begin_setup(customer_id: str, ports: Ports) -> SetupSecret:
    """Make a SetupIntent, so that the browser can give a card to Stripe.

    Raises
    ------
    TooManyCardsError
    TooManyRequestsError
        Too many cards that failed of late.
    """
    ports.limits.require_below(FAILED_CARDS, customer_id, ports.clock.now())
    wallet = ports.customers.wallet(customer_id)
    wallet.require_room()
    try:
        return ports.gateway.create_setup_intent(stripe_customer(wallet, ports), customer_id)
    except StripeCustomerGoneError:
        kept = detached_cards.without_deleted(wallet, ports)
    return ports.gateway.create_setup_intent(stripe_customer(kept, ports), customer_id)


def add(
    customer_id: str, setup_intent: str, nickname: str | None, ports: Ports
) -> tuple[Wallet, Card]:
    """Add the card of a succeeded SetupIntent; the same call again gives the same card.

    Stripe attaches a card when its setup succeeds, so one that the wallet refuses is detached.
    Stripe's event may have added it already, without the nickname.

    Raises
    ------
    NotFoundError
        The SetupIntent belongs to somebody else.
    SetupIncompleteError, CardDeclinedError, DuplicateCardError, TooManyCardsError
    """
    result: SetupResult | None = None

    def attempt() -> tuple[Wallet, Card]:
        nonlocal result
        wallet = ports.customers.wallet(customer_id)
        known = wallet.added_by(setup_intent)
        if known and nickname and known.nickname is None:
            named = ports.customers.save(wallet.rename(known.card_id, nickname))
            return named, named.card(known.card_id)
        if known:
            return wallet, known
        # After each reading of the wallet: what has happened at Stripe since is in the one or the
        # other, and the wallet is written only as it was read.
        result = _require_succeeded(setup_intent, wallet, ports)
        # First, so that a duplicate is called so also where Stripe's event came before the browser.
        wallet.require_new(result.fingerprint, result.payment_method)
        if not result.attached or {setup_intent, result.payment_method} & set(wallet.gone):
            raise SetupIncompleteError(_REMOVED)
        now = ports.clock.now()
        card = Card(
            card_id=ids.new(ids.CARD, now),
            payment_method=result.payment_method,
            fingerprint=result.fingerprint,
            brand=result.brand,
            last4=result.last4,
            exp_month=result.exp_month,
            exp_year=result.exp_year,
            added_at=now,
            setup_intent=setup_intent,
            nickname=nickname,
        )
        return wallets.save(wallet, wallet.add(card), ports), card

    try:
        return until_fresh(attempt)
    except ConflictError:
        if result and result.attached:
            _let_go(customer_id, result, setup_intent, ports)
        raise


def _require_succeeded(setup_intent: str, wallet: Wallet, ports: Ports) -> SetupResult:
    result = ports.gateway.setup_result(setup_intent)
    if not wallet.stripe_customer or result.stripe_customer != wallet.stripe_customer:
        raise NotFoundError
    if result.decline:
        raise CardDeclinedError(
            result.decline.advice,
            decline_reason=result.decline.reason,
            advice=result.decline.advice,
        )
    if not result.succeeded:
        raise SetupIncompleteError
    return result


def _let_go(customer_id: str, refused: SetupResult, setup_intent: str, ports: Ports) -> None:
    """Let go of a card at Stripe that the wallet refused, through the outbox.

    The wallet remembers it, so that a second addition does not take in what is about to be let go
    of. A SetupIntent may have been confirmed with a card that is in the wallet: that one stays.
    """

    def attempt() -> None:
        wallet = ports.customers.wallet(customer_id)
        if wallet.knows(refused.payment_method):
            return
        entry = outbox.entry(customer_id, ports=ports, detach=(refused.payment_method,))
        ports.customers.save(wallet.refuse(setup_intent, refused.payment_method), entry)
        ports.committed.append(entry)

    until_fresh(attempt)


def delete(customer_id: str, card_id: str, ports: Ports) -> None:
    """Delete a card; once this has returned, no charge on it can start.

    Raises
    ------
    NotFoundError, CardInUseError
    """
    wallets.change(customer_id, lambda w: w.delete(card_id), ports)


def rename(
    customer_id: str, card_id: str, nickname: str | None, ports: Ports
) -> tuple[Wallet, Card]:
    """Change the nickname, the only thing about a card that can change."""
    wallet = wallets.change(customer_id, lambda w: w.rename(card_id, nickname), ports)
    return wallet, wallet.card(card_id)


def make_primary(customer_id: str, card_id: str, ports: Ports) -> tuple[Wallet, Card]:
    """Choose the card that automatic payments charge."""
    wallet = wallets.change(customer_id, lambda w: w.make_primary(card_id), ports)
    return wallet, wallet.card(card_id)
