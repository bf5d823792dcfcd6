"""Writes local/env-vars.json: what `sam local invoke` needs to work on the running stack."""

import json
import os
import sys
from typing import Any

import boto3

from local.layout import ROOT, Layout

TARGET = ROOT / "local" / "env-vars.json"
REGION = "us-east-1"


def variables(stack: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Give the variables that differ from template.yaml's own.

    Every function gets the ``Parameters``; each reads what it knows.
    """
    client = boto3.client(
        "cloudformation",
        endpoint_url=stack["aws_endpoint_url"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    [deployed] = client.describe_stacks()["Stacks"]
    told = {output["OutputKey"]: output["OutputValue"] for output in deployed["Outputs"]}
    shared = {
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "TABLE_NAME": told["TableName"],
        "USER_POOL_ID": told["UserPoolId"],
        "USER_POOL_CLIENT_ID": told["UserPoolClientId"],
        "STRIPE_PARAMETER": told["StripeParameter"],
        "STRIPE_API_BASE": stack["stripe_url"],
        "EVENT_BUS_NAME": told["EventBusName"],
        "STRIPE_EVENTS_QUEUE_URL": told["StripeEventsQueueUrl"],
        "DEAD_LETTER_QUEUE_URL": told["InvoiceIssuedDeadLettersUrl"],
        "AUTOPAY_SHARDS_QUEUE_URL": told["AutopayShardsQueueUrl"],
        "AUTOPAY_CHARGES_QUEUE_URL": told["AutopayChargesQueueUrl"],
        "RECONCILIATION_QUEUE_URL": told["ReconciliationQueueUrl"],
    }
    return {
        "Parameters": shared,
        "RegisterCustomerFunction": {
            "DEAD_LETTER_QUEUE_URL": told["CustomerRegisteredDeadLettersUrl"]
        },
        **{
            f"{function}Function": {"DEAD_LETTER_QUEUE_URL": told[f"{queue}DeadLettersUrl"]}
            for function, queue in (
                ("AutopayCharge", "AutopayCharges"),
                ("AutopayDispatch", "AutopayShards"),
                ("ChangeInvoice", "InvoiceCommands"),
                ("Notify", "Notify"),
                ("Reconciliation", "Reconciliation"),
                ("StripeEvents", "StripeEvents"),
            )
        },
    }


def main() -> int:
    """Write the file."""
    where = Layout.from_environment().stack_file
    if not where.exists():
        print("nothing is running: `make up` first", file=sys.stderr)
        return 1
    os.environ.pop("AWS_PROFILE", None)
    stack = json.loads(where.read_text())
    TARGET.write_text(json.dumps(variables(stack), indent=2) + "\n")
    print(f"wrote {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
