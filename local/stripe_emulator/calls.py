"""What an endpoint is, and what it is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from local.stripe_emulator import clock
from local.stripe_emulator.events import record_event
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.parameters import Identifier, Many, Shape
from local.stripe_emulator.settings import Settings
from local.stripe_emulator.store import Record, Transaction
from local.stripe_emulator.unmodeled import unmodeled_parameters

JsonObject = dict[str, Any]


class Access(Enum):
    """Which keys an endpoint takes."""

    SECRET = "secret"
    # The publishable key too.
    ANY = "any"
    # The publishable key too, together with the object's client secret.
    CLIENT_SECRET = "client_secret"


@dataclass
class Call:
    """One request, authorized and checked, inside its transaction."""

    tx: Transaction
    settings: Settings
    now: int
    request_id: str
    params: JsonObject
    path: dict[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    publishable: bool = False
    base_url: str = ""

    def insert(self, record: Record, event: str | None = None) -> Record:
        """Add an object and record the event that says so."""
        self.tx.insert(record)
        if event:
            self.emit(event, record)
        return record

    def save(self, record: Record, event: str | None = None) -> None:
        """Write an object's new state and record the event that says so."""
        self.tx.save(record)
        if event:
            self.emit(event, record)

    def emit(self, event: str, record: Record, previous: JsonObject | None = None) -> None:
        """Record an event about an object."""
        record_event(
            self.tx,
            event,
            record.body,
            now=self.now,
            request={"id": self.request_id, "idempotency_key": self.idempotency_key},
            previous=previous,
            deliver=self.settings.webhook_url is not None,
        )


def unrequested(tx: Transaction, settings: Settings, base_url: str = "") -> Call:
    """Make the call of what no API request brings about: a control call, or the bank's page."""
    return Call(
        tx=tx,
        settings=settings,
        now=int(clock.now(tx)),
        request_id=new_id("req", 14),
        params={},
        base_url=base_url,
    )


Handler = Callable[[Call], JsonObject]


NOTHING = Shape({})


@dataclass(frozen=True)
class Endpoint:
    """A route of the API with everything it accepts."""

    method: str
    path: str
    handler: Handler
    parameters: Shape = NOTHING
    access: Access = Access.SECRET

    @property
    def accepts(self) -> Shape:
        """The parameters, with `expand`, which all but deletions have."""
        if self.method == "DELETE":
            return self.parameters
        fields = {**self.parameters.fields, "expand": Many(Identifier())}
        unmodeled = unmodeled_parameters(self.method, self.path)
        return Shape(fields, self.parameters.required, unmodeled)
