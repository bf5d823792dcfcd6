"""One run: an act with one failing call, what follows, the reconciler, and the check."""

import random
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Final

from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import State, StoredCard
from billfold.domain.wallet import Card

from tests.proof.crash.acts import change, choose, opt, pay
from tests.proof.crash.pay_paths import OTHER
from tests.proof.crash.scenarios import Scenario
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import KILLS, LATE, Killed, Landed, Mode
from tests.proof.crash.world import World


class Then(Enum):
    """What happens between the failure and the reconciler."""

    ALONE = "nothing"
    AGAIN = "the same requests again"
    ANOTHER = "an order with another key and card, before and after"
    EVENTS = "every event of Stripe, twice, in any order"
    VOID = "the business voids the invoice"
    TROUBLE = "a reconciler that fails at some call as well"
    OPTS_OUT = "the customer opts out"
    CHOOSES = "the customer chooses another primary card"


OF_AUTOPAY: Final = frozenset({Then.OPTS_OUT, Then.CHOOSES})
"""What follows only where automatic payment is at work."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a run fails, and what follows."""

    scenario: Scenario
    at: int
    mode: Mode
    then: Then

    def __str__(self) -> str:
        return f"{self.scenario.name}: call {self.at}, {self.mode.value}, then {self.then.value}"


@dataclass
class Tally:
    """What a scenario took."""

    name: str
    calls: list[str] = field(default_factory=list)
    points: int = 0
    landed: int = 0
    reads_not_late: int = 0
    reviews: int = 0
    seconds: float = 0
    broken: list[str] = field(default_factory=list)


SEED: Final = 20261020
TALLY: Final = "crash points"
"""A tally goes with its test's report, so that it also comes from another process."""


def calls_of(scenario: Scenario, sites: Sites) -> tuple[list[str], list[bool]]:
    """Run an act unharmed: give the names of its calls, and which of them only read."""
    world = World(sites, scenario.currency)
    act = scenario.before(world)
    world.wire.begin()
    act(world)
    world.wire.end()
    calls = world.wire.calls
    world.come_to_rest()
    assert not world.violations(), (scenario.name, world.violations())
    world.close()
    return [call.name for call in calls], [call.reads for call in calls]


def points_of(scenario: Scenario, reads: list[bool], *, everything: bool) -> list[Point]:
    """Give all points of a scenario, or every seventh failure, with what follows by turns."""
    failures = [
        (at, mode)
        for at, only_reads in enumerate(reads, 1)
        for mode in Mode
        if not (only_reads and mode in LATE)
    ]
    follows = [then for then in Then if scenario.automatic or then not in OF_AUTOPAY]
    if everything:
        return [Point(scenario, at, mode, then) for at, mode in failures for then in follows]
    # Seven shares nothing with the six failures of a write and the four of a read, so that each
    # comes up at every kind of call; scenarios begin elsewhere, as they have calls in common.
    offset = zlib.crc32(scenario.name.encode())
    return [
        Point(scenario, at, mode, follows[(turn + offset) % len(follows)])
        for turn, (at, mode) in enumerate(failures[offset % 7 :: 7])
    ]


def run(point: Point, sites: Sites) -> World:
    """Run one point to its rest and give the world, unchecked."""
    world = World(sites, point.scenario.currency)
    act = point.scenario.before(world)
    world.stripe.forget_requests()
    world.wire.meanwhile = lambda: _meanwhile(point, act, world)
    world.wire.begin(point.at, point.mode)
    died = _dies(act, world)
    landed = world.wire.landed
    assert landed, f"{point}: the act made only {len(world.wire.calls)} calls"
    assert landed.as_meant, f"{point}: {landed}"
    assert died == (point.mode in KILLS), f"{point}: died is {died}"
    if point.mode is not Mode.PAUSED:
        _follow(point, act, world)
    if point.mode is Mode.LATE:
        _deliver_late(landed)
    world.come_to_rest()
    if point.mode is Mode.VERY_LATE:
        _deliver_late(landed)
        world.look()
        world.come_to_rest()
    if point.then is Then.ANOTHER:
        _require_payable(point, world)
    point.scenario.after(world)
    if point.then is Then.EVENTS:
        # Stripe delivers until it is heard, so that cards are in the end on both sides alike.
        _hear_all(point, world)
        world.history.every_event_came = True
        world.come_to_rest()
        at_stripe = world.stripe.cards(world.wallet.stripe_customer)
        ours = {card.payment_method for card in world.wallet.cards}
        assert at_stripe == ours, f"{point}: cards at Stripe {at_stripe}, in the wallet {ours}"
    return world


def _require_payable(point: Point, world: World) -> None:
    """Require that an order pays; the first one may be told to try again, and the next may not.

    Stripe repeats a server error for a day to whoever comes with its key, which the order that
    meets it gives up. Nothing was begun by it, and that is what its customer is told.
    """
    for key in ("key-after", "key-once-more"):
        _pay_another(world, key)
        world.come_to_rest()
        if world.invoice.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}:
            return
        if [p.state for p in world.payments if p.idempotency_key == key] != [State.RELEASED]:
            break
    raise AssertionError(f"{point}: the invoice cannot be paid: {world.invoice}")


def _deliver_late(landed: Landed) -> None:
    assert landed.late
    assert landed.late() == 1, f"{landed.name} never arrived"


def _dies(act: Callable[[World], None], world: World) -> bool:
    try:
        act(world)
    except Killed:
        return True
    finally:
        world.wire.end()
        world.stripe.no_trouble()
    return False


def _meanwhile(point: Point, act: Callable[[World], None], world: World) -> None:
    if point.then is not Then.TROUBLE:
        # Only one wire is there to fail.
        _follow(point, act, world)
    if point.then not in OF_AUTOPAY:
        # A wish is held against a charger that is still at work: its lease must not run out.
        world.come_to_rest()


def _follow(point: Point, act: Callable[[World], None], world: World) -> None:
    world.pass_time()
    match point.then:
        case Then.AGAIN:
            act(world)
        case Then.ANOTHER:
            _pay_another(world, "key-another")
        case Then.VOID:
            change(world, None)
        case Then.EVENTS:
            _hear_all(point, world)
        case Then.TROUBLE:
            _reconcile_in_trouble(point, world)
        case Then.OPTS_OUT:
            opt(world, enabled=False)
        case Then.CHOOSES:
            choose(world, _mastercard(world).card_id)
        case Then.ALONE:
            pass


def _hear_all(point: Point, world: World) -> None:
    events = 2 * world.stripe.events()
    random.Random(f"{SEED} {point}").shuffle(events)
    for event in events:
        world.hear(event)


def _reconcile_in_trouble(point: Point, world: World) -> None:
    """Run the reconciler a few times; each comes to harm at a call by chance."""
    chance = random.Random(f"{SEED} {point}")
    late: list[Landed] = []
    for _ in range(3):
        world.pass_time(timedelta(minutes=6))
        world.wire.begin(chance.randint(4, 12), chance.choice(list(Mode)))
        with suppress(Killed):
            world.reconcile()
        world.wire.end()
        if world.wire.landed and world.wire.landed.late:
            late.append(world.wire.landed)
    for landed in late:
        _deliver_late(landed)
    world.look()


def _pay_another(world: World, key: str) -> None:
    pay(world, StoredCard(_mastercard(world).card_id, None), key)


def _mastercard(world: World) -> Card:
    known = [card for card in world.wallet.cards if card.brand == "mastercard"]
    return known[0] if known else world.has_card(OTHER)
