"""Every call of every path goes wrong in every way, and the history is right afterwards.

A path is walked once without trouble to count its calls. Then, for each call and each way to go
wrong, a new customer walks it; the call is struck; what was on its way arrives; the customer asks
again; the reconciler runs until nothing is left; and the history is checked.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.adapters.conftest import table_definition
from tests.proof.casts import PROVE
from tests.proof.crash.history import violations
from tests.proof.crash.scenarios import SCENARIOS, TRIED, Run, Scenario
from tests.proof.crash.wire import READS, Killed, Mode
from tests.proof.crash.world import World, start_emulator

DAYS = 12
"""More than the reconciler's patience, so that whatever can end has ended."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    process, url = start_emulator(Path(tmp_path_factory.mktemp("crash")) / "stripe.sqlite")
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "testing")
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patched.delenv("AWS_ENDPOINT_URL", raising=False)
        with mock_aws():
            boto3.setup_default_session()
            boto3.client("dynamodb").create_table(TableName="billfold", **table_definition())
            yield World(url)
    process.terminate()
    process.communicate(timeout=10)


def walk(world: World, scenario: Scenario, strike_at: int, mode: Mode) -> Run:
    """Walk a path, with one call going wrong; 0 strikes at none."""
    run = Run(world, world.newcomer())
    scenario.prepare(run)
    world.wire.begin(strike_at, mode)
    try:
        scenario.act(run)
    except Killed:
        world.die()
    return run


def finish(world: World, run: Run, scenario: Scenario, *, late_first: bool, again: bool) -> None:
    """Let everything come to rest."""
    if late_first:
        world.wire.deliver_late()
    if again:
        scenario.again(run)
    run.reconcile()
    world.wire.deliver_late()
    for _ in range(DAYS):
        world.time.forward(timedelta(days=1))
        run.reconcile()
        if not world.leases.expired(world.time.now() + timedelta(days=400)):
            return
    raise AssertionError("something was left behind for days")


def ways(call: str, position: int) -> list[tuple[Mode, bool]]:
    """Choose how a call goes wrong, and whether what is late arrives before the reconciler looks.

    In a proof all of them, otherwise two of Stripe's calls and one of the others. A read that
    arrives late changes nothing: it is the same as one whose reply was lost.
    """
    able: list[tuple[Mode, bool]] = [(mode, True) for mode in Mode if mode is not Mode.LATE]
    if call not in READS:
        able += [(Mode.LATE, False), (Mode.LATE, True)]
    if PROVE:
        return able
    chosen = [able[position % len(able)]]
    if call.startswith("stripe") and (Mode.LATE, False) not in chosen:
        chosen.append((Mode.LATE, False))
    return chosen


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_call_may_go_wrong(world: World, scenario: Scenario) -> None:
    counted = TRIED[scenario.name] = Counter()
    sound = walk(world, scenario, 0, Mode.CRASH_BEFORE)
    calls = list(world.wire.names)
    finish(world, sound, scenario, late_first=True, again=False)
    assert violations(world, sound.invoice, world.charges(sound.invoice), sound.told) == []
    counted["calls"] = len(calls)
    assert calls
    for position, call in enumerate(calls, 1):
        for mode, late_first in ways(call, position):
            run = walk(world, scenario, position, mode)
            assert world.wire.landed, f"{call}: the strike did not land"
            counted["tried"] += 1
            counted["killed"] += mode in {Mode.CRASH_BEFORE, Mode.CRASH_AFTER}
            counted["took effect"] += world.wire.executed
            world.wire.begin(0, mode)
            again = bool((position // 3 + counted["tried"]) % 2)
            finish(world, run, scenario, late_first=late_first, again=again)
            charges = world.charges(run.invoice)
            wrong = violations(world, run.invoice, charges, run.told)
            assert not wrong, f"call {position}, {call}, {mode.value}: {wrong}; told {run.told}"
            heard = world.heard(run.customer_id)
            assert ("InvoicePaid" in heard) == any(c.status == "succeeded" for c in charges)
    assert counted["tried"] >= counted["calls"]
