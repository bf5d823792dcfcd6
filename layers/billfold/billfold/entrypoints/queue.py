"""The entrance from a queue that stands before a function.

A message ends in one of three ways: done; failed, to be tried again; or hopeless, in the
dead-letter queue with the reason, never half-stored.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from billfold import bootstrap
from billfold.domain.errors import (
    BillfoldError,
    InvoiceChangingError,
    PaymentInProgressError,
    UnavailableError,
    UnknownCustomerError,
    UnknownInvoiceError,
)
from billfold.entrypoints import observability
from billfold.services import outbox
from billfold.services.ports import TimeLeft

E = TypeVar("E")
Handler = Callable[[dict[str, Any], LambdaContext], PartialItemFailureResponse]

PATIENCE_SECONDS: Final = 3600
"""The bus keeps no order: an invoice may come before its customer, by an hour at most."""
PAYMENT_PATIENCE_SECONDS: Final = 86_400
"""A payment or a change that is under way ends within a day, or on-call was paged for it."""

_PATIENCE: Final[dict[type[BillfoldError], int]] = {
    UnknownCustomerError: PATIENCE_SECONDS,
    UnknownInvoiceError: PATIENCE_SECONDS,
    PaymentInProgressError: PAYMENT_PATIENCE_SECONDS,
    InvoiceChangingError: PAYMENT_PATIENCE_SECONDS,
}


def handler(name: str, read: Callable[[str], E], use_case: Callable[[E], None]) -> Handler:
    """Make the Lambda handler of a queue.

    ``read`` raises a BillfoldError for what no retry can make readable. What a message has
    committed is told to the bus before the next one is taken.
    """
    return timed_handler(name, read, lambda message, _: use_case(message))


def timed_handler(
    name: str, read: Callable[[str], E], use_case: Callable[[E, TimeLeft], None]
) -> Handler:
    """Make the Lambda handler of a queue whose use case minds the time that the function has."""
    logger = observability.logger()
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def one(record: SQSRecord, lambda_context: LambdaContext) -> None:
        def time_left() -> float:
            return lambda_context.get_remaining_time_in_millis() / 1000

        try:
            use_case(read(record.body), time_left)
            outbox.flush(bootstrap.ports())
        except BillfoldError as error:
            reason = _hopeless(record, error)
            if reason is None:
                cause = observability.cause(error)
                logger.warning("will be tried again", extra={"code": error.code, "reason": cause})
                raise
            logger.warning("dead letter", extra={"code": error.code, "reason": reason})
            bootstrap.ports().dead_letters.send(record.body, reason)
        except Exception as error:
            place = observability.where(error)
            logger.error(  # noqa: TRY400 - a stack trace may show values
                "unhandled", extra={"exception_name": type(error).__name__, "at": place}
            )
            raise
        else:
            logger.info("done", extra={"reason": name})

    def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        return process_partial_response(
            event=event, record_handler=one, processor=processor, context=context
        )

    return handle


def _hopeless(record: SQSRecord, error: BillfoldError) -> str | None:
    """Tell why no retry can help, or None where one may."""
    if isinstance(error, UnavailableError):
        return None
    patience = _PATIENCE.get(type(error))
    if patience and _age(record) < patience:
        return None
    field = error.extra.get("field")
    return f"{error.code}: {field}: {error.text}" if field else f"{error.code}: {error.text}"


def _age(record: SQSRecord) -> float:
    sent = int(record.attributes.sent_timestamp) / 1000
    return bootstrap.ports().clock.now().timestamp() - sent
