"""Queues: dead letters with the reason beside the message, and what a webhook has heard."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from billfold.domain.autopay_message import Look, Shard
from billfold.domain.autopay_message import write as write_autopay
from billfold.domain.errors import UnavailableError
from billfold.domain.reconciliation import Hour
from billfold.domain.reconciliation_message import write as write_hour
from billfold.domain.stripe_event import StripeEvent
from billfold.domain.stripe_message import write

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH: Final = 10
"""Messages in one call (AWS documentation, SendMessageBatch)."""


class SqsDeadLetters:
    """A dead-letter queue that a function writes to by itself."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, body: str, reason: str) -> None:
        """Put a message aside; ``reason`` says in words what to mend."""
        # A queue that keeps the order wants a group; dead letters have none, so each has its own.
        own = str(uuid4())
        ordered = {"MessageGroupId": own, "MessageDeduplicationId": own}
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason[:1024]}},
            **(ordered if self._queue_url.endswith(".fifo") else {}),  # type: ignore[arg-type]
        )


class SqsAutopayQueues:
    """From the schedule to the dispatcher, and on to the charger.

    The second queue keeps the order of each customer, so that one customer's invoices are charged
    one after the other, and drops what it was sent within five minutes before.
    """

    def __init__(self, client: "SQSClient", shards_url: str, charges_url: str) -> None:
        self._client = client
        self._shards_url = shards_url
        self._charges_url = charges_url

    def dispatch(self, shards: Sequence[Shard]) -> None:
        """Ask for shards.

        Raises
        ------
        UnavailableError
        """
        _send_all(
            self._client,
            self._shards_url,
            [{"MessageBody": write_autopay(shard)} for shard in shards],
        )

    def charge(self, looks: Sequence[Look]) -> None:
        """Ask for invoices and wallets.

        Raises
        ------
        UnavailableError
        """
        bodies = [(look.customer_id, write_autopay(look)) for look in looks]
        _send_all(
            self._client,
            self._charges_url,
            [
                {
                    "MessageBody": body,
                    "MessageGroupId": customer_id,
                    "MessageDeduplicationId": hashlib.sha256(body.encode()).hexdigest(),
                }
                for customer_id, body in bodies
            ],
        )

    def waiting(self) -> int:
        """Tell about how many messages the charger has before it.

        Raises
        ------
        UnavailableError
        """
        try:
            told = self._client.get_queue_attributes(
                QueueUrl=self._charges_url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError from error
        return sum(int(number) for number in told["Attributes"].values())


class SqsReconciliationQueue:
    """From the schedule to the worker, and from one worker to the next."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, hours: Sequence[Hour]) -> None:
        """Ask for hours.

        Raises
        ------
        UnavailableError
        """
        bodies = [{"MessageBody": write_hour(hour)} for hour in hours]
        _send_all(self._client, self._queue_url, bodies)


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


def _send_all(client: "SQSClient", queue_url: str, messages: Sequence[dict[str, str]]) -> None:
    for start in range(0, len(messages), BATCH):
        batch: Any = [
            {"Id": str(number), **message}
            for number, message in enumerate(messages[start : start + BATCH])
        ]
        try:
            answer = client.send_message_batch(QueueUrl=queue_url, Entries=batch)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError from error
        if answer.get("Failed"):
            raise UnavailableError
