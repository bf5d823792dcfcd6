"""The embedded stack, for the tests that need all of it."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A stack of its own, on free ports, gone afterwards; its ``stack.json`` as a dict.

    With ``BILLFOLD_STACK`` naming the ``stack.json`` of a running one, that one is used.
    """
    running = os.environ.get("BILLFOLD_STACK")
    if running:
        yield json.loads(Path(running).read_text())
        return
    state = tmp_path_factory.mktemp("stack")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")},
        "BILLFOLD_STATE": str(state),
        "BILLFOLD_PORT": "0",
    }
    python = ROOT / ".local" / "venv" / "bin" / "python"
    started = local(python, "up", environment)
    assert started.returncode == 0, f"the stack did not come up:\n{started.stdout}"
    yield json.loads((state / "stack.json").read_text())
    local(python, "down", environment)


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
