"""Every function in Lambda's own Python runtime client, driven by each of its events.

This is what ``sam local invoke`` would do, without Docker: the real awslambdaric, a fresh process,
the environment that template.yaml gives, and the embedded stack behind it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import REGION, Stack, aws, outputs
from tests.runtime_api import Function

pytestmark = pytest.mark.e2e
EVENTS = Path(__file__).resolve().parents[2] / "events"
FUNCTIONS = sorted(path.name for path in EVENTS.iterdir())
# What must succeed for the customer that the events and the seed share; all else is refused.
SUCCESS = {
    "account/show": 200,
    "auth/logout": 204,
    "auth/password-reset": 202,
    "autopay/turn-off": 200,
    "autopay/turn-on": 200,
    "cards/list": 200,
    "cards/setup": 201,
    "invoices/list": 200,
    "invoices/list-filtered": 200,
    "payments/list": 200,
}


def environment(stack: Stack, name: str) -> dict[str, str]:
    told = outputs(stack)
    dead = {
        "autopay_charge": told["AutopayChargesDeadLettersUrl"],
        "autopay_dispatch": told["AutopayShardsDeadLettersUrl"],
        "change_invoice": told["InvoiceCommandsDeadLettersUrl"],
        "notify": told["NotifyDeadLettersUrl"],
        "issue_invoice": told["InvoiceIssuedDeadLettersUrl"],
        "reconciliation": told["ReconciliationDeadLettersUrl"],
        "register_customer": told["CustomerRegisteredDeadLettersUrl"],
        "stripe_events": told["StripeEventsDeadLettersUrl"],
    }
    return {
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TABLE_NAME": told["TableName"],
        "EVENT_BUS_NAME": told["EventBusName"],
        "STRIPE_EVENTS_QUEUE_URL": told["StripeEventsQueueUrl"],
        "USER_POOL_ID": told["UserPoolId"],
        "USER_POOL_CLIENT_ID": told["UserPoolClientId"],
        "STRIPE_PARAMETER": told["StripeParameter"],
        "STRIPE_API_BASE": stack["stripe_url"],
        "BUSINESS_TIMEZONE": "Europe/Berlin",
        "SUPPORT_EMAIL": "support@example.com",
        "SENDER_EMAIL": "billing@example.com",
        "BUSINESS_NAME": "Example Hosting",
        **own_queues(stack),
        **({"DEAD_LETTER_QUEUE_URL": dead[name]} if name in dead else {}),
    }


def own_queues(stack: Stack) -> dict[str, str]:
    """Give queues that nobody reads, so that nothing is run by these events."""
    sqs, ordered = aws(stack, "sqs"), {"FifoQueue": "true"}
    shards = sqs.create_queue(QueueName="runtime-shards")
    charges = sqs.create_queue(QueueName="runtime-charges.fifo", Attributes=ordered)
    hours = sqs.create_queue(QueueName="runtime-hours")
    return {
        "RECONCILIATION_QUEUE_URL": hours["QueueUrl"],
        "AUTOPAY_SHARDS_QUEUE_URL": shards["QueueUrl"],
        "AUTOPAY_CHARGES_QUEUE_URL": charges["QueueUrl"],
    }


def load(path: Path, client_id: str) -> dict[str, Any]:
    """Read an event; its token is one of this stack's client."""
    event: dict[str, Any] = json.loads(path.read_text())
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims")
    if claims:
        claims["client_id"] = client_id
    return event


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_answers_its_events_in_the_lambda_runtime(stack: Stack, name: str) -> None:
    told = environment(stack, name)
    with Function(name, told) as function:
        for path in sorted(EVENTS.glob(f"{name}/*.json")):
            result = function.invoke(load(path, told["USER_POOL_CLIENT_ID"]))
            assert not result.error, result.payload
            if "statusCode" not in result.payload:
                continue
            status = result.payload["statusCode"]
            case = f"{name}/{path.stem}"
            if case in SUCCESS:
                assert status == SUCCESS[case], result.payload
            else:
                assert 200 <= status < 500, result.payload
                if status >= 400:
                    assert json.loads(result.payload["body"])["code"], case
    assert "Traceback" not in function.log
    assert '"level":"ERROR"' not in function.log
