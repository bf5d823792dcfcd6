"""The functions as Lambda runs them: each invocation in a process of its own that begins cold."""

import importlib.util
import json
import sys
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pytest
from billfold import bootstrap
from billfold.adapters.dynamodb.table import Table
from billfold.adapters.stripe_gateway import SECONDS, StripeGateway
from billfold.bootstrap import Container
from billfold.domain.fact import Actor
from billfold.services.ports import Clock, Gateway

from tests.emulator import ROOT
from tests.functions.conftest import FakeContext
from tests.proof.crash.aws_side import PARAMETER, SENDER, AwsSide
from tests.proof.crash.wire import WiredStripe
from tests.proof.crash.world import World

EVENTS: Final = ROOT / "events"


class Cold(Container):
    """The product's own container: all that it makes is new, and every client over the wire."""

    def __init__(self, world: World, actor: Actor) -> None:
        super().__init__()
        self._world, self._actor = world, actor

    @cached_property
    def actor(self) -> Actor:
        return self._actor

    @cached_property
    def clock(self) -> Clock:
        return self._world.clock

    @cached_property
    def _table(self) -> Table:
        return Table(self._world.sites.wired_dynamodb, self._world.table)

    @cached_property
    def gateway(self) -> Gateway:
        keys, stripe = self._stripe_keys, self._world.stripe
        made = StripeGateway(keys.secret_key, keys.publishable_key, stripe.url)
        made._client._requestor._client = WiredStripe(self._world.wire, stripe.arrived, SECONDS)
        return made


def set_up(patch: pytest.MonkeyPatch, aws: AwsSide, stripe_url: str) -> None:
    """Give the functions their environment; what differs from run to run comes with the world."""
    for name, value in {
        "STRIPE_PARAMETER": PARAMETER,
        "STRIPE_API_BASE": stripe_url,
        "EVENT_BUS_NAME": "bus",
        "USER_POOL_ID": aws.pool,
        "USER_POOL_CLIENT_ID": "1example23456789",
        "SENDER_EMAIL": SENDER,
        "BUSINESS_NAME": "Example Hosting",
        "PORTAL_URL": "https://pay.example.com",
    }.items():
        patch.setenv(name, value)


def invoke(name: str, event: dict[str, Any], ports: Container) -> dict[str, Any]:
    """Run a function in a process of its own; another one may be standing still meanwhile."""
    module = _fresh(ROOT / "functions" / name / "app.py")
    before = bootstrap._ports
    bootstrap.use(ports)
    try:
        answer: dict[str, Any] = module.handler(event, FakeContext())
        return answer
    finally:
        bootstrap.use(before)


def _fresh(path: Path) -> Any:
    """Load a function's module anew: what it keeps from one event to the next is its process's."""
    spec = importlib.util.spec_from_file_location(f"cold_{path.parent.name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Its resolver looks its own annotations up here.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def post(payload: str, signature: str) -> dict[str, Any]:
    """Give a delivery of Stripe as API Gateway does."""
    event: dict[str, Any] = json.loads((EVENTS / "stripe_webhook/bad-signature.json").read_text())
    event["headers"]["stripe-signature"] = signature
    return {**event, "body": payload}


def batch(messages: list[dict[str, Any]], sent: dict[str, datetime]) -> dict[str, Any]:
    """Give messages of SQS as its poller does; ``sent`` tells when each came to the queue."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": str(int(sent[message["MessageId"]].timestamp() * 1000)),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
                "awsRegion": "us-east-1",
            }
            for message in messages
        ]
    }


def told(kind: str, detail: dict[str, Any], source: str = "billing.example") -> str:
    """Give an event of the bus as a rule of EventBridge puts it into a queue."""
    return json.dumps({"version": "0", "detail-type": kind, "source": source, "detail": detail})
