"""Takes CustomerRegistered events from the bus, through a queue, and makes the log-ins."""

from billfold import bootstrap
from billfold.entrypoints import queue
from billfold.entrypoints.bus_events import CustomerRegistered, reader
from billfold.services import customers


def register(event: CustomerRegistered) -> None:
    customers.register(event.customer(), bootstrap.ports(), autopay=event.autopay)


handler = queue.handler("CustomerRegistered", reader(CustomerRegistered), register)
