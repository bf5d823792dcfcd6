"""Histories that need a hand of their own: who stands still, and what the others do meanwhile."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from billfold.domain.autopay_message import Look
from billfold.domain.fact import Actor
from billfold.domain.payment import OneTimeCard, StoredCard
from billfold.services import autopay, payments

from tests.proof.crash.acts import change, delete, leave, opt, pay
from tests.proof.crash.autopay_paths import run as run_autopay
from tests.proof.crash.pay_paths import CONFIRM, GOOD, OTHER, POOR, WANTS_STEP
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World


class StandsNowhereError(Exception):
    """The act ended without the call before which it was to stop."""


def stored(world: World, name: str) -> StoredCard:
    return StoredCard(world.has_card(name).card_id, None)


def while_it_stands_still(
    world: World, call: str, act: Callable[[], object], meanwhile: Callable[[], object]
) -> None:
    """Let an act stop before its first call of a name, and go on when others have been there."""

    def others() -> None:
        meanwhile()

    world.wire.meanwhile = others
    world.wire.begin()
    world.wire.fail_at(call, Mode.PAUSED)
    act()
    landed = world.wire.landed
    world.wire.end()
    if landed is None:
        raise StandsNowhereError(call)


def a_declined_try_comes_between(world: World) -> None:
    """Somebody has read n, another's try is declined, and the first one goes on."""
    good, poor = stored(world, GOOD), stored(world, POOR)
    while_it_stands_still(
        world, "transact_write_items", lambda: pay(world, good), lambda: pay(world, poor, "key-2")
    )


def a_payment_comes_between(world: World) -> None:
    """Somebody has read an open invoice, another pays it, and the first one goes on."""
    good, other = stored(world, GOOD), stored(world, OTHER)
    while_it_stands_still(
        world, "transact_write_items", lambda: pay(world, good), lambda: pay(world, other, "key-2")
    )


def an_end_of_the_generation_comes_between(world: World) -> None:
    """Somebody has read an open invoice; another's intent is made and canceled meanwhile."""
    good, step = stored(world, GOOD), stored(world, WANTS_STEP)

    def given_up() -> None:
        outcome = pay(world, step, "key-2")
        assert outcome
        ids = (world.customer_id, outcome.payment.payment_id)
        world.ask(lambda ports: payments.cancel(*ids, ports))

    while_it_stands_still(world, "transact_write_items", lambda: pay(world, good), given_up)


def a_void_under_way_comes_between(world: World) -> None:
    """Somebody has read an open invoice; a void has taken its lock, and cannot fence yet."""
    pay(world, stored(world, POOR), "key-0")
    good = stored(world, GOOD)

    def begins_to_void() -> None:
        world.stripe.emulator.fault("/v1/*", "500", method="*", count=2)
        change(world, None)
        world.stripe.no_trouble()
        assert world.invoice.lock

    while_it_stands_still(world, "transact_write_items", lambda: pay(world, good), begins_to_void)
    taken = [
        payment.state.value for payment in world.payments if payment.idempotency_key != "key-0"
    ]
    assert not taken, f"the lock of a void was taken by a payment, now {taken}"


def a_void_that_read_before_the_intent_was_bound(world: World) -> None:
    """The business has read an invoice without an intent; a declined try binds one."""
    poor = stored(world, POOR)
    while_it_stands_still(
        world,
        "transact_write_items",
        lambda: change(world, None),
        lambda: pay(world, poor, "key-2"),
    )


def a_void_that_read_before_another_void_began(world: World) -> None:
    pay(world, stored(world, POOR), "key-0")

    def begins_to_void() -> None:
        world.stripe.emulator.fault("/v1/*", "500", method="*", count=2)
        change(world, None)
        world.stripe.no_trouble()
        first.append(world.invoice.lock)

    first: list[str | None] = []
    while_it_stands_still(
        world, "transact_write_items", lambda: change(world, None), begins_to_void
    )
    held = world.invoice.lock
    assert held in {first[0], None}, f"the lock of {first} was taken by {held}"


def a_void_of_a_declined_invoice(world: World) -> None:
    pay(world, stored(world, POOR), "key-0")
    change(world, None)


def a_void_while_stripe_is_down(world: World) -> None:
    pay(world, stored(world, POOR), "key-0")
    world.stripe.emulator.fault("/v1/*", "500", method="*", count=2)
    change(world, None)
    world.stripe.no_trouble()


def paid(world: World) -> None:
    pay(world, stored(world, GOOD))


def deleted_while_a_confirm_is_on_its_way(world: World) -> None:
    """The confirm is written ahead when the card is deleted; then it arrives."""
    card = world.has_card(GOOD)
    source = StoredCard(card.card_id, None)
    while_it_stands_still(
        world,
        CONFIRM,
        lambda: pay(world, source),
        lambda: delete(world, card.card_id, card.payment_method),
    )


def deleted_by_who_read_before_the_card_was_held(world: World) -> None:
    """The deletion was decided before the payment held the card; the charge comes after it."""
    card = world.has_card(GOOD)
    late: list[Callable[[], int]] = []

    def pays() -> None:
        # A wire of its own: the confirm leaves, and nobody hears of it.
        world.wire.begin()
        world.wire.fail_at(CONFIRM, Mode.LATE)
        pay(world, StoredCard(card.card_id, None))
        landed = world.wire.landed
        assert landed
        assert landed.late
        late.append(landed.late)
        world.wire.end()

    while_it_stands_still(
        world,
        "transact_write_items",
        lambda: delete(world, card.card_id, card.payment_method),
        pays,
    )
    [arrive] = late
    arrive()


def a_stored_card_is_given_as_a_one_time_card(world: World) -> None:
    """By its PaymentMethod a stored card would be charged without being held."""
    card = world.has_card(GOOD)
    source = OneTimeCard(card.payment_method)
    with suppress(StandsNowhereError):
        while_it_stands_still(
            world,
            CONFIRM,
            lambda: pay(world, source),
            lambda: delete(world, card.card_id, card.payment_method),
        )


def a_late_event_of_the_try_before(world: World) -> None:
    """The event of a declined try comes while the next one's confirm is on its way."""
    pay(world, stored(world, POOR))
    old = [event for event in world.stripe.events() if event.decline]
    assert old
    good = stored(world, GOOD)

    def hears() -> None:
        for event in old:
            world.hear(event)

    while_it_stands_still(world, CONFIRM, lambda: pay(world, good, "key-2"), hears)


def a_slow_look_of_the_try_before(world: World) -> None:
    """The worker has read a declined try when the next one charges, and then looks at Stripe."""
    pay(world, stored(world, POOR))
    [event] = [event for event in world.stripe.events() if event.decline]
    good = stored(world, GOOD)
    while_it_stands_still(
        world,
        "get payment_intents/{id}",
        lambda: world.hear(event),
        lambda: leave(world, good, CONFIRM, Mode.CRASH_AFTER, "key-2"),
    )


def an_event_while_a_confirm_is_on_its_way(world: World) -> None:
    """An early event makes the worker look while nothing has arrived; then the confirm does."""
    good = stored(world, GOOD)

    def hears() -> None:
        for event in world.stripe.events():
            world.hear(event)

    # Stripe tells of an intent only when something is over: this one is of a declined try.
    pay(world, stored(world, POOR), "key-0")
    while_it_stands_still(world, CONFIRM, lambda: pay(world, good), hears)


def declined_by_the_schedule(world: World) -> None:
    """The message of a slot that is spent comes once more."""
    world.has_card(POOR)
    opt(world, enabled=True)
    run_autopay(world, 0)
    at = Look(world.customer_id, world.invoice.due_on, "again", world.invoice_id)
    world.ask(lambda ports: autopay.look(at, ports, lambda: 29.0), actor=Actor.AUTOPAY)


def opted_out_before_the_schedule_comes(world: World) -> None:
    world.has_card(GOOD)
    opt(world, enabled=True)
    opt(world, enabled=False)
    run_autopay(world, 0)


def refunded_and_disputed(world: World) -> None:
    pay(world, stored(world, GOOD))
    [payment] = world.payments
    world.stripe.gives_back(payment.charge or "", 2000)
    world.hear_everything()


def charged_by_somebody_else(world: World) -> None:
    """A charge in our name that nobody here has asked for."""
    world.stripe.emulator.post(
        "payment_intents",
        amount=777,
        currency="usd",
        payment_method="pm_card_visa",
        confirm="true",
        **{
            "payment_method_types[]": "card",
            "metadata[billfold_customer_id]": world.customer_id,
            "metadata[billfold_invoice_id]": world.invoice_id,
        },
    )


def booked_without_a_charge(world: World) -> None:
    paid(world)
    [row] = _ledger(world)
    gone = {**row, "sk": {"S": "LEDGER#ch_gone"}, "charge": {"S": "ch_gone"}}
    world.sites.dynamodb.put_item(TableName=world.table, Item=gone)


def booked_over_another_amount(world: World) -> None:
    paid(world)
    [row] = _ledger(world)
    world.sites.dynamodb.put_item(TableName=world.table, Item={**row, "amount": {"N": "1"}})


def _ledger(world: World) -> list[dict[str, Any]]:
    return [item for item in world.snapshot() if item["sk"]["S"].startswith("LEDGER#")]
