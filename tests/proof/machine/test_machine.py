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
from tests.proof.extent import PROVE, SHARE, share_of
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
CHARGED: Final = r"charged twice|.*charged \d+ times|.*charged, and the invoice|.*is its own"
CAN_BE_CHARGED: Final = r".*is still requires_\w+ at Stripe|.*is void, and \w+ is \w+ at Stripe"
"""An intent that was left alive may not have charged yet, when the first history finds it."""
WRONG: Final = rf"^({CHARGED}|{CAN_BE_CHARGED})"
OFTEN: Final = {
    "payments succeeded": 0.1,
    "payments declined": 0.02,
    "arrived late": 0.05,
    "reconcile": 0.3,
    "void": 0.1,
    "refunds, in part": 0.1,
    "refunds, whole": 0.05,
    "disputes opened": 0.05,
    "disputes won": 0.005,
    "disputes lost": 0.005,
    "event payment_intent.succeeded": 0.05,
    "event charge.refunded": 0.02,
    "event charge.dispute.closed": 0.003,
    "opt-outs answered": 0.1,
    "primary cards answered": 0.3,
    "restores": 0.03,
    "cards detached": 0.03,
    "customers deleted": 0.05,
}
"""How often each must come about, in the mean of all histories of the full run."""
EVER: Final = {
    "payments succeeded",
    "payments declined",
    "arrived late",
    "reconcile",
    "void",
    "refunds",
    "disputes opened",
    "event payment_intent.succeeded",
    "opt-outs answered",
    "primary cards answered",
    "restores",
}
"""What must come about at all in the few histories of ``make test``."""

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
    record_property(SEEN, "\n".join(f"{n:8,}  {what}" for what, n in sorted(Machine.seen.items())))
    assert Machine.seen["histories"] >= HISTORIES.max_examples
    if SHARE < 0.1:
        # Too few to say how often something comes about.
        return
    # What hardly ever came about was hardly tried.
    wanted = {what: often * HISTORIES.max_examples for what, often in OFTEN.items()}
    floors = wanted if PROVE else dict.fromkeys(EVER, 1.0)
    rare = {what: n for what, n in floors.items() if Machine.seen[what] < n}
    assert not rare, f"fewer than these: {rare}"


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
