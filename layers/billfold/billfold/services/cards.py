"""The wallet's use cases."""

from collections.abc import Callable
from typing import Final

from billfold.domain import ids
from billfold.domain.errors import (
    CardDeclinedError,
    ConflictError,
    NotFoundError,
    SetupIncompleteError,
)
from billfold.domain.fact import wallet_changes
from billfold.domain.limit import FAILED_CARDS
from billfold.domain.wallet import Card, Wallet
from billfold.services import outbox
from billfold.services.ports import Ports, SetupResult, SetupSecret
from billfold.services.retry import until_fresh

_REMOVED: Final = "This card has been removed since. Enter it again."


def change(customer_id: str, rule: Callable[[Wallet], Wallet], ports: Ports) -> Wallet:
    """Apply a rule of the wallet; two changes at once are one after the other."""

    def attempt() -> Wallet:
        wallet = ports.customers.wallet(customer_id)
        changed = rule(wallet)
        return wallet if changed == wallet else _save(wallet, changed, ports)

    return until_fresh(attempt)


def _save(before: Wallet, after: Wallet, ports: Ports) -> Wallet:
    """Write the next version with what there is to tell, and with the cards to let go of."""
    kept = {card.payment_method for card in after.cards}
    gone = tuple(c.payment_method for c in before.cards if c.payment_method not in kept)
    facts = wallet_changes(before, after)
    if not facts:
        return ports.customers.save(after)
    entry = outbox.entry(after.customer_id, *facts, ports=ports, detach=gone)
    saved = ports.customers.save(after, entry)
    ports.committed.append(entry)
    return saved


def stripe_customer(wallet: Wallet, ports: Ports) -> str:
    """Give the Stripe customer of a wallet, made once.

    The conditional write on the wallet decides; the Stripe customer of whoever loses a race is
    left unused.
    """
    if wallet.stripe_customer:
        return wallet.stripe_customer
    made = ports.gateway.create_customer(wallet.customer_id)
    kept = change(wallet.customer_id, lambda w: w.with_stripe_customer(made), ports)
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
    return ports.gateway.create_setup_intent(stripe_customer(wallet, ports), customer_id)


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
        result = result or _require_succeeded(setup_intent, wallet, ports)
        # First, so that a duplicate is called so also where Stripe's event came before the browser.
        wallet.require_new(result.fingerprint)
        if setup_intent in wallet.gone or not result.attached:
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
        return _save(wallet, wallet.add(card), ports), card

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
    change(customer_id, lambda w: w.delete(card_id), ports)


def rename(
    customer_id: str, card_id: str, nickname: str | None, ports: Ports
) -> tuple[Wallet, Card]:
    """Change the nickname, the only thing about a card that can change."""
    wallet = change(customer_id, lambda w: w.rename(card_id, nickname), ports)
    return wallet, wallet.card(card_id)


def make_primary(customer_id: str, card_id: str, ports: Ports) -> tuple[Wallet, Card]:
    """Choose the card that automatic payments charge."""
    wallet = change(customer_id, lambda w: w.make_primary(card_id), ports)
    return wallet, wallet.card(card_id)
