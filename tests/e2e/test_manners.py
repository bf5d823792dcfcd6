"""How the commands begin, fail and end: one clear line, exit status 1, nothing left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.client import until

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".local" / "venv" / "bin" / "python"


def environment(state: Path, port: int = 0) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
    return {**kept, "BILLFOLD_STATE": str(state), "BILLFOLD_PORT": str(port)}


def left_behind(state: Path) -> list[str]:
    """Processes that were started for this stack: they all have its folder in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = process.environ()
            if str(state) in (
                told.get("BILLFOLD_STATE"),
                told.get("TMPDIR", "")[: len(str(state))],
            ):
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@contextmanager
def running(state: Path, says: str = "Ctrl-C stops it") -> Iterator[subprocess.Popen[str]]:
    """A stack in the foreground, handed over when it says something; else when it is up."""
    process = subprocess.Popen(
        [PYTHON, "-m", "local", "run"],
        cwd=ROOT,
        env=environment(state),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    seen = []
    for line in process.stdout:
        seen.append(line)
        if says in line:
            break
    else:
        pytest.fail("".join(seen))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()


def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        assert left_behind(tmp_path)
        # Written right after the last line that is shown.
        until((tmp_path / "stack.json").exists, "the stack file", 5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        # Python's own resource tracker ends a moment after the process that it watched.
        until(lambda: not left_behind(tmp_path), "the end of all processes", 5)
        assert not (tmp_path / "stack.json").exists()


@pytest.mark.parametrize("step", ["Installing the layer", "Starting the emul", "Deploying"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_no_process(
    tmp_path: Path, step: str, number: signal.Signals
) -> None:
    with running(tmp_path, step) as process:
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stdout
        assert "Traceback" not in process.stdout.read()
        until(lambda: not left_behind(tmp_path), "the end of all processes", 5)


def test_down_ends_what_a_killed_supervisor_left(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        process.kill()
        process.wait()
        assert left_behind(tmp_path)
        done = subprocess.run(
            [PYTHON, "-m", "local", "down"],
            cwd=ROOT,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        until(lambda: not left_behind(tmp_path), "the end of all processes", 5)


def test_a_dead_part_ends_the_whole(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        [stripe] = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if "local.stripe_emulator" in child.cmdline()
        ]
        stripe.kill()
        assert process.wait(30) == 1
        assert process.stdout
        last = process.stdout.read().strip().splitlines()[-1]
        assert last.startswith("billfold: ")
        assert "Stripe emulator" in last
        until(lambda: not left_behind(tmp_path), "the end of all processes", 5)


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [PYTHON, "-m", "local", "up"],
            cwd=ROOT,
            env=environment(tmp_path, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    [line] = [line for line in done.stdout.splitlines() if line.startswith("billfold: ")]
    assert f"port {port}" in line
    assert "BILLFOLD_PORT" in line
    assert left_behind(tmp_path) == []


def test_a_live_stripe_key_is_refused(tmp_path: Path) -> None:
    keys = {"STRIPE_SECRET_KEY": "sk_live_123", "STRIPE_PUBLISHABLE_KEY": "pk_live_123"}
    done = subprocess.run(
        [PYTHON, "-m", "local", "run"],
        cwd=ROOT,
        env={**environment(tmp_path), **keys},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "live keys are refused" in done.stderr
    assert "sk_live" not in done.stderr


# The Makefile, in a folder of its own, as on a fresh machine


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def make(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        # Not as a part of the make that runs these tests.
        env={n: v for n, v in os.environ.items() if not n.startswith("MAKE")} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_old_python_is_one_line(fresh: Path) -> None:
    old = fresh / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(fresh, "setup", f"PYTHON={old}")
    assert done.returncode != 0
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert "Python 3.11 or newer" in line


def test_no_network_is_one_line(fresh: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    done = make(fresh, "setup", f"PYTHON={sys.executable}", **nowhere)
    assert done.returncode != 0
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert "package registry cannot be reached" in line
