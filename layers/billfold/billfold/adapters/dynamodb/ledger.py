"""The ledger by day, and the reports of its comparison with Stripe."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Item, Put, Table
from billfold.domain.money import Money
from billfold.services.ports import LedgerRow

_REPORT_MEMORY: Final = timedelta(days=400)


class DynamoLedger:
    """Reads the ledger of all customers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def rows(self, day: date) -> Iterator[LedgerRow]:
        """Give the charges of a UTC day, in no order."""
        for shard in keys.ledger_days(day):
            for item in self._table.all_of(keys.LEDGER_DAYS, ("ledger_day", shard)):
                yield _to_row(item)

    def find(self, customer_id: str, charge: str) -> LedgerRow | None:
        """Read one row consistently."""
        item = self._table.get(keys.ledger(customer_id, charge))
        return _to_row(item) if item else None

    def has_report(self, day: date) -> bool:
        """Tell whether a day was compared."""
        return self._table.get(keys.report(day)) is not None

    def keep_report(self, day: date, report: str, *, differences: int, now: datetime) -> None:
        """Keep a report for a person to read."""
        self._table.write(
            Put(
                {
                    **keys.report(day),
                    "report": report,
                    "differences": differences,
                    "made_at": now.isoformat(),
                    "expires_at": int((now + _REPORT_MEMORY).timestamp()),
                }
            )
        )


def _to_row(item: Item) -> LedgerRow:
    return LedgerRow(
        charge=item["charge"],
        customer_id=item["customer_id"],
        payment_id=item["payment_id"],
        invoice_id=item["invoice_id"],
        money=Money(item["currency"], item["amount"]),
    )
