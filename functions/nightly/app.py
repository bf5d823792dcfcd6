"""Runs every night: compares Stripe with the ledger, and tells of invoices that became overdue.

Called by hand with ``{"day": "2026-11-23"}`` it compares that UTC day again.
"""

from datetime import UTC, date, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from billfold import bootstrap
from billfold.entrypoints import observability
from billfold.services import outbox, overdue
from billfold.services.compare import compare

logger = observability.logger()


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    ports = bootstrap.ports()
    day = event.get("day")
    told = overdue.tell(ports) if day is None else 0
    outbox.flush(ports)
    yesterday = ports.clock.now().astimezone(UTC).date() - timedelta(days=1)
    report = compare(date.fromisoformat(day) if day else yesterday, ports)
    return {"overdue": told, "differences": report.differences, "report": report.text()}
