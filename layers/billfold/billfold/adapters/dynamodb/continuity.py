"""The time that the table is told, as an item of its own."""

from datetime import datetime

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Item, Put, Table
from billfold.domain.continuity import Continuity


class DynamoContinuity:
    """Repository of one item."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> Continuity:
        """Return what the table was told."""
        return to_continuity(self._table.get(keys.continuity()))

    def write(self, before: Continuity, after: Continuity) -> None:
        """Write it, if it is as it was read.

        Raises
        ------
        StaleError
        """
        known = {"before": before.at.isoformat()} if before.at else {}
        item = {
            **keys.continuity(),
            "at": after.at.isoformat() if after.at else None,
            "since": after.since.isoformat() if after.since else None,
        }
        condition = "#at = :before" if before.at else "attribute_not_exists(pk)"
        self._table.write(Put(item, condition=condition, values=known))


def to_continuity(item: Item | None) -> Continuity:
    """Read the item; a table that was never told has none."""
    if item is None:
        return Continuity()
    return Continuity(datetime.fromisoformat(item["at"]), datetime.fromisoformat(item["since"]))
