"""What was left behind: the index says where to look, the table says what it is."""

from collections.abc import Iterator
from datetime import datetime

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.invoice_changes import to_change
from billfold.adapters.dynamodb.outbox import to_entry
from billfold.adapters.dynamodb.parking import to_parked
from billfold.adapters.dynamodb.payment_items import to_payment
from billfold.adapters.dynamodb.table import Item, Table
from billfold.services.ports import Expired, Overdue


class DynamoLeases:
    """Finds what must be taken up."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def expired(self, now: datetime) -> Iterator[Expired]:
        """Give all whose lease has run out, each as the table has it now.

        An index may be late: one that was finished meanwhile has no lease any more.
        """
        for shard in keys.lease_shards():
            for key in self._table.expired(keys.LEASES, shard, now.isoformat()):
                item = self._table.get(key)
                if item and item.get("lease_until", "~") < now.isoformat():
                    yield _read(item)


def _read(item: Item) -> Expired:
    kind = item["sk"].partition("#")[0] + "#"
    match kind:
        case keys.ENTRY:
            return to_entry(item)
        case keys.PARKED:
            return to_parked(item)
        case keys.CHANGE:
            return to_change(item)
        case _:
            return Overdue(to_payment(item), item.get("looks", 0))
