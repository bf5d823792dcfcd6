"""Telling what happened: written with the fact, sent after it, and sent again until it was sent.

The process that wrote an entry sends it at the end of its request (``flush``). What it did not live
to send, the reconciler finds by its lease and sends.
"""

import logging

from billfold.domain import ids
from billfold.domain.fact import Entry, Fact
from billfold.services.ports import Ports

logger = logging.getLogger(__name__)


def entry(customer_id: str, *facts: Fact, ports: Ports, detach: tuple[str, ...] = ()) -> Entry:
    """Make the entry of a write that is about to be made."""
    now = ports.clock.now()
    return Entry(ids.new(ids.ENTRY, now), customer_id, now, ports.actor, facts, detach)


def deliver(written: Entry, ports: Ports) -> None:
    """Send an entry's events and let go of its cards; once both are done it is not sent again.

    Raises
    ------
    UnavailableError
        The bus or Stripe is down; the entry stays in the outbox.
    """
    if written.facts:
        ports.bus.send(written)
    for payment_method in written.detach:
        ports.gateway.detach(payment_method)
    ports.outbox.sent(written)


def flush(ports: Ports) -> None:
    """Send what this process has committed; what cannot be sent now is left to the reconciler.

    It never raises: what it tells has happened, and whoever asked for it must hear that.
    """
    while ports.committed:
        written = ports.committed.pop(0)
        try:
            deliver(written, ports)
        except Exception as error:  # noqa: BLE001 - the entry is on disk, and is sent from there
            logger.warning(
                "outbox entry left to the reconciler",
                extra={"exception_name": type(error).__name__},
            )
