"""Looks into the running stack as the billing team would: an audit trail, the nightly comparison.

``make trail CUSTOMER=cust-1001`` and ``make compare DAY=2026-11-23``. In the cloud the same is read
with the CLI: docs/events.md and docs/runbook.md say how.
"""

import json
import os
import sys
from collections.abc import Iterator

from billfold.adapters.dynamodb.outbox import DynamoOutbox
from billfold.adapters.dynamodb.table import Table
from billfold.domain.fact import Entry, Fact

from local import aws
from local.layout import Layout

_SHOWN = ("invoice_number", "amount", "currency", "reason", "refunded", "dispute", "enabled")
PAGE = 100


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


def compare(endpoint: str, function: str, day: str) -> str:
    """Run the comparison of a UTC day and give its report; without a day, as every night."""
    payload = json.dumps({"day": day} if day else {})
    answer = aws.client("lambda", endpoint).invoke(FunctionName=function, Payload=payload)
    told = json.loads(answer["Payload"].read())
    report: str = told.get("report") or "Every day of the last week has its report already.\n"
    return report


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
        print(compare(endpoint, told["NightlyFunctionName"], about), end="")
        return 0
    if not about:
        print("name the customer: make trail CUSTOMER=cust-1001", file=sys.stderr)
        return 1
    for line in trail(endpoint, told["TableName"], about):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
