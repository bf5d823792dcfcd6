"""Counts in fixed windows; old ones are removed by the table's time to live."""

from datetime import datetime, timedelta
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Put, Table, Update
from billfold.domain.errors import TooManyRequestsError
from billfold.domain.limit import Limit
from billfold.services.ports import StaleError

_REDELIVERY: Final = timedelta(days=31)


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

    def require_below(self, limit: Limit, subject: str, now: datetime) -> None:
        """Look at a count without counting.

        Raises
        ------
        TooManyRequestsError
        """
        item = self._table.get(keys.limit(limit.name, subject, limit.window_start(now)))
        if item and item["count"] >= limit.most:
            raise TooManyRequestsError(limit.retry_after(now))

    def count_event(self, limit: Limit, subject: str, event_id: str, now: datetime) -> None:
        """Count an event of Stripe, which may be delivered again for thirty days, once."""
        mark = {
            **keys.counted(event_id),
            "expires_at": int((now + _REDELIVERY).timestamp()),
        }
        try:
            self._table.transact(
                [
                    Put(mark, condition="attribute_not_exists(pk)"),
                    count_up(limit, subject, now),
                ]
            )
        except StaleError:
            return

    def give_back(self, limit: Limit, subject: str, now: datetime) -> None:
        """Take an attempt back that turned out to be a success."""
        self._table.write(count_up(limit, subject, now, by=-1))
