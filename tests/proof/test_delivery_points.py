"""Every I/O call on the ways into the functions fails in every way; all is as if none had failed.

Stripe posts to the webhook until it is answered with 202; SQS hands out what the webhook and
EventBridge have queued until a function has finished it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from tests.proof.crash import functions
from tests.proof.crash.aws_side import AwsSide
from tests.proof.crash.delivery_paths import PATHS, Path
from tests.proof.crash.delivery_runs import Place, Point, Then, points_of, run, unharmed, wrong
from tests.proof.crash.runs import TALLY, Tally
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import LATE, Mode
from tests.proof.extent import COUNTED, PROVE, sampled
from tests.proof.mutations.surgery import Cut, removed


@pytest.fixture(scope="module")
def place(sites: Sites) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        aws = AwsSide(sites.wire, patch)
        functions.set_up(patch, aws, sites.stripe.url)
        yield Place(sites, aws, patch)


def found_at(point: Point, place: Place, expected: dict[str, Any]) -> tuple[bool, list[str]]:
    """Run a point: tell whether its failure landed, and in words what is wrong."""
    try:
        world = run(point, place)
    except Exception as error:  # noqa: BLE001 - an error that no function foresees is a finding
        return False, [f"{point}: {error!r}"]
    finally:
        place.sites.wire.end()
    found = [f"{point}: {one}" for one in wrong(world, expected)]
    world.close()
    return True, found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_call_may_fail(
    path: Path, place: Place, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    tally = Tally(path.name)
    expected, tally.calls, reads = unharmed(path, place)
    assert {name: expected[name] for name in path.expected} == path.expected
    assert len(tally.calls) >= path.least, tally.calls
    tally.reads_not_late = sum(reads) * len(LATE)
    for point in sampled(points_of(path, reads, everything=PROVE), path.name):
        tally.points += 1
        COUNTED["points"] += 1
        landed, found = found_at(point, place, expected)
        tally.landed += landed
        tally.broken += found
    tally.seconds = time.monotonic() - began
    record_property(TALLY, asdict(tally))
    assert not tally.broken, "\n".join(tally.broken)


@pytest.mark.parametrize(
    ("mode", "times"), [(Mode.CRASH_BEFORE, 1), (Mode.CRASH_AFTER, 2), (Mode.REPLY_LOST, 2)]
)
def test_a_mail_whose_reply_is_lost_comes_twice(place: Place, mode: Mode, times: int) -> None:
    """The price of losing none: SES takes no key by which it would know a mail again."""
    receipt = next(path for path in PATHS if path.name == "receipt")
    _, calls, _ = unharmed(receipt, place)
    world = run(Point(receipt, 1 + calls.index("aws send_email"), mode, Then.ONCE), place)
    assert list(world.mails().values()) == [times]


@dataclass(frozen=True)
class Tooth:
    """A guard that is cut out of the product, where it then hurts, and in which words."""

    cut: Cut
    path: str
    call: str
    mode: Mode
    then: Then
    words: str


TEETH = [
    Tooth(
        Cut("services.notify:notify", "if ports.mailed.has(told.event_id):", "if False:"),
        "receipt",
        "get_item",
        Mode.CRASH_BEFORE,
        Then.TWICE,
        "2 mails: Receipt",
    ),
    Tooth(
        Cut("adapters.sqs:SqsEventQueue.send", "raise UnavailableError from error", "return"),
        "charged, and told by Stripe",
        "send_message",
        Mode.VERY_LATE,
        Then.ONCE,
        "what Stripe told was not settled by it",
    ),
    Tooth(
        Cut(
            "adapters.cognito:CognitoIdentity.create_login",
            "if owner == customer.customer_id:",
            "if False:",
        ),
        "customer registered",
        "admin_create_user",
        Mode.CRASH_AFTER,
        Then.ONCE,
        "dead letters is",
    ),
]


@pytest.mark.parametrize("tooth", TEETH, ids=lambda tooth: tooth.cut.where)
def test_a_guard_that_is_missing_is_noticed(tooth: Tooth, place: Place) -> None:
    path = next(path for path in PATHS if path.name == tooth.path)
    expected, calls, _ = unharmed(path, place)
    at = 1 + next(place for place, name in enumerate(calls) if name.endswith(tooth.call))
    point = Point(path, at, tooth.mode, tooth.then)
    with removed((tooth.cut,)):
        _, found = found_at(point, place, expected)
    assert any(tooth.words in words for words in found), found
    assert found_at(point, place, expected) == (True, [])
