"""Events: every change of state leaves one, with the request that caused it."""

import copy
from typing import Any

from local.stripe_emulator.ids import new_id
from local.stripe_emulator.settings import API_VERSION
from local.stripe_emulator.store import Record, Transaction


def record_event(
    tx: Transaction,
    event_type: str,
    subject: dict[str, Any],
    *,
    now: int,
    request: dict[str, Any],
    previous: dict[str, Any] | None = None,
    deliver: bool = False,
) -> None:
    """Store an event with the object as it is now, and queue its delivery."""
    data: dict[str, Any] = {"object": copy.deepcopy(subject)}
    if previous is not None:
        data["previous_attributes"] = previous
    event = tx.insert(
        Record(
            {
                "id": new_id("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": now,
                "data": data,
                "livemode": False,
                "pending_webhooks": int(deliver),
                "request": request,
                "type": event_type,
            }
        )
    )
    if deliver:
        tx.sql.execute(
            "INSERT INTO deliveries (event, due, attempts, state) VALUES (?, ?, 0, 'pending')",
            (event.id, float(now)),
        )
