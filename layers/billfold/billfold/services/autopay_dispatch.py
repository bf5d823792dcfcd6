"""Finding what is due: one message for each shard, then one for each invoice.

The index says where to look and nothing else. What is sent twice is answered twice from the table,
so a run may be interrupted anywhere, run again, or not run at all: the next one finds the same.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from billfold.domain.autopay_message import Look, Shard
from billfold.domain.errors import InvalidInputError
from billfold.services.ports import Ports, TimeLeft

PAGE: Final = 500
"""Keys read by one call, some 60 KB."""
BACKLOG: Final = 1000
"""With more messages before the charger, a run adds none: it would only ask for the same again."""
SECONDS_FOR_A_PAGE: Final = 20.0
"""A page is fifty messages of ten, each sent within a second."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run, and how many messages it found before the charger; with a backlog it ends there."""

    day: date
    waiting: int

    @property
    def has_backlog(self) -> bool:
        """Tell whether what is due was asked for before, and is still being charged."""
        return self.waiting > BACKLOG


def start(run: str, ports: Ports, *, day: date | None = None, ahead: bool = False) -> Begun:
    """Begin a run: ask for every shard, unless the last run's messages still wait.

    Parameters
    ----------
    run
        Its name; the same run begun twice sends its messages once.
    day
        The civil day where the business is; today unless it is given.
    ahead
        Allow a day to come, on an embedded stack alone: it charges what is not due yet.

    Raises
    ------
    InvalidInputError
    UnavailableError
        Not all shards were asked for: begin again.
    """
    today = ports.clock.today()
    if day and day > today and not ahead:
        raise InvalidInputError("A run for a day to come would charge too early.", field="day")
    begun = Begun(day or today, ports.autopay_queues.waiting())
    if begun.has_backlog:
        return begun
    shards = [Shard(shard, begun.day, run) for shard in ports.invoices.shards()]
    ports.autopay_queues.dispatch(shards)
    return begun


def dispatch(shard: Shard, ports: Ports, time_left: TimeLeft) -> int:
    """Send on what is due in a shard, and tell how much that was.

    When time is up, a message with the place goes back to the queue.

    Raises
    ------
    UnavailableError
        Try the message again: it begins where it began.
    """
    sent = 0
    while True:
        page = ports.invoices.looks(shard.shard, until=shard.day, limit=PAGE, after=shard.after)
        ports.autopay_queues.charge(
            [Look(customer, shard.day, shard.run, invoice) for customer, invoice in page.items]
        )
        sent += len(page.items)
        if page.last_id is None:
            return sent
        shard = replace(shard, after=page.last_id)
        if time_left() < SECONDS_FOR_A_PAGE:
            ports.autopay_queues.dispatch([shard])
            return sent
