"""The ledger of all customers, as a reconciliation reads it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.payment_items import to_payment
from billfold.adapters.dynamodb.table import Item, Table
from billfold.adapters.whole_seconds import newest
from billfold.domain.money import Money
from billfold.domain.payment import Payment
from billfold.services.ports import LedgerRow, Page, Stretch

ROWS: Final = 500
"""Rows of one call, some 200 KB."""
GET_MANY: Final = 100
"""Items in one call (AWS documentation, BatchGetItem)."""


class DynamoLedger:
    """Reads the ledger of all customers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def rows(self, start: datetime, end: datetime) -> Stretch[LedgerRow]:
        """Return the newest rows of a window within an hour, by an index that may be late."""
        partition = ("ledger_hour", keys.ledger_hour(start))
        window = ("charged_sort", keys.charged_second(start), keys.charged_second(end))

        def page(after: LedgerRow | None) -> tuple[Sequence[LedgerRow], bool]:
            items, more = self._table.within(
                keys.LEDGER_HOURS,
                partition,
                window,
                limit=ROWS,
                after=_in_hours(after) if after else None,
            )
            return [_to_row(item) for item in items], more

        return newest(page, lambda row: row.charged_at, start)

    def find(self, customer_id: str, charge: str) -> LedgerRow | None:
        """Read one row consistently."""
        item = self._table.get(keys.ledger(customer_id, charge))
        return _to_row(item) if item else None

    def find_many(self, charges: Sequence[tuple[str, str]]) -> Sequence[LedgerRow]:
        """Read the rows of customers' charges consistently; those that are there."""
        wanted = [keys.ledger(customer_id, charge) for customer_id, charge in charges]
        return [_to_row(item) for item in self._many(wanted)]

    def payments(self, rows: Sequence[LedgerRow]) -> Sequence[Payment]:
        """Read the payments of rows consistently."""
        # One that was reviewed may have two.
        wanted = dict.fromkeys((row.customer_id, row.payment_id) for row in rows)
        return [to_payment(item) for item in self._many([keys.payment(*ids) for ids in wanted])]

    def open_disputes(self, hour: int, *, limit: int, after: str | None) -> Page[tuple[str, str]]:
        """Read a page of the charges that are disputed, as customer and charge."""
        shard = keys.open_disputes(hour)
        start = {**_payment_key(after), "dispute_shard": shard} if after else None
        items, more = self._table.within(
            keys.OPEN_DISPUTES,
            ("dispute_shard", shard),
            ("sk", keys.PAYMENT, f"{keys.PAYMENT}~"),
            limit=limit,
            after=start,
        )
        found = [to_payment(item) for item in self._many([_key(item) for item in items])]
        page = [(payment.customer_id, payment.charge) for payment in found if payment.charge]
        return Page(page, "|".join(_key(items[-1]).values()) if items and more else None)

    def _many(self, wanted: Sequence[keys.Key]) -> Sequence[Item]:
        found: list[Item] = []
        for begin in range(0, len(wanted), GET_MANY):
            items = self._table.get_many(wanted[begin : begin + GET_MANY])
            found += [item for item in items if item]
        return found


def _key(item: Item) -> keys.Key:
    return {"pk": item["pk"], "sk": item["sk"]}


def _payment_key(text: str) -> keys.Key:
    pk, _, sk = text.rpartition("|")
    return {"pk": pk, "sk": sk}


def _in_hours(row: LedgerRow) -> keys.Key:
    """Give the whole key of a row as LEDGER_HOURS has it."""
    own = keys.ledger(row.customer_id, row.charge)
    return {**own, **keys.ledger_time(row.charge, row.charged_at)}


def _to_row(item: Item) -> LedgerRow:
    return LedgerRow(
        charge=item["charge"],
        customer_id=item["customer_id"],
        payment_id=item["payment_id"],
        invoice_id=item["invoice_id"],
        money=Money(item["currency"], item["amount"]),
        charged_at=datetime.fromisoformat(item["charged_at"]),
    )
