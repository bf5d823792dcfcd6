"""Which facts were written about: a mark for each, for a month."""

from datetime import datetime, timedelta
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Put, Table

MEMORY: Final = timedelta(days=30)
"""The bus and its queue deliver again for some days at most."""


class DynamoMailed:
    """Repository of marks."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def has(self, event_id: str) -> bool:
        """Tell whether a fact was written about."""
        return self._table.get(keys.mailed(event_id)) is not None

    def note(self, event_id: str, now: datetime) -> None:
        """Note that it was."""
        expires = int((now + MEMORY).timestamp())
        self._table.write(Put({**keys.mailed(event_id), "expires_at": expires}))
