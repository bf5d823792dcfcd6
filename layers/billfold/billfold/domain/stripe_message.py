"""A Stripe event as text: in the queue, and where it is parked."""

from pydantic import TypeAdapter, ValidationError

from billfold.domain.errors import MalformedMessageError
from billfold.domain.stripe_event import StripeEvent

_ADAPTER = TypeAdapter(StripeEvent)


def write(event: StripeEvent) -> str:
    """Write an event as JSON."""
    return _ADAPTER.dump_json(event, exclude_none=True).decode()


def read(text: str) -> StripeEvent:
    """Read an event back.

    Raises
    ------
    MalformedMessageError
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        raise MalformedMessageError("the message is no event of Stripe") from error
