"""Runs every night, and from its queue: holds Stripe's book against ours, hour by hour.

The schedule's event begins the days of the last week that were not reconciled. Called by hand,
``{"day": "2026-11-23"}`` begins that UTC day anew, and ``{"report": "2026-11-23"}`` gives what was
found; where there is more than one answer holds, ``{"report": …, "after": …}`` goes on.
"""

from datetime import date
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext
from billfold import bootstrap
from billfold.domain import reconciliation_message
from billfold.domain.reconciliation import Hour
from billfold.domain.reconciliation_report import body
from billfold.entrypoints import observability, queue
from billfold.services import reconciliation
from billfold.services.ports import TimeLeft

logger = observability.logger()

WRITES: Final = 5
"""Of one answer, some 40 KB each: Lambda answers 6 MB."""


def begin(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    ports, run = bootstrap.ports(), context.aws_request_id
    if "day" in event:
        days = [reconciliation.begin(date.fromisoformat(event["day"]), run, ports).day]
    else:
        days = reconciliation.begin_new(run, ports)
    return {"run": run, "days": [day.isoformat() for day in days]}


def report(event: dict[str, Any]) -> dict[str, Any]:
    ports, after = bootstrap.ports(), event.get("after")
    found = reconciliation.report_of(date.fromisoformat(event["report"]), ports)
    if found is None:
        return {"complete": False, "differences": 0, "report": "", "after": None}
    page = ports.reconciliations.lines(found.run, limit=WRITES, after=after)
    return {
        "complete": found.is_complete,
        "differences": found.differences,
        "report": ("" if after else found.head()) + body(page.items),
        "after": page.last_id,
    }


def take(hour: Hour, time_left: TimeLeft) -> None:
    reconciliation.reconcile_hour(hour, bootstrap.ports(), time_left)


from_queue = queue.timed_handler("ReconciliationHour", reconciliation_message.read, take)


def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - any answer
    if "Records" in event:
        return from_queue(event, context)
    return report(event) if "report" in event else begin(event, context)
