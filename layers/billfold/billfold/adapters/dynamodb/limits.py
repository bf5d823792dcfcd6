"""Counts in fixed windows; old ones are removed by the table's time to live."""

from datetime import datetime

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Table, Update
from billfold.domain.errors import TooManyRequestsError
from billfold.domain.limit import Limit
from billfold.services.ports import StaleError


def count_up(limit: Limit, subject: str, now: datetime, *, by: int = 1) -> Update:
    """Count an event in the window that ``now`` falls into."""
    start = limit.window_start(now)
    return Update(
        keys.limit(limit.name, subject, start),
        "SET #expires_at = :expires_at ADD #count :by",
        values={"by": by, "expires_at": int((start + 2 * limit.window).timestamp())},
    )


class DynamoLimits:
    """Repository of counts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, limit: Limit, subject: str, now: datetime) -> None:
        """Count an attempt before it is made, in one conditional write, so races cannot exceed.

        Raises
        ------
        TooManyRequestsError
        """
        up = count_up(limit, subject, now)
        try:
            self._table.write(
                Update(
                    up.key,
                    up.expression,
                    condition="attribute_not_exists(#count) OR #count < :most",
                    values={**up.values, "most": limit.most},
                )
            )
        except StaleError:
            raise TooManyRequestsError(limit.retry_after(now)) from None

    def give_back(self, limit: Limit, subject: str, now: datetime) -> None:
        """Take an attempt back that turned out to be a success."""
        self._table.write(count_up(limit, subject, now, by=-1))
