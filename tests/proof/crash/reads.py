"""Every read of the table is consistent, except where a global index forbids it."""

from typing import Any, Final

from tests.adapters.conftest import table_definition

_GLOBAL: Final = {index["IndexName"] for index in table_definition()["GlobalSecondaryIndexes"]}


def watch(dynamodb: Any) -> list[str]:
    """Note from now on, in words, every read of a client that may give what is not so any more."""
    found: list[str] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        found.extend(loose(model.name, params))

    dynamodb.meta.events.register("before-parameter-build.dynamodb", note)
    return found


def loose(operation: str, params: dict[str, Any]) -> list[str]:
    """Say what is wrong with one call."""
    match operation:
        case "GetItem":
            asked = [params]
        case "BatchGetItem":
            asked = list(params["RequestItems"].values())
        case "Query":
            asked = [] if params.get("IndexName") in _GLOBAL else [params]
        case "Scan" | "TransactGetItems":
            return [f"{operation} is no read of ours"]
        case _:
            return []
    return [f"{operation} without ConsistentRead" for one in asked if not _consistent(one)]


def _consistent(asked: dict[str, Any]) -> bool:
    return asked.get("ConsistentRead") is True
