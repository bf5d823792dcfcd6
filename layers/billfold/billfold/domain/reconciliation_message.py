"""The message that asks for an hour of a reconciliation, as text in its queue.

It says nothing of how far the hour has come: that is in the table. So it may come twice, late, or
when the hour is done.
"""

from pydantic import TypeAdapter, ValidationError

from billfold.domain.errors import MalformedMessageError
from billfold.domain.reconciliation import HOURS, Hour

_ADAPTER = TypeAdapter(Hour)


def write(hour: Hour) -> str:
    """Write a message as JSON."""
    return _ADAPTER.dump_json(hour).decode()


def read(text: str) -> Hour:
    """Read a message.

    Raises
    ------
    MalformedMessageError
    """
    try:
        hour = _ADAPTER.validate_json(text)
    except ValidationError as error:
        raise MalformedMessageError("the message names no hour of a day") from error
    if not 0 <= hour.hour < HOURS:
        raise MalformedMessageError("a day has hours 0 to 23")
    return hour
