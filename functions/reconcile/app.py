"""Runs every minute: finishes payments that were left behind."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from billfold import bootstrap
from billfold.entrypoints import observability
from billfold.services.reconcile import reconcile

logger = observability.logger()


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    return {state.value: count for state, count in reconcile(bootstrap.ports()).items()}
