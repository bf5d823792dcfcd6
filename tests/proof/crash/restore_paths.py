"""The paths after a restore: the table has forgotten what Stripe has kept."""

from datetime import timedelta
from typing import Final

from billfold.domain.payment import OneTimeCard, Source, StoredCard
from billfold.services import account

from tests.proof.crash import autopay_paths
from tests.proof.crash.acts import change, pay
from tests.proof.crash.pay_paths import GOOD, OTHER, WANTS_STEP, Act
from tests.proof.crash.world import World

LATER: Final = timedelta(hours=30)
"""When Stripe has forgotten the idempotency keys of what is lost."""


def _lost(world: World, act: Act) -> None:
    """Do something, and take the table back to where it was."""
    before = world.snapshot()
    act(world)
    world.restore(before)
    world.pass_time(LATER)
    world.stripe.emulator.control("clock", advance=int(LATER.total_seconds()))


def _paid(world: World, source: Source) -> None:
    pay(world, source, "key-0")


def paid_again(world: World) -> Act:
    """Paid, and the table restored; the customer pays again, twice."""
    source = StoredCard(world.has_card(GOOD).card_id, None)
    _lost(world, lambda world: _paid(world, source))

    def act(world: World) -> None:
        pay(world, source)
        world.pass_time()
        pay(world, source, "key-2")

    return act


def charged_again(world: World) -> Act:
    """Charged by itself, and the table restored; the schedule comes again."""
    world.has_card(GOOD)
    account.set_autopay(world.customer_id, world.auditor, enabled=True)
    _lost(world, lambda world: autopay_paths.run(world, 0))

    def act(world: World) -> None:
        autopay_paths.run(world, 1)
        world.pass_time()
        autopay_paths.run(world, 3)

    return act


def another_card(world: World) -> Act:
    """The bank was asked, and the table restored; the customer pays with another card."""
    first, other = world.has_card(WANTS_STEP), world.has_card(OTHER)
    _lost(world, lambda world: _paid(world, StoredCard(first.card_id, None)))

    def act(world: World) -> None:
        pay(world, StoredCard(other.card_id, None))

    return act


def voided(world: World) -> Act:
    """Paid by a Stripe customer who is lost as well; the business voids the invoice."""
    _lost(world, lambda world: _paid(world, OneTimeCard(world.stripe.typed())))

    def act(world: World) -> None:
        change(world, None)
        world.pass_time()
        change(world, None)

    return act


def asked_for(world: World) -> None:
    """What is lost is found when the next one asks for it, or in the night: here by a customer."""
    pay(world, OneTimeCard(world.stripe.typed()), "key-at-last")
    world.come_to_rest()
