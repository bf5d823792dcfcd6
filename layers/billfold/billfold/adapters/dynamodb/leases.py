"""What was left behind: the index says where to look, the table says what it is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.invoice_changes import to_change
from billfold.adapters.dynamodb.keys import Key
from billfold.adapters.dynamodb.outbox import to_entry
from billfold.adapters.dynamodb.parking import to_parked
from billfold.adapters.dynamodb.payment_items import to_payment
from billfold.adapters.dynamodb.table import Item, Table
from billfold.domain.fact import Entry
from billfold.domain.invoice_change import InvoiceChange
from billfold.domain.stripe_event import Parked
from billfold.services.ports import Expired, LeftBehind, Overdue


class DynamoLeases:
    """Finds what must be taken up."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def expired(self, now: datetime) -> Sequence[LeftBehind]:
        """Give all whose lease has run out, as the index says; what they are is read later."""
        return [
            LeftBehind(_kind(key)[0], partial(self._read, key, now))
            for shard in keys.lease_shards()
            for key in self._table.expired(keys.LEASES, shard, now.isoformat())
        ]

    def _read(self, key: Key, now: datetime) -> Expired | None:
        item = self._table.get(key)
        if item is None or item.get("lease_until", "~") >= now.isoformat():
            return None
        return _kind(key)[1](item)


def _to_overdue(item: Item) -> Overdue:
    return Overdue(to_payment(item), item.get("looks", 0))


_KINDS: Final[Mapping[str, tuple[type[Expired], Callable[[Item], Expired]]]] = {
    keys.PAYMENT: (Overdue, _to_overdue),
    keys.CHANGE: (InvoiceChange, to_change),
    keys.ENTRY: (Entry, to_entry),
    keys.PARKED: (Parked, to_parked),
}


def _kind(key: Key) -> tuple[type[Expired], Callable[[Item], Expired]]:
    return _KINDS[key["sk"].partition("#")[0] + "#"]
