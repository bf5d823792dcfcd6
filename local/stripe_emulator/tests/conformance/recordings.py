"""Recordings of Stripe's test mode: exchanges, grouped as they were made one after the other.

One JSON object a line: `cassette`, `method`, `path`, `query`, `body`, `idem`, `account`, `version`,
`status`, `response`, `recorded`. None is in this repository.
"""

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

VARIABLE = "STRIPE_RECORDINGS"
_SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "stripe" / "recorded.jsonl.gz"
ABSENT = f"recordings of Stripe are absent: ../shared/stripe/{_SHARED.name}, or {VARIABLE}"


@dataclass(frozen=True)
class Exchange:
    """A request and what Stripe answered."""

    method: str
    path: str
    # The query of a GET or DELETE, the body of a POST.
    encoded: str
    idempotency_key: str | None
    account: str | None
    version: str
    # Seconds since the epoch; None if the recording does not say.
    at: float | None
    status: int
    answer: Any
    name: str

    @property
    def error(self) -> dict[str, Any]:
        """The error that Stripe answered, empty if there was none."""
        error = self.answer.get("error") if isinstance(self.answer, dict) else None
        return error if isinstance(error, dict) else {}

    def found(self, identifier: str) -> bool:
        """Tell whether Stripe had an object: not if it was not asked, or said that it has not."""
        if self.status < 400:
            return True
        error = self.error
        message = str(error.get("message"))
        missing = error.get("code") in ("resource_missing", "account_invalid")
        return self.status != 401 and not (missing and identifier in message)


def path() -> Path:
    """Give the file: another one can be named in the environment."""
    return Path(os.environ.get(VARIABLE) or _SHARED)


def present() -> bool:
    """Tell whether there are recordings."""
    return path().is_file()


@cache
def cassettes() -> list[list[Exchange]]:
    """Read the file; a cassette is what was recorded in one go, in its order."""
    with gzip.open(path(), "rt") as lines:
        rows = [json.loads(line) for line in lines]
    rows.sort(key=lambda row: str(row["cassette"]))
    return [
        [_exchange(row) for row in group] for _, group in groupby(rows, lambda row: row["cassette"])
    ]


def _exchange(row: dict[str, Any]) -> Exchange:
    in_query = row["method"] in ("GET", "DELETE")
    return Exchange(
        method=row["method"],
        path=row["path"],
        encoded=str((row["query"] if in_query else row["body"]) or ""),
        idempotency_key=row["idem"],
        account=row["account"],
        version=row["version"] or "",
        at=parsedate_to_datetime(row["recorded"]).timestamp() if row["recorded"] else None,
        status=row["status"],
        answer=row["response"],
        name=f"{row['cassette']} {row['i']}",
    )


def objects(answer: Any) -> Iterator[dict[str, Any]]:
    """Give every object of Stripe's in an answer, also those inside of others."""
    if isinstance(answer, dict):
        if isinstance(answer.get("id"), str) and "object" in answer:
            yield answer
        for value in answer.values():
            yield from objects(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from objects(value)
