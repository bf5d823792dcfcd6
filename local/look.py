"""Looks into the running stack as the billing team would: an audit trail, a reconciliation.

``make trail CUSTOMER=cust-1001`` and ``make compare DAY=2026-11-23``. In the cloud the same is read
with the CLI: docs/events.md and docs/runbook.md say how.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from billfold.adapters.dynamodb.outbox import DynamoOutbox
from billfold.adapters.dynamodb.table import Table
from billfold.domain.fact import Entry, Fact

from local import aws
from local.layout import Layout

_SHOWN = ("invoice_number", "amount", "currency", "reason", "refunded", "dispute", "enabled")
PAGE = 100
DEADLINE_SECONDS = 180


def trail(endpoint: str, table: str, customer_id: str) -> Iterator[str]:
    """Give the lines of a customer's audit trail, newest first."""
    outbox = DynamoOutbox(Table(aws.client("dynamodb", endpoint), table))
    yield f"{'when (UTC)':19}  {'who':10}  what"
    after: str | None = None
    while True:
        page = outbox.trail(customer_id, limit=PAGE, after=after)
        for entry in page.items:
            yield from _lines(entry)
        after = page.last_id
        if after is None:
            return


def _lines(entry: Entry) -> Iterator[str]:
    begin = f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.actor.value:10}"
    for fact in entry.facts:
        yield f"{begin}  {fact.kind.value} {_say(fact)}"
    for payment_method in entry.detach:
        yield f"{begin}  let go of {payment_method} at Stripe"


def _say(fact: Fact) -> str:
    shown = [f"{name} {fact.detail[name]}" for name in _SHOWN if fact.detail.get(name) is not None]
    card = fact.detail.get("card")
    if isinstance(card, dict):
        shown.append(f"{card['brand']} {card['last4']}")
    return ", ".join(shown)


class NotReconciledError(Exception):
    """The reconciliation did not begin, or does not end; the text says what is known."""


def compare(endpoint: str, function: str, day: str) -> Iterator[str]:
    """Reconcile a UTC day and give its report part by part; without a day, as every night.

    Raises
    ------
    NotReconciledError
    """
    call = partial(_invoke, endpoint, function)
    days = call({"day": day} if day else {})["days"]
    if not days:
        yield "Every day of the last week is reconciled already.\n"
    for one in days:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (told := call({"report": one}))["complete"]:
            if time.monotonic() > deadline:
                raise NotReconciledError(told["report"])
            time.sleep(0.5)
        yield told["report"]
        while told["after"]:
            told = call({"report": one, "after": told["after"]})
            yield told["report"]


def _invoke(endpoint: str, function: str, event: dict[str, str]) -> dict[str, Any]:
    answer = aws.client("lambda", endpoint).invoke(FunctionName=function, Payload=json.dumps(event))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if "errorMessage" in told:
        raise NotReconciledError(told["errorMessage"])
    return told


def outputs() -> tuple[str, dict[str, str]] | None:
    """Give the AWS emulator's address and the stack's outputs; None where no stack is up."""
    layout = Layout.from_environment()
    if not layout.stack_file.exists():
        print("nothing is running: `make up` first", file=sys.stderr)
        return None
    os.environ.update(aws.ISOLATION)
    endpoint = json.loads(layout.stack_file.read_text())["aws_endpoint_url"]
    [deployed] = aws.client("cloudformation", endpoint).describe_stacks()["Stacks"]
    return endpoint, {output["OutputKey"]: output["OutputValue"] for output in deployed["Outputs"]}


def main(arguments: list[str]) -> int:
    """Print what was asked for."""
    found = outputs()
    if found is None:
        return 1
    endpoint, told = found
    command, about = arguments
    if command == "compare":
        try:
            for part in compare(endpoint, told["ReconciliationFunctionName"], about):
                print(part, end="")
        except NotReconciledError as error:
            print(f"billfold: not reconciled: {error}", file=sys.stderr)
            return 1
        return 0
    if not about:
        print("name the customer: make trail CUSTOMER=cust-1001", file=sys.stderr)
        return 1
    for line in trail(endpoint, told["TableName"], about):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
