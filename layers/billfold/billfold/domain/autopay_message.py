"""The messages of automatic payment, as text in the queues.

A message only says where to look. It may come twice, late, or when all has changed: what it leads
to is decided from the table.
"""

from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter, ValidationError

from billfold.domain.errors import MalformedMessageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Send on what is due in one shard of the index; ``after`` is how far somebody came before.

    ``day`` is the civil day of the run where the business is, ``run`` names it: what one run sends
    twice is one message.
    """

    shard: str
    day: date
    run: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Look at an invoice, or at the customer's wallet where there is none."""

    customer_id: str
    day: date
    run: str
    invoice_id: str | None = None


_SHARD, _LOOK = TypeAdapter(Shard), TypeAdapter(Look)


def write(message: Shard | Look) -> str:
    """Write a message as JSON."""
    adapter: TypeAdapter[Shard] | TypeAdapter[Look] = (
        _SHARD if isinstance(message, Shard) else _LOOK
    )
    return adapter.dump_json(message, exclude_none=True).decode()  # type: ignore[arg-type]


def read_shard(text: str) -> Shard:
    """Read a message to the dispatcher.

    Raises
    ------
    MalformedMessageError
    """
    try:
        return _SHARD.validate_json(text)
    except ValidationError as error:
        raise MalformedMessageError("the message names no shard") from error


def read_look(text: str) -> Look:
    """Read a message to the charger; without ``invoice_id`` it is about the wallet.

    Raises
    ------
    MalformedMessageError
    """
    try:
        return _LOOK.validate_json(text)
    except ValidationError as error:
        raise MalformedMessageError("the message names no invoice and no wallet") from error
