"""Child processes of the stack: started in groups of their own, never left behind.

Their ids are written down with the time each began, so that `make down` ends exactly these, even
after the supervisor was killed, and never a stranger that was given the same id.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from local.failure import StackError

TAIL_LINES = 3


@dataclass(frozen=True, slots=True)
class Record:
    """A process as it was started."""

    name: str
    pid: int
    began: str

    def alive(self) -> bool:
        """Tell whether this very process still runs."""
        return _began(self.pid) == self.began


class Child:
    """A child in its own process group, so that Ctrl-C reaches only the supervisor."""

    def __init__(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.record = Record(name, self._process.pid, _began(self._process.pid))

    def require_alive(self) -> None:
        """Raise when the child has ended.

        Raises
        ------
        StackError
            With the last lines of its log.
        """
        status = self._process.poll()
        if status is not None:
            lines = [line for line in _tail(self.log) if line.strip()]
            said = " | ".join(line.strip() for line in lines[-TAIL_LINES:])
            raise StackError(
                f"{self.name} ended with status {status}; {self.log} says: {said or 'nothing'}"
            )

    def stop(self, seconds: float = 15) -> bool:
        """Ask it to end, so that it saves its state, and insist when it takes too long.

        Returns
        -------
        Whether it ended when it was asked.
        """
        clean = self._process.poll() is None
        if clean:
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                clean = False
                self._process.kill()
                self._process.wait()
        # Its own children (Lambda workers) are in the same group.
        _kill_group(self.record.pid)
        return clean


class ProcessFile:
    """The list of what runs, on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, records: Sequence[Record]) -> None:
        """Replace the list."""
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps([asdict(record) for record in records]))
        temporary.replace(self._path)

    def read(self) -> list[Record]:
        """Read the list; empty when nothing was started."""
        try:
            return [Record(**entry) for entry in json.loads(self._path.read_text())]
        except (OSError, ValueError, TypeError):
            return []

    def forget(self) -> None:
        """Remove the list."""
        self._path.unlink(missing_ok=True)

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Name the file."""
        return cls(folder / "processes.json")


def sweep(records: Sequence[Record], seconds: float = 10) -> None:
    """End processes that were left behind, politely and then by force."""
    living = [record for record in records if record.alive()]
    for record in living:
        _signal(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while any(record.alive() for record in living) and time.monotonic() < deadline:
        time.sleep(0.1)
    for record in living:
        _kill_group(record.pid)


def run_to_end(
    command: Sequence[str | Path], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, and end it with all its children when we are interrupted."""
    with subprocess.Popen(
        [str(part) for part in command],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate()
        except BaseException:
            _kill_group(process.pid)
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def this_process(name: str) -> Record:
    """Describe the process that runs this code."""
    return Record(name, os.getpid(), _began(os.getpid()))


def memory(records: Sequence[Record]) -> dict[str, int]:
    """Give the memory in bytes of each process with its whole group.

    Pages that processes share are shared out among them where the system tells (Linux), and
    counted in each of them elsewhere.
    """
    table = subprocess.run(
        ["ps", "-axo", "pid=,pgid=,rss="], check=True, capture_output=True, text=True
    ).stdout
    rows = [[int(cell) for cell in line.split()] for line in table.splitlines()]
    return {
        record.name: sum(
            _proportional(pid) or rss * 1024
            for pid, group, rss in rows
            if record.pid in (pid, group)
        )
        for record in records
    }


def _proportional(pid: int) -> int:
    """Give a process's proportional set size in bytes; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _began(pid: int) -> str:
    """Give the time a process began, or nothing when there is no such process."""
    shown = subprocess.run(
        ["ps", "-o", "lstart=,stat=", "-p", str(pid)],
        check=False,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
    ).stdout.strip()
    began, _, state = shown.rpartition(" ")
    return "" if state.startswith("Z") else began.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _tail(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()[-50:]
    except OSError:
        return []
