"""Faults that tests arm: the ways in which Stripe and networks fail."""

from dataclasses import asdict, dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from local.stripe_emulator.store import Transaction

LONGEST_HANG = 120.0


class Kind(Enum):
    """What goes wrong."""

    RATE_LIMITED = "429"
    # Another request has the object in use; nothing was executed, nothing is kept for the key.
    LOCK_TIMEOUT = "lock_timeout"
    # Nothing was executed, nothing is kept for the key.
    SERVER_ERROR = "500"
    # Executed; the 500 is also what the key is answered from then on.
    SERVER_ERROR_AFTER_COMMIT = "500_after_commit"
    # Hangs with the key in use, then closes the connection; not executed.
    TIMEOUT = "timeout"
    # Executed, the answer is kept for the key, the connection is closed without it.
    DROP_AFTER_COMMIT = "drop_after_commit"
    # Closed at once, executed later: after `seconds`, or when released.
    LATE = "late"


@dataclass(frozen=True)
class Fault:
    """An armed fault."""

    id: int
    method: str
    path: str
    kind: str
    remaining: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Give it for the control answers."""
        return asdict(self)


def arm(tx: Transaction, method: str, path: str, kind: Kind, count: int, seconds: float) -> Fault:
    """Arm a fault for the next `count` requests that match.

    Parameters
    ----------
    method, path
        What it matches: `*` for every method; `*` in a path stands for anything.
    seconds
        How long a timeout hangs and a late request waits.
    """
    seconds = min(seconds, LONGEST_HANG)
    cursor = tx.sql.execute(
        "INSERT INTO faults (method, path, kind, remaining, seconds) VALUES (?, ?, ?, ?, ?)",
        (method.upper(), path, kind.value, count, seconds),
    )
    return Fault(cursor.lastrowid or 0, method.upper(), path, kind.value, count, seconds)


def armed(tx: Transaction) -> list[Fault]:
    """Give all armed faults, the oldest first."""
    rows = tx.sql.execute(
        "SELECT id, method, path, kind, remaining, seconds FROM faults ORDER BY id"
    )
    return [Fault(*row) for row in rows]


def disarm(tx: Transaction) -> None:
    """Take all faults away."""
    tx.sql.execute("DELETE FROM faults")


def strike(tx: Transaction, method: str, path: str) -> Fault | None:
    """Give the first fault that matches a request, and count it."""
    for fault in armed(tx):
        if fault.method not in ("*", method) or not fnmatchcase(path, fault.path):
            continue
        if fault.remaining > 1:
            tx.sql.execute("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (fault.id,))
        else:
            tx.sql.execute("DELETE FROM faults WHERE id = ?", (fault.id,))
        return fault
    return None
