"""Optimistic concurrency: read, decide, write if nothing has changed, else again."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from billfold.domain.errors import UnavailableError
from billfold.services.ports import StaleError

T = TypeVar("T")
TRIES = 12


def until_fresh(attempt: Callable[[], T]) -> T:
    """Run ``attempt`` anew while it finds that its reading was stale.

    Raises
    ------
    UnavailableError
        Others changed the same thing all the time.
    """
    for tried in range(TRIES):
        try:
            return attempt()
        except StaleError:
            # Full jitter, so that those who collided do not collide again.
            time.sleep(random.uniform(0, min(0.4, 0.01 * 2**tried)))  # noqa: S311
    raise UnavailableError
