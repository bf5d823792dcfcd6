"""Where the embedded stack keeps things, and on which ports it listens."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from local.failure import StackError

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = "127.0.0.1"
PORTAL_PORT = 8080
AWS_PORT = 4566
STRIPE_PORT = 12111


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one embedded stack; tests have theirs elsewhere (``BILLFOLD_STATE``)."""

    state: Path

    @classmethod
    def from_environment(cls) -> "Layout":
        """Take ``.local`` in the repository unless told otherwise."""
        return cls(Path(os.environ.get("BILLFOLD_STATE", ROOT / ".local")).resolve())

    @property
    def stack_file(self) -> Path:
        """What tests and other programs read to find the stack; there only while it is up."""
        return self.state / "stack.json"

    @property
    def run(self) -> Path:
        """Logs, process ids and temporary files of the running stack."""
        return self.state / "run"

    @property
    def data(self) -> Path:
        """What survives a stop, and what ``reset`` forgets."""
        return self.state / "data"

    @property
    def build(self) -> Path:
        """The built layer; shared by all stacks of this repository."""
        return ROOT / ".local" / "build"

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.run / "tmp", self.data, self.build):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each listener, all on the loopback address."""

    portal: int
    aws: int
    stripe: int

    @classmethod
    def from_environment(cls) -> "Ports":
        """Use the documented ports, or those next to ``BILLFOLD_PORT``; 0 picks free ones.

        Raises
        ------
        StackError
            ``BILLFOLD_PORT`` is no port.
        """
        raw = os.environ.get("BILLFOLD_PORT", str(PORTAL_PORT))
        try:
            portal = int(raw)
        except ValueError:
            portal = -1
        if not 0 <= portal <= 65533:
            raise StackError(f"BILLFOLD_PORT must be a port number from 0 to 65533, not {raw!r}")
        if portal == 0:
            return cls(*_free_ports(3))
        if portal == PORTAL_PORT:
            return cls(portal, AWS_PORT, STRIPE_PORT)
        return cls(portal, portal + 1, portal + 2)

    def require_free(self) -> None:
        """Refuse a port that somebody listens on.

        Raises
        ------
        StackError
            Naming the port and the way out.
        """
        for port, name in (
            (self.portal, "the portal"),
            (self.aws, "the AWS emulator"),
            (self.stripe, "the Stripe emulator"),
        ):
            with socket.socket() as probe:
                # Connections of a stack that just stopped may linger; they are no listener.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((LOOPBACK, port))
                except OSError as error:
                    raise StackError(
                        f"port {port}, wanted for {name}, is taken: stop what uses it or set "
                        "BILLFOLD_PORT to another port"
                    ) from error


def _free_ports(count: int) -> list[int]:
    """Ask the system for free ports, all at once so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for probe in sockets:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in sockets]
    finally:
        for probe in sockets:
            probe.close()
