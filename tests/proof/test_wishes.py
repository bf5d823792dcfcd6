"""An opt-out, or another primary card, that was answered before money was asked for counts."""

import pytest
from billfold.domain.payment import StoredCard

from tests.proof.crash.acts import choose, opt, pay
from tests.proof.crash.autopay_paths import run as run_autopay
from tests.proof.crash.pay_paths import GOOD, OTHER
from tests.proof.crash.runs import OF_AUTOPAY, Point, Then, calls_of, run
from tests.proof.crash.scenarios import SCENARIOS
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World

[CHARGES] = [s for s in SCENARIOS if s.name == "automatic payment charges"]
BEFORE_MONEY = ("payment_intents", "transact_write_items")


@pytest.mark.parametrize("then", sorted(OF_AUTOPAY, key=str))
def test_it_counts_between_any_two_calls_of_a_charger(then: Then, sites: Sites) -> None:
    """The charger stands still before each call that is not a read; its lease does not run out."""
    calls, _ = calls_of(CHARGES, sites)
    found = []
    for at, call in enumerate(calls, 1):
        if call.endswith((*BEFORE_MONEY, "confirm")):
            world = run(Point(CHARGES, at, Mode.PAUSED, then), sites)
            found += [f"call {at}, {call}: {one}" for one in world.violations()]
            world.close()
    assert not found, "\n".join(found)


def test_a_try_that_had_asked_before_the_answer_is_not_held_against_it(sites: Sites) -> None:
    world = World(sites)
    world.has_card(GOOD)
    opt(world, enabled=True)
    run_autopay(world, 0)
    opt(world, enabled=False)
    assert len(world.wishes.stated) == 1
    assert world.violations() == []
    world.close()


def test_people_may_pay_with_any_card_whatever_they_have_wished(sites: Sites) -> None:
    world = World(sites)
    card, other = world.has_card(GOOD), world.has_card(OTHER)
    choose(world, other.card_id)
    opt(world, enabled=False)
    pay(world, StoredCard(card.card_id, None))
    assert len(world.wishes.stated) == 2
    assert world.violations() == []
    world.close()
