"""A stack to work on: the one that is up, or a fresh one that is gone afterwards."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.failure import StackError
from local.layout import ROOT, Layout

PYTHON = ROOT / ".local" / "venv" / "bin" / "python"
SECONDS = 300


@contextmanager
def borrowed() -> Iterator[dict[str, Any]]:
    """Give the ``stack.json`` of the running stack, or of a fresh one."""
    running = Layout.from_environment().stack_file
    if running.exists():
        yield json.loads(running.read_text())
        return
    with tempfile.TemporaryDirectory() as state, fresh(Path(state)) as stack:
        yield stack


@contextmanager
def fresh(state: Path, **settings: str) -> Iterator[dict[str, Any]]:
    """Start a stack of its own on free ports, with its data in a folder, and stop it again.

    Raises
    ------
    StackError
        With all that the stack said, when it does not come up.
    """
    environment = {
        # It is the emulator that is wanted, whatever keys are set here.
        **{name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")},
        "BILLFOLD_STATE": str(state),
        "BILLFOLD_PORT": "0",
        # Tests run it when they want it, not when an hour is full.
        "BILLFOLD_AUTOPAY_SCHEDULE": "at(2199-01-01T00:00:00)",
        **settings,
    }
    started = _command("up", environment)
    if started.returncode:
        raise StackError(f"the stack did not come up:\n{started.stdout}")
    try:
        yield json.loads((state / "stack.json").read_text())
    finally:
        _command("down", environment)


def _command(name: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PYTHON), "-m", "local", name],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
