"""The published schema of what Billfold tells, for every test that sees an event."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "events.schema.json"


@cache
def _schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(SCHEMA.read_text())
    return read


def kinds() -> set[str]:
    """Give the detail-types that are published."""
    return {name for name in _schema()["$defs"] if name[0].isupper()}


def require_published(kind: str, detail: dict[str, Any]) -> None:
    """Hold an event's detail against its schema."""
    validator = Draft202012Validator(
        {"$ref": f"#/$defs/{kind}", "$defs": _schema()["$defs"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(detail)]
    assert not problems, (kind, problems)
