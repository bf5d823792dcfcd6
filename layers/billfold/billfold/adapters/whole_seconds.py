"""Reading the newest part of a window of time, page by page, up to the end of a second.

Times are told in seconds, and an order within one is not told. So a stretch never ends inside a
second: what is read again later begins where nothing was read before.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from billfold.services.ports import Stretch

T = TypeVar("T")


def newest(
    page: Callable[[T | None], tuple[Sequence[T], bool]],
    at: Callable[[T], datetime],
    start: datetime,
) -> Stretch[T]:
    """Read a page, and more only while all of it is of one second.

    Parameters
    ----------
    page
        Gives what comes after an item, newest first, and whether there is more.
    at
        When an item was made.
    start
        Of the window.
    """
    items: list[T] = []
    while True:
        read, more = page(items[-1] if items else None)
        items += read
        if not more or not items:
            return Stretch(items, start)
        oldest = at(items[-1])
        whole = [item for item in items if at(item) > oldest]
        if whole:
            return Stretch(whole, oldest + timedelta(seconds=1))
