"""One JSON line for what happened, and in it only fields that are allowed to be there.

No token, e-mail address, card number, security code, client secret or stack trace: what is not on
the list below is dropped, whoever logs it.
"""

import logging
import os
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

ALLOWED: Final = frozenset(
    {
        "at",
        "code",
        "cold_start",
        "correlation_id",
        "count",
        "customer_id",
        "exception_name",
        "function_request_id",
        "invoice_id",
        "level",
        "message",
        "milliseconds",
        "payment_id",
        "payment_method",
        "reason",
        "route",
        "run",
        "seconds",
        "service",
        "status",
        "timestamp",
    }
)


class AllowListFormatter(LambdaPowertoolsFormatter):
    """Drops every field that is not allowed."""

    def serialize(self, log: Any) -> str:  # noqa: ANN401 - Powertools' own type
        """Write the allowed fields as JSON."""
        return super().serialize({name: value for name, value in log.items() if name in ALLOWED})


def logger() -> Logger:
    """Make the function's logger, which also takes what the use cases log."""
    made = Logger(
        service=os.environ.get("POWERTOOLS_SERVICE_NAME", "billfold"),
        level=os.environ.get("LOG_LEVEL", "INFO"),
        logger_formatter=AllowListFormatter(),
    )
    # The use cases and the libraries log through the root, so it gets the same list of fields;
    # the function's own logger must not come by there a second time.
    logging.getLogger().handlers = list(made.handlers)
    logging.getLogger("billfold").setLevel(made.log_level)
    logging.getLogger(made.service).propagate = False
    return made


def cause(error: BaseException) -> str:
    """Name what is behind an error: the class, and the code that AWS gave; no texts."""
    root = error.__cause__ or error
    response = getattr(root, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f"{type(root).__name__} {code}" if code else type(root).__name__


def where(error: BaseException) -> str:
    """Name the innermost place of an error in our code: a file and a line, no values."""
    place = "unknown"
    frame = error.__traceback__
    while frame:
        path = frame.tb_frame.f_code.co_filename
        if "billfold" in path or path.endswith("app.py"):
            place = f"{'/'.join(path.split('/')[-2:])}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place
