"""The outbox, which is also the audit trail: one item for what one write brought about."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Item, Put, Table, Update
from billfold.domain.fact import Actor, Entry, Fact, Kind
from billfold.services.ports import Page, StaleError

SEND_LEASE: Final = timedelta(seconds=60)
"""A function lives 29 s at most, so an entry that is older was not sent by whoever wrote it."""


def put_entry(entry: Entry) -> Put:
    """Give the write of an entry that is still to be sent."""
    return Put(
        {
            **keys.entry(entry.customer_id, entry.entry_id),
            "entry_id": entry.entry_id,
            "customer_id": entry.customer_id,
            "at": entry.at.isoformat(),
            "actor": entry.actor.value,
            "facts": [{"kind": f.kind.value, "detail": dict(f.detail)} for f in entry.facts],
            "detach": list(entry.detach),
            "lease_shard": keys.lease_shard(entry.entry_id),
            "lease_until": (entry.at + SEND_LEASE).isoformat(),
        }
    )


def to_entry(item: Item) -> Entry:
    """Read an entry back."""
    return Entry(
        entry_id=item["entry_id"],
        customer_id=item["customer_id"],
        at=datetime.fromisoformat(item["at"]),
        actor=Actor(item["actor"]),
        facts=tuple(Fact(Kind(f["kind"]), f["detail"]) for f in item["facts"]),
        detach=tuple(item["detach"]),
    )


class DynamoOutbox:
    """Repository of entries."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def sent(self, entry: Entry) -> None:
        """Note that it was sent; from now on it is the audit trail.

        One that is not there was lost in a restore of the table, and stays so.
        """
        with suppress(StaleError):
            self._table.write(
                Update(
                    keys.entry(entry.customer_id, entry.entry_id),
                    "REMOVE #lease_shard, #lease_until",
                    condition="attribute_exists(pk)",
                )
            )

    def trail(self, customer_id: str, *, limit: int, after: str | None) -> Page[Entry]:
        """Read a page of the audit trail, newest first, in one call."""
        items, last = self._table.query(
            keys.account(customer_id),
            prefix=keys.ENTRY,
            newest_first=True,
            limit=limit,
            after=keys.entry(customer_id, after) if after else None,
        )
        entries = [to_entry(item) for item in items]
        return Page(entries, last.removeprefix(keys.ENTRY) if last else None)
