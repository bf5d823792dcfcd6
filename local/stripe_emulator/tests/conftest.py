"""One emulator for the session, emptied before each test."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from local.stripe_emulator.tests import specification
from local.stripe_emulator.tests.real import RealStripe
from local.stripe_emulator.tests.running import Emulator

HERE = Path(__file__).resolve().parent


REAL_KEY = os.environ.get("STRIPE_SECRET_KEY", "")


@pytest.fixture(scope="session")
def _emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    if REAL_KEY:
        real = RealStripe(REAL_KEY)
        yield cast("Emulator", real)
        real.clean_up()
        return
    running = Emulator(tmp_path_factory.mktemp("stripe") / "emulator.sqlite")
    yield running
    assert running.stop() == 0


@pytest.fixture
def emulator(_emulator: Emulator) -> Emulator:
    if not REAL_KEY:
        _emulator.control("reset")
    return _emulator


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a key of real Stripe only the behavioural tests run, and the report says so."""
    if not REAL_KEY:
        return
    left_out = pytest.mark.skip(reason="about the emulator itself; STRIPE_SECRET_KEY is set")
    for item in items:
        if HERE in item.path.parents and "behaviour" not in item.keywords:
            item.add_marker(left_out)


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    """Give an emulator that the test may kill."""
    running = Emulator(tmp_path / "own.sqlite")
    yield running
    if running.process.poll() is None:
        running.stop()


def pytest_report_header() -> str:
    if REAL_KEY:
        return "stripe emulator: the behavioural tests run against REAL Stripe in test mode"
    if specification.present():
        return "stripe emulator: every answer is checked against Stripe's OpenAPI description"
    return f"stripe emulator: answers are NOT checked: {specification.ABSENT}"
