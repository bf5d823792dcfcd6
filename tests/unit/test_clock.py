"""The business's civil day, at the edges where zones and summer time make it differ from UTC's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from billfold.adapters.clock import SystemClock


class At(SystemClock):
    """A clock that stands still."""

    def __init__(self, zone: str, moment: datetime) -> None:
        super().__init__(ZoneInfo(zone))
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-11-30T23:59:59", date(2026, 11, 30)),
        ("Europe/Berlin", "2026-11-30T23:00:00", date(2026, 12, 1)),
        # Summer time begins: 22:59 is still the day before, an hour later than the day before that.
        ("Europe/Berlin", "2027-03-27T22:59:59", date(2027, 3, 27)),
        ("Europe/Berlin", "2027-03-28T21:59:59", date(2027, 3, 28)),
        ("Europe/Berlin", "2027-03-28T22:00:00", date(2027, 3, 29)),
        # Summer time ends: this day has 25 hours.
        ("Europe/Berlin", "2026-10-24T22:00:00", date(2026, 10, 25)),
        ("Europe/Berlin", "2026-10-25T22:59:59", date(2026, 10, 25)),
        ("America/Los_Angeles", "2026-12-01T07:59:59", date(2026, 11, 30)),
        ("Pacific/Kiritimati", "2026-12-31T10:00:00", date(2027, 1, 1)),
    ],
)
def test_the_day_is_that_of_the_business(zone: str, moment: str, day: date) -> None:
    assert At(zone, datetime.fromisoformat(moment).replace(tzinfo=UTC)).today() == day


def test_the_real_clock_is_utc() -> None:
    now = SystemClock(ZoneInfo("Asia/Tokyo")).now()
    assert now.tzinfo is UTC
    assert abs((now - datetime.now(UTC)).total_seconds()) < 60
