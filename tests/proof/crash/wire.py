"""The one wire that every I/O call of a run goes over, and the one call at which it fails.

The calls of the act under test are counted; at call ``at`` the wire does what its fault says. That
a fault has landed is told by the far end (DynamoDB's sockets, Stripe's log of requests, the bus's
own list), which counts what really arrived, and not by the wire.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

import stripe
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone; no handler of the product may catch it."""


class Mode(Enum):
    """How the call fails."""

    CRASH_BEFORE = "crash before send"
    CRASH_AFTER = "crash after send"
    REPLY_LOST = "reply lost"
    LATE = "delivered late, before the reconciler"
    VERY_LATE = "delivered late, after the reconciler"
    PAUSED = "sent after the reconciler, by a process that then goes on"


LATE: Final = frozenset({Mode.LATE, Mode.VERY_LATE})
KILLS: Final = frozenset({Mode.CRASH_BEFORE, Mode.CRASH_AFTER})


@dataclass(frozen=True, slots=True)
class Call:
    """One I/O call; ``arrived`` asks its far end how many calls have come there."""

    name: str
    reads: bool
    execute: Callable[[], Any]
    lost: Callable[[], Exception]
    arrived: Callable[[], int]


class Carrier(Protocol):
    """Carries the calls of clients, each to its far end, or fails them."""

    def carry(self, call: Call) -> Any: ...


@dataclass(slots=True)
class Landed:
    """A fault that happened: at which call, and how many calls its far end got by it."""

    name: str
    mode: Mode
    arrived: int
    late: Callable[[], int] | None = None

    @property
    def as_meant(self) -> bool:
        """Tell whether the call was executed exactly where the mode says so."""
        return self.arrived == (self.mode in {Mode.CRASH_AFTER, Mode.REPLY_LOST, Mode.PAUSED})


@dataclass
class Wire:
    """Counts the calls while ``counting``, and fails one of them."""

    counting: bool = False
    at: int = 0
    mode: Mode | None = None
    calls: list[Call] = field(default_factory=list)
    landed: Landed | None = None
    name: str = ""
    meanwhile: Callable[[], None] = lambda: None

    def begin(self, at: int = 0, mode: Mode | None = None) -> None:
        """Count from one again; fail call ``at``, or none."""
        self.counting, self.at, self.mode = True, at, mode
        self.calls, self.landed, self.name = [], None, ""

    def fail_at(self, name: str, mode: Mode) -> None:
        """Fail the first call that is named so, in whole or at its end."""
        self.name, self.mode = name, mode

    def end(self) -> None:
        """Let everything through from now on."""
        self.counting = False

    def carry(self, call: Call) -> Any:
        """Carry a call, or fail it."""
        if not self.counting:
            return call.execute()
        self.calls.append(call)
        named = bool(self.name) and call.name.endswith(self.name) and not self.landed
        if self.mode and not self.landed and (named or len(self.calls) == self.at):
            return self._fail(call, self.mode)
        return call.execute()

    def _fail(self, call: Call, mode: Mode) -> Any:
        if mode is Mode.PAUSED:
            return self._pause(call)
        before = call.arrived()
        self.landed = Landed(call.name, mode, 0)
        if call.reads and mode in LATE:
            # What a read brings late, nobody waits for: its reply is lost.
            mode = Mode.REPLY_LOST
        if mode in {Mode.CRASH_AFTER, Mode.REPLY_LOST}:
            in_silence(call.execute)
        self.landed.arrived = call.arrived() - before
        if mode in KILLS:
            # A dead process sends nothing more.
            raise Killed(call.name)
        if mode in LATE:
            self.landed.late = lambda: _deliver(call)
        raise call.lost()

    def _pause(self, call: Call) -> Any:
        """Let the world go on without this process, which knows nothing of it."""
        self.counting = False
        self.meanwhile()
        self.counting = True
        before = call.arrived()
        try:
            return call.execute()
        finally:
            self.landed = Landed(call.name, Mode.PAUSED, call.arrived() - before)


def _deliver(call: Call) -> int:
    before = call.arrived()
    in_silence(call.execute)
    return call.arrived() - before


def in_silence(execute: Callable[[], Any]) -> None:
    """Execute; whatever the far end answers, nobody hears it."""
    with suppress(Exception):  # an answer that is lost may be an error as well
        execute()


_READS: Final = frozenset(
    {
        "admin_get_user",
        "batch_get_item",
        "get_item",
        "get_parameter",
        "get_queue_attributes",
        "query",
    }
)


class WiredAws:
    """A client of AWS whose calls go over the wire."""

    def __init__(self, client: Any, wire: Carrier, arrived: Callable[[], int]) -> None:
        self._client, self._wire, self._arrived = client, wire, arrived

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._client, operation)
        if operation == "exceptions":
            # The names of a client's errors, and no call.
            return method  # type: ignore[no-any-return]
        reads = operation in _READS

        def call(**arguments: Any) -> Any:
            return self._wire.carry(
                Call(
                    f"aws {operation}",
                    reads,
                    lambda: method(**arguments),
                    lambda: _aws_lost(reads=reads),
                    self._arrived,
                )
            )

        return call


def _aws_lost(*, reads: bool) -> Exception:
    if reads:
        return ReadTimeoutError(endpoint_url="aws")
    return ConnectionClosedError(endpoint_url="aws")


def _stripe_lost() -> Exception:
    return stripe.APIConnectionError("the reply was lost")  # type: ignore[no-untyped-call]


class WiredStripe(stripe.RequestsClient):
    """The SDK's own HTTP client, each request over the wire."""

    def __init__(self, wire: Carrier, arrived: Callable[[], int], timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._wire, self._arrived = wire, arrived

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        send = super().request
        reads = method.lower() == "get"
        answer: tuple[bytes, int, Mapping[str, str]] = self._wire.carry(
            Call(
                f"stripe {method} {_route(url)}",
                reads,
                lambda: send(method, url, headers, post_data),
                _stripe_lost,
                self._arrived,
            )
        )
        return answer


def _route(url: str) -> str:
    parts = url.partition("/v1/")[2].partition("?")[0].split("/")
    return "/".join("{id}" if place == 1 else part for place, part in enumerate(parts))
