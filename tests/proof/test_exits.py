"""Nothing is locked for ever: outages, reviews and intents that Stripe does not know have an exit.

On moto and the Stripe emulator, with the real services and adapters.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.domain.errors import ReviewNotClosableError
from billfold.domain.fact import Actor
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import OneTimeCard, Payment, State, StoredCard
from billfold.services import reviews

from tests.proof.crash.acts import change, leave, pay
from tests.proof.crash.pay_paths import CONFIRM, GOOD, POOR
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(sites: Sites) -> Iterator[World]:
    world = World(sites)
    yield world
    world.close()


def unknown(world: World) -> Payment:
    """Leave a confirm whose outcome nobody knows."""
    leave(world, StoredCard(world.has_card(GOOD).card_id, None), CONFIRM, Mode.CRASH_BEFORE)
    return world.payments[0]


@pytest.mark.parametrize("minutes", [30, 70, 24 * 60], ids=["half an hour", "70 minutes", "a day"])
def test_after_an_outage_everything_settles_within_five_minutes(world: World, minutes: int) -> None:
    unknown(world)
    world.stripe.emulator.fault("/v1/*", "500", method="*", count=10 * minutes)
    for _ in range(minutes):
        world.pass_time(MINUTE)
        world.reconcile()
    assert world.invoice.lock
    world.stripe.no_trouble()
    for _ in range(5):
        world.pass_time(MINUTE)
        world.reconcile()
    assert world.invoice.lock is None
    assert world.violations() == []


def test_a_void_that_an_outage_interrupts_is_finished_within_five_minutes(world: World) -> None:
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    world.stripe.emulator.fault("/v1/*", "500", method="*", count=500)
    change(world, None)
    for _ in range(70):
        world.pass_time(MINUTE)
        world.reconcile()
    assert world.invoice.lock
    world.stripe.no_trouble()
    for _ in range(5):
        world.pass_time(MINUTE)
        world.reconcile()
    assert world.invoice.status is InvoiceStatus.VOID
    assert world.invoice.lock is None


def in_review(world: World) -> str:
    """Bring about a charge that disagrees: somebody else's hand changed the intent."""
    payment = unknown(world)
    method = world.wallet.cards[0].payment_method
    world.stripe.emulator.post(f"payment_intents/{payment.intent}", amount=13000)
    world.stripe.emulator.post(f"payment_intents/{payment.intent}/confirm", payment_method=method)
    world.pass_time(2 * MINUTE)
    world.reconcile()
    assert world.payments[0].state is State.REVIEW
    [charge] = world.stripe.emulator.get("/v1/charges", limit=10)
    return str(charge["id"])


@pytest.mark.parametrize("told", [True, False], ids=["by event", "by the daily look"])
def test_a_review_whose_charge_was_refunded_in_full_frees_the_invoice(
    world: World, *, told: bool
) -> None:
    charge = in_review(world)
    world.stripe.emulator.post("refunds", charge=charge)
    if told:
        for event in world.stripe.events():
            world.hear(event)
    else:
        world.pass_time(timedelta(days=1, minutes=1))
        world.reconcile()
    [payment] = world.payments
    assert (payment.state, payment.refunded) == (State.CANCELED, 13000)
    assert world.invoice.status is InvoiceStatus.OPEN
    assert world.invoice.lock is None
    assert not world.wallet.holds
    paid = pay(world, StoredCard(world.wallet.cards[0].card_id, None), "key-2")
    assert paid is not None
    assert paid.payment.state is State.SUCCEEDED


def test_a_review_keeps_what_was_refunded_in_part(world: World) -> None:
    charge = in_review(world)
    world.stripe.emulator.post("refunds", charge=charge, amount=12999)
    for event in world.stripe.events():
        world.hear(event)
    world.pass_time(timedelta(days=1, minutes=1))
    world.reconcile()
    assert world.payments[0].state is State.REVIEW
    assert world.invoice.lock


def test_money_for_a_void_invoice_ends_its_review_when_it_is_given_back(world: World) -> None:
    charge = in_review(world)
    payment = world.payments[0]
    # The invoice was freed and voided by hand meanwhile: nothing but the payment is in review.
    world.sites.dynamodb.update_item(
        TableName=world.table,
        Key={
            "pk": {"S": f"CUSTOMER#{world.customer_id}"},
            "sk": {"S": f"INVOICE#{world.invoice_id}"},
        },
        UpdateExpression="SET #s = :v REMOVE #l",
        ExpressionAttributeNames={"#s": "status", "#l": "lock"},
        ExpressionAttributeValues={":v": {"S": "void"}},
    )
    world.stripe.emulator.post("refunds", charge=charge)
    for event in world.stripe.events():
        world.hear(event)
    after = world.auditor.payments.get(world.customer_id, payment.payment_id)
    assert after.state is State.CANCELED
    assert world.invoice.status is InvoiceStatus.VOID


def test_an_intent_that_stripe_does_not_know_is_let_go_of_by_the_next_order(world: World) -> None:
    """A declined try left its intent bound; then the key became that of another account."""
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    world.stripe.forget()
    # The wallet's Stripe customer is the other account's as well, and another matter.
    here = world.stripe.customer(world.customer_id)
    world.auditor.customers.save(replace(world.wallet, stripe_customer=here))
    assert pay(world, OneTimeCard(world.stripe.typed()), "key-2") is None
    assert (world.invoice.lock, world.invoice.epoch) == (None, 1)
    paid = pay(world, OneTimeCard(world.stripe.typed()), "key-3")
    assert paid is not None
    assert paid.payment.state is State.SUCCEEDED


def test_a_void_that_meets_an_unknown_intent_is_done(world: World) -> None:
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    world.stripe.forget()
    change(world, None)
    assert world.invoice.status is InvoiceStatus.VOID
    assert world.invoice.lock is None


def test_an_outcome_that_stripe_cannot_know_is_for_a_person_at_once(world: World) -> None:
    """A confirm was sent under another account's key: money may have moved there."""
    unknown(world)
    world.stripe.forget()
    world.pass_time(2 * MINUTE)
    world.reconcile()
    [payment] = world.payments
    assert payment.state is State.REVIEW
    assert world.invoice.lock == payment.payment_id
    closed = world.ask(
        lambda ports: reviews.close(world.customer_id, payment.payment_id, "looked up", ports),
        actor=Actor.BUSINESS,
    )
    assert closed is not None
    assert closed.state is State.CANCELED
    assert world.invoice.status is InvoiceStatus.OPEN
    assert world.invoice.lock is None


def test_a_person_cannot_close_what_still_holds_money(world: World) -> None:
    in_review(world)
    [payment] = world.payments
    with pytest.raises(ReviewNotClosableError):
        reviews.close(world.customer_id, payment.payment_id, "by mistake", world.auditor)
    assert world.invoice.lock
