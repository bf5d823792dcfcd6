"""PaymentIntents: create, get, update, list, search; confirming and capturing are next door."""

from typing import Any, Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Access, Call, Endpoint, JsonObject
from local.stripe_emulator.currencies import check_amount
from local.stripe_emulator.errors import invalid_request, no_such, unexpected_state
from local.stripe_emulator.fields import (
    AUTOMATIC_PAYMENT_METHODS,
    CONFIRMATION,
    INTENT,
    PAYMENT_CARD_OPTIONS,
    SHIPPING,
    merged_metadata,
    shipping,
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
    Email,
    Field,
    Flag,
    FlagOrChoice,
    Identifier,
    Integer,
    Metadata,
    Shape,
    Text,
)
from local.stripe_emulator.payment_confirmation import confirm
from local.stripe_emulator.search import SEARCH, search_objects
from local.stripe_emulator.store import Record

_USAGE = ("off_session", "on_session")
_PLAIN = (
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_CONFIRM: Final[dict[str, Field]] = {
    **CONFIRMATION,
    "error_on_requires_action": Flag(),
    "off_session": FlagOrChoice(("one_off", "recurring")),
}
_CHANGEABLE: Final[dict[str, Field]] = {
    **INTENT,
    "amount": Integer(),
    "capture_method": Choice(("automatic", "automatic_async", "manual")),
    "currency": Text(),
    "customer": Identifier(),
    "description": Text(),
    "metadata": Metadata(),
    "payment_method_options": PAYMENT_CARD_OPTIONS,
    "receipt_email": Email(),
    "shipping": SHIPPING,
    "statement_descriptor": Text(22),
    "statement_descriptor_suffix": Text(22),
    "transfer_group": Text(),
}


def _create(call: Call) -> JsonObject:
    given = call.params
    for name in ("off_session", "error_on_requires_action", "return_url", "mandate_data"):
        if given.get(name) and not given.get("confirm"):
            raise invalid_request(
                f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless "
                "`confirm` is set to true.",
                param=name,
            )
    currency = (given["currency"] or "").lower()
    check_amount(given["amount"], currency)
    identifier = new_id("pi")
    body: dict[str, Any] = {
        "id": identifier,
        "object": "payment_intent",
        "amount": given["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": given.get("capture_method", "automatic_async"),
        "client_secret": new_id(f"{identifier}_secret", 25),
        "confirmation_method": given.get("confirmation_method", "automatic"),
        "created": call.now,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": given.get("setup_future_usage"),
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **method_types(given),
    }
    record = Record(body, {"confirmations": 0, "authenticated": None, "attempt": {}})
    _apply(call, record)
    call.insert(record, "payment_intent.created")
    if given.get("confirm"):
        # The method is the intent's by now; asking again would make a second one of a test id.
        call.params = {**given, "payment_method": body["payment_method"]}
        call.params.pop("payment_method_data", None)
        confirm(call, record)
    return record.body


def _apply(call: Call, record: Record) -> None:
    given, body = call.params, record.body
    body.update({name: given[name] for name in _PLAIN if name in given})
    if "shipping" in given:
        body["shipping"] = shipping(given["shipping"])
    if "metadata" in given:
        body["metadata"] = merged_metadata(body["metadata"], given["metadata"])
    if "customer" in given:
        body["customer"] = _customer(call, given["customer"])
    card_options = (given.get("payment_method_options") or {}).get("card") or {}
    if choice := card_options.get("request_three_d_secure"):
        body["payment_method_options"]["card"]["request_three_d_secure"] = choice
    method = given_method(call)
    if method is not None:
        require_own(body, method, made=record.seq > 0)
        require_type(body)
        body.update(payment_method=method.id, next_action=None, status="requires_confirmation")
        record.private["authenticated"] = None


def _customer(call: Call, identifier: str) -> str:
    customer = call.tx.get("customer", identifier)
    if customer is None or customer.body.get("deleted"):
        raise no_such("customer", identifier, "customer")
    return customer.id


def _get(call: Call) -> JsonObject:
    return find_intent(call, "payment_intent").body


def _update(call: Call) -> JsonObject:
    record, given = find_intent(call, "payment_intent"), call.params
    body = record.body
    for name in given:
        if name in ("metadata", "description", "expand", "client_secret"):
            continue
        if body["status"] not in _OPEN:
            raise unexpected_state(
                body,
                f"This PaymentIntent's {name} could not be updated because it has a status of "
                f"{body['status']}. You may only update the {name} of a PaymentIntent with one of "
                f"the following statuses: {', '.join(_OPEN)}.",
                param=name,
            )
    amount = given.get("amount", body["amount"])
    currency = (given.get("currency") or body["currency"]).lower()
    check_amount(amount, currency)
    body.update(amount=amount, currency=currency)
    for name in ("capture_method", "setup_future_usage"):
        if name in given:
            body[name] = given[name]
    if given.get("payment_method_types"):
        body.update(method_types(given) | {"automatic_payment_methods": None})
    _apply(call, record)
    # Stripe has no event that says so.
    call.save(record)
    return body


def _confirm(call: Call) -> JsonObject:
    record = find_intent(call, "payment_intent")
    confirm(call, record)
    return record.body


def _list(call: Call) -> JsonObject:
    filters = {"customer": lists.known_customer(call)}
    return lists.list_objects(call, "payment_intent", "/v1/payment_intents", filters)


def _search(call: Call) -> JsonObject:
    return search_objects(call, "payment_intent", "/v1/payment_intents/search")


_ONE = "/v1/payment_intents/{intent}"
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/v1/payment_intents",
        _create,
        Shape(
            {
                **_CHANGEABLE,
                **_CONFIRM,
                "automatic_payment_methods": AUTOMATIC_PAYMENT_METHODS,
                "confirm": Flag(),
                "confirmation_method": Choice(("automatic", "manual")),
                "setup_future_usage": Choice(_USAGE),
            },
            ("amount", "currency"),
        ),
    ),
    Endpoint(
        "GET",
        "/v1/payment_intents",
        _list,
        Shape({**lists.PAGING, **lists.CREATED, "customer": Identifier()}),
    ),
    Endpoint(
        "GET",
        "/v1/payment_intents/search",
        _search,
        SEARCH,
    ),
    Endpoint("GET", _ONE, _get, Shape({"client_secret": Identifier()}), Access.CLIENT_SECRET),
    Endpoint(
        "POST",
        _ONE,
        _update,
        Shape({**_CHANGEABLE, "setup_future_usage": Choice(("", *_USAGE))}),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/confirm",
        _confirm,
        Shape(
            {
                **INTENT,
                **_CONFIRM,
                "capture_method": _CHANGEABLE["capture_method"],
                "client_secret": Identifier(),
                "payment_method_options": PAYMENT_CARD_OPTIONS,
                "receipt_email": Email(),
                "setup_future_usage": Choice(("", *_USAGE)),
                "shipping": SHIPPING,
            }
        ),
        Access.CLIENT_SECRET,
    ),
)
