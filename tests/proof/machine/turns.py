"""What Hypothesis chooses from: who comes, who goes on, and which call goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.proof.crash.wire import Mode

F = TypeVar("F", bound=Callable[..., None])

GOOD: Final = "4242424242424242"
DECLINED: Final = "4000000000000002"
BANKS_STEP: Final = "4000002760003184"
DECLINED_LATER: Final = "4000000000000341"
"""The bank takes the card, and declines the first charge."""
MASTERCARD: Final = "5555555555554444"

WAYS = (Mode.CRASH_BEFORE, Mode.CRASH_AFTER, Mode.REPLY_LOST, Mode.LATE)
"""How a call goes wrong here. When it arrives late, and who stands still, the turns decide."""

some = st.integers(0, 11)
"""Chooses one of what there is, whatever there is."""
seldom = st.integers(0, 2)
"""Does it where it is 0: what ends an invoice or a card leaves less to go wrong."""
keys = st.sampled_from(["key-aaaa", "key-bbbb", "key-cccc", "key-dddd"])
numbers = st.sampled_from([GOOD, GOOD, DECLINED, BANKS_STEP])


@dataclass(frozen=True)
class Turn:
    """One of the processes makes some calls; where ``mode`` is set, its next one goes wrong.

    It goes wrong sooner where money may move, since most of the trouble comes from there.
    """

    which: int
    calls: int
    mode: Mode | None


Turns = list[Turn]
turns = st.lists(
    st.builds(
        Turn,
        which=some,
        calls=st.sampled_from([99, 1, 2, 3, 5]),
        mode=st.sampled_from([None, None, None, *WAYS, Mode.LATE]),
    ),
    min_size=1,
    max_size=3,
)


def begins(**given: st.SearchStrategy[Any]) -> Callable[[F], F]:
    """Mark a rule that begins a process; after that those who are there take turns.

    The turns are no rule of their own, since Hypothesis leaves out rules by chance: there would be
    histories in which nobody ever goes on.
    """
    # Hypothesis types a rule by its targets, and this one has none.
    return cast("Any", rule)(then=turns, **given)  # type: ignore[no-any-return]
