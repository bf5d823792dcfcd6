"""Queues: dead letters with the reason beside the message, and what a webhook has heard."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from billfold.domain.errors import UnavailableError
from billfold.domain.stripe_event import StripeEvent
from billfold.domain.stripe_message import write

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsDeadLetters:
    """A dead-letter queue that a function writes to by itself."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, body: str, reason: str) -> None:
        """Put a message aside; ``reason`` says in words what to mend."""
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason[:1024]}},
        )


class SqsEventQueue:
    """From the webhook to its worker."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, event: StripeEvent) -> None:
        """Hand an event over.

        Raises
        ------
        UnavailableError
            It was not taken: Stripe must deliver the event again.
        """
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=write(event))
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError from error
