"""Each guard is taken away in turn, and its verdict in ``verdicts`` is found again."""

import pytest

from tests.proof.casts import CASTS, PROVE, law_without, searched
from tests.proof.law import FORBIDDEN, GUARDS
from tests.proof.model import explore
from tests.proof.verdicts import COVERED, DOUBLES, HARMLESS, LOAD_BEARING, NEVER_ASKED

pytestmark = pytest.mark.timeout(3600 if PROVE else 900)
MANY = len(CASTS) if PROVE else 2
"""In how many casts a harmless guard is shown to be so; the small ones come first."""


def test_every_guard_has_one_verdict() -> None:
    judged = [*LOAD_BEARING, *HARMLESS, *COVERED, *NEVER_ASKED]
    assert sorted(judged) == sorted([*GUARDS, *FORBIDDEN])


@pytest.mark.parametrize("guard", LOAD_BEARING)
def test_without_it_a_promise_breaks(guard: str) -> None:
    cast, promise = LOAD_BEARING[guard]
    assert explore(CASTS[cast], law_without(guard)).broken == promise


@pytest.mark.parametrize("guard", HARMLESS)
def test_without_it_no_promise_breaks(guard: str) -> None:
    decides = [cast for cast in CASTS if {guard} in searched(cast)[1]]
    assert decides, "it decides nothing alone: it is covered, not harmless"
    for cast in sorted(decides, key=lambda name: searched(name)[0].states)[:MANY]:
        result = explore(CASTS[cast], law_without(guard))
        assert not result.broken, f"{cast}: {result}"


@pytest.mark.parametrize("guard", COVERED)
def test_others_refuse_whenever_it_does(guard: str) -> None:
    """Without it the same worlds are reached, so nothing need be searched again."""
    refusals = {names for cast in CASTS for names in searched(cast)[1] if guard in names}
    assert refusals
    assert {guard} not in refusals
    assert all(names >= COVERED[guard] for names in refusals)


@pytest.mark.parametrize("guard", NEVER_ASKED)
def test_nobody_is_ever_refused_by_it(guard: str) -> None:
    assert not any(guard in names for cast in CASTS for names in searched(cast)[1])


@pytest.mark.parametrize(("cast", "promise", "guards"), DOUBLES)
def test_without_all_of_them_a_promise_breaks(
    cast: str, promise: str, guards: frozenset[str]
) -> None:
    for kept in sorted(guards):
        others = guards - {kept}
        if any(names <= others for names in searched(cast)[1]):
            result = explore(CASTS[cast], law_without(*others))
            assert not result.broken, f"{kept} does not suffice: {result}"
    assert explore(CASTS[cast], law_without(*guards)).broken == promise


def test_without_fence_and_epoch_an_old_intent_charges_an_old_amount() -> None:
    guards = ("change_fences", "change_raises_epoch")
    result = explore(CASTS["amount changed"], law_without(*guards))
    assert result.broken == "a charge of another amount than the invoice's"
