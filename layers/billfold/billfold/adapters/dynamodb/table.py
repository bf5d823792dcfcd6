"""A thin hand on the DynamoDB client: plain Python values in and out, and two kinds of failure.

A failed condition is StaleError. Everything that AWS or the network does is UnavailableError,
after botocore's own retries; a repeated transaction carries the same ClientRequestToken, so one
whose reply was lost is not applied twice (AWS documentation, TransactWriteItems).
"""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from billfold.adapters.dynamodb.keys import Key
from billfold.domain.errors import UnavailableError
from billfold.services.ports import StaleError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
CONFLICT_TRIES = 8

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item; attributes that are None are left out."""

    item: Item
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """Change an item. ``#name`` and ``:value`` stand for themselves unless ``names`` says more."""

    key: Key
    expression: str
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """Require something of an item that is not written."""

    key: Key
    condition: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item, if it is there."""

    key: Key


Write = Put | Update | Check | Delete


class Table:
    """The one table, read consistently unless an index forbids it."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Key) -> Item | None:
        """Read one item."""
        with _translated():
            answer = self._client.get_item(
                TableName=self._name, Key=_marshal(key), ConsistentRead=True
            )
        return _unmarshal(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read several items in one call, in the order of ``keys``."""
        found: dict[tuple[str, str], Item] = {}
        wanted: Any = {
            self._name: {"Keys": [_marshal(key) for key in keys], "ConsistentRead": True}
        }
        for tried in range(CONFLICT_TRIES):
            with _translated():
                answer = self._client.batch_get_item(RequestItems=wanted)
            for raw in answer["Responses"].get(self._name, []):
                item = _unmarshal(raw)
                found[item["pk"], item["sk"]] = item
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return [found.get((key["pk"], key["sk"])) for key in keys]
            _wait(tried)
        raise UnavailableError

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        sort_name: str = "sk",
        index: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        after: Key | None = None,
        filter_: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> tuple[list[Item], str | None]:
        """Read a stretch of a partition; gives also the sort key after which there may be more.

        Without ``limit`` all pages are read; with it one call is made, so a filtered page may be
        short.
        """
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
            "KeyConditionExpression": "#pk = :pk",
        }
        bound: dict[str, Any] = {"pk": partition, **(values or {})}
        if prefix:
            arguments["KeyConditionExpression"] += f" AND begins_with(#{sort_name}, :prefix)"
            bound["prefix"] = prefix
        if filter_:
            arguments["FilterExpression"] = filter_
        if index:
            arguments["IndexName"] = index
        if limit:
            arguments["Limit"] = limit
        if after:
            arguments["ExclusiveStartKey"] = _marshal(after)
        arguments.update(_bindings(arguments["KeyConditionExpression"] + filter_, bound, {}))
        items: list[Item] = []
        while True:
            with _translated():
                answer = self._client.query(**arguments)
            items += [_unmarshal(raw) for raw in answer["Items"]]
            more = answer.get("LastEvaluatedKey")
            if limit or not more:
                return items, _unmarshal(more)["sk"] if more else None
            arguments["ExclusiveStartKey"] = more

    def within(
        self,
        index: str,
        partition: tuple[str, str],
        stretch: tuple[str, str, str],
        *,
        limit: int,
        after: Key | None,
    ) -> tuple[list[Item], bool]:
        """Read one page of a stretch, the last first, and tell whether there may be more.

        ``partition`` is name and value of a global index, ``stretch`` the name of its sort key and
        the ends; ``after`` is the whole key of the last item, as the index has it.
        """
        (name, value), (sort_name, low, high) = partition, stretch
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": (
                f"#{name} = :partition AND #{sort_name} BETWEEN :low AND :high"
            ),
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after:
            arguments["ExclusiveStartKey"] = _marshal(after)
        bound = {"partition": value, "low": low, "high": high}
        arguments.update(_bindings(arguments["KeyConditionExpression"], bound, {}))
        with _translated():
            answer = self._client.query(**arguments)
        items = [_unmarshal(raw) for raw in answer["Items"]]
        return items, bool(answer.get("LastEvaluatedKey"))

    def before(
        self,
        index: str,
        partition: tuple[str, str],
        end: tuple[str, str],
        *,
        limit: int,
        after: Key | None,
    ) -> tuple[list[Item], bool]:
        """Read one page of what sorts before an end, and tell whether there may be more.

        ``partition`` and ``end`` are names and values of a global index; ``after`` is the whole key
        of the last item, as the index has it.
        """
        (name, value), (sort_name, sort_value) = partition, end
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": f"#{name} = :partition AND #{sort_name} < :end",
            "Limit": limit,
        }
        if after:
            arguments["ExclusiveStartKey"] = _marshal(after)
        bound = {"partition": value, "end": sort_value}
        arguments.update(_bindings(arguments["KeyConditionExpression"], bound, {}))
        with _translated():
            answer = self._client.query(**arguments)
        items = [_unmarshal(raw) for raw in answer["Items"]]
        return items, bool(answer.get("LastEvaluatedKey"))

    def expired(self, index: str, shard: str, until: str) -> list[Key]:
        """Give the keys of the items whose lease in a global index ended before ``until``."""
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": "#lease_shard = :shard AND #lease_until < :until",
        }
        bound = {"shard": shard, "until": until}
        arguments.update(_bindings(arguments["KeyConditionExpression"], bound, {}))
        with _translated():
            answer = self._client.query(**arguments)
        # One page a run is enough: what is left is found by the next run, a minute later.
        return [{"pk": item["pk"], "sk": item["sk"]} for item in map(_unmarshal, answer["Items"])]

    def write(self, write: Put | Update | Delete) -> None:
        """Write one item.

        Raises
        ------
        StaleError
        """
        arguments = _arguments(write, self._name)
        calls: dict[type, Callable[..., object]] = {
            Put: self._client.put_item,
            Update: self._client.update_item,
            Delete: self._client.delete_item,
        }
        _settled(lambda: calls[type(write)](**arguments))

    def transact(self, writes: Sequence[Write]) -> None:
        """Write all or nothing. A conflict with another transaction is no answer: try again.

        Raises
        ------
        StaleError
        """
        items: Any = [{_OPERATIONS[type(write)]: _arguments(write, self._name)} for write in writes]
        _settled(lambda: self._client.transact_write_items(TransactItems=items))


def changed(attributes: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Give expression and values of an update that sets attributes, and removes those of None."""
    kept = {name: value for name, value in attributes.items() if value is not None}
    gone = [f"#{name}" for name in attributes if name not in kept]
    parts = []
    if kept:
        parts.append("SET " + ", ".join(f"#{name} = :{name}" for name in kept))
    if gone:
        parts.append("REMOVE " + ", ".join(gone))
    return " ".join(parts), kept


def unchanged(attributes: Mapping[str, Any]) -> str:
    """Give the condition that attributes are as they were read; None is one that is not there."""
    return " AND ".join(
        f"attribute_not_exists(#{name})" if value is None else f"#{name} = :{name}"
        for name, value in attributes.items()
    )


_OPERATIONS = {Put: "Put", Update: "Update", Check: "ConditionCheck", Delete: "Delete"}


class _ConflictError(UnavailableError):
    """Another transaction was writing the same item: unavailable, where nobody tries again."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
        if code == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in reasons:
            raise StaleError from error
        if code == "TransactionConflictException" or "TransactionConflict" in reasons:
            raise _ConflictError from error
        if code == "ValidationException":
            raise
        raise UnavailableError from error
    except BotoCoreError as error:
        raise UnavailableError from error


def _settled(write: Callable[[], object]) -> None:
    for tried in range(CONFLICT_TRIES):
        try:
            with _translated():
                write()
        except _ConflictError:
            _wait(tried)
        else:
            return
    raise UnavailableError


def _wait(tried: int) -> None:
    time.sleep(random.uniform(0, min(0.5, 0.02 * 2**tried)))  # noqa: S311


def _arguments(write: Write, table: str) -> Any:  # noqa: ANN401 - botocore's own shapes
    if isinstance(write, Put):
        arguments: dict[str, Any] = {"TableName": table, "Item": _marshal(write.item)}
        text = write.condition
        names: Mapping[str, str] = {}
    elif isinstance(write, Delete):
        return {"TableName": table, "Key": _marshal(write.key)}
    elif isinstance(write, Update):
        arguments = {
            "TableName": table,
            "Key": _marshal(write.key),
            "UpdateExpression": write.expression,
        }
        text = f"{write.expression} {write.condition}"
        names = write.names
    else:
        arguments = {"TableName": table, "Key": _marshal(write.key)}
        text = write.condition
        names = {}
    if write.condition:
        arguments["ConditionExpression"] = write.condition
    return {**arguments, **_bindings(text, write.values, names)}


def _bindings(
    text: str, values: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    used = set(re.findall(r"#(\w+)", text))
    bindings: dict[str, dict[str, Any]] = {}
    if used:
        bindings["ExpressionAttributeNames"] = {f"#{n}": names.get(n, n) for n in used}
    if values:
        bindings["ExpressionAttributeValues"] = {
            f":{name}": _serialize(value) for name, value in values.items()
        }
    return bindings


def _marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def _unmarshal(raw: Mapping[str, Any]) -> Item:
    return {name: _plain(_deserialize(value)) for name, value in raw.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
