"""What the table was told of the time, and what follows for what it has."""

from datetime import timedelta

import pytest
from billfold.domain.continuity import GAP, Continuity

from tests.builders import NOON

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def told(*, since: timedelta, until: timedelta) -> Continuity:
    return Continuity(at=NOON - until, since=NOON - since)


@pytest.mark.parametrize(
    ("continuity", "recorded", "covered"),
    [
        (told(since=2 * DAY, until=MINUTE), DAY, True),
        (told(since=2 * DAY, until=GAP), DAY, True),
        (told(since=2 * DAY, until=GAP + MINUTE), DAY, False),
        (told(since=DAY, until=MINUTE), 2 * DAY, False),
        (told(since=DAY, until=MINUTE), DAY, True),
        (Continuity(), DAY, False),
        (Continuity(), GAP, True),
        (told(since=DAY, until=MINUTE), None, False),
    ],
    ids=[
        "told all the time",
        "told lately",
        "the time stood still",
        "told anew since",
        "recorded when it began",
        "never told",
        "asked a moment ago",
        "never asked",
    ],
)
def test_what_was_recorded_is_there_unless_the_time_stood_still(
    continuity: Continuity, recorded: timedelta | None, *, covered: bool
) -> None:
    since = NOON - recorded if recorded is not None else None
    assert continuity.covers(since, NOON) is covered


def test_after_a_gap_it_begins_anew() -> None:
    kept = told(since=DAY, until=MINUTE).told(NOON)
    assert kept == Continuity(NOON, NOON - DAY)
    assert told(since=DAY, until=GAP + MINUTE).told(NOON) == Continuity(NOON, NOON)
    assert Continuity().told(NOON) == Continuity(NOON, NOON)


@pytest.mark.parametrize(
    ("continuity", "recorded"),
    [
        (told(since=36 * DAY, until=MINUTE), True),
        (told(since=34 * DAY, until=MINUTE), False),
        (told(since=36 * DAY, until=GAP + MINUTE), False),
        (Continuity(), False),
    ],
    ids=["told for as long as a restore reaches", "told for less", "the time stood still", "never"],
)
def test_an_invoice_that_is_taken_in_may_be_one_that_was_lost(
    continuity: Continuity, *, recorded: bool
) -> None:
    assert continuity.recorded_from(NOON) == (NOON if recorded else None)
