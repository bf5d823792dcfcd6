"""Runs every night: compares Stripe with the ledger.

Days of the last week that were not compared are made up for. Called by hand with
``{"day": "2026-11-23"}`` it compares that UTC day again.
"""

from datetime import date
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from billfold import bootstrap
from billfold.entrypoints import observability
from billfold.services.compare import compare, compare_new

logger = observability.logger()


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    ports = bootstrap.ports()
    if "day" in event:
        reports = [compare(date.fromisoformat(event["day"]), ports)]
    else:
        reports = compare_new(ports)
    return {
        "differences": sum(report.differences for report in reports),
        "report": "\n".join(report.text() for report in reports),
    }
