"""Who may call a function at the same time, so that the stack stays small and nobody starves."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from local.admission import WINDOW_SECONDS, Workers, extra_workers
from local.failure import StackError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def begins(workers: Workers, function: str, held: AsyncExitStack) -> bool:
    """Tell whether a call gets a worker at once; it keeps it until ``held`` ends."""
    try:
        await asyncio.wait_for(held.enter_async_context(workers.lease(function)), 0.02)
    except TimeoutError:
        return False
    return True


def test_a_function_may_use_the_shared_workers_and_no_more() -> None:
    async def case() -> list[bool]:
        workers = Workers(["payments", "cards"], extra=2)
        async with AsyncExitStack() as held:
            return [await begins(workers, "payments", held) for _ in range(4)]

    assert asyncio.run(case()) == [True, True, True, False]


def test_every_function_has_a_worker_whatever_the_others_do() -> None:
    async def case() -> bool:
        workers = Workers(["payments", "cards"], extra=2)
        async with AsyncExitStack() as held:
            for _ in range(5):
                await begins(workers, "payments", held)
            return await begins(workers, "cards", held)

    assert asyncio.run(case())


def test_who_waits_gets_the_next_turn() -> None:
    async def case() -> list[str]:
        workers, order = Workers(["payments"], extra=0), []

        async def call(name: str) -> None:
            async with workers.lease("payments"):
                order.append(name)
                await asyncio.sleep(0)

        await asyncio.gather(*(call(name) for name in "abc"))
        return order

    assert asyncio.run(case()) == ["a", "b", "c"]


def test_a_caller_that_gives_up_leaves_no_trace() -> None:
    async def case() -> bool:
        workers = Workers(["payments"], extra=0)
        async with AsyncExitStack() as first:
            assert await begins(workers, "payments", first)
            assert not await begins(workers, "payments", first)
        async with AsyncExitStack() as second:
            return await begins(workers, "payments", second)

    assert asyncio.run(case())


@pytest.mark.parametrize(
    ("pause", "expected"), [(1, [False, False, True]), (2, [False, True, True])]
)
def test_workers_of_an_old_burst_are_free_for_others(pause: int, expected: list[bool]) -> None:
    """The emulator may keep them for a window, so they count for one to two."""

    async def case() -> list[bool]:
        clock = Clock()
        workers = Workers(["payments", "cards"], extra=1, now=clock)
        async with AsyncExitStack() as burst:
            assert await begins(workers, "payments", burst)
            assert await begins(workers, "payments", burst)
        found = []
        for _ in range(3):
            async with AsyncExitStack() as held:
                await begins(workers, "cards", held)
                found.append(await begins(workers, "cards", held))
            clock.now += pause * WINDOW_SECONDS
        return found

    assert asyncio.run(case()) == expected


def test_the_number_of_shared_workers_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLFOLD_EXTRA_WORKERS", "12")
    assert extra_workers() == 12
    monkeypatch.setenv("BILLFOLD_EXTRA_WORKERS", "many")
    with pytest.raises(StackError, match="BILLFOLD_EXTRA_WORKERS"):
        extra_workers()
