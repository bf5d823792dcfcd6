"""Tells at the end of a run how many worlds were searched, and how many crashes were tried."""

import pytest

from tests.proof.casts import SEARCHED
from tests.proof.crash.scenarios import TRIED
from tests.proof.machine.machine import Machine


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the search of each cast took."""
    if TRIED:
        terminalreporter.section("crash points")
        for name, counted in TRIED.items():
            told = ", ".join(f"{number} {what}" for what, number in counted.items())
            terminalreporter.write_line(f"{name}: {told}")
        terminalreporter.write_line(f"{sum(c['tried'] for c in TRIED.values())} tried in all")
    if Machine.seen:
        terminalreporter.section("state machine")
        seen = sorted(Machine.seen.items())
        terminalreporter.write_line(", ".join(f"{number:,} {what}" for what, number in seen))
    if not SEARCHED:
        return
    terminalreporter.section("payment model")
    for name, result in sorted(SEARCHED.items(), key=lambda pair: pair[1].states):
        terminalreporter.write_line(f"{result.seconds:6.1f} s  {name}: {result}")
    total = sum(result.states for result in SEARCHED.values())
    seconds = sum(result.seconds for result in SEARCHED.values())
    terminalreporter.write_line(f"{seconds:6.1f} s  {total:,} states in all")
