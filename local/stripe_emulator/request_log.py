"""The log of received requests, for tests that count calls. It has no bodies and no queries."""

from dataclasses import dataclass, fields
from typing import Any

from local.stripe_emulator.store import Transaction


@dataclass(frozen=True)
class Entry:
    """One request; a status of None was never answered."""

    id: str
    at: float
    method: str
    path: str
    key_kind: str | None
    idempotency_key: str | None
    status: int | None
    replayed: bool
    fault: str | None


def write(tx: Transaction, entry: Entry) -> None:
    """Add a request."""
    tx.sql.execute(
        "INSERT INTO requests (id, at, method, path, key_kind, idempotency_key, status, replayed,"
        " fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            entry.at,
            entry.method,
            entry.path,
            entry.key_kind,
            entry.idempotency_key,
            entry.status,
            int(entry.replayed),
            entry.fault,
        ),
    )


def read(tx: Transaction, filters: dict[str, str]) -> list[dict[str, Any]]:
    """Give the requests, the oldest first."""
    names = ("method", "path", "idempotency_key")
    chosen = [(name, filters[name]) for name in names if name in filters]
    where = " AND ".join(f"{name} = ?" for name, _ in chosen) or "1"
    return _select(tx, f"WHERE {where} ORDER BY seq", tuple(value for _, value in chosen))


def newest(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Give the last requests, the newest first."""
    return _select(tx, "ORDER BY seq DESC LIMIT ?", (limit,))


def count(tx: Transaction) -> int:
    """Tell how many requests there are."""
    return int(tx.sql.execute("SELECT count(*) FROM requests").fetchone()[0])


def _select(tx: Transaction, tail: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
    names = [field.name for field in fields(Entry)]
    rows = tx.sql.execute(f"SELECT {', '.join(names)} FROM requests {tail}", values)
    entries = [dict(zip(names, row, strict=True)) for row in rows]
    return [entry | {"replayed": bool(entry["replayed"])} for entry in entries]


def clear(tx: Transaction) -> None:
    """Forget all requests."""
    tx.sql.execute("DELETE FROM requests")
