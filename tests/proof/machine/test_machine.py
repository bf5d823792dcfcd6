"""Whoever does what in whatever order, and whatever goes wrong: charged at most once."""

from collections.abc import Callable
from typing import Final

import pytest
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.domain.payment import Answer, Canceled, Payment, Step
from billfold.services import settle
from billfold.services.ports import Ports
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.proof.crash.sites import Sites
from tests.proof.extent import PROVE, share_of
from tests.proof.machine.machine import SEEN, Machine

HISTORIES: Final = settings(
    max_examples=share_of(2000) if PROVE else 80,
    stateful_step_count=40 if PROVE else 30,
    deadline=None,
    derandomize=not PROVE,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
UNTIL_FOUND: Final = settings(HISTORIES, max_examples=1500, phases=[Phase.generate])
# In the checker's own words: the steps that follow them name the invariant, whatever was wrong.
WRONG: Final = r"^(charged twice|.*charged \d+ times|.*charged, and the invoice|.*is its own)"


pytestmark = pytest.mark.timeout(7200)
witness = pytest.mark.skipif(
    not PROVE, reason="found within minutes; mutations/ finds the same within seconds"
)


@pytest.fixture(autouse=True)
def emulator(sites: Sites) -> None:
    Machine.emulator = sites.stripe.emulator


def test_every_history_keeps_the_promise(record_property: Callable[[str, object], None]) -> None:
    Machine.seen.clear()
    run_state_machine_as_test(Machine, settings=HISTORIES)
    record_property(SEEN, ", ".join(f"{n:,} {what}" for what, n in sorted(Machine.seen.items())))
    # What never came about was not tried.
    must_have_come = {
        "payments succeeded",
        "payments declined",
        "arrived late",
        "reconcile",
        "void",
    }
    assert must_have_come <= set(Machine.seen)
    assert Machine.seen["histories"] >= HISTORIES.max_examples


@witness
def test_a_fence_without_its_cancel_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel(self: StripeGateway, about: object) -> Answer:
        del self, about
        return Canceled()

    monkeypatch.setattr(StripeGateway, "cancel", cancel)
    with pytest.raises(AssertionError, match=WRONG):
        run_state_machine_as_test(Machine, settings=UNTIL_FOUND)


@witness
def test_an_unknown_taken_for_a_failure_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubt(payment: Payment, ports: Ports) -> Payment:
        return settle.end(payment, Step.RELEASE, ports)

    monkeypatch.setattr(settle, "doubt", doubt)
    with pytest.raises(AssertionError, match=WRONG):
        run_state_machine_as_test(Machine, settings=UNTIL_FOUND)
