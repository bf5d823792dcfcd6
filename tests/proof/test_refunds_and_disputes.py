"""Refunds and disputes as Stripe's events tell them: in any order, twice, late, two at a time.

Two workers take turns call by call, while Stripe goes on; what is on the payment in the end is what
Stripe has.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Final

import pytest
from billfold.domain import ids
from billfold.domain.fact import Actor
from billfold.domain.payment import Dispute, OneTimeCard, Payment
from billfold.domain.stripe_event import StripeEvent
from billfold.services import outbox, payments, stripe_events
from billfold.services.payments import Order
from billfold.services.reconcile import reconcile

from tests.builders import NOON
from tests.emulator import Emulator
from tests.proof.crash.sites import Sites
from tests.proof.machine.processes import Process
from tests.proof.machine.world import CUSTOMER, World

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
    for number, (k, j) in enumerate(product(range(CALLS + 1), (0, 3, CALLS))):
        paid = cases[k, j] = Paid(world, number)
        first(world.emulator, paid.charge)
        workers = []
        for calls, change in ((k, second), (j, None)):
            workers.append(paid.worker())
            for _ in range(calls):
                world.step(workers[-1])
            if change:
                change(world.emulator, paid.charge)
        for worker in workers:
            world.finish(worker)
    recover(world)
    wrong = {calls: paid.differs() for calls, paid in cases.items()}
    assert {calls: why for calls, why in wrong.items() if why} == {}
