"""Starts a run of automatic payment on the running stack, and shows what becomes of each invoice.

``make autopay`` runs for today, ``make autopay DATE=2026-12-24`` as if it were that day: what is
due by then is charged. A day to come is only allowed here (docs/autopay.md).
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from billfold.adapters.dynamodb.invoices import DynamoInvoices
from billfold.adapters.dynamodb.table import Table

from local import aws
from local.look import outputs

DEADLINE_SECONDS = 120
QUEUES = ("AutopayShardsQueueUrl", "AutopayChargesQueueUrl")
WORDS = {
    "charged": "charged",
    "declined": "declined",
    "unknown": "not known yet",
    "overdue": "given up, overdue",
    "notified": "customer told beforehand",
    "waiting": "waits for the customer",
    "later": "later: Stripe or AWS is not there",
    "skipped": "skipped",
}


def _telling(looked: "Looked") -> int:
    return list(WORDS).index(looked.outcome)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a run made of one invoice."""

    customer_id: str
    invoice_id: str
    outcome: str
    reason: str


class RunError(Exception):
    """The run did not begin, or does not end; the text says what to do."""


class Run:
    """One run, on a stack that is up.

    Parameters
    ----------
    endpoint
        Of the AWS emulator.
    told
        The deployed stack's outputs.
    """

    def __init__(self, endpoint: str, told: dict[str, str]) -> None:
        self._endpoint = endpoint
        self._told = told
        self._name = ""
        self.day = ""

    def begin(self, day: str = "") -> None:
        """Call the dispatcher as the schedule does.

        Raises
        ------
        RunError
        """
        answer = aws.client("lambda", self._endpoint).invoke(
            FunctionName=self._told["AutopayDispatchFunctionName"],
            Payload=json.dumps({"day": day} if day else {}),
        )
        told = json.loads(answer["Payload"].read())
        if "run" not in told:
            raise RunError(f"the run did not begin: {told.get('errorMessage', told)}")
        self._name, self.day = told["run"], told["day"]

    def waiting(self) -> int:
        """Give how many messages are in the queues, seen or being worked on."""
        queues = aws.client("sqs", self._endpoint)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(
            int(number)
            for queue in QUEUES
            for number in queues.get_queue_attributes(
                QueueUrl=self._told[queue], AttributeNames=names
            )["Attributes"].values()
        )

    def looked(self) -> list[Looked]:
        """Give what became of each invoice so far, as the charger's own log says."""
        found: dict[str, Looked] = {}
        for line in self._lines():
            if line.get("run", "").partition("/")[0] == self._name and "invoice_id" in line:
                looked = Looked(
                    line["customer_id"], line["invoice_id"], line["status"], line["reason"]
                )
                # Offered and due at once, it is looked at twice, and one of them has less to tell.
                known = found.setdefault(looked.invoice_id, looked)
                found[looked.invoice_id] = min(known, looked, key=_telling)
        return list(found.values())

    def _lines(self) -> Iterator[dict[str, Any]]:
        logs = aws.client("logs", self._endpoint)
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._told["AutopayChargeLogGroupName"], filterPattern=f'"{self._name}"'
        )
        for page in pages:
            for event in page["events"]:
                if event["message"].startswith("{"):
                    yield json.loads(event["message"])

    def finish(self) -> Iterator[int]:
        """Give how many messages are left, until none is.

        Raises
        ------
        RunError
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        while left := self.waiting():
            yield left
            if time.monotonic() > deadline:
                raise RunError(f"{left} messages are left after {DEADLINE_SECONDS} s")
            time.sleep(0.2)


def table(looked: list[Looked], invoices: DynamoInvoices) -> Iterator[str]:
    """Give the lines of a table, and of the sums below it."""
    yield f"  {'invoice':16} {'customer':12} {'amount':>14}  outcome"
    for one in looked:
        invoice = invoices.get(one.customer_id, one.invoice_id)
        paid = one.outcome == "charged" and invoice.last_payment
        money = paid.money if paid else invoice.amount_due
        why = f": {one.reason}" if one.reason and one.outcome != "charged" else ""
        words = f"{WORDS[one.outcome]}{why}"
        yield f"  {invoice.number:16} {one.customer_id:12} {money!s:>14}  {words}"
    counts = Counter(one.outcome for one in looked)
    yield ""
    yield f"  {len(looked):5}  found"
    for outcome, words in WORDS.items():
        if counts[outcome]:
            reasons = Counter(one.reason for one in looked if one.outcome == outcome and one.reason)
            why = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
            told = f" ({why})" if why and outcome != "charged" else ""
            yield f"  {counts[outcome]:5}  {words}{told}"


def main(day: str) -> int:
    """Run, show progress, and print the table."""
    try:
        if day:
            date.fromisoformat(day)
    except ValueError:
        print("name a day as in: make autopay DATE=2026-12-24", file=sys.stderr)
        return 1
    found = outputs()
    if found is None:
        return 1
    endpoint, told = found
    run = Run(endpoint, told)
    try:
        run.begin(day)
        print(f"Automatic payment, run of {run.day}", flush=True)
        for left in run.finish():
            if sys.stdout.isatty():
                print(f"\r  {left} messages left   ", end="", flush=True)
    except RunError as error:
        print(f"billfold: {error}", file=sys.stderr)
        return 1
    print("\r" if sys.stdout.isatty() else "")
    repository = DynamoInvoices(Table(aws.client("dynamodb", endpoint), told["TableName"]))
    for line in table(run.looked(), repository):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
