"""Identifiers: a prefix that tells the kind, and a ULID that tells the age but no count."""

import hashlib
from datetime import UTC, date, datetime
from typing import Final

from ulid import ULID

CARD: Final = "card"
INVOICE: Final = "inv"
PAYMENT: Final = "pay"
ENTRY: Final = "evt"
CHANGE: Final = "chg"

PATTERN: Final = r"^{kind}_[0-9A-HJKMNP-TV-Z]{{26}}$"
"""What an identifier looks like (Crockford's alphabet); ``format`` it with a kind."""


def new(kind: str, now: datetime) -> str:
    """Make an identifier that sorts by ``now`` to the millisecond, e.g. ``card_01J…``."""
    return f"{kind}_{ULID.from_datetime(now)}"


def change_id(command_id: str) -> str:
    """Derive the identifier of a change from the command that asks for it.

    A command delivered twice is one item; commands of two customers are in two partitions.
    """
    return f"{CHANGE}_{ULID.from_bytes(hashlib.sha256(command_id.encode()).digest()[:16])}"


def invoice_id(number: str, issued_on: date) -> str:
    """Derive the identifier of an invoice from its number and day of issue.

    The time part is that day, so that invoices sort by it; the rest is a hash of the number, so
    that an invoice delivered twice is one item.
    """
    midnight = datetime(issued_on.year, issued_on.month, issued_on.day, tzinfo=UTC)
    millis = int(midnight.timestamp() * 1000)
    digest = hashlib.sha256(number.encode()).digest()[:10]
    return f"{INVOICE}_{ULID.from_bytes(millis.to_bytes(6, 'big') + digest)}"
