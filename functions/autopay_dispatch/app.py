"""Runs by schedule and from its queue: finds what is due, and sends on one message an invoice.

The schedule's own event begins a run: one message for each shard of the index. Called by hand with
``{"day": "2026-11-23"}`` it begins one for that day; a day to come is refused outside the embedded
stack.
"""

from datetime import date
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from billfold import bootstrap, settings
from billfold.domain import autopay_message
from billfold.domain.autopay_message import Shard
from billfold.entrypoints import observability, queue
from billfold.services import autopay_dispatch
from billfold.services.ports import TimeLeft

logger = observability.logger()


def begin(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    run = event.get("run", context.aws_request_id)
    day = date.fromisoformat(event["day"]) if "day" in event else None
    ahead = settings.read(settings.RunSettings).autopay_ahead
    begun = autopay_dispatch.start(run, bootstrap.ports(), day=day, ahead=ahead)
    told = "autopay backlog" if begun.has_backlog else "autopay run"
    logger.info(told, extra={"reason": begun.day.isoformat(), "count": begun.waiting})
    return {"day": begun.day.isoformat(), "run": run, "waiting": begun.waiting}


def send_on(shard: Shard, time_left: TimeLeft) -> None:
    sent = autopay_dispatch.dispatch(shard, bootstrap.ports(), time_left)
    if sent:
        logger.info("autopay due", extra={"count": sent})


take = queue.timed_handler("AutopayShard", autopay_message.read_shard, send_on)


def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - either answer
    return take(event, context) if "Records" in event else begin(event, context)
