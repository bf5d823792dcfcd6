"""The real time."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


class SystemClock:
    """UTC, and the civil day in the business's time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        """Give the present moment in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Give the day it is where the business is."""
        return self.now().astimezone(self._zone).date()
