"""Deploys template.yaml to the AWS emulator: creates the stack, or updates the one it remembers."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import aws, package, translate
from local.failure import StackError
from local.layout import ROOT

STACK = "billfold"
BUCKET = "billfold-artifacts"
DEADLINE_SECONDS = 60
QUIET_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the stack's outputs say, and which function is behind each route."""

    endpoint: str
    api_id: str
    table: str
    user_pool: str
    user_pool_client: str
    event_bus: str
    stripe_parameter: str
    queues: Sequence[str]
    routes: Mapping[str, str]

    @property
    def api_base(self) -> str:
        """Where the HTTP API answers inside the emulator."""
        return f"{self.endpoint}/_aws/execute-api/{self.api_id}/$default"


def deploy(endpoint: str, build: Path, copy: Path, parameters: Mapping[str, str]) -> Deployment:
    """Bring the emulator to what template.yaml says now.

    Raises
    ------
    StackError
        CloudFormation refused, with its first reason.
    """
    template = translate.read(ROOT / "template.yaml")
    try:
        code = _upload(endpoint, template, build, copy)
        body = translate.to_cloudformation(template, code, parameters)
        address = _upload_template(endpoint, body)
        outputs = _apply(aws.client("cloudformation", endpoint), address, parameters)
        _empty_bucket(endpoint)
        deployment = Deployment(
            endpoint=endpoint,
            api_id=outputs["ApiId"],
            table=outputs["TableName"],
            user_pool=outputs["UserPoolId"],
            user_pool_client=outputs["UserPoolClientId"],
            event_bus=outputs["EventBusName"],
            stripe_parameter=outputs["StripeParameter"],
            queues=[outputs[name] for name in outputs if name.endswith("QueueUrl")],
            routes=translate.routes(body["Resources"]),
        )
        _finish_table(endpoint, deployment.table)
    except (ClientError, BotoCoreError) as error:
        raise StackError(f"the deployment failed: {str(error)[:300]}") from error
    return deployment


def rest(deployment: Deployment) -> None:
    """Let go of the workers of functions that nobody waits for.

    The emulator keeps one of each that was ever called, some 60 MB; a change of a function ends it,
    and the next call starts another.
    """
    _wait_until_quiet(deployment)
    functions = aws.client("lambda", deployment.endpoint)
    called = {f"{STACK}-{function}" for function in deployment.routes.values()}
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"]
            if name.rpartition("-")[0] not in called:
                functions.update_function_configuration(
                    FunctionName=name, Timeout=function["Timeout"]
                )


def _wait_until_quiet(deployment: Deployment) -> None:
    """Let what is in the queues be done; a message that fails is no reason to wait for long."""
    queues = aws.client("sqs", deployment.endpoint)
    deadline = time.monotonic() + QUIET_SECONDS
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while time.monotonic() < deadline:
        counts = [
            queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()
            for url in deployment.queues
        ]
        if not any(int(count) for values in counts for count in values):
            return
        time.sleep(0.1)


def _upload(endpoint: str, template: dict[str, Any], build: Path, copy: Path) -> dict[str, str]:
    """Put every archive under an address made of its content; give the addresses."""
    store = aws.client("s3", endpoint)
    store.create_bucket(Bucket=BUCKET)
    addresses = {}
    for name, folder in translate.code_folders(template).items():
        path = ROOT / folder
        archive = package.layer(build, copy) if path == package.LAYER else package.function(path)
        key = f"{name}/{hashlib.sha256(archive).hexdigest()}.zip"
        store.put_object(Bucket=BUCKET, Key=key, Body=archive)
        addresses[name] = f"s3://{BUCKET}/{key}"
    return addresses


def _upload_template(endpoint: str, body: dict[str, Any]) -> str:
    """Put the template where CloudFormation can read it; it is too long to be sent along."""
    aws.client("s3", endpoint).put_object(
        Bucket=BUCKET, Key="template.json", Body=json.dumps(body).encode()
    )
    return f"https://s3.amazonaws.com/{BUCKET}/template.json"


def _empty_bucket(endpoint: str) -> None:
    """Give the archives' memory back; the functions have their own copies."""
    store = aws.client("s3", endpoint)
    for entry in store.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        store.delete_object(Bucket=BUCKET, Key=entry["Key"])


def _apply(client: Any, template: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create or update the stack and give its outputs."""
    request = {
        "StackName": STACK,
        "TemplateURL": template,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        client.describe_stacks(StackName=STACK)
    except ClientError:
        client.create_stack(**request)
    else:
        try:
            client.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        stack = client.describe_stacks(StackName=STACK)["Stacks"][0]
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return {out["OutputKey"]: out["OutputValue"] for out in stack["Outputs"]}
        if not status.endswith("IN_PROGRESS") or time.monotonic() > deadline:
            raise StackError(f"the deployment ended as {status}: {_first_failure(client)}")
        time.sleep(0.05)


def _first_failure(client: Any) -> str:
    events = client.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    if not failed:
        return "CloudFormation gives no reason"
    first = failed[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason')}"


def _finish_table(endpoint: str, table: str) -> None:
    """Set what the emulator's CloudFormation passes over, from the template's own wishes."""
    client = aws.client("dynamodb", endpoint)
    ttl = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if ttl["TimeToLiveStatus"] != "ENABLED":
        client.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
        )
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
