"""The embedded stack, for the tests that need all of it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A stack of its own, on free ports, gone afterwards; its ``stack.json`` as a dict.

    With ``BILLFOLD_STACK`` naming the ``stack.json`` of a running one, that one is used.
    """
    with a_stack(tmp_path_factory.mktemp("stack")) as started:
        yield started


@contextmanager
def a_stack(state: Path, **settings: str) -> Iterator[dict[str, Any]]:
    """Start a stack with settings of its own, unless a running one is to be used."""
    running = os.environ.get("BILLFOLD_STACK")
    if running:
        yield json.loads(Path(running).read_text())
        return
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")},
        "BILLFOLD_STATE": str(state),
        "BILLFOLD_PORT": "0",
        **settings,
    }
    python = ROOT / ".local" / "venv" / "bin" / "python"
    started = local(python, "up", environment)
    assert started.returncode == 0, f"the stack did not come up:\n{started.stdout}"
    try:
        yield json.loads((state / "stack.json").read_text())
    finally:
        local(python, "down", environment)


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell whoever waits for a long test how far it is; only while proving."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def write(line: str) -> None:
        if reporter and capture and os.environ.get("BILLFOLD_PROVE"):
            with capture.global_and_fixture_disabled():
                reporter.write_line(line)
                reporter.flush()

    return write


def local(
    python: Path, command: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command of the embedded stack."""
    return subprocess.run(
        [str(python), "-m", "local", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
