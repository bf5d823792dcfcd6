"""How much of the proof is run, and a count of what was."""

import os
import random
from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

PROVE: Final = os.environ.get("BILLFOLD_PROVE") == "1"
SHARE: Final = float(os.environ.get("BILLFOLD_SHARE") or 1)
"""Less than one makes what ``make prove`` runs a sample."""
WHOLE: Final = PROVE and SHARE == 1
SEED: Final = 20261020

COUNTED: Final[Counter[str]] = Counter()
"""What this process has run so far, by what it is: points, rounds."""


def share_of(number: int) -> int:
    """Return this run's share of a number, one at least."""
    return max(1, round(number * SHARE))


def sampled(everything: Sequence[T], name: str) -> Sequence[T]:
    """Return all, or as many by chance as this run's share is; the same ones each time."""
    if SHARE == 1:
        return everything
    return random.Random(f"{SEED} {name}").sample(everything, share_of(len(everything)))
