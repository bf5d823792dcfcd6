"""Every I/O call of every money path fails in every way; afterwards the history must be right."""

import os
import time
from collections.abc import Callable

import pytest
from billfold.domain.payment import State

from tests.proof.crash.runs import Tally, calls_of, points_of, run
from tests.proof.crash.scenarios import SCENARIOS, Scenario
from tests.proof.crash.sites import Sites
from tests.proof.crash.tallies import TALLIES
from tests.proof.crash.wire import LATE

EVERYTHING = bool(os.environ.get("BILLFOLD_PROVE"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_call_may_fail(scenario: Scenario, sites: Sites, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    tally = TALLIES[scenario.name] = Tally()
    tally.calls, reads = calls_of(scenario, sites)
    assert len(tally.calls) >= scenario.least, tally.calls
    tally.reads_not_late = sum(reads) * len(LATE)
    for point in points_of(scenario, reads, everything=EVERYTHING):
        tally.points += 1
        try:
            world = run(point, sites)
        except Exception as error:  # noqa: BLE001 - an error that no service foresees is a finding
            tally.broken.append(f"{point}: {error!r}")
            continue
        tally.landed += 1
        tally.broken += [f"{point}: {violation}" for violation in world.violations()]
        tally.reviews += any(payment.state is State.REVIEW for payment in world.payments)
        world.close()
    tally.seconds = time.monotonic() - began
    say(f"{scenario.name}: {tally.points} points, {tally.seconds:.0f} s")
    assert not tally.broken, "\n".join(tally.broken)
    assert not tally.reviews
