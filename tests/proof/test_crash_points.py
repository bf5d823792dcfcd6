"""Every I/O call of every money path fails in every way; afterwards the history must be right."""

import time
from collections.abc import Callable
from dataclasses import asdict

import pytest
from billfold.domain.payment import State

from tests.proof.crash.runs import TALLY, Tally, calls_of, points_of, run
from tests.proof.crash.scenarios import SCENARIOS, Scenario
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import LATE
from tests.proof.extent import COUNTED, PROVE, sampled


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_call_may_fail(
    scenario: Scenario, sites: Sites, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    tally = Tally(scenario.name)
    tally.calls, reads = calls_of(scenario, sites)
    assert len(tally.calls) >= scenario.least, tally.calls
    tally.reads_not_late = sum(reads) * len(LATE)
    for point in sampled(points_of(scenario, reads, everything=PROVE), scenario.name):
        tally.points += 1
        COUNTED["points"] += 1
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
    record_property(TALLY, asdict(tally))
    assert not tally.broken, "\n".join(tally.broken)
    assert not tally.reviews
