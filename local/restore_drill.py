"""The drill of a restored table, on an embedded stack of its own: ``make restore-drill``.

Pay, go back to a table of before, and let everything run again: nobody is charged twice, and the
books agree. The same by hand on AWS: docs/runbook.md, "Restoring the table".
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from local import aws
from local.autopay import Run
from local.borrowed import fresh
from local.customer_api import CustomerApi
from local.failure import StackError
from local.look import compare
from local.progress import step
from local.seed_data import CUSTOMERS
from local.stripe_keys import StripeAccount

AHEAD = timedelta(days=25)
"""Automatic payment runs as of this day, by which everything of the seed is due."""
AGO = timedelta(hours=1)
"""So old is the restored table: a real restore takes its time, and a drill does not wait for it."""
FORGOTTEN = timedelta(hours=30)
"""Stripe keeps an idempotency key for a day; the drill is for after it."""
BAKERY, PAID_BY_HAND = CUSTOMERS[0], "0003"
REFUNDED = 2000


class DrillFailedError(Exception):
    """Something is not as promised; the text says what."""


@dataclass
class Drill:
    """What the drill works on: a stack that is up and seeded."""

    stack: dict[str, Any]
    outputs: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        [deployed] = self._aws("cloudformation").describe_stacks()["Stacks"]
        self.name = deployed["StackName"]
        self.parameters = [one["ParameterKey"] for one in deployed["Parameters"]]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in deployed["Outputs"]}
        self.stripe = StripeAccount(
            self.stack["stripe_url"],
            self.stack["stripe_publishable_key"],
            self.stack["stripe_secret_key"],
            "",
            self.stack["stripe_control_url"],
        )
        self.bakery = CustomerApi.log_in(self.stack["portal_url"], BAKERY.login)

    def _aws(self, service: str) -> Any:
        return aws.client(service, self.stack["aws_endpoint_url"])

    # What is done

    def back_up(self) -> str:
        """Keep the table as it is now, and return where."""
        backup = self._aws("dynamodb").create_backup(
            TableName=self.outputs["TableName"], BackupName="drill"
        )
        return str(backup["BackupDetails"]["BackupArn"])

    def pay(self) -> None:
        """Pay an invoice with the primary card, as its owner does in the portal."""
        card = self.bakery.cards()[0]["card_id"]
        self.bakery.pay(self.stripe, self._invoice(PAID_BY_HAND), card)

    def run_autopay(self) -> Counter[str]:
        """Run automatic payment to its end; count what has become of the invoices."""
        run = Run(self.stack["aws_endpoint_url"], self.outputs)
        run.begin((datetime.now(UTC) + AHEAD).date().isoformat())
        for _ in run.finish():
            pass
        return Counter(looked.outcome for looked in run.looked())

    def refund(self) -> None:
        """Give back a part of what was paid by hand, in Stripe's dashboard."""
        invoice_id = self._invoice(PAID_BY_HAND)["invoice_id"]
        [charge] = [one for one in self.charges() if _invoice_of(one) == invoice_id]
        self._stripe("POST", "refunds", {"charge": charge["id"], "amount": str(REFUNDED)})

    def restore(self, backup: str) -> str:
        """Restore to another table, as AWS always does, and return its name."""
        client, target = self._aws("dynamodb"), f"{self.outputs['TableName']}-restored"
        client.restore_table_from_backup(TargetTableName=target, BackupArn=backup)
        for item in client.scan(TableName=target)["Items"]:
            for name in ("at", "since", "recorded_since"):
                if name in item and item["pk"]["S"].startswith(("CONTINUITY", "CUSTOMER")):
                    older = datetime.fromisoformat(item[name]["S"]) - AGO
                    item[name] = {"S": older.isoformat()}
            client.put_item(TableName=target, Item=item)
        return target

    def use(self, table: str) -> None:
        """Point the stack at a table, with the same template and no other parameter changed."""
        client = self._aws("cloudformation")
        given = {"ParameterKey": "RestoredTableName", "ParameterValue": table}
        kept = [
            {"ParameterKey": name, "UsePreviousValue": True}
            for name in self.parameters
            if name != "RestoredTableName"
        ]
        client.update_stack(
            StackName=self.name,
            UsePreviousTemplate=True,
            Parameters=[given, *kept],
            Capabilities=["CAPABILITY_IAM"],
        )
        client.get_waiter("stack_update_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
        self.__post_init__()
        if self.outputs["TableName"] != table:
            raise DrillFailedError(f"the stack uses {self.outputs['TableName']}, not {table}")

    def forget_keys(self) -> None:
        """Let Stripe's clock go on until it has forgotten every idempotency key."""
        url = f"{self.stripe.control_url}/clock"
        httpx.post(url, json={"advance": int(FORGOTTEN.total_seconds())}).raise_for_status()

    def pay_again(self, shown: dict[str, dict[str, Any]]) -> str:
        """Try to pay the same invoice by hand, as it was shown; return how that is refused."""
        invoice = shown[self._invoice(PAID_BY_HAND)["invoice_id"]]
        try:
            self.bakery.pay(self.stripe, invoice, self.bakery.cards()[0]["card_id"])
        except StackError as error:
            return str(error)
        raise DrillFailedError(f"{invoice['number']} was paid again")

    def recover(self) -> None:
        """Run what runs every minute."""
        self._aws("lambda").invoke(FunctionName=self.outputs["ReconcileFunctionName"])

    def reconcile(self) -> str:
        """Hold Stripe's book of today against ours, and return the report."""
        function = self.outputs["ReconciliationFunctionName"]
        today = datetime.now(UTC).date().isoformat()
        return "".join(compare(self.stack["aws_endpoint_url"], function, today))

    # What is there

    def charges(self) -> list[dict[str, Any]]:
        """Return what Stripe has charged."""
        found = self._stripe("GET", "charges?limit=100")["data"]
        return [one for one in found if one["status"] == "succeeded"]

    def invoices(self) -> dict[str, dict[str, Any]]:
        """Return the customer's invoices as the portal shows them, by id."""
        return {one["invoice_id"]: one for one in self.bakery.invoices()}

    def _invoice(self, number: str) -> dict[str, Any]:
        [found] = [one for one in self.invoices().values() if one["number"].endswith(number)]
        return found

    def _stripe(self, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        answer = httpx.request(
            method,
            f"{self.stripe.url}/v1/{path}",
            data=form,
            auth=(self.stripe.secret_key, ""),
        )
        told: dict[str, Any] = answer.raise_for_status().json()
        return told


def _invoice_of(charge: dict[str, Any]) -> str:
    return str(charge["metadata"]["billfold_invoice_id"])


def run(drill: Drill) -> Iterator[str]:
    """Do the drill, and return its table line by line.

    Raises
    ------
    DrillFailedError
    """
    with step("Backing up the table"):
        backup = drill.back_up()
    with step("Paying by hand, by itself, and giving a part back"):
        drill.pay()
        first = drill.run_autopay()
        drill.refund()
    if not first["charged"]:
        raise DrillFailedError(f"automatic payment charged nothing: {dict(first)}")
    charged, before = drill.charges(), drill.invoices()
    with step("Restoring the table of before, and using it"):
        drill.use(drill.restore(backup))
    after = drill.invoices()
    lost = [one for one in before if before[one]["status"] != after[one]["status"]]
    if not lost:
        raise DrillFailedError("the restored table has lost nothing")
    with step("Letting Stripe forget its idempotency keys"):
        drill.forget_keys()
    with step("Automatic payment, a customer who pays again, what runs every minute"):
        outcomes = drill.run_autopay()
        refusal = drill.pay_again(after)
        drill.recover()
    with step("Reconciling the day, twice"):
        drill.reconcile()
        report = drill.reconcile()
    yield from _table(drill, charged, before, after)
    yield f"\n  automatic payment after the restore: {dict(outcomes)}"
    yield f"  paying by hand after the restore:    {refusal[:100]}"
    yield f"  {report.splitlines()[0].removeprefix('# ')}"
    _require(drill, charged, refusal, report)


def _table(
    drill: Drill,
    charged: list[dict[str, Any]],
    before: dict[str, dict[str, Any]],
    after: dict[str, dict[str, Any]],
) -> Iterator[str]:
    now = drill.invoices()
    times_before = Counter(map(_invoice_of, charged))
    times_now = Counter(map(_invoice_of, drill.charges()))
    yield f"\n  {'invoice':14} {'paid, then':10} {'restored':10} {'in the end':10}  charges"
    for invoice_id, invoice in sorted(before.items(), key=lambda one: str(one[1]["number"])):
        states = (invoice["status"], after[invoice_id]["status"], now[invoice_id]["status"])
        counts = f"{times_before[invoice_id]} -> {times_now[invoice_id]}"
        yield f"  {invoice['number']:14} " + " ".join(f"{one:10}" for one in states) + f"  {counts}"


def _require(drill: Drill, charged: list[dict[str, Any]], refusal: str, report: str) -> None:
    now = drill.charges()
    if {one["id"] for one in now} != {one["id"] for one in charged}:
        raise DrillFailedError("somebody was charged after the restore")
    open_ = [
        one["number"]
        for invoice_id, one in drill.invoices().items()
        if invoice_id in map(_invoice_of, charged) and one["status"] != "paid"
    ]
    if open_:
        raise DrillFailedError(f"charged, and not paid: {', '.join(open_)}")
    if "invoice_not_payable" not in refusal:
        raise DrillFailedError(f"paying again was refused otherwise: {refusal}")
    if "no differences" not in report.splitlines()[0]:
        raise DrillFailedError(report)


def main() -> int:
    """Do the drill on a stack of its own, which is gone afterwards."""
    print("The drill of a restored table, on a stack of its own", flush=True)
    try:
        with tempfile.TemporaryDirectory() as state, fresh(Path(state)) as stack:
            for line in run(Drill(stack)):
                print(line, flush=True)
    except (DrillFailedError, StackError) as error:
        print(f"billfold: the drill failed: {error}", file=sys.stderr)
        return 1
    print("\nNobody was charged twice, and the books agree.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
