"""A table that was restored to an earlier point never leads to a second charge.

On moto and the Stripe emulator, with the real services and adapters. What was written after the
point is gone from the table, and Stripe has kept it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from billfold.domain.errors import PaymentInProgressError
from billfold.domain.fact import Actor
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import Dispute, OneTimeCard, State, StoredCard
from billfold.services import account, payments
from billfold.services.payments import Outcome

from tests.proof.crash import autopay_paths
from tests.proof.crash.acts import change, pay
from tests.proof.crash.pay_paths import GOOD, OTHER, POOR, WANTS_STEP
from tests.proof.crash.sites import Sites
from tests.proof.crash.world import World

DAY = timedelta(days=1)
GENTLY, LATER = timedelta(hours=1), timedelta(hours=30)
"""Within the day for which Stripe remembers an idempotency key, and after it."""


@pytest.fixture
def world(sites: Sites) -> Iterator[World]:
    world = World(sites, told=False)
    yield world
    world.close()


def restore(world: World, items: list[dict[str, Any]], *, after: timedelta) -> None:
    """Take the table back to what it was; so much later it is in use again."""
    world.restore(items)
    world.pass_time(after)
    world.stripe.emulator.control("clock", advance=int(after.total_seconds()))


def charged(world: World) -> int:
    return sum(
        charge["status"] == "succeeded" for charge in world.stripe.emulator.get("/v1/charges")
    )


def assert_paid_once(world: World) -> None:
    world.come_to_rest()
    assert charged(world) == 1
    assert world.invoice.status is InvoiceStatus.PAID
    assert world.violations() == []


@pytest.mark.parametrize("after", [GENTLY, LATER], ids=["an hour", "thirty hours"])
@pytest.mark.parametrize("told", [True, False], ids=["told the time", "not told"])
def test_automatic_payment_finds_what_was_charged(
    world: World, after: timedelta, *, told: bool
) -> None:
    world.has_card(GOOD)
    account.set_autopay(world.customer_id, world.auditor, enabled=True)
    if told:
        world.reconcile()
    before = world.snapshot()
    autopay_paths.run(world, 0)
    restore(world, before, after=after)
    assert world.invoice.status is InvoiceStatus.OPEN
    if told:
        world.reconcile()
    autopay_paths.run(world, 1)
    assert_paid_once(world)


@pytest.mark.parametrize("after", [GENTLY, LATER], ids=["an hour", "thirty hours"])
@pytest.mark.parametrize("key", ["key-1", "key-2"], ids=["the same order", "another order"])
def test_a_customer_who_pays_again_is_not_charged(world: World, after: timedelta, key: str) -> None:
    card = world.has_card(GOOD)
    before = world.snapshot()
    pay(world, StoredCard(card.card_id, None))
    restore(world, before, after=after)
    pay(world, StoredCard(card.card_id, None), key)
    assert_paid_once(world)


@pytest.mark.parametrize("after", [GENTLY, LATER], ids=["an hour", "thirty hours"])
def test_a_stripe_customer_that_is_lost_as_well(world: World, after: timedelta) -> None:
    """Nothing but the search knows the invoice; the next Stripe customer is another one."""
    before = world.snapshot()
    pay(world, OneTimeCard(world.stripe.typed()))
    assert charged(world) == 1
    restore(world, before, after=after)
    assert world.wallet.stripe_customer is None
    pay(world, OneTimeCard(world.stripe.typed()), "key-2")
    assert_paid_once(world)


def test_a_bound_intent_of_which_the_success_is_lost(world: World) -> None:
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    other = world.has_card(OTHER)
    before = world.snapshot()
    pay(world, StoredCard(other.card_id, None), "key-2")
    restore(world, before, after=LATER)
    pay(world, StoredCard(other.card_id, None), "key-3")
    assert_paid_once(world)


def test_a_later_generation_is_lost(world: World) -> None:
    """The intent that the table knows is canceled; the next one, which it does not know, paid."""
    card = world.has_card(WANTS_STEP)
    other = world.has_card(OTHER)
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    before = world.snapshot()
    outcome = pay(world, StoredCard(card.card_id, None), "key-2")
    assert outcome is not None
    world.ask(lambda p: payments.cancel(world.customer_id, outcome.payment.payment_id, p))
    pay(world, StoredCard(other.card_id, None), "key-3")
    restore(world, before, after=LATER)
    pay(world, StoredCard(other.card_id, None), "key-4")
    pay(world, StoredCard(other.card_id, None), "key-5")
    assert_paid_once(world)


def test_an_intent_that_could_still_succeed_is_canceled(world: World) -> None:
    card, other = world.has_card(WANTS_STEP), world.has_card(OTHER)
    before = world.snapshot()
    outcome = pay(world, StoredCard(card.card_id, None))
    assert outcome is not None
    lost = outcome.payment.intent or ""
    restore(world, before, after=LATER)
    paid = pay(world, StoredCard(other.card_id, None), "key-2")
    assert paid is not None
    assert (paid.payment.state, paid.payment.epoch) == (State.SUCCEEDED, 1)
    ends = {one["id"]: one["status"] for one in world.stripe.emulator.get("/v1/payment_intents")}
    assert ends[lost] == "canceled"
    assert_paid_once(world)


def test_of_two_who_ask_at_once_none_cancels_what_the_other_begins(world: World) -> None:
    card, other = world.has_card(WANTS_STEP), world.has_card(OTHER)
    restore(world, world.snapshot(), after=LATER)
    ports = world.process(Actor.CUSTOMER)
    begun: list[Outcome | None] = []

    class Gateway:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.sites.gateway, name)

        def find_intents(self, *ids: Any, since: Any) -> Any:
            if not begun:
                # The other one asks, and begins, while our question is on its way.
                begun.append(pay(world, StoredCard(card.card_id, None)))
            return world.sites.gateway.find_intents(*ids, since=since)

    ports.__dict__["gateway"] = Gateway()
    source = StoredCard(other.card_id, None)
    order = payments.Order(
        world.customer_id, world.invoice_id, world.invoice.amount_due, source, "key-2"
    )
    with pytest.raises(PaymentInProgressError):
        payments.pay(order, ports, lambda: 29.0)
    [first] = begun
    assert first is not None
    assert first.payment.state is State.REQUIRES_ACTION
    [intent] = world.stripe.emulator.get("/v1/payment_intents")
    assert intent["status"] == "requires_action"


def test_a_void_finds_what_was_charged(world: World) -> None:
    before = world.snapshot()
    pay(world, OneTimeCard(world.stripe.typed()))
    restore(world, before, after=LATER)
    change(world, None)
    assert_paid_once(world)


def test_nobody_is_told_that_a_lost_payment_is_overdue(world: World) -> None:
    """Without automatic payment the schedule charges nothing, and says so on the next day."""
    world.auditor.invoices.look_again(
        world.invoice,
        on=world.invoice.due_on,
        waits=None,
        overdue_told=False,
        entry=None,
    )
    before = world.snapshot()
    pay(world, OneTimeCard(world.stripe.typed()))
    restore(world, before, after=LATER)
    autopay_paths.run(world, 1)
    assert_paid_once(world)
    assert "InvoiceOverdue" not in {told.kind.value for told in world.history.told}


def test_an_event_of_stripe_brings_a_lost_payment_back(world: World) -> None:
    card = world.has_card(GOOD)
    before = world.snapshot()
    pay(world, StoredCard(card.card_id, None))
    [charge] = world.stripe.emulator.get("/v1/charges")
    restore(world, before, after=LATER)
    world.stripe.gives_back(charge["id"], 2000)
    for event in world.stripe.events():
        world.hear(event)
    [payment] = world.payments
    assert (payment.state, payment.refunded) == (State.SUCCEEDED, 2000)
    assert_paid_once(world)


def test_a_lost_payment_comes_back_with_its_refund_and_dispute(world: World) -> None:
    """Their events came before the point, and do not come again."""
    card = world.has_card(GOOD)
    before = world.snapshot()
    pay(world, StoredCard(card.card_id, None))
    [charge] = world.stripe.emulator.get("/v1/charges")
    world.stripe.gives_back(charge["id"], 2000)
    restore(world, before, after=LATER)
    pay(world, StoredCard(card.card_id, None), "key-2")
    assert_paid_once(world)
    [payment] = world.payments
    assert (payment.refunded, payment.dispute) == (2000, Dispute.OPEN)


def test_a_lost_charge_over_another_amount_is_for_a_person(world: World) -> None:
    """The amount was changed after the point, and paid; the table knows the older one."""
    before = world.snapshot()
    change(world, replace(world.invoice.amount_due, amount=13000))
    world.history.invoices.clear()  # the checker holds amounts against a trail that is lost as well
    pay(world, OneTimeCard(world.stripe.typed()))
    restore(world, before, after=LATER)
    pay(world, OneTimeCard(world.stripe.typed()), "key-2")
    [payment] = world.payments
    assert payment.state is State.REVIEW
    [charge] = world.stripe.emulator.get("/v1/charges")
    world.stripe.emulator.post("refunds", charge=charge["id"])
    world.pass_time(DAY + timedelta(minutes=1))
    world.reconcile()
    assert world.invoice.lock is None
    paid = pay(world, OneTimeCard(world.stripe.typed()), "key-3")
    assert paid is not None
    assert paid.payment.state is State.SUCCEEDED


def test_stripe_that_cannot_be_asked_begins_nothing(world: World) -> None:
    card = world.has_card(GOOD)
    before = world.snapshot()
    pay(world, StoredCard(card.card_id, None))
    restore(world, before, after=LATER)
    world.stripe.emulator.fault("/v1/payment_intents/search", "500", method="GET")
    assert pay(world, StoredCard(card.card_id, None), "key-2") is None
    assert world.invoice.lock is None
    pay(world, StoredCard(card.card_id, None), "key-3")
    assert_paid_once(world)


def test_nothing_is_asked_while_the_table_is_told_the_time(world: World) -> None:
    card = world.has_card(GOOD)
    world.auditor.invoices.begin_generation(world.invoice, 0, recorded_since=world.clock.now())
    for _ in range(30):
        world.reconcile()
        world.pass_time(timedelta(minutes=1))
    world.stripe.forget_requests()
    pay(world, StoredCard(card.card_id, None))
    assert [row["method"] for row in world.stripe.emulator.requests()] == ["POST", "POST"]


def test_a_payment_that_was_under_way_at_the_point(world: World) -> None:
    """The lock is back, and with it the reservation: it is released, and Stripe asked."""
    card = world.has_card(GOOD)
    order = payments.Order(
        world.customer_id,
        world.invoice_id,
        world.invoice.amount_due,
        StoredCard(card.card_id, None),
        "key-1",
    )
    ports = world.process(Actor.CUSTOMER)
    point: list[list[dict[str, Any]]] = []
    create = ports.gateway.create_payment_intent

    class Gateway:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.sites.gateway, name)

        def create_payment_intent(self, *given: Any) -> str:
            point.append(world.snapshot())
            return create(*given)

    ports.__dict__["gateway"] = Gateway()
    payments.pay(order, ports, lambda: 29.0)
    restore(world, point[0], after=LATER)
    assert world.invoice.lock
    world.reconcile()
    assert world.invoice.lock is None
    pay(world, StoredCard(card.card_id, None), "key-2")
    assert charged(world) == 1
    assert world.invoice.status is InvoiceStatus.PAID
