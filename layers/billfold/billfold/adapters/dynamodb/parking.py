"""Events of Stripe that match nothing yet."""

from datetime import datetime

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Delete, Item, Put, Table, Update
from billfold.domain.stripe_event import Parked, StripeEvent
from billfold.domain.stripe_message import read, write
from billfold.services.ports import StaleError


def to_parked(item: Item) -> Parked:
    """Read a parked event back."""
    return Parked(read(item["event"]), item["looks"])


class DynamoParking:
    """Repository of parked events."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def park(self, event: StripeEvent, *, until: datetime) -> None:
        """Keep an event; one that is parked already stays as it is."""
        item = {
            **keys.parked(event.event_id),
            "event": write(event),
            "looks": 0,
            "lease_shard": keys.lease_shard(event.event_id),
            "lease_until": until.isoformat(),
        }
        try:
            self._table.write(Put(item, condition="attribute_not_exists(pk)"))
        except StaleError:
            return

    def postpone(self, parked: Parked, *, until: datetime) -> None:
        """Look at it again later."""
        self._table.write(
            Update(
                keys.parked(parked.event.event_id),
                "SET #lease_until = :until, #looks = :looks",
                condition="#looks = :before",
                values={
                    "until": until.isoformat(),
                    "looks": parked.looks + 1,
                    "before": parked.looks,
                },
            )
        )

    def forget(self, parked: Parked) -> None:
        """Remove it: it has matched."""
        self._table.write(Delete(keys.parked(parked.event.event_id)))

    def give_up(self, parked: Parked) -> None:
        """Keep it for a person to look at, and look no more."""
        self._table.write(
            Update(
                keys.parked(parked.event.event_id),
                "REMOVE #lease_shard, #lease_until",
                condition="attribute_exists(pk)",
            )
        )
