"""One emulator for the session, emptied before each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stripe_emulator.tests import specification
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


def pytest_report_header() -> str:
    if specification.present():
        return "stripe emulator: every answer is checked against Stripe's OpenAPI description"
    return f"stripe emulator: answers are NOT checked: {specification.ABSENT}"
