"""Moto's DynamoDB at hand: its own code answers, without what takes time and shows nothing.

Botocore checks and serializes each request and reads each answer, as ever; what is left out is HTTP
between the two. And moto copies a whole table before each transaction, to go back to it: here it
copies the items that are written, when they are written.
"""

import copy
import json
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from billfold.adapters.dynamodb.table import _plain
from botocore import xform_name
from botocore.endpoint import Endpoint
from botocore.model import OperationModel
from botocore.parsers import create_parser
from botocore.useragent import UserAgentString
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from botocore.model import Shape

ACCOUNT: Final = "123456789012"
"""Moto's."""
REGION: Final = "us-east-1"
ITEM_BYTES: Final = 405_000
"""Moto's: 400 KB, and what its way of weighing is out by."""

_ON_ITEMS: Final = frozenset(
    {
        "BatchGetItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
    }
)
_over_http = Endpoint.make_request
_update_item = DynamoDBBackend.update_item
_as_moto_does = ActionResult.execute_result
_regular = DynamoType.to_regular_json
_parser = create_parser("json")


class Arrived:
    """How many requests have come to the table."""

    count = 0


def install(patch: pytest.MonkeyPatch) -> None:
    """Let every client of DynamoDB be answered so, until the patch is undone."""
    patch.setattr(Endpoint, "make_request", _make_request)
    patch.setattr(ActionResult, "execute_result", _plainly)
    patch.setattr(UserAgentString, "to_string", lambda _: "crash points")
    patch.setattr(Table, "__deepcopy__", _as_it_is_now, raising=False)
    patch.setattr(DynamoDBBackend, "update_item", _update_a_copy)
    patch.setattr(Item, "__init__", _item_of)
    patch.setattr(Item, "__deepcopy__", _item_copied)
    patch.setattr(DynamoType, "__deepcopy__", _copied)
    patch.setattr(DynamoType, "to_regular_json", _to_regular_json)


def items(table: str, *, prefix: str = "", having: str = "") -> list[dict[str, Any]]:
    """Look into a table itself, which costs a tenth of a call, at sort keys that begin so."""
    partitions = dynamodb_backends[ACCOUNT][REGION].get_table(table).items.values()
    found = [
        item
        for partition in partitions
        for item in partition.values()
        if item.range_key.value.startswith(prefix) and (not having or having in item.attrs)
    ]
    return [_plain(item.to_regular_json()) for item in found]


def _make_request(endpoint: Endpoint, model: OperationModel, request: dict[str, Any]) -> Any:
    if model.name not in _ON_ITEMS or model.service_model.service_name != "dynamodb":
        return _over_http(endpoint, model, request)
    Arrived.count += 1
    handler = DynamoHandler()
    handler.current_account, handler.region, handler.partition = ACCOUNT, REGION, "aws"
    handler.headers, handler.response_headers = request["headers"], {}
    handler.querystring = {}
    handler.body = handler.params = json.loads(request["body"])
    status, headers, body = _answered(handler, getattr(handler, xform_name(model.name)))
    answer = {"status_code": status, "headers": headers, "body": body.encode()}
    parsed = _parser.parse(answer, cast("Shape", model.output_shape))
    if status >= 300:
        # As botocore does: the reasons for which a transaction was canceled are read only here.
        errors: Any = endpoint
        errors._add_modeled_error_fields(answer, parsed, model, _parser)
    return SimpleNamespace(**answer), parsed


def _answered(handler: DynamoHandler, operation: Callable[[], ActionResult]) -> Any:
    try:
        return handler.serialized(operation())
    except ServiceException as refused:
        return handler.serialized(ActionResult(refused))
    except HTTPException as refused:
        return refused.code, dict(refused.get_headers()), refused.description


def _plainly(result: ActionResult, context: Any) -> Any:
    """Give an answer of moto's DynamoDB as the JSON that it is.

    Moto looks for each attribute under several spellings, which takes a third of a run.
    """
    if isinstance(result.result, dict):
        body = json.dumps(result.result, default=_plain_object)
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, body
    return _as_moto_does(result, context)


def _plain_object(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value.to_json()


def _as_it_is_now(table: Table, _: dict[int, Any]) -> Table:
    """Keep what a table holds: nothing changes an item in its place any more."""
    kept = copy.copy(table)
    kept.items = copy.copy(table.items)
    for partition, of_it in table.items.items():
        kept.items[partition] = copy.copy(of_it)
    return kept


def _update_a_copy(
    backend: DynamoDBBackend, table_name: str, key: Any, *more: Any, **by: Any
) -> Any:
    table = backend.get_table(table_name)
    item = table.get_item(*backend.get_keys_value(table, key))
    if item is not None:
        table.items[item.hash_key][item.range_key] = copy.deepcopy(item)
    return _update_item(backend, table_name, key, *more, **by)


def _item_of(
    item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]
) -> None:
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    # Moto weighs all the others with each attribute; here the whole item is weighed once.
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    if item.size() > ITEM_BYTES:
        raise ItemSizeTooLarge


def _item_copied(item: Item, _: dict[int, Any]) -> Item:
    made: Any = Item.__new__(Item)
    made.hash_key, made.range_key = item.hash_key, item.range_key
    made.attrs = LimitedSizeDict()
    dict.update(made.attrs, {name: _copied(value) for name, value in item.attrs.items()})
    return cast("Item", made)


def _copied(value: DynamoType, _: object = None) -> DynamoType:
    made = DynamoType.__new__(DynamoType)
    made.type, made.value = value.type, _each(value.value, _copied)
    return made


def _to_regular_json(value: DynamoType) -> Any:
    if value.is_binary():
        return _regular(value)
    return {value.type: _each(value.value, _to_regular_json)}


def _each(value: Any, copied: Callable[[DynamoType], Any]) -> Any:
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) if isinstance(inner, DynamoType) else inner for inner in value]
    return value
