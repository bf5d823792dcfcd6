"""Moto at hand answers as moto over HTTP does, and leaves the same items."""

import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from tests.adapters.conftest import aws, table_definition
from tests.proof.crash import nearby

__all__ = ["aws"]
KEYS = [{"pk": {"S": f"p{n % 2}"}, "sk": {"S": f"s{n}"}} for n in range(5)]
CONDITIONS = (None, "attribute_exists(pk)", "attribute_not_exists(pk)", "#n < :n")
PATHS = ("#n = :n, #m = :m", "#m.deep = :n", "#m = :m")


def write(chance: random.Random) -> tuple[str, dict[str, Any]]:
    kind = chance.choice(["Put", "Update", "Update", "Delete", "ConditionCheck"])
    key, condition = chance.choice(KEYS), chance.choice(CONDITIONS)
    arguments: dict[str, Any] = {"TableName": "t"}
    number, inner = {"N": str(chance.randint(0, 9))}, {"M": {"deep": {"L": [{"S": "x"}]}}}
    text = condition or ""
    if kind == "Put":
        arguments["Item"] = {**key, "n": number, "m": inner, "open_sort": {"S": "o"}}
    else:
        arguments["Key"] = key
    if kind == "Update":
        arguments["UpdateExpression"] = "SET " + chance.choice(PATHS)
        text += arguments["UpdateExpression"]
    if kind == "ConditionCheck" and not condition:
        condition = text = CONDITIONS[1] or ""
    if condition:
        arguments["ConditionExpression"] = condition
    names = {name: name[1:] for name in ("#n", "#m") if name in text}
    values = {name: v for name, v in ((":n", number), (":m", inner)) if name in text}
    if names:
        arguments["ExpressionAttributeNames"] = names
    if values:
        arguments["ExpressionAttributeValues"] = values
    return kind, arguments


def calls(seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Single writes, transactions of which many fail, and every kind of read."""
    chance = random.Random(seed)
    for _ in range(60):
        for _ in range(2):
            kind, arguments = write(chance)
            if kind != "ConditionCheck":
                yield f"{kind.lower()}_item", arguments
        several = [{kind: arguments} for kind, arguments in (write(chance) for _ in range(3))]
        yield "transact_write_items", {"TransactItems": several}
        yield "get_item", {"TableName": "t", "Key": chance.choice(KEYS), "ConsistentRead": True}
        wanted = {"t": {"Keys": chance.sample(KEYS, 3)}}
        yield "batch_get_item", {"RequestItems": wanted}
        query = {"KeyConditionExpression": "pk = :pk", "IndexName": "open_invoices"}
        bound = {":pk": KEYS[0]["pk"]}
        yield "query", {"TableName": "t", **query, "ExpressionAttributeValues": bound}


def answers(seed: int) -> tuple[list[tuple[str, Any]], str]:
    client: Any = boto3.client("dynamodb")
    client.create_table(TableName="t", **table_definition())
    heard = []
    for operation, arguments in calls(seed):
        try:
            answer = getattr(client, operation)(**arguments)
        except ClientError as error:
            answer = {**error.response, "class": type(error).__name__}
        answer.pop("ResponseMetadata")
        heard.append((operation, answer))
    left = [
        item.to_json()
        for item in dynamodb_backends[nearby.ACCOUNT][nearby.REGION].get_table("t").all_items()
    ]
    client.delete_table(TableName="t")
    return heard, repr(left)


@pytest.mark.parametrize("seed", range(5))
def test_every_answer_and_every_item_is_as_over_http(aws: None, seed: int) -> None:
    over_http, left = answers(seed)
    with pytest.MonkeyPatch.context() as patch:
        nearby.install(patch)
        before = nearby.Arrived.count
        at_hand, left_at_hand = answers(seed)
        assert nearby.Arrived.count - before == len(at_hand)
    assert at_hand == over_http
    assert left_at_hand == left
    refused = [one for one in at_hand if "ConditionalCheckFailed" in repr(one)]
    assert 20 < len(refused) < len(at_hand) - 20


def test_an_item_that_is_too_large_is_refused(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    nearby.install(monkeypatch)
    client: Any = boto3.client("dynamodb")
    client.create_table(TableName="t", **table_definition())
    with pytest.raises(ClientError, match="Item size has exceeded"):
        client.put_item(TableName="t", Item={**KEYS[0], "x": {"S": "x" * 410_000}})
