"""A plugin of pytest that tells ``prove`` how a part goes: a line of JSON for each thing.

    {"tests": 53}                              so many will run
    {"began": "tests/proof/..."}               one has begun
    {"ended": "tests/proof/...", "outcome": "passed", "counted": {"points": 420}, "violations": []}

With BILLFOLD_SHARE_OF_TESTS only that share of the tests is run, the same ones each time.
"""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.proof.extent import COUNTED

TO: Final = "BILLFOLD_PROVE_TO"
"""Names the file."""
SHARE_OF_TESTS: Final = "BILLFOLD_SHARE_OF_TESTS"
_COUNTED: Final = "counted"
_TALLY: Final = "crash points"


def all_counted() -> Counter[str]:
    """Return what this process has run so far, also what the parts count for themselves."""
    found = Counter(COUNTED)
    casts = sys.modules.get("tests.proof.casts")
    if casts:
        found["worlds"] = sum(result.states for result in casts.SEARCHED.values())
    machine = sys.modules.get("tests.proof.machine.machine")
    if machine:
        found["histories"] = machine.Machine.seen["histories"]
    return found


def violations_in(report: pytest.TestReport) -> list[str]:
    """Return in words what a failed test found: each broken point, or what it says itself."""
    broken = [
        str(point)
        for name, value in report.user_properties
        if name == _TALLY and isinstance(value, dict)
        for point in value["broken"]
    ]
    if broken:
        return broken
    crash = getattr(report.longrepr, "reprcrash", None)
    return [f"{report.nodeid}: {crash.message if crash else str(report.longrepr)[-2000:]}"]


class Telling:
    """Writes the lines; only the process that gathers the reports does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tell(self, **line: Any) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.items:
            self.tell(tests=len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self.tell(tests=len(ids))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.tell(began=nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.tell(ended=report.nodeid, outcome="failed", violations=[str(report.longrepr)])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        properties: Iterable[tuple[str, Any]] = report.user_properties
        counted = [value for name, value in properties if name == _COUNTED]
        self.tell(
            ended=report.nodeid,
            outcome=report.outcome,
            counted=counted[0] if counted else {},
            violations=violations_in(report) if report.failed else [],
        )


class Counting:
    """Notes with each test's report what was run in it, in whichever process that was."""

    def __init__(self) -> None:
        self._before: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call":
            now = all_counted()
            # A count that has become less was begun anew in this test.
            new = {what: n - self._before[what] if n >= self._before[what] else n
                   for what, n in now.items()}  # fmt: skip
            self._before = now
            report.user_properties.append((_COUNTED, {what: n for what, n in new.items() if n}))
        return report


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Counting(), "proof-counting")
    if TO in os.environ and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Telling(Path(os.environ[TO])), "proof-telling")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in this run's share."""
    share = float(os.environ.get(SHARE_OF_TESTS) or 1)
    kept = [item for item in items if random.Random(item.nodeid).random() < share]
    kept = kept or items[:1]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
