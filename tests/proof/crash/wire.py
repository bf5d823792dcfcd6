"""Where everything leaves the process: each call is numbered, and one of them goes wrong.

The calls of DynamoDB's client, of Stripe's HTTP client and of the bus go through one ``Wire``. What
is above it is the real code, what is below it the emulators.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any, TypeVar

import stripe
from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Entry
from botocore.exceptions import ReadTimeoutError

from tests.fakes import FakeBus

T = TypeVar("T")
READS = frozenset({"get_item", "batch_get_item", "query"})
WRITES = frozenset({"put_item", "update_item", "delete_item", "transact_write_items"})


class Killed(BaseException):
    """The process died; nothing in it may catch that."""


class Mode(Enum):
    """How a call goes wrong."""

    CRASH_BEFORE = "crash before send"
    CRASH_AFTER = "crash after send"
    REPLY_LOST = "reply lost"
    LATE = "delivered late"


@dataclass
class Wire:
    """Counts calls, and strikes at one of them.

    ``late`` holds what is still on its way; ``landed`` tells that the strike came about, and
    ``executed`` whether the call had its effect at once.
    """

    strike_at: int = 0
    mode: Mode = Mode.CRASH_BEFORE
    names: list[str] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)
    landed: bool = False
    executed: bool = False

    def begin(self, strike_at: int, mode: Mode) -> None:
        """Count from nothing, and strike at this call; 0 strikes at none."""
        self.strike_at, self.mode = strike_at, mode
        self.names, self.landed, self.executed = [], False, False

    def call(self, name: str, send: Callable[[], T], lost: Callable[[], Exception]) -> T:
        """Let a call through, or let it go wrong."""
        self.names.append(name)
        if len(self.names) != self.strike_at:
            return send()
        self.landed = True
        if self.mode in {Mode.CRASH_AFTER, Mode.REPLY_LOST}:
            self.executed = True
            _quietly(send)
        elif self.mode is Mode.LATE:
            self.late.append(send)
        if self.mode in {Mode.CRASH_BEFORE, Mode.CRASH_AFTER}:
            raise Killed(name)
        raise lost()

    def deliver_late(self) -> None:
        """Let everything arrive that was on its way; nobody hears the answers."""
        while self.late:
            _quietly(self.late.pop(0))


def _quietly(send: Callable[[], object]) -> None:
    """Send what nobody waits for: whether it is refused is its receiver's business alone."""
    try:
        send()
    except Exception:  # noqa: BLE001 - the answer goes nowhere, as on a broken connection
        return


class WiredDynamo:
    """DynamoDB's client, with its calls on the wire."""

    def __init__(self, client: Any, wire: Wire) -> None:
        self._client, self._wire = client, wire

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name not in READS | WRITES:
            return method

        def lost() -> Exception:
            return ReadTimeoutError(endpoint_url="dynamodb")

        return lambda **given: self._wire.call(name, lambda: method(**given), lost)


class WiredStripe(stripe.RequestsClient):
    """Stripe's HTTP client, with its requests on the wire."""

    wire: Wire

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> Any:
        send = super().request
        name = f"stripe {method} {url.rsplit('/v1/', maxsplit=1)[-1].split('?', maxsplit=1)[0]}"
        return self.wire.call(
            name,
            lambda: send(method, url, headers, post_data),
            partial(stripe.APIConnectionError, "the reply was lost"),
        )


class WiredBus(FakeBus):
    """A bus in memory, on the wire."""

    wire: Wire

    def send(self, entry: Entry) -> None:
        heard = super().send
        self.wire.call("bus", lambda: heard(entry), UnavailableError)
