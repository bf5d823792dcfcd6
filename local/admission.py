"""How many processes the AWS emulator may keep for the functions of the API.

The emulator gives every concurrent call a worker process of its own, 60 to 80 MB each, and keeps
those of a burst for a while. So calls wait here: each function always has one worker, and one
more is shared by those that need it. A function that hangs on a slow Stripe therefore never
takes the others' turn, and the stack stays below 1 GB.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from local.failure import StackError

EXTRA_WORKERS: Final = 1
# The emulator gives a surplus worker up after 15 to 45 idle seconds.
WINDOW_SECONDS: Final = 50.0


@dataclass(slots=True)
class _Pool:
    """A function's workers, as far as can be told from outside: as many as were busy at once."""

    busy: int = 0
    peak: int = 1
    peak_before: int = 1

    @property
    def alive(self) -> int:
        return max(self.peak, self.peak_before)


class Workers:
    """Lets a call through when a worker is free for it or may be made."""

    def __init__(
        self,
        functions: Iterable[str],
        extra: int = EXTRA_WORKERS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pools = {name: _Pool() for name in functions}
        self._most = len(self._pools) + extra
        self._now = now
        self._window_began = now()
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def lease(self, function: str) -> AsyncIterator[None]:
        """Hold one of a function's workers; wait until that is possible."""
        pool = self._pools[function]
        while not self._may_begin(pool):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            finally:
                self._waiting.remove(turn)
        pool.busy += 1
        pool.peak = max(pool.peak, pool.busy)
        try:
            yield
        finally:
            pool.busy -= 1
            for turn in self._waiting:
                if not turn.done():
                    turn.set_result(None)

    def _may_begin(self, pool: _Pool) -> bool:
        if pool.busy < pool.alive:
            return True
        self._forget_old_peaks()
        return sum(each.alive for each in self._pools.values()) < self._most

    def _forget_old_peaks(self) -> None:
        now = self._now()
        passed = (now - self._window_began) / WINDOW_SECONDS
        if passed < 1:
            return
        self._window_began = now
        for pool in self._pools.values():
            now_busy = max(1, pool.busy)
            pool.peak_before, pool.peak = pool.peak if passed < 2 else now_busy, now_busy


def extra_workers() -> int:
    """Read how many workers there may be beyond one a function (``BILLFOLD_EXTRA_WORKERS``).

    Raises
    ------
    StackError
        It is no number.
    """
    raw = os.environ.get("BILLFOLD_EXTRA_WORKERS", str(EXTRA_WORKERS))
    if not raw.isdigit():
        raise StackError(f"BILLFOLD_EXTRA_WORKERS must be a number, not {raw!r}")
    return int(raw)
