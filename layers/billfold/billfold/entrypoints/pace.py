"""How fast the workers of a queue ask Stripe: their number is one bound, this is the other.

A worker that has asked Stripe keeps its place until its time is over, so that ``n`` workers make at
most ``n / seconds`` charges a second, however quick Stripe is. One that was refused keeps it
longer: where Stripe has too much to do all of them slow down, without telling each other.
"""

import time
from types import TracebackType
from typing import Final, Self

SLOWER: Final = 5
"""How many times longer a refused worker waits."""


class Pace:
    """Makes a block that ``asked`` Stripe last ``seconds``, or longer if it was ``refused``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.asked = False
        self.refused = False

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if not self.asked:
            return
        least = self._seconds * (SLOWER if self.refused else 1)
        time.sleep(max(0.0, self._begun + least - time.monotonic()))
