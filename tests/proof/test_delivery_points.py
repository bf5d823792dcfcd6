"""Every I/O call on the ways into the functions fails in every way; all is as if none had failed.

Stripe posts to the webhook until it is answered with 202; SQS hands out what the webhook and
EventBridge have queued until a function has finished it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pytest

from tests.proof.crash import functions
from tests.proof.crash.aws_side import AwsSide
from tests.proof.crash.delivery_paths import PATHS, Path
from tests.proof.crash.delivery_runs import Place, Point, Then, points_of, run, unharmed, wrong
from tests.proof.crash.runs import TALLY, Tally
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import LATE, Mode
from tests.proof.extent import COUNTED, PROVE, sampled


@pytest.fixture(scope="module")
def place(sites: Sites) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        aws = AwsSide(sites.wire, patch)
        functions.set_up(patch, aws, sites.stripe.url)
        yield Place(sites, aws, patch)


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
        try:
            world = run(point, place)
        except Exception as error:  # noqa: BLE001 - an error that no function foresees is a finding
            tally.broken.append(f"{point}: {error!r}")
            continue
        tally.landed += 1
        tally.broken += [f"{point}: {one}" for one in wrong(world, expected)]
        world.close()
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
