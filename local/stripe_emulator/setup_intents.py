"""SetupIntents: create, get, update, list, cancel; confirming is next door."""

from typing import Any, Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Access, Call, Endpoint, JsonObject
from local.stripe_emulator.errors import no_such, unexpected_state
from local.stripe_emulator.fields import (
    AUTOMATIC_PAYMENT_METHODS,
    CONFIRMATION,
    INTENT,
    SETUP_CARD_OPTIONS,
    merged_metadata,
)
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.intents import (
    find_intent,
    given_method,
    method_types,
    require_own,
    require_type,
)
from local.stripe_emulator.parameters import (
    Choice,
    Field,
    Flag,
    Identifier,
    Metadata,
    Shape,
    Text,
)
from local.stripe_emulator.setup_confirmation import confirm
from local.stripe_emulator.store import Record

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_CHANGEABLE: Final[dict[str, Field]] = {
    **INTENT,
    "customer": Identifier(),
    "description": Text(),
    "metadata": Metadata(),
    "payment_method_options": SETUP_CARD_OPTIONS,
}


def _create(call: Call) -> JsonObject:
    given = call.params
    identifier = new_id("seti")
    body: dict[str, Any] = {
        "id": identifier,
        "object": "setup_intent",
        "application": None,
        "cancellation_reason": None,
        "client_secret": new_id(f"{identifier}_secret", 25),
        "created": call.now,
        "customer": None,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "single_use_mandate": None,
        "status": "requires_payment_method",
        # Stripe was seen to take any word.
        "usage": "on_session" if given.get("usage") == "on_session" else "off_session",
        **method_types(given),
    }
    record = Record(body, {"three_d_secure_requested": False})
    _apply(call, record)
    call.insert(record, "setup_intent.created")
    if given.get("confirm"):
        # The method is the intent's by now; asking again would make a second one of a test id.
        call.params = {**given, "payment_method": body["payment_method"]}
        call.params.pop("payment_method_data", None)
        confirm(call, record)
    return body


def _apply(call: Call, record: Record) -> None:
    given, body = call.params, record.body
    if "description" in given:
        body["description"] = given["description"]
    if "metadata" in given:
        body["metadata"] = merged_metadata(body["metadata"], given["metadata"])
    if "customer" in given:
        customer = call.tx.get("customer", given["customer"])
        if customer is None or customer.body.get("deleted"):
            raise no_such("customer", given["customer"], "customer")
        body["customer"] = customer.id
    card_options = (given.get("payment_method_options") or {}).get("card") or {}
    if choice := card_options.get("request_three_d_secure"):
        body["payment_method_options"]["card"]["request_three_d_secure"] = choice
    method = given_method(call)
    if method is not None:
        require_own(body, method, made=record.seq > 0)
        require_type(body)
        body.update(payment_method=method.id, next_action=None, status="requires_confirmation")


def _get(call: Call) -> JsonObject:
    return find_intent(call, "setup_intent").body


def _update(call: Call) -> JsonObject:
    record, given = find_intent(call, "setup_intent"), call.params
    body = record.body
    for name in ("payment_method", "payment_method_data", "customer"):
        if name in given and body["status"] not in _OPEN:
            raise unexpected_state(
                body,
                f"This SetupIntent's {name} could not be updated because it has a status of "
                f"{body['status']}.",
                param=name,
            )
    if given.get("payment_method_types"):
        body.update(method_types(given) | {"automatic_payment_methods": None})
    _apply(call, record)
    # Stripe has no event that says so.
    call.save(record)
    return body


def _confirm(call: Call) -> JsonObject:
    record = find_intent(call, "setup_intent")
    confirm(call, record)
    return record.body


def _cancel(call: Call) -> JsonObject:
    record = find_intent(call, "setup_intent")
    body = record.body
    if body["status"] not in _OPEN:
        raise unexpected_state(
            body,
            f"You cannot cancel this SetupIntent because it has a status of {body['status']}. "
            "Only a SetupIntent with one of the following statuses may be canceled: "
            f"{', '.join(_OPEN)}.",
        )
    body.update(
        cancellation_reason=call.params.get("cancellation_reason"),
        next_action=None,
        status="canceled",
    )
    call.save(record, "setup_intent.canceled")
    return body


def _list(call: Call) -> JsonObject:
    filters = {
        "customer": lists.known_customer(call),
        "payment_method": call.params.get("payment_method"),
    }
    return lists.list_objects(call, "setup_intent", "/v1/setup_intents", filters)


_ONE = "/v1/setup_intents/{intent}"
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/v1/setup_intents",
        _create,
        Shape(
            {
                **_CHANGEABLE,
                **CONFIRMATION,
                "automatic_payment_methods": AUTOMATIC_PAYMENT_METHODS,
                "confirm": Flag(),
                "usage": Text(),
            }
        ),
    ),
    Endpoint(
        "GET",
        "/v1/setup_intents",
        _list,
        Shape(
            {
                **lists.PAGING,
                **lists.CREATED,
                "customer": Identifier(),
                "payment_method": Identifier(),
            }
        ),
    ),
    Endpoint("GET", _ONE, _get, Shape({"client_secret": Identifier()}), Access.CLIENT_SECRET),
    Endpoint("POST", _ONE, _update, Shape(_CHANGEABLE)),
    Endpoint(
        "POST",
        f"{_ONE}/confirm",
        _confirm,
        Shape(
            {
                **{name: INTENT[name] for name in INTENT if name != "payment_method_types"},
                **CONFIRMATION,
                "client_secret": Identifier(),
                "payment_method_options": SETUP_CARD_OPTIONS,
            }
        ),
        Access.CLIENT_SECRET,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/cancel",
        _cancel,
        Shape({"cancellation_reason": Choice(("abandoned", "duplicate", "requested_by_customer"))}),
    ),
)
