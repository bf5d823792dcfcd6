"""Refunds and disputes: events in any order, twice, late, two at a time, or lost.

Two workers take turns call by call, while Stripe goes on. What no event told, the reconciliation
finds. What is on the payment in the end is what Stripe has.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from typing import Final

import pytest
from billfold.domain import ids
from billfold.domain.fact import Actor
from billfold.domain.payment import Dispute, OneTimeCard, Payment
from billfold.domain.reconciliation import Verdict
from billfold.domain.stripe_event import StripeEvent
from billfold.services import outbox, payments, stripe_events
from billfold.services.payments import Order
from billfold.services.reconcile import reconcile

from tests.builders import NOON
from tests.emulator import Emulator
from tests.proof.auditor import Auditor
from tests.proof.crash.sites import Sites
from tests.proof.machine.processes import Process
from tests.proof.machine.world import CUSTOMER, World
from tests.proof.reconciling import reconcile as reconcile_hours

Change = Callable[[Emulator, str], None]
DISPUTES: Final = {
    "needs_response": Dispute.OPEN,
    "warning_needs_response": Dispute.OPEN,
    "won": Dispute.WON,
    "lost": Dispute.LOST,
    "warning_closed": None,
}
CALLS: Final = 7
"""As many as a worker makes up to its write: looks, reads, and the write itself."""


def refund(amount: int) -> Change:
    def change(emulator: Emulator, charge: str) -> None:
        emulator.post("refunds", charge=charge, amount=amount)

    return change


def dispute(emulator: Emulator, charge: str) -> None:
    emulator.control("disputes", charge=charge)


def inquiry(emulator: Emulator, charge: str) -> None:
    emulator.control("disputes", charge=charge, inquiry=True)


def decided(result: str) -> Change:
    def change(emulator: Emulator, charge: str) -> None:
        [found] = emulator.get("/v1/disputes", charge=charge)
        emulator.control(f"disputes/{found['id']}", result=result)

    return change


def failed(emulator: Emulator, charge: str) -> None:
    """The bank sends the newest refund back."""
    newest = emulator.get("/v1/refunds", charge=charge)[0]
    emulator.control(f"refunds/{newest['id']}", result="failed")


class Paid:
    """An invoice that was paid, and what its holder and the business then do at Stripe."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.invoice = world.issue(number, 12050)
        due = self.invoice.amount_due
        card = OneTimeCard(str(world.emulator.card()["id"]))
        order = Order(CUSTOMER, self.invoice.invoice_id, due, card, f"key-{number:05}")
        payments.pay(order, world.audit, lambda: 29.0)
        outbox.flush(world.audit)
        self.charge = self.payment.charge or ""

    @property
    def payment(self) -> Payment:
        [payment] = self.world.payments(self.invoice)
        return payment

    def worker(self) -> Process:
        """Begin to handle an event; of it only the charge is taken."""
        event = StripeEvent(ids.new("evt", NOON), "charge.refunded", charge=self.charge)
        return self.world.start("worker", partial(stripe_events.take, event), actor=Actor.STRIPE)

    def differs(self) -> str:
        """Say how payment and invoice differ from Stripe; nothing where they agree."""
        at_stripe = self.world.emulator.one(f"/v1/charges/{self.charge}")
        listed = self.world.emulator.get("/v1/disputes", charge=self.charge)
        dispute = DISPUTES[listed[0]["status"]] if listed else None
        wanted = (at_stripe["amount_refunded"], dispute)
        payment, invoice = self.payment, self.world.invoice(self.invoice)
        assert invoice.last_payment == payment
        found = (payment.refunded, payment.dispute)
        return "" if found == wanted else f"ours {found}, Stripe's {wanted}"


@pytest.fixture
def world(sites: Sites) -> Iterator[World]:
    made = World(sites.stripe.emulator)
    yield made
    made.close()


def recover(world: World) -> None:
    """Let what was kept as unmatched be looked at again."""
    world.forward(timedelta(minutes=2))
    act = partial(reconcile, time_left=lambda: 60.0)
    world.finish(world.start("recovery", act, actor=Actor.RECONCILER))


PAIRS: Final = {
    "a refund, then the rest": (refund(500), refund(11550)),
    "a refund that fails": (refund(500), failed),
    "a dispute that is lost": (dispute, decided("lost")),
    "an inquiry, then a refund": (inquiry, refund(2000)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_workers_and_stripe_in_every_order(world: World, pair: str) -> None:
    """The first worker makes k calls, Stripe goes on, the second makes j, then each ends."""
    first, second = PAIRS[pair]
    cases = {}
    for number, (k, j) in enumerate(product(range(CALLS + 1), (0, 2, 4, CALLS))):
        paid = cases[k, j] = Paid(world, number)
        first(world.emulator, paid.charge)
        workers = []
        for calls, change in ((k, second), (j, None)):
            workers.append(paid.worker())
            for _ in range(calls):
                if workers[-1].at:
                    world.step(workers[-1])
            if change:
                change(world.emulator, paid.charge)
        for worker in workers:
            world.finish(worker)
    recover(world)
    wrong = {calls: paid.differs() for calls, paid in cases.items()}
    assert {calls: why for calls, why in wrong.items() if why} == {}


HISTORIES: Final = {
    "a refund, a dispute, lost": (refund(500), dispute, decided("lost")),
    "an inquiry, a refund, which fails": (inquiry, refund(500), failed),
}
NEVER, TWICE, LATE = "never", "twice", "late"


@pytest.mark.parametrize("history", HISTORIES)
def test_whatever_events_are_lost_the_night_finds_it(world: World, history: str) -> None:
    """The event of each change never comes, comes twice at once, or after all others."""
    changes = HISTORIES[history]
    cases = {}
    for number, comings in enumerate(product((NEVER, TWICE, LATE), repeat=len(changes))):
        paid = cases[comings] = Paid(world, number)
        late = 0
        for change, coming in zip(changes, comings, strict=True):
            change(world.emulator, paid.charge)
            late += coming == LATE
            for _ in range(2 * (coming == TWICE)):
                world.finish(paid.worker())
        for _ in range(late):
            world.finish(paid.worker())
    unheard = cases[(NEVER,) * len(changes)]
    assert unheard.differs()
    recover(world)
    lines = reconcile_hours(hours(world), world.audit)
    assert {paid.differs() for paid in cases.values()} == {""}
    assert {line.verdict for line in lines} == {Verdict.CAUGHT_UP}
    assert unheard.charge in {line.charge for line in lines}
    assert reconcile_hours(hours(world), world.audit, run="anew") == []


def hours(world: World) -> set[datetime]:
    """Give the hours in which something was charged."""
    return {charge.charged_in for charge in Auditor(world.emulator, CUSTOMER).charges()}


def night(world: World) -> list[datetime]:
    """Give the hours of the present UTC day, which is over when the night comes."""
    midnight = world.time.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return [midnight + timedelta(hours=hour) for hour in range(24)]


def require_caught_up(world: World, paid: Paid) -> None:
    assert paid.differs()
    lines = reconcile_hours(night(world), world.audit)
    assert [(line.verdict, line.charge) for line in lines] == [(Verdict.CAUGHT_UP, paid.charge)]
    assert paid.differs() == ""


def test_a_refund_of_an_old_charge_that_nobody_told_of(world: World) -> None:
    paid = Paid(world, 1)
    world.forward(timedelta(days=200))
    refund(500)(world.emulator, paid.charge)
    require_caught_up(world, paid)


@pytest.mark.parametrize("days", [7, 35])
def test_a_refund_that_fails_later_and_nobody_told_of_it(world: World, days: int) -> None:
    """No list shows it: refunds are listed by the day on which they were made."""
    paid = Paid(world, 1)
    world.forward(timedelta(days=200))
    refund(500)(world.emulator, paid.charge)
    world.finish(paid.worker())
    world.forward(timedelta(days=days))
    failed(world.emulator, paid.charge)
    require_caught_up(world, paid)


def test_a_dispute_that_is_decided_later_and_nobody_told_of_it(world: World) -> None:
    paid = Paid(world, 1)
    dispute(world.emulator, paid.charge)
    world.finish(paid.worker())
    world.forward(timedelta(days=75))
    decided("won")(world.emulator, paid.charge)
    require_caught_up(world, paid)
