"""Tells at the end of a run what was searched, and at which points it failed."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.emulator import running
from tests.proof.casts import SEARCHED
from tests.proof.crash import nearby
from tests.proof.crash.runs import TALLY, Tally
from tests.proof.crash.sites import Sites
from tests.proof.crash.stripe_side import StripeSide
from tests.proof.machine.machine import SEEN
from tests.proof.mutations.table import HEADER, ROW


# Of a module, since moto knows no worlds within worlds: what comes after it begins with none.
@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    database = tmp_path_factory.mktemp("stripe") / "stripe.db"
    with running(database) as emulator, pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        nearby.install(patch)
        yield Sites(StripeSide(emulator))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the search of each cast took, and what the crash points of each path came to."""
    if SEARCHED:
        _model(terminalreporter)
    tallies = [
        Tally(**value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, value in report.user_properties
        if name == TALLY and report.when == "call"
    ]
    if tallies:
        _crash_points(terminalreporter, tallies)
    for name in (SEEN, ROW):
        lines = _noted(terminalreporter, name)
        if lines:
            terminalreporter.section(name)
        if lines and name == ROW:
            lines = [HEADER, *lines, f"{len(lines)} guards taken away, one after the other"]
        for line in lines:
            terminalreporter.write_line(line)


def _noted(reporter: pytest.TerminalReporter, wanted: str) -> list[str]:
    """Give what tests have noted under a name, in whichever process they ran."""
    return [
        str(value)
        for outcome in ("passed", "failed")
        for report in reporter.getreports(outcome)
        for name, value in report.user_properties
        if name == wanted and report.when == "call"
    ]


def _crash_points(reporter: pytest.TerminalReporter, tallies: list[Tally]) -> None:
    reporter.section("crash points")
    reporter.write_line(" calls  points  landed  broken  path")
    for tally in tallies:
        numbers = (len(tally.calls), tally.points, tally.landed, len(tally.broken))
        reporter.write_line("".join(f"{number:6}  " for number in numbers) + tally.name)
    points = sum(tally.points for tally in tallies)
    landed = sum(tally.landed for tally in tallies)
    seconds = sum(tally.seconds for tally in tallies)
    reads = sum(tally.reads_not_late for tally in tallies)
    reporter.write_line(
        f"{seconds:6.1f} s  {points:,} points tried, {landed:,} failures landed as meant;"
        f" {reads} left out: a read cannot be delivered late"
    )


def _model(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("payment model")
    for name, result in sorted(SEARCHED.items(), key=lambda pair: pair[1].states):
        terminalreporter.write_line(f"{result.seconds:6.1f} s  {name}: {result}")
    total = sum(result.states for result in SEARCHED.values())
    seconds = sum(result.seconds for result in SEARCHED.values())
    terminalreporter.write_line(f"{seconds:6.1f} s  {total:,} states in all")
