"""Whoever does what in whatever order, and whatever goes wrong: charged at most once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import boto3
import pytest
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.domain.payment import Answer, Canceled, Payment, Step
from billfold.services import settle
from billfold.services.ports import Ports
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from moto import mock_aws

from tests.proof.casts import PROVE
from tests.proof.crash.world import start_emulator
from tests.proof.machine.machine import Machine

HISTORIES: Final = settings(
    max_examples=2000 if PROVE else 50,
    stateful_step_count=40 if PROVE else 30,
    deadline=None,
    derandomize=not PROVE,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
UNTIL_FOUND: Final = settings(HISTORIES, max_examples=1500, phases=[Phase.generate])


@pytest.fixture(scope="module")
def stripe_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process, url = start_emulator(Path(tmp_path_factory.mktemp("machine")) / "stripe.sqlite")
    yield url
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture(autouse=True)
def machine(stripe_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    Machine.url = stripe_url
    with mock_aws():
        boto3.setup_default_session()
        yield


@pytest.mark.timeout(7200)
def test_every_history_keeps_the_promise() -> None:
    Machine.seen.clear()
    run_state_machine_as_test(Machine, settings=HISTORIES)
    # What never came about was not tried.
    must_have_come = {"payments succeeded", "payments declined", "arrived late", "card in use"}
    assert must_have_come <= set(Machine.seen)
    assert Machine.seen["histories"] >= HISTORIES.max_examples


@pytest.mark.skipif(not PROVE, reason="takes minutes to be found; the crash points find it always")
@pytest.mark.timeout(1800)
def test_a_fence_without_its_cancel_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel(self: StripeGateway, about: object) -> Answer:
        del self, about
        return Canceled()

    monkeypatch.setattr(StripeGateway, "cancel", cancel)
    with pytest.raises(AssertionError, match="charge"):
        run_state_machine_as_test(Machine, settings=UNTIL_FOUND)


@pytest.mark.timeout(600)
def test_an_unknown_taken_for_a_failure_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubt(payment: Payment, ports: Ports) -> Payment:
        return settle.end(payment, Step.RELEASE, ports)

    monkeypatch.setattr(settle, "doubt", doubt)
    with pytest.raises(AssertionError, match="charge"):
        run_state_machine_as_test(Machine, settings=UNTIL_FOUND)
