"""Runs every minute: finishes what was left behind."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from billfold import bootstrap
from billfold.entrypoints import observability
from billfold.services.reconcile import reconcile

logger = observability.logger()


def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    return dict(reconcile(bootstrap.ports(), time_left))
