"""The paths on which Stripe no longer has a card of the wallet: the wallet follows."""

from billfold.domain.payment import OneTimeCard, Refusal, StoredCard

from tests.proof.crash.acts import pay
from tests.proof.crash.other_paths import added
from tests.proof.crash.pay_paths import GOOD, OTHER, Act
from tests.proof.crash.world import World


def detached(world: World) -> Act:
    """A card is detached in the dashboard; Stripe's event tells of it."""
    card = world.has_card(GOOD)
    world.has_card(OTHER)
    world.stripe.detach(card.payment_method)

    def act(world: World) -> None:
        for event in world.stripe.events():
            world.hear(event)

    return act


def detached_unheard(world: World) -> Act:
    """Nobody has heard of it until the card is to be charged; then another one is."""
    gone, other = world.has_card(GOOD), world.has_card(OTHER)
    world.stripe.detach(gone.payment_method)

    def act(world: World) -> None:
        pay(world, StoredCard(gone.card_id, None))
        world.pass_time()
        pay(world, StoredCard(other.card_id, None), "key-2")

    return act


def customer_deleted(world: World) -> Act:
    """The customer is deleted in the dashboard, and the worker hears of it."""
    _without_customer(world)

    def act(world: World) -> None:
        for event in world.stripe.events():
            world.hear(event)

    return act


def customer_deleted_paying(world: World) -> Act:
    """Nobody has heard of it: neither a stored card nor one that is typed finds its customer."""
    card_id = _without_customer(world)
    typed = OneTimeCard(world.stripe.typed())

    def act(world: World) -> None:
        pay(world, StoredCard(card_id, None))
        world.pass_time()
        pay(world, typed, "key-2")

    return act


def customer_deleted_adding(world: World) -> Act:
    """Nobody has heard of it when a card is added."""
    _without_customer(world)
    return added(world)


def _without_customer(world: World) -> str:
    card = world.has_card(GOOD)
    world.stripe.delete_customer(world.wallet.stripe_customer or "")
    return card.card_id


def agrees_with_stripe(world: World) -> None:
    """What was refused as gone has left the wallet; once all is heard, the rest has as well."""
    refused = {p.card_id for p in world.payments if p.refusal is Refusal.CARD_GONE}
    assert refused.isdisjoint({card.card_id for card in world.wallet.cards}), world.wallet
    for event in world.stripe.events():
        world.hear(event)
    world.come_to_rest()
    kept = {card.payment_method for card in world.wallet.cards}
    assert world.stripe.cards(world.wallet.stripe_customer) == kept, world.wallet
    asked = [t for t in world.history.told if t.kind == "CardsDetached"]
    assert len({t.event_id for t in asked}) <= 1, asked
