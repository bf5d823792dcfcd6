"""A table of invoices with the global index of what is due, as large as one likes.

DynamoDB keeps an index ordered by its keys, and a query reads the stretch that it asks for. SQLite
does the same, so this stands for it where millions of items are wanted: what is measured is what
our code asks for, and how that grows. It is no emulator: it knows the one query of the dispatcher.
"""

import sqlite3
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from billfold.adapters.dynamodb import keys

PAID: Final = None
"""An invoice that is paid is in no index."""


class DueIndex:
    """Serves ``Query`` of the index, and counts what it reads."""

    def __init__(self) -> None:
        self._sql = sqlite3.connect(":memory:")
        self._sql.execute(
            "CREATE TABLE items (pk TEXT, sk TEXT, due_shard TEXT, due_sort TEXT,"
            " PRIMARY KEY (pk, sk)) WITHOUT ROWID"
        )
        self._sql.execute(
            "CREATE INDEX due ON items (due_shard, due_sort) WHERE due_shard IS NOT NULL"
        )
        self.queries = 0
        self.read = 0

    def fill(self, invoices: Iterable[tuple[str, str, date | None]]) -> None:
        """Put invoices in: customer, invoice, and the day on which each is looked at."""
        self._sql.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?)",
            (
                (
                    *keys.invoice(customer, invoice).values(),
                    *keys.due(look_on, customer, invoice).values(),
                )
                for customer, invoice, look_on in invoices
            ),
        )
        self._sql.execute("ANALYZE")

    def __len__(self) -> int:
        return int(self._sql.execute("SELECT COUNT(*) FROM items").fetchone()[0])

    def query(self, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - botocore's own
        """Answer as DynamoDB does to the dispatcher's question, a page at a time."""
        values = {name: value["S"] for name, value in given["ExpressionAttributeValues"].items()}
        start = given.get("ExclusiveStartKey")
        limit = given["Limit"]
        rows = self._sql.execute(
            "SELECT pk, sk, due_shard, due_sort FROM items"
            " WHERE due_shard = ? AND due_sort < ? AND due_sort > ? ORDER BY due_sort LIMIT ?",
            (
                values[":partition"],
                values[":end"],
                start["due_sort"]["S"] if start else "",
                limit,
            ),
        ).fetchall()
        self.queries += 1
        self.read += len(rows)
        names = ("pk", "sk", "due_shard", "due_sort")
        items = [
            {name: {"S": value} for name, value in zip(names, row, strict=True)} for row in rows
        ]
        return {"Items": items, **({"LastEvaluatedKey": items[-1]} if len(rows) == limit else {})}


def invoices(due: int, among: int, day: date) -> Iterable[tuple[str, str, date | None]]:
    """Give ``due`` invoices that are due on a day, among others: most paid, some due later."""
    for number in range(due):
        yield f"cust-{number}", f"inv_{number:026}", day
    for number in range(due, among):
        # One in ten is open, and due within the next year or before the end of its retries.
        later = day + timedelta(days=1 + number % 365) if number % 10 == 0 else PAID
        yield f"cust-{number}", f"inv_{number:026}", later
