"""Takes what has happened from the bus, through a queue, and writes to customers about it."""

from billfold import bootstrap
from billfold.entrypoints import observability, queue
from billfold.entrypoints.bus_events import read_told
from billfold.services import notify
from billfold.services.notify import Told

logger = observability.logger()


def write(told: Told) -> None:
    outcome = notify.notify(told, bootstrap.ports())
    logger.info("mail", extra={"reason": told.kind.value, "status": outcome.value})


handler = queue.handler("Notify", read_told, write)
