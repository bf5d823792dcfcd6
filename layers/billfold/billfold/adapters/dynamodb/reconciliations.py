"""The runs of the reconciliation: which stands for a day, how far its hours are, and their lines.

item                                what it holds
RECONCILIATION, day                 the run that stands for the day
RECONCILIATION#{day}#{run}, HOUR#   the progress of an hour; its version is in every condition
RECONCILIATION#{day}#{run}, LINES#  what one write of progress found, in the same transaction
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.table import Item, Put, Table, Update
from billfold.domain.reconciliation import (
    Hour,
    Line,
    Listing,
    Progress,
    Run,
    Verdict,
    day_start,
)
from billfold.services.ports import Page

MEMORY: Final = timedelta(days=400)
LINES: Final = 200
"""Lines of one item, which may have 400 KB: metadata of Stripe's longest make 220."""


class DynamoReconciliations:
    """Repository of runs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def latest(self, day: date) -> Run | None:
        """Return the run that stands for a UTC day."""
        item = self._table.get(keys.reconciliation(day))
        return _to_run(item) if item else None

    def begin(self, run: Run, *, instead_of: Run | None) -> None:
        """Let a run stand for its day, in the place of the one that was read.

        Raises
        ------
        StaleError
        """
        before = {"before": instead_of.run} if instead_of else {}
        condition = "#run = :before" if instead_of else "attribute_not_exists(pk)"
        item = {
            **keys.reconciliation(run.day),
            "run": run.run,
            "day": run.day.isoformat(),
            "begun_at": run.begun_at.isoformat(),
            "expires_at": _expires(run.day),
        }
        self._table.write(Put(item, condition=condition, values=before))

    def progress(self, hour: Hour) -> Progress:
        """Return how far an hour has come."""
        item = self._table.get(_hour(hour))
        return _to_progress(item) if item else Progress()

    def hours(self, run: Run) -> Mapping[int, Progress]:
        """Return how far the hours are that were begun."""
        items, _ = self._table.query(keys.reconciliation_run(run.day, run.run), prefix=keys.HOUR)
        return {item["hour"]: _to_progress(item) for item in items}

    def advance(
        self, hour: Hour, before: Progress, after: Progress, lines: Sequence[Line]
    ) -> Progress:
        """Write progress over what was read, and the lines that were found by it.

        Raises
        ------
        StaleError
        """
        after = replace(after, version=before.version + 1)
        progress = Put(
            {**_hour(hour), **_from_progress(after), "hour": hour.hour, **_until(hour)},
            condition="#version = :before" if before.version else "attribute_not_exists(pk)",
            values={"before": before.version} if before.version else {},
        )
        parts = [lines[begin : begin + LINES] for begin in range(0, len(lines), LINES)]
        found = [
            Put(
                {
                    **keys.reconciliation_lines(
                        hour.day, hour.run, hour.hour, after.version, number
                    ),
                    "lines": [_from_line(line) for line in part],
                    **_until(hour),
                }
            )
            for number, part in enumerate(parts)
        ]
        if found:
            self._table.transact([progress, *found])
        else:
            self._table.write(progress)
        return after

    def complete(self, run: Run, *, differences: int, now: datetime) -> None:
        """End the run that stands for its day, once.

        Raises
        ------
        StaleError
        """
        self._table.write(
            Update(
                keys.reconciliation(run.day),
                "SET #completed_at = :now, #differences = :differences",
                condition="#run = :run AND attribute_not_exists(#completed_at)",
                values={"now": now.isoformat(), "differences": differences, "run": run.run},
            )
        )

    def lines(self, run: Run, *, limit: int, after: str | None) -> Page[Line]:
        """Read some of a run's lines; ``limit`` counts the writes that found them."""
        partition = keys.reconciliation_run(run.day, run.run)
        items, last = self._table.query(
            partition,
            prefix=keys.LINES,
            limit=limit,
            after={"pk": partition, "sk": after} if after else None,
        )
        return Page([_to_line(line) for item in items for line in item["lines"]], last)


def _hour(hour: Hour) -> keys.Key:
    return keys.reconciliation_hour(hour.day, hour.run, hour.hour)


def _until(hour: Hour) -> Item:
    return {"expires_at": _expires(hour.day)}


def _expires(day: date) -> int:
    return int((day_start(day) + MEMORY).timestamp())


def _to_run(item: Item) -> Run:
    completed = item.get("completed_at")
    return Run(
        day=date.fromisoformat(item["day"]),
        run=item["run"],
        begun_at=datetime.fromisoformat(item["begun_at"]),
        completed_at=datetime.fromisoformat(completed) if completed else None,
        differences=item.get("differences", 0),
    )


def _from_progress(progress: Progress) -> Item:
    return {
        "version": progress.version,
        "listing": progress.listing.value if progress.listing else None,
        "position": progress.position,
        "pages": progress.pages,
        "charges": progress.charges,
        "others": progress.others,
        "totals": dict(progress.totals),
        "corrected": progress.corrected,
        "differences": progress.differences,
    }


def _to_progress(item: Item) -> Progress:
    return Progress(
        version=item["version"],
        listing=Listing(item["listing"]) if "listing" in item else None,
        position=item.get("position"),
        pages=item["pages"],
        charges=item["charges"],
        others=item["others"],
        totals=item["totals"],
        corrected=item["corrected"],
        differences=item["differences"],
    )


def _from_line(line: Line) -> list[str]:
    whose = (line.customer_id, line.invoice_id)
    return [line.verdict.value, line.charge, *whose, line.stripe, line.ours]


def _to_line(given: Sequence[str]) -> Line:
    verdict, charge, customer_id, invoice_id, stripe, ours = given
    return Line(Verdict(verdict), charge, customer_id, invoice_id, stripe, ours)
