"""The money paths: what is there before, and the act whose every call fails once.

An act is written as its caller is: it goes on while it gets answers that let it, and stops at an
error. ``least`` is how many calls it makes at least, so that no path is lost unnoticed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from billfold.domain.money import Money
from billfold.domain.payment import StoredCard

from tests.proof.crash import restore_paths
from tests.proof.crash.acts import change, delete, leave, pay
from tests.proof.crash.autopay_paths import (
    another_card,
    ends,
    expired,
    opted_out,
    runs,
    twice,
)
from tests.proof.crash.card_paths import (
    agrees_with_stripe,
    customer_deleted,
    customer_deleted_adding,
    customer_deleted_paying,
    detached,
    detached_unheard,
)
from tests.proof.crash.other_paths import (
    added,
    added_by_event,
    added_twice,
    agrees,
    caught_up,
    chosen,
    has_the_card,
    is_gone,
    let_go,
    never_at_the_bank,
    nightly,
    parked,
    refunded,
    shows_refund,
    unheard,
    worker,
)
from tests.proof.crash.pay_paths import (
    BUS,
    COMMITTED,
    CONFIRM,
    CONFIRMS,
    CREATE,
    GOOD,
    INTENTS,
    POOR,
    WANTS_STEP,
    Act,
    bank_step,
    declined_then_other,
    given_up,
    one_time,
    refused,
    stored,
    trouble_at_stripe,
)
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World


@dataclass(frozen=True, slots=True)
class Scenario:
    """``before`` gives the act, made for what it has put in place; ``after`` looks at the end."""

    name: str
    least: int
    before: Callable[[World], Act]
    currency: str = "USD"
    after: Callable[[World], None] = lambda _: None

    @property
    def automatic(self) -> bool:
        """Tell whether the schedule is at work."""
        return self.name.startswith("automatic payment")


def _reconciler(card: str, call: str, mode: Mode) -> Callable[[World], Act]:
    """A payer died; the reconciler takes up what it left."""

    def before(world: World) -> Act:
        leave(world, StoredCard(world.has_card(card).card_id, None), call, mode)

        def act(world: World) -> None:
            world.pass_time(timedelta(minutes=2))
            world.reconcile()

        return act

    return before


def _changed(amount: int | None) -> Callable[[World], Act]:
    """A declined try has left its intent bound; the business changes the invoice."""

    def before(world: World) -> Act:
        pay(world, StoredCard(world.has_card(POOR).card_id, None), "key-0")
        good = StoredCard(world.has_card(GOOD).card_id, None)
        world.pass_time()

        def act(world: World) -> None:
            change(world, Money("USD", amount) if amount else None)
            world.pass_time()
            pay(world, good)

        return act

    return before


def _void_of_unknown(mode: Mode) -> Callable[[World], Act]:
    """Nobody knows how a payment ended: a void waits until somebody does."""

    def before(world: World) -> Act:
        leave(world, StoredCard(world.has_card(GOOD).card_id, None), CONFIRM, mode)

        def act(world: World) -> None:
            change(world, None)
            world.pass_time(timedelta(minutes=2))
            world.reconcile()
            change(world, None)

        return act

    return before


def _deleted(world: World) -> Act:
    card = world.has_card(GOOD)

    def act(world: World) -> None:
        delete(world, card.card_id, card.payment_method)
        world.pass_time()
        pay(world, StoredCard(card.card_id, None))

    return act


def _paid_and_deleted(world: World) -> Act:
    card = world.has_card(GOOD)

    def act(world: World) -> None:
        try:
            pay(world, StoredCard(card.card_id, None))
        finally:
            # The customer's other window, whatever has become of the first.
            delete(world, card.card_id, card.payment_method)

    return act


SCENARIOS: Final = (
    Scenario("stored card", 8, stored(GOOD)),
    Scenario("one-time card, first Stripe customer", 11, one_time),
    Scenario("declined", 8, stored(POOR)),
    Scenario("declined, then another card", 15, declined_then_other),
    Scenario("bank's step done, in yen", 15, bank_step("complete"), "JPY"),
    Scenario("bank's step failed", 13, bank_step("fail")),
    Scenario("bank's step given up, then another card", 21, given_up),
    Scenario("card unknown to Stripe, then another", 16, refused),
    Scenario("intent made with a 500, then again", 14, trouble_at_stripe(INTENTS, COMMITTED)),
    Scenario("confirm answered by a 429, then again", 15, trouble_at_stripe(CONFIRMS, "429")),
    Scenario("confirm executed with a 500", 7, trouble_at_stripe(CONFIRMS, COMMITTED)),
    Scenario("worker settles", 5, worker(GOOD)),
    Scenario("worker declines", 5, worker(POOR)),
    Scenario("reconciler settles", 10, _reconciler(GOOD, CONFIRM, Mode.CRASH_AFTER)),
    Scenario("reconciler fences", 11, _reconciler(GOOD, CONFIRM, Mode.CRASH_BEFORE)),
    Scenario("reconciler releases", 8, _reconciler(GOOD, CREATE, Mode.CRASH_AFTER)),
    Scenario("reconciler asks the bank", 10, _reconciler(WANTS_STEP, CONFIRM, Mode.CRASH_AFTER)),
    Scenario("reconciler tells", 7, _reconciler(GOOD, BUS, Mode.CRASH_BEFORE)),
    Scenario("void with a bound intent", 7, _changed(None)),
    Scenario("amount changed, then paid", 14, _changed(9900)),
    Scenario("void of an unknown payment, charged", 11, _void_of_unknown(Mode.REPLY_LOST)),
    Scenario("void of an unknown payment, not charged", 17, _void_of_unknown(Mode.CRASH_BEFORE)),
    Scenario("card deleted, then used", 6, _deleted),
    Scenario("paid, and the card deleted", 13, _paid_and_deleted),
    Scenario("card added", 11, added),
    Scenario("card added that is there", 9, added_twice),
    Scenario("card added by Stripe's event", 6, added_by_event, after=has_the_card),
    Scenario("card deleted, and the reconciler lets go of it", 8, let_go, after=is_gone),
    Scenario("primary card, nickname, automatic payment", 11, chosen),
    Scenario("card detached in the dashboard", 6, detached, after=agrees_with_stripe),
    Scenario("detached card charged, then another", 24, detached_unheard, after=agrees_with_stripe),
    Scenario("customer deleted in the dashboard", 10, customer_deleted, after=agrees_with_stripe),
    Scenario("customer deleted, then paid", 28, customer_deleted_paying, after=agrees_with_stripe),
    Scenario(
        "customer deleted, then card added", 22, customer_deleted_adding, after=agrees_with_stripe
    ),
    Scenario("bank's step never taken", 10, never_at_the_bank),
    Scenario("refund and dispute", 8, refunded, after=shows_refund),
    Scenario("event that matches nothing", 7, parked),
    Scenario("automatic payment, told before", 4, runs(GOOD, -3), after=ends),
    Scenario("automatic payment charges", 12, runs(GOOD, 0), after=ends),
    Scenario("automatic payment, everything twice", 12, twice, after=ends),
    Scenario("automatic payment declined, tried again", 24, runs(POOR, 0, 1), after=ends),
    Scenario("automatic payment, the last try", 12, runs(POOR, 7, before=(0, 1, 3, 5)), after=ends),
    Scenario("automatic payment, the bank asks", 18, runs(WANTS_STEP, 0, 7), after=ends),
    Scenario("automatic payment, another card", 24, another_card, after=ends),
    Scenario("automatic payment, opted out", 10, opted_out, after=ends),
    Scenario("automatic payment, card expired", 10, expired, after=ends),
    Scenario("night before anybody settles", 7, nightly, after=agrees),
    Scenario(
        "restored, and paid again", 13, restore_paths.paid_again, after=restore_paths.asked_for
    ),
    Scenario("restored, and charged again", 13, restore_paths.charged_again, after=ends),
    Scenario(
        "restored, and paid with another card",
        13,
        restore_paths.another_card,
        after=restore_paths.asked_for,
    ),
    Scenario("restored, and voided", 9, restore_paths.voided, after=restore_paths.asked_for),
    Scenario("refund and dispute unheard of, then the night", 15, unheard, after=caught_up),
)
