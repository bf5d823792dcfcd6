"""The paths by which a customer pays: each gives the act for what it has put in place."""

from collections.abc import Callable
from typing import Final

from billfold.domain.payment import OneTimeCard, State, StoredCard
from billfold.services import payments

from tests.proof.crash.acts import pay
from tests.proof.crash.world import World

GOOD, OTHER, POOR = "pm_card_visa", "pm_card_mastercard", "pm_card_chargeCustomerFail"
WANTS_STEP: Final = "pm_card_threeDSecure2Required"
CREATE, CONFIRM, BUS = "post payment_intents", "confirm", "put_events"
INTENTS, CONFIRMS = "/v1/payment_intents", "/v1/payment_intents/*/confirm"
COMMITTED: Final = "500_after_commit"

Act = Callable[[World], None]


def stored(card: str) -> Callable[[World], Act]:
    """A card of the wallet."""

    def before(world: World) -> Act:
        source = StoredCard(world.has_card(card).card_id, None)

        def act(world: World) -> None:
            pay(world, source)

        return act

    return before


def one_time(world: World) -> Act:
    """A card that is not kept, by a customer whom Stripe does not know yet."""
    source = OneTimeCard(world.stripe.typed())

    def act(world: World) -> None:
        pay(world, source)

    return act


def refused(world: World) -> Act:
    """Stripe knows no such card; another one is tried at once."""
    unknown = OneTimeCard("pm_1NotOfThisWorld0000000000")
    other = StoredCard(world.has_card(OTHER).card_id, None)

    def act(world: World) -> None:
        pay(world, unknown)
        world.pass_time()
        pay(world, other, "key-2")

    return act


def trouble_at_stripe(path: str, kind: str) -> Callable[[World], Act]:
    """Stripe itself fails once; the customer tries again with another key."""

    def before(world: World) -> Act:
        source = StoredCard(world.has_card(GOOD).card_id, None)
        world.stripe.trouble(path, kind)

        def act(world: World) -> None:
            pay(world, source)
            world.pass_time()
            pay(world, source, "key-2")

        return act

    return before


def declined_then_other(world: World) -> Act:
    """Two tries on one intent."""
    first = StoredCard(world.has_card(POOR).card_id, None)
    second = StoredCard(world.has_card(OTHER).card_id, None)

    def act(world: World) -> None:
        pay(world, first)
        world.pass_time()
        pay(world, second, "key-2")

    return act


def bank_step(result: str) -> Callable[[World], Act]:
    """Pay, take the bank's step, confirm."""

    def before(world: World) -> Act:
        source = StoredCard(world.has_card(WANTS_STEP).card_id, None)

        def act(world: World) -> None:
            outcome = pay(world, source)
            if outcome is None or outcome.client_secret is None:
                return
            payment = outcome.payment
            world.stripe.bank_says(payment.intent or "", result)
            world.pass_time()
            world.ask(
                lambda ports: payments.confirm(
                    world.customer_id, payment.payment_id, ports, lambda: 29.0
                ),
                key="key-1",
            )

        return act

    return before


def given_up(world: World) -> Act:
    """The bank wants a step, and the customer another card."""
    source = StoredCard(world.has_card(WANTS_STEP).card_id, None)
    other = StoredCard(world.has_card(OTHER).card_id, None)

    def act(world: World) -> None:
        outcome = pay(world, source)
        if outcome is None or outcome.payment.state is not State.REQUIRES_ACTION:
            return
        payment_id = outcome.payment.payment_id
        world.ask(lambda ports: payments.cancel(world.customer_id, payment_id, ports))
        world.pass_time()
        pay(world, other, "key-2")

    return act
