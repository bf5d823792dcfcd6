"""Stripe repeats a server error under its key for a day, and an order that meets it is not lost."""

import pytest
from billfold.domain.errors import NothingBegunError
from billfold.domain.payment import State, StoredCard
from billfold.services import payments
from billfold.services.payments import Order

from tests.proof.crash.pay_paths import COMMITTED, GOOD, INTENTS, OTHER
from tests.proof.crash.runs import Point, Then, run
from tests.proof.crash.scenarios import SCENARIOS
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World

[PATH] = [s for s in SCENARIOS if s.name == "intent made with a 500, then again"]


@pytest.mark.parametrize(
    ("call", "mode"),
    [(3, Mode.CRASH_AFTER), (4, Mode.CRASH_BEFORE), (4, Mode.VERY_LATE)],
    ids=["the 500 was not heard", "the key was not given up", "the key was given up too late"],
)
def test_nobody_gave_the_key_up_and_the_next_two_orders_pay(
    call: int, mode: Mode, sites: Sites
) -> None:
    """Three of the points that `make prove` tries: the first order after them meets the 500."""
    world = run(Point(PATH, call, mode, Then.ANOTHER), sites)
    after = {p.idempotency_key: p.state for p in world.payments if p.idempotency_key != "key-1"}
    assert after["key-after"] is State.RELEASED
    assert after["key-once-more"] is State.SUCCEEDED
    assert world.violations() == []
    world.close()


def test_who_meets_the_error_is_told_so_and_gives_the_key_up(sites: Sites) -> None:
    world = World(sites)
    world.stripe.trouble(INTENTS, COMMITTED)
    orders = [
        Order(
            world.customer_id,
            world.invoice_id,
            world.invoice.amount_due,
            StoredCard(world.has_card(name).card_id, None),
            f"key-{name}",
        )
        for name in (GOOD, OTHER)
    ]
    with pytest.raises(NothingBegunError):
        payments.pay(orders[0], world.process(), lambda: 29.0)
    assert (world.invoice.lock, world.invoice.epoch) == (None, 1)
    paid = payments.pay(orders[1], world.process(), lambda: 29.0)
    assert paid.payment.state is State.SUCCEEDED
    world.close()
