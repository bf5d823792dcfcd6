"""A decision is read from the table consistently; a global index says only where to look."""

import pytest

from tests.adapters.conftest import table_definition
from tests.proof.crash.reads import loose
from tests.proof.crash.sites import Sites
from tests.proof.mutations.wires import an_index_that_lags_decides_nothing


@pytest.mark.parametrize(
    ("operation", "params", "found"),
    [
        ("GetItem", {}, 1),
        ("GetItem", {"ConsistentRead": False}, 1),
        ("GetItem", {"ConsistentRead": True}, 0),
        ("BatchGetItem", {"RequestItems": {"table": {"Keys": []}}}, 1),
        ("BatchGetItem", {"RequestItems": {"table": {"ConsistentRead": True}}}, 0),
        ("Query", {}, 1),
        ("Query", {"IndexName": "open_invoices"}, 1),
        ("Query", {"IndexName": "open_invoices", "ConsistentRead": True}, 0),
        ("Query", {"IndexName": "due"}, 0),
        ("Scan", {"ConsistentRead": True}, 1),
        ("PutItem", {}, 0),
    ],
)
def test_what_is_read_loosely_is_seen(
    operation: str, params: dict[str, object], found: int
) -> None:
    assert len(loose(operation, params)) == found


def test_the_indexes_of_what_is_to_be_done_hold_keys_alone() -> None:
    """There is nothing in them that a decision could be made of."""
    indexes = {one["IndexName"]: one for one in table_definition()["GlobalSecondaryIndexes"]}
    for name in ("due", "leases"):
        assert indexes[name]["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_an_index_that_shows_the_past_brings_nothing_about(sites: Sites) -> None:
    assert an_index_that_lags_decides_nothing(sites) == []
