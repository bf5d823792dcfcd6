"""What all runs share, and what a process is made of: the product's adapters over the wire."""

import json
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Protocol

import boto3
from billfold.adapters.dynamodb.table import Table, _plain
from billfold.adapters.eventbridge import EventBus
from billfold.adapters.sqs import SqsAutopayQueues, SqsReconciliationQueue
from billfold.adapters.stripe_gateway import SECONDS, StripeGateway
from billfold.bootstrap import Container
from billfold.domain.fact import Actor
from billfold.services.ports import AutopayQueues, Bus, Clock, Gateway, ReconciliationQueue
from moto.core.model_instances import reset_model_data
from moto.core.responses import ActionResult
from moto.dynamodb.models import dynamodb_backends

from tests.adapters.conftest import table_definition
from tests.emulator import PUBLISHABLE_KEY, SECRET_KEY
from tests.fakes import FakeClock
from tests.proof.crash.reads import watch
from tests.proof.crash.stripe_side import StripeSide
from tests.proof.crash.wire import Wire, WiredAws, WiredStripe
from tests.proof.witnesses import QueuesEnd

ACCOUNT = "123456789012"
"""Moto's."""


class Sites:
    """What all runs share: the clients, Stripe, and the wire between."""

    def __init__(self, stripe: StripeSide) -> None:
        self.stripe = stripe
        self.wire = Wire()
        self.dynamodb: Any = boto3.client("dynamodb")
        self.requests = 0
        self.runs = 0
        self.dynamodb.meta.events.register("before-send.dynamodb", self._count)
        self.loose_reads = watch(self.dynamodb)
        self.wired_dynamodb: Any = WiredAws(self.dynamodb, self.wire, lambda: self.requests)
        self.gateway = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, stripe.url)
        self.gateway._client._requestor._client = WiredStripe(self.wire, stripe.arrived, SECONDS)

    def _count(self, **_: Any) -> None:
        self.requests += 1

    def create_table(self, name: str) -> None:
        self.dynamodb.create_table(TableName=name, **_definition())

    def drop_table(self, name: str) -> None:
        self.dynamodb.delete_table(TableName=name)
        # Moto copies a table for each transaction, and remembers every copy.
        reset_model_data()

    def items(self, table: str) -> list[dict[str, Any]]:
        """Look into moto's table itself, which costs a tenth of a call."""
        found = dynamodb_backends[ACCOUNT]["us-east-1"].get_table(table).all_items()
        return [_plain(item.to_regular_json()) for item in found]


def plainly(result: ActionResult, context: Any) -> Any:
    """Give an answer of moto's DynamoDB as the JSON that it is.

    Moto looks for each attribute under several spellings, which takes a third of a run.
    """
    if isinstance(result.result, dict):
        body = json.dumps(result.result, default=_plain_object)
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, body
    return _as_moto_does(result, context)


def _plain_object(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value.to_json()


_as_moto_does = ActionResult.execute_result


@cache
def _definition() -> dict[str, Any]:
    return table_definition()


class Here(Protocol):
    """Where a process runs."""

    sites: Sites
    table: str
    clock: FakeClock
    wired_bus: Any
    wired_queues: Any


class Process(Container):
    """The ports of one process."""

    def __init__(self, world: Here, actor: Actor, dynamodb: Any) -> None:
        super().__init__()
        self._world, self._actor, self._dynamodb = world, actor, dynamodb

    @cached_property
    def actor(self) -> Actor:
        return self._actor

    @cached_property
    def clock(self) -> Clock:
        return self._world.clock

    @cached_property
    def _table(self) -> Table:
        return Table(self._dynamodb, self._world.table)

    @cached_property
    def gateway(self) -> Gateway:
        return self._world.sites.gateway

    @cached_property
    def bus(self) -> Bus:
        return EventBus(self._world.wired_bus, "bus")

    @cached_property
    def autopay_queues(self) -> AutopayQueues:
        return SqsAutopayQueues(self._world.wired_queues, QueuesEnd.SHARDS, QueuesEnd.CHARGES)

    @cached_property
    def reconciliation_queue(self) -> ReconciliationQueue:
        return SqsReconciliationQueue(self._world.wired_queues, QueuesEnd.HOURS)
