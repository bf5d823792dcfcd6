"""All recordings, replayed: every status equal, and the errors the same but for those explained.

Skipped, visibly, where there are no recordings; `STRIPE_RECORDINGS` names another file. `-s` shows
the counts and every difference.
"""

from collections import Counter
from functools import cache

import pytest

from local.stripe_emulator.tests.conformance import recordings
from local.stripe_emulator.tests.conformance.player import replay
from local.stripe_emulator.tests.conformance.replay import Kind, Outcome

pytestmark = pytest.mark.skipif(not recordings.present(), reason=recordings.ABSENT)

SAME_ERRORS = 0.95


@cache
def outcomes() -> list[Outcome]:
    """Replay everything."""
    return [outcome for cassette in recordings.cassettes() for outcome in replay(cassette)]


def inside() -> list[Outcome]:
    """Give what the emulator claims to answer."""
    return [outcome for outcome in outcomes() if not outcome.outside]


def test_every_status_is_stripes() -> None:
    kinds = Counter(outcome.kind for outcome in outcomes())
    print(f"\n{len(outcomes())} exchanges of {recordings.path().name}")
    for kind in Kind:
        print(f"  {kinds[kind]:6} {kind.value}")
    different = [outcome for outcome in inside() if not outcome.same_status]
    print(f"  {len(inside()) - len(different)} of {len(inside())} statuses are equal")
    for outcome in different:
        print(f"    {outcome}")
    assert different == []


def test_errors_are_stripes() -> None:
    errors = [outcome for outcome in inside() if outcome.is_error]
    different = [outcome for outcome in errors if not outcome.same_error]
    print(f"\n  {len(errors) - len(different)} of {len(errors)} errors are the same")
    for outcome in different:
        print(f"    {outcome}")
    assert len(different) <= (1 - SAME_ERRORS) * len(errors)


def test_objects_are_in_stripes_state() -> None:
    answers = [outcome for outcome in inside() if outcome.status == outcome.exchange.status == 200]
    different = [outcome for outcome in answers if outcome.state_differs_in()]
    print(f"\n  {len(answers) - len(different)} of {len(answers)} answers show the same state")
    for outcome in different:
        print(f"    {outcome.exchange.name} {outcome.exchange.path}: {outcome.state_differs_in()}")
    assert len(different) <= (1 - SAME_ERRORS) * len(answers)
