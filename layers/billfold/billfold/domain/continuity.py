"""Whether the table still has everything that was ever written to it.

A table that was restored to an earlier point has forgotten payments that Stripe has taken. It
cannot know that by itself, so it is told the time every minute. If that time has stood still, the
table was restored, or nobody told it: then Stripe is asked before a card is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

GAP: Final = timedelta(minutes=3)
"""The table is told the time every minute; no table is restored to a nearer point (AWS documents,
"Point-in-time recovery": the latest restorable time is typically five minutes before now)."""

REACH: Final = timedelta(days=35)
"""No table is restored to an earlier point than that (the same document)."""


@dataclass(frozen=True, slots=True)
class Continuity:
    """The time that the table was last told, and since when it has been told without a gap."""

    at: datetime | None = None
    since: datetime | None = None

    def is_broken(self, now: datetime) -> bool:
        """Return whether the time stands still."""
        return self.at is None or now - self.at > GAP

    def covers(self, recorded_since: datetime | None, now: datetime) -> bool:
        """Return whether all that was recorded since a moment is surely there."""
        if recorded_since is None:
            return False
        if now - recorded_since <= GAP:
            return True
        return not self.is_broken(now) and self.since is not None and self.since <= recorded_since

    def recorded_from(self, now: datetime) -> datetime | None:
        """Return since when the payments are recorded of an invoice that is taken in now.

        None where it may be one that a restore has lost, and that is sent again with its payments
        at Stripe.
        """
        if self.since is None or self.is_broken(now):
            return None
        return now if now - self.since >= REACH else None

    def told(self, now: datetime) -> "Continuity":
        """Return it after the table was told the time: after a gap it begins anew."""
        return Continuity(now, now if self.is_broken(now) else self.since)
