"""Idempotency keys: what the first request with a key was answered, for 24 hours.

Source: Stripe API reference, "Idempotent requests".
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from local.stripe_emulator.errors import ApiError, error_object, invalid_request
from local.stripe_emulator.store import Transaction

LIFETIME = 24 * 3600
_LONGEST = 255


@dataclass(frozen=True)
class Stored:
    """An answer to be given again."""

    status: int
    body: str
    request_id: str


def check_key(key: str | None) -> None:
    """Refuse a key that is too long."""
    if key is not None and len(key) > _LONGEST:
        raise invalid_request(f"Idempotency keys may be at most {_LONGEST} characters long.")


def fingerprint(
    secret: bytes, key_kind: str, method: str, path: str, params: dict[str, Any]
) -> str:
    """Give a keyed hash of a request; card numbers cannot be guessed from it."""
    text = json.dumps([key_kind, method, path, params], sort_keys=True)
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def recall(tx: Transaction, key: str, mark: str, now: int) -> Stored | None:
    """Give the answer that a key has, if it has one.

    Raises
    ------
    ApiError
        The key was used for another request.
    """
    row = tx.sql.execute(
        "SELECT fingerprint, status, body, request_id FROM idempotency WHERE key = ?"
        " AND created > ?",
        (key, now - LIFETIME),
    ).fetchone()
    if row is None:
        return None
    if row[0] != mark:
        error = error_object(
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request.",
        )
        raise ApiError(400, error, executed=False)
    return Stored(row[1], row[2], row[3])


def remember(tx: Transaction, key: str, mark: str, now: int, answer: Stored) -> None:
    """Keep the answer of a key, and forget those that are too old."""
    tx.sql.execute("DELETE FROM idempotency WHERE created <= ?", (now - LIFETIME,))
    tx.sql.execute(
        "INSERT INTO idempotency (key, fingerprint, created, status, body, request_id)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (key, mark, now, answer.status, answer.body, answer.request_id),
    )
