"""What all runs share, and what a process is made of: the product's adapters over the wire."""

from functools import cache, cached_property
from typing import Any, Protocol

import boto3
from billfold.adapters.dynamodb.table import Table
from billfold.adapters.eventbridge import EventBus
from billfold.adapters.sqs import SqsAutopayQueues, SqsReconciliationQueue
from billfold.adapters.stripe_gateway import SECONDS, StripeGateway
from billfold.bootstrap import Container
from billfold.domain.fact import Actor
from billfold.services.ports import AutopayQueues, Bus, Clock, Gateway, ReconciliationQueue
from moto.core.model_instances import reset_model_data

from tests.adapters.conftest import table_definition
from tests.emulator import PUBLISHABLE_KEY, SECRET_KEY
from tests.fakes import FakeClock
from tests.proof.crash.nearby import Arrived
from tests.proof.crash.reads import watch
from tests.proof.crash.stripe_side import StripeSide
from tests.proof.crash.wire import Wire, WiredAws, WiredStripe
from tests.proof.witnesses import QueuesEnd


class Sites:
    """What all runs share: the clients, Stripe, and the wire between."""

    def __init__(self, stripe: StripeSide) -> None:
        self.stripe = stripe
        self.wire = Wire()
        self.dynamodb: Any = boto3.client("dynamodb")
        self.runs = 0
        self.loose_reads = watch(self.dynamodb)
        self.wired_dynamodb: Any = WiredAws(self.dynamodb, self.wire, lambda: Arrived.count)
        self.gateway = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, stripe.url)
        self.gateway._client._requestor._client = WiredStripe(self.wire, stripe.arrived, SECONDS)

    def create_table(self, name: str) -> None:
        self.dynamodb.create_table(TableName=name, **_definition())

    def drop_table(self, name: str) -> None:
        self.dynamodb.delete_table(TableName=name)
        # Moto copies a table for each transaction, and remembers every copy.
        reset_model_data()


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
