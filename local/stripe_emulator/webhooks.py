"""Webhook delivery: signed as Stripe signs, retried, and as unreliable as tests ask.

Deliveries are rows of the database, so that they outlive the process. A thread sends what is due
by the emulator's clock; the timestamp of the signature is the machine's time, since the receiver
checks it against its own.
"""

import hashlib
import hmac
import http.client
import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from local.stripe_emulator import clock
from local.stripe_emulator.settings import Settings
from local.stripe_emulator.store import Store, Transaction

# Stripe retries for up to three days with exponential back-off.
BACK_OFF = (5, 60, 300, 1800, 7200, 21600, 43200, 86400)
_TIMEOUT = 20
_BATCH = 20


@dataclass
class Switches:
    """How badly delivery works."""

    # How many times each event is sent.
    copies: int = 1
    # Seconds by the emulator's clock before an event is first sent.
    delay: float = 0
    # Send what is due newest first.
    reorder: bool = False
    # Send nothing until this is off again.
    paused: bool = False


def sign(payload: str, secret: str, timestamp: int) -> str:
    """Give the `Stripe-Signature` header of a payload."""
    signed = f"{timestamp}.{payload}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Courier:
    """Delivers events to the configured URL."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._switches = Switches()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin, if there is a URL to deliver to."""
        if self._settings.webhook_url:
            self._thread.start()

    def stop(self) -> None:
        """End after the delivery under way."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT)

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    def reset(self) -> None:
        """Deliver well again."""
        self._switches = Switches()

    def switch(self, given: dict[str, Any]) -> None:
        """Set some of the switches; names that are not given stay."""
        known = asdict(self._switches)
        chosen = {name: type(known[name])(given[name]) for name in known if name in given}
        self._switches = Switches(**(known | chosen))
        self.wake()

    def report(self) -> dict[str, Any]:
        """Tell the switches and the state of every delivery."""
        with self._store.transaction() as tx:
            deliveries = _deliveries(tx, "ORDER BY d.seq")
        return {
            "url": self._settings.webhook_url,
            "switches": asdict(self._switches),
            "data": deliveries,
        }

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            if self._switches.paused or not self._deliver_due():
                self._wake.wait(self._until_next())

    def _until_next(self) -> float:
        with self._store.transaction() as tx:
            row = tx.sql.execute(
                "SELECT min(due) FROM deliveries WHERE state = 'pending'"
            ).fetchone()
            if row[0] is None or self._switches.paused:
                return 3600
            wait: float = row[0] + self._switches.delay - clock.now(tx)
        return max(wait, 0.01)

    def _deliver_due(self) -> bool:
        """Send one batch, and tell whether there was any."""
        switches = self._switches
        order = "DESC" if switches.reorder else "ASC"
        with self._store.transaction() as tx:
            rows = tx.sql.execute(
                "SELECT d.seq, d.attempts, d.event, o.body FROM deliveries d"
                " JOIN objects o ON o.id = d.event"
                f" WHERE d.state = 'pending' AND d.due <= ? ORDER BY d.seq {order} LIMIT ?",
                (clock.now(tx) - switches.delay, _BATCH),
            ).fetchall()
        for seq, attempts, event, body in rows:
            status = 0
            for _ in range(max(switches.copies, 1)):
                status = self._send(json.dumps(json.loads(body), indent=2))
            self._settle(seq, attempts + 1, event, status)
            if self._stopping or self._switches != switches:
                break
        return bool(rows)

    def _send(self, payload: str) -> int:
        """Send an event; 0 means that nobody answered."""
        parts = urlsplit(self._settings.webhook_url or "")
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(payload, self._settings.webhook_secret, timestamp),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target or "/", payload.encode(), headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def _settle(self, seq: int, attempts: int, event: str, status: int) -> None:
        with self._store.transaction() as tx:
            if 200 <= status < 300:
                state, due = "delivered", 0.0
                record = tx.get("event", event)
                if record is not None:
                    record.body["pending_webhooks"] = 0
                    tx.save(record)
            elif attempts > len(BACK_OFF):
                state, due = "given_up", 0.0
            else:
                state, due = "pending", clock.now(tx) + BACK_OFF[attempts - 1]
            tx.sql.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, last_status = ?,"
                " due = CASE WHEN ? > 0 THEN ? ELSE due END WHERE seq = ?",
                (state, attempts, status, due, due, seq),
            )


def newest_deliveries(tx: Transaction, limit: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Give how many deliveries there are of each state, and the newest of them."""
    states = tx.sql.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()
    return dict(states), _deliveries(tx, f"ORDER BY d.seq DESC LIMIT {limit}")


def _deliveries(tx: Transaction, tail: str) -> list[dict[str, Any]]:
    rows = tx.sql.execute(
        "SELECT d.event, o.type, d.due, d.attempts, d.state, d.last_status"
        f" FROM deliveries d LEFT JOIN objects o ON o.id = d.event {tail}"
    )
    names = ("event", "type", "due", "attempts", "state", "last_status")
    return [dict(zip(names, row, strict=True)) for row in rows]
