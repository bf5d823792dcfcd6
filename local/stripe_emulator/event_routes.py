"""The routes of events; `events` records them."""

from typing import Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.errors import no_such
from local.stripe_emulator.parameters import Many, Shape, Text


def _get(call: Call) -> JsonObject:
    record = call.tx.get("event", call.path["id"])
    if record is None:
        raise no_such("event", call.path["id"], "id", in_path=True)
    return record.body


def _list(call: Call) -> JsonObject:
    kinds = {"type": call.params.get("type")}
    return lists.list_objects(call, "event", "/v1/events", kinds, types=call.params.get("types"))


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/events",
        _list,
        Shape({**lists.PAGING, **lists.CREATED, "type": Text(), "types": Many(Text())}),
    ),
    Endpoint("GET", "/v1/events/{id}", _get),
)
