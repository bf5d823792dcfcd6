"""What comes late to what has ended: each of these turns once broke a promise.

On moto and the Stripe emulator, with the real services and adapters.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from billfold.domain.fact import Actor
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.invoice_change import Wanted
from billfold.domain.money import Money
from billfold.domain.payment import NoSuchIntent, Payment, State, StoredCard, Unreachable
from billfold.domain.stripe_event import CUSTOMER_DELETED, StripeEvent
from billfold.services import account, invoice_commands, invoices, payments
from billfold.services.invoice_commands import Command

from tests.builders import an_invoice
from tests.proof.crash import autopay_paths
from tests.proof.crash.acts import change, leave, pay
from tests.proof.crash.pay_paths import CONFIRM, GOOD, OTHER, POOR
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def world(sites: Sites) -> Iterator[World]:
    world = World(sites)
    yield world
    world.close()


@pytest.fixture
def untold(sites: Sites) -> Iterator[World]:
    world = World(sites, told=False)
    yield world
    world.close()


def charges(world: World) -> list[dict[str, Any]]:
    return [one for one in world.stripe.emulator.every("/v1/charges") if one["paid"]]


def hear_all(world: World) -> None:
    for event in world.stripe.events():
        world.hear(event)


def restore(world: World, items: list[dict[str, Any]], after: timedelta) -> None:
    world.restore(items)
    world.pass_time(after)
    world.stripe.emulator.control("clock", advance=int(after.total_seconds()))


def every(world: World, by: timedelta, count: int) -> None:
    for _ in range(count):
        world.pass_time(by)
        world.reconcile()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.message for one in caplog.records if one.levelno >= logging.ERROR]


# After a restore


@pytest.mark.parametrize("hours", [1, 30])
@pytest.mark.parametrize("by_itself", [False, True], ids=["by hand", "by the schedule"])
def test_an_invoice_that_is_sent_again_after_a_restore_is_not_charged_again(
    untold: World, hours: int, *, by_itself: bool
) -> None:
    world = untold
    card = world.has_card(GOOD)
    account.set_autopay(world.customer_id, world.auditor, enabled=by_itself)
    world.reconcile()
    before = world.snapshot()
    every(world, MINUTE, 2)
    issued = an_invoice("INV-AGAIN", customer_id=world.customer_id)
    invoices.issue(issued, world.process(Actor.BUSINESS))
    world.invoice_id = issued.invoice_id

    def pay_it(key: str, days: int) -> None:
        if by_itself:
            autopay_paths.run(world, days)
        else:
            world.shown.clear()
            pay(world, StoredCard(card.card_id, None), key)

    def charged() -> int:
        owners = [one["metadata"]["billfold_invoice_id"] for one in charges(world)]
        return owners.count(issued.invoice_id)

    pay_it("key-1", 0)
    assert charged() == 1
    restore(world, before, after=timedelta(hours=hours))
    every(world, MINUTE, 6)
    hear_all(world)
    invoices.issue(issued, world.process(Actor.BUSINESS))
    pay_it("key-2", 1)
    world.come_to_rest()
    assert charged() == 1
    assert world.invoice.status is InvoiceStatus.PAID


@pytest.mark.parametrize("event_first", [False, True])
def test_money_on_the_intent_of_an_older_try(untold: World, *, event_first: bool) -> None:
    """The latest try that the table knows has no intent; the lost one paid on that of the first."""
    world = untold
    pay(world, StoredCard(world.has_card(POOR).card_id, None), "key-0")
    other = StoredCard(world.has_card(OTHER).card_id, None)
    ids = (world.customer_id, world.invoice_id)
    order = payments.Order(*ids, world.invoice.amount_due, other, "key-1")
    world.pass_time()
    world.ask(lambda ports: payments.pay(order, ports, lambda: 5.0), key="key-1")
    assert [one.state for one in world.payments] == [State.RELEASED, State.DECLINED]
    world.reconcile()
    before = world.snapshot()
    world.pass_time()
    pay(world, other, "key-2")
    restore(world, before, after=timedelta(hours=30))
    world.reconcile()
    if event_first:
        hear_all(world)
    pay(world, other, "key-3")
    world.come_to_rest()
    assert len(charges(world)) == 1
    assert world.invoice.status is InvoiceStatus.PAID


def test_a_bound_intent_that_search_does_not_show_is_canceled(
    untold: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = untold
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    [first] = world.payments
    world.pass_time(4 * MINUTE)
    monkeypatch.setattr(world.sites.gateway, "find_intents", lambda *_, **__: [])
    pay(world, StoredCard(world.has_card(OTHER).card_id, None), "key-2")
    intents = {one["id"]: one["status"] for one in world.stripe.emulator.get("/v1/payment_intents")}
    assert intents[first.intent or ""] == "canceled"
    assert world.invoice.status is InvoiceStatus.PAID


# Reviews


def in_review(world: World) -> str:
    """Bring about a charge that disagrees, and return it."""
    leave(world, StoredCard(world.has_card(GOOD).card_id, None), CONFIRM, Mode.CRASH_BEFORE)
    _charge_elsewhere(world, world.payments[0], amount=13000)
    every(world, 2 * MINUTE, 1)
    assert world.payments[0].state is State.REVIEW
    return str(charges(world)[0]["id"])


def in_doubt(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Look with another account's key for a moment; the charge had been made, and is given back."""
    leave(world, StoredCard(world.has_card(GOOD).card_id, None), CONFIRM, Mode.CRASH_BEFORE)
    with monkeypatch.context() as patch:
        patch.setattr(world.sites.gateway, "retrieve", lambda _: NoSuchIntent())
        every(world, 2 * MINUTE, 1)
    assert world.payments[0].state is State.REVIEW
    _charge_elsewhere(world, world.payments[0])
    [charge] = charges(world)
    world.stripe.emulator.post("refunds", charge=charge["id"])
    return str(charge["id"])


def _charge_elsewhere(world: World, payment: Payment, *, amount: int | None = None) -> None:
    path = f"payment_intents/{payment.intent}"
    if amount:
        world.stripe.emulator.post(path, amount=amount)
    method = world.wallet.cards[-1].payment_method
    world.stripe.emulator.post(f"{path}/confirm", payment_method=method)


def test_a_refund_that_ended_a_review_and_fails_is_for_a_person_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    refund = world.stripe.emulator.post("refunds", charge=in_review(world))
    hear_all(world)
    pay(world, StoredCard(world.wallet.cards[0].card_id, None), "key-2")
    assert [one.state for one in world.payments] == [State.SUCCEEDED, State.CANCELED]
    caplog.clear()
    world.stripe.emulator.control(f"refunds/{refund['id']}", result="failed")
    hear_all(world)
    assert [one.state for one in world.payments] == [State.SUCCEEDED, State.REVIEW]
    assert "payment needs review" in errors(caplog)
    world.stripe.emulator.post("refunds", charge=refund["charge"])
    hear_all(world)
    assert [one.state for one in world.payments] == [State.SUCCEEDED, State.CANCELED]
    assert world.invoice.status is InvoiceStatus.PAID


def test_a_review_ends_when_its_charge_is_lost_to_a_dispute(world: World) -> None:
    world.stripe.emulator.control("disputes", charge=in_review(world))
    [dispute] = world.stripe.emulator.get("/v1/disputes")
    hear_all(world)
    assert world.invoice.lock
    world.stripe.emulator.control(f"disputes/{dispute['id']}", result="lost")
    hear_all(world)
    assert world.payments[0].state is State.CANCELED
    assert world.invoice.lock is None


def test_a_void_that_met_a_charge_that_disagrees_is_done_when_it_is_given_back(
    world: World,
) -> None:
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    world.has_card(GOOD)
    _charge_elsewhere(world, world.payments[0], amount=13000)
    change(world, None)
    assert world.payments[0].state is State.REVIEW
    world.stripe.emulator.post("refunds", charge=charges(world)[0]["id"])
    hear_all(world)
    every(world, DAY + MINUTE, 3)
    assert world.invoice.status is InvoiceStatus.VOID
    assert world.invoice.lock is None


@pytest.mark.parametrize("told", [True, False], ids=["by event", "by the daily look"])
def test_it_does_not_matter_who_tells_of_a_refund(
    world: World, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    charge = in_doubt(world, monkeypatch)
    if told:
        for event in world.stripe.events():
            if event.type == "charge.refunded":
                world.hear(event)
    else:
        every(world, DAY + MINUTE, 1)
    world.come_to_rest()
    [payment] = world.payments
    assert (payment.state, payment.refunded) == (State.SUCCEEDED, 12050)
    assert world.auditor.ledger.find(world.customer_id, charge)
    # Nothing is taken for a lost payment after a gap of the reconciler.
    world._told = False
    every(world, 4 * MINUTE, 1)
    pay(world, StoredCard(world.wallet.cards[0].card_id, None), "key-2")
    assert len(charges(world)) == 1
    assert world.invoice.lock is None


def test_a_review_that_ended_is_not_taken_for_a_lost_payment(world: World) -> None:
    world.stripe.emulator.post("refunds", charge=in_review(world))
    hear_all(world)
    world._told = False
    every(world, 4 * MINUTE, 1)
    world._told = True
    paid = pay(world, StoredCard(world.wallet.cards[0].card_id, None), "key-2")
    assert paid is not None
    assert paid.payment.state is State.SUCCEEDED
    assert len(charges(world)) == 2


# Commands of the business


def command(world: World, name: str, amount: int | None) -> Command:
    due = Money("USD", amount) if amount else None
    return Command(name, world.customer_id, world.invoice.number, Wanted(due, "Agreed.", name))


def test_a_command_that_was_true_already_undoes_no_later_one(world: World) -> None:
    first, second = command(world, "crm-1", 12050), command(world, "crm-2", 9900)
    for one in (first, second, first):
        invoice_commands.carry_out(one, world.auditor)
        world.pass_time()
    assert world.invoice.amount_due.amount == 9900


def test_a_refusal_ends_no_change_of_the_same_name(world: World) -> None:
    """One name for two invoices at the same moment: the one that is locked is voided."""
    pay(world, StoredCard(world.has_card(POOR).card_id, None))
    issued = an_invoice("INV-PAID", customer_id=world.customer_id)
    invoices.issue(issued, world.process(Actor.BUSINESS))
    first, world.invoice_id = world.invoice_id, issued.invoice_id
    pay(world, StoredCard(world.has_card(GOOD).card_id, None), "key-2")
    paid = command(world, "batch-1", None)
    world.invoice_id = first
    mine = command(world, "batch-1", None)
    ports = world.process(Actor.BUSINESS)
    known = ports.invoice_changes.get

    class Changes:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.auditor.invoice_changes, name)

        def get(self, *ids: str) -> Any:
            try:
                return known(*ids)
            finally:
                if not world.invoice.lock:
                    # The other message is taken in this moment, and Stripe is down.
                    world.stripe.emulator.fault("/v1/*", "500", method="*", count=100)
                    invoice_commands.carry_out(mine, world.process(Actor.BUSINESS))
                    world.stripe.no_trouble()

    ports.__dict__["invoice_changes"] = Changes()
    invoice_commands.carry_out(paid, ports)
    every(world, DAY, 3)
    assert world.invoice.status is InvoiceStatus.VOID
    assert world.invoice.lock is None


# What runs every minute


@pytest.mark.parametrize("what", ["payment", "void"])
def test_the_log_tells_how_long_an_invoice_is_locked_while_stripe_is_down(
    world: World, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    caplog.set_level(logging.INFO)
    if what == "void":
        pay(world, StoredCard(world.has_card(POOR).card_id, None))
        world.stripe.emulator.fault("/v1/*", "500", method="*", count=100_000)
        change(world, None)
    else:
        leave(world, StoredCard(world.has_card(GOOD).card_id, None), CONFIRM, Mode.CRASH_BEFORE)
        world.stripe.emulator.fault("/v1/*", "500", method="*", count=100_000)
    every(world, HOUR, 30)
    assert world.invoice.lock
    ages = [vars(one)["seconds"] for one in caplog.records if one.message == "unsettled"]
    assert max(ages) > DAY.total_seconds()


def test_an_event_about_another_accounts_customer_is_given_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    event = StripeEvent(
        "customer:cus_old",
        CUSTOMER_DELETED,
        stripe_customer="cus_old",
        customer_id=world.customer_id,
    )
    world.auditor.parking.park(event, until=world.clock.now())
    every(world, DAY, 10)
    assert "stripe event matches nothing" in errors(caplog)
    caplog.clear()
    every(world, MINUTE, 5)
    assert not errors(caplog)


def test_payments_that_stripe_cannot_show_keep_no_void_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, first = world.has_card(GOOD), world.invoice_id
    poisoned = []
    for number in range(3):
        issued = an_invoice(f"POISON-{number}", customer_id=world.customer_id)
        invoices.issue(issued, world.process(Actor.BUSINESS))
        world.invoice_id = issued.invoice_id
        leave(world, StoredCard(good.card_id, None), CONFIRM, Mode.CRASH_BEFORE, f"p-{number}")
        poisoned.append(world.payments[0].intent)
    world.invoice_id = first
    pay(world, StoredCard(world.has_card(POOR).card_id, None), "key-1")
    world.stripe.emulator.fault("/v1/*", "500", method="*", count=2)
    change(world, None)
    world.stripe.no_trouble()
    assert world.invoice.lock
    real = world.sites.gateway.retrieve
    monkeypatch.setattr(
        world.sites.gateway,
        "retrieve",
        lambda payment: Unreachable() if payment.intent in poisoned else real(payment),
    )
    every(world, 2 * MINUTE, 1)
    assert world.invoice.status is InvoiceStatus.VOID
