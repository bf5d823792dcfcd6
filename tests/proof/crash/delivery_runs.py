"""One run of a delivery: one failing call, the deliveries that follow, and what has come of it."""

import zlib
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from tests.proof.crash.aws_side import AwsSide
from tests.proof.crash.delivery import Delivery
from tests.proof.crash.delivery_paths import Path
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import KILLS, LATE, Killed, Mode


class Then(Enum):
    """What comes after the failure, besides what was not taken."""

    ONCE = "nothing else"
    TWICE = "everything once more"


@dataclass(frozen=True, slots=True)
class Point:
    """Where a run fails, and what follows."""

    path: Path
    at: int
    mode: Mode
    then: Then

    def __str__(self) -> str:
        return f"{self.path.name}: call {self.at}, {self.mode.value}, then {self.then.value}"


@dataclass
class Place:
    """Where deliveries run."""

    sites: Sites
    aws: AwsSide
    patch: pytest.MonkeyPatch

    def world(self, path: Path) -> Delivery:
        world = Delivery(self.sites, self.aws, self.patch)
        path.before(world)
        world.stripe.forget_requests()
        return world


def unharmed(path: Path, place: Place) -> tuple[dict[str, Any], list[str], list[bool]]:
    """Deliver without a failure: give what came of it, and the calls of the first round."""
    world = place.world(path)
    world.wire.begin()
    world.round()
    world.wire.end()
    calls = world.wire.calls
    _rest(world)
    outcome = world.outcome()
    assert not world.violations(), (path.name, world.violations())
    world.close()
    return outcome, [call.name for call in calls], [call.reads for call in calls]


def points_of(path: Path, reads: list[bool], *, everything: bool) -> list[Point]:
    """Give all points of a path, or every fifth failure, with what follows by turns."""
    failures = [
        (at, mode)
        for at, only_reads in enumerate(reads, 1)
        for mode in Mode
        if not (only_reads and mode in LATE)
    ]
    if everything:
        return [Point(path, at, mode, then) for at, mode in failures for then in Then]
    # Five shares nothing with the six failures of a write and the four of a read.
    offset = zlib.crc32(path.name.encode())
    return [
        Point(path, at, mode, list(Then)[(turn + offset) % 2])
        for turn, (at, mode) in enumerate(failures[offset % 5 :: 5])
    ]


def run(point: Point, place: Place) -> Delivery:
    """Run one point until everything is taken and at rest, and give the world."""
    world = place.world(point.path)
    world.wire.meanwhile = lambda: _rest(world)
    world.wire.begin(point.at, point.mode)
    died = False
    try:
        world.round()
    except Killed:
        died = True
    world.wire.end()
    landed = world.wire.landed
    assert landed, f"{point}: there were only {len(world.wire.calls)} calls"
    assert landed.as_meant, f"{point}: {landed}"
    assert died == (point.mode in KILLS), f"{point}: died is {died}"
    if point.mode is Mode.LATE:
        _arrive(world)
    world.deliver()
    assert not world.unsettled(), f"{point}: what Stripe told was not settled by it"
    if point.mode is Mode.VERY_LATE:
        _rest(world)
        _arrive(world)
    if point.then is Then.TWICE:
        world.everything_again()
    _rest(world)
    return world


def _arrive(world: Delivery) -> None:
    landed = world.wire.landed
    assert landed
    assert landed.late
    assert landed.late() == 1, f"{landed.name} never arrived"


def _rest(world: Delivery) -> None:
    """Deliver, let the reconciler finish, and deliver what it has told."""
    world.deliver()
    world.come_to_rest()
    world.deliver()
    world.come_to_rest()


def wrong(world: Delivery, expected: dict[str, Any]) -> list[str]:
    """Give in words what is not as if nothing had failed."""
    now = world.outcome()
    found = [
        f"{name} is {now[name]}, and would be {should}"
        for name, should in expected.items()
        if now[name] != should
    ]
    most = 2 if world.may_be_written_to_twice() else 1
    found += [
        f"{count} mails: {subject}" for subject, count in world.mails().items() if count > most
    ]
    return found + world.violations()
