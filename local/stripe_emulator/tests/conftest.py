"""One emulator for the session, emptied before each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stripe_emulator.tests import specification
from local.stripe_emulator.tests.behaviour.account import NoTestKeyError, key_of_real_stripe
from local.stripe_emulator.tests.running import Emulator


@pytest.fixture(scope="session")
def _emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(tmp_path_factory.mktemp("stripe") / "emulator.sqlite")
    yield running
    assert running.stop() == 0


@pytest.fixture
def emulator(_emulator: Emulator) -> Emulator:
    _emulator.control("reset")
    return _emulator


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    """Give an emulator that the test may kill."""
    running = Emulator(tmp_path / "own.sqlite")
    yield running
    if running.process.poll() is None:
        running.stop()


def pytest_report_header() -> list[str]:
    checked = "every answer is checked against Stripe's OpenAPI description"
    if not specification.present():
        checked = f"answers are NOT checked: {specification.ABSENT}"
    try:
        real = key_of_real_stripe(os.environ) is not None
    except NoTestKeyError as error:
        return [f"stripe emulator: {checked}", f"stripe behaviour: {error}"]
    of = "REAL STRIPE, test mode; control calls are left out" if real else "the emulator"
    return [f"stripe emulator: {checked}", f"stripe behaviour: of {of}"]
