"""The one SQLite file: objects, idempotency keys, faults, the log and the deliveries.

A transaction is one request. Write-ahead logging keeps what was committed when the process is
killed.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    customer TEXT, payment_intent TEXT, charge TEXT, payment_method TEXT, type TEXT, email TEXT,
    body TEXT NOT NULL,
    private TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (kind, customer, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (kind, payment_intent, seq);
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects (kind, charge, seq);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, created INTEGER NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, request_id TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (created);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL,
    kind TEXT NOT NULL, remaining INTEGER NOT NULL, seconds REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at REAL NOT NULL,
    method TEXT NOT NULL, path TEXT NOT NULL, key_kind TEXT, idempotency_key TEXT,
    status INTEGER, replayed INTEGER NOT NULL, fault TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL, state TEXT NOT NULL, last_status INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
_TABLES_OF_DATA = ("objects", "idempotency", "faults", "requests", "deliveries")
# Columns that lists filter by, copied from the body on every write.
FILTERS = ("customer", "payment_intent", "charge", "payment_method", "type", "email")


@dataclass
class Record:
    """An object: what the API shows, and what only the emulator knows about it."""

    body: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)
    seq: int = 0

    @property
    def id(self) -> str:
        """Its identifier."""
        return str(self.body["id"])

    @property
    def kind(self) -> str:
        """Its `object`."""
        return str(self.body["object"])


class Transaction:
    """Reads and writes of one request; all of them stay or none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.sql = connection

    def get(self, kind: str, identifier: str) -> Record | None:
        """Find an object."""
        row = self.sql.execute(
            "SELECT seq, body, private FROM objects WHERE id = ? AND kind = ?", (identifier, kind)
        ).fetchone()
        return _record(row) if row else None

    def find(self, identifier: str) -> Record | None:
        """Find an object of whatever kind."""
        row = self.sql.execute(
            "SELECT seq, body, private FROM objects WHERE id = ?", (identifier,)
        ).fetchone()
        return _record(row) if row else None

    def insert(self, record: Record) -> Record:
        """Add an object."""
        body = record.body
        cursor = self.sql.execute(
            "INSERT INTO objects (id, kind, created, customer, payment_intent, charge,"
            " payment_method, type, email, body, private) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                record.id,
                record.kind,
                body["created"],
                *_columns(body),
                json.dumps(body),
                json.dumps(record.private),
            ),
        )
        record.seq = cursor.lastrowid or 0
        return record

    def save(self, record: Record) -> None:
        """Write an object's new state."""
        assignments = ", ".join(f"{name} = ?" for name in FILTERS)
        self.sql.execute(
            f"UPDATE objects SET {assignments}, body = ?, private = ? WHERE id = ?",
            (
                *_columns(record.body),
                json.dumps(record.body),
                json.dumps(record.private),
                record.id,
            ),
        )

    def select(self, condition: str, values: tuple[object, ...], tail: str) -> list[Record]:
        """Give the objects of a condition, which is made of our own texts only."""
        rows = self.sql.execute(
            f"SELECT seq, body, private FROM objects WHERE {condition} {tail}", values
        )
        return [_record(row) for row in rows]

    def fact(self, name: str, default: str) -> str:
        """Read a setting of the emulator itself."""
        row = self.sql.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def set_fact(self, name: str, value: str) -> None:
        """Write a setting of the emulator itself."""
        self.sql.execute("REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo what the block did if it raises; the transaction goes on."""
        self.sql.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self.sql.execute("ROLLBACK TO attempt")
            self.sql.execute("RELEASE attempt")
            raise
        self.sql.execute("RELEASE attempt")


class Store:
    """The file and its one connection.

    Parameters
    ----------
    path
        The file; `:memory:` for tests that need no file.
    """

    def __init__(self, path: str | Path) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=30
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        # Survives the process being killed; only a power cut may lose the last transactions.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Begin, and commit at the end of the block; roll back if it raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def forget(self) -> None:
        """Delete all data and set the clock back; the key of the fingerprints stays."""
        with self.transaction() as tx:
            for table in _TABLES_OF_DATA:
                tx.sql.execute(f"DELETE FROM {table}")
            tx.sql.execute("DELETE FROM facts WHERE name <> 'fingerprint_key'")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def _record(row: tuple[int, str, str]) -> Record:
    return Record(json.loads(row[1]), json.loads(row[2]), row[0])


def _columns(body: dict[str, Any]) -> list[str | None]:
    values = (body.get(name) for name in FILTERS)
    return [value if isinstance(value, str) else None for value in values]
