"""The event bus: each fact of an entry is an event of its own (docs/events.md)."""

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from billfold.domain.errors import UnavailableError
from billfold.domain.fact import VERSION, Entry

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE: Final = "billfold"


class EventBus:
    """EventBridge."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def send(self, entry: Entry) -> None:
        """Send all facts of an entry; they are few, and one call takes ten.

        Raises
        ------
        UnavailableError
            Not all were taken. Those that were will be sent again: hearers tell by ``event_id``.
        """
        try:
            answer = self._client.put_events(Entries=self._events(entry))
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError from error
        if answer["FailedEntryCount"]:
            raise UnavailableError

    def _events(self, entry: Entry) -> Any:  # noqa: ANN401 - botocore's own shapes
        return [
            {
                "EventBusName": self._name,
                "Source": SOURCE,
                "DetailType": fact.kind.value,
                "Time": entry.at,
                "Detail": json.dumps(
                    {
                        "version": VERSION,
                        "event_id": entry.event_id(position),
                        "customer_id": entry.customer_id,
                        "at": entry.at.isoformat(),
                        "actor": entry.actor.value,
                        **fact.detail,
                    }
                ),
            }
            for position, fact in enumerate(entry.facts)
        ]
