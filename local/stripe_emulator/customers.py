"""Customers."""

import copy
from typing import Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.errors import invalid_request, no_such
from local.stripe_emulator.fields import (
    ADDRESS,
    LISTED_TYPE,
    SHIPPING,
    address,
    changes,
    merged_metadata,
    shipping,
)
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.parameters import (
    Choice,
    Email,
    Field,
    Identifier,
    Integer,
    Many,
    Metadata,
    Shape,
    Text,
)
from local.stripe_emulator.payment_methods import (
    attach_to,
    attached_methods,
    detach_from_customer,
    find_payment_method,
)
from local.stripe_emulator.search import SEARCH, search_objects
from local.stripe_emulator.store import Record

_PROFILE: Final[dict[str, Field]] = {
    "address": ADDRESS,
    "balance": Integer(),
    "description": Text(),
    "email": Email(512),
    "invoice_settings": Shape(
        {"default_payment_method": Text()}, (), {"custom_fields", "footer", "rendering_options"}
    ),
    "invoice_prefix": Text(12),
    "metadata": Metadata(),
    "next_invoice_sequence": Integer(1),
    "name": Text(256),
    "phone": Text(),
    "preferred_locales": Many(Identifier()),
    "shipping": Shape(
        {name: SHIPPING.fields[name] for name in ("address", "name", "phone")}, ("address", "name")
    ),
    "tax_exempt": Choice(("", "exempt", "none", "reverse")),
}
_PLAIN = (
    "balance",
    "description",
    "email",
    "invoice_prefix",
    "name",
    "next_invoice_sequence",
    "phone",
    "preferred_locales",
    "tax_exempt",
)


def find_customer(call: Call, identifier: str, param: str, *, in_path: bool = False) -> Record:
    """Find a customer who was not deleted.

    Raises
    ------
    ApiError
        There is none.
    """
    record = call.tx.get("customer", identifier)
    if record is None or record.body.get("deleted"):
        raise no_such("customer", identifier, param, in_path=in_path)
    return record


def _create(call: Call) -> JsonObject:
    record = Record(
        {
            "id": new_id("cus", 14),
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": call.now,
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": None,
            "invoice_prefix": new_id("", 8).lstrip("_").upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": {},
            "name": None,
            "next_invoice_sequence": 1,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }
    )
    method = None
    if identifier := call.params.get("payment_method"):
        method = find_payment_method(call, identifier)
    _apply(call, record, own=method)
    call.insert(record, "customer.created")
    if method is not None:
        attach_to(call, method, record.id)
    return record.body


def _apply(call: Call, record: Record, own: Record | None = None) -> None:
    given, body = call.params, record.body
    body.update({name: given[name] for name in _PLAIN if name in given})
    body["tax_exempt"] = body["tax_exempt"] or "none"
    if "metadata" in given:
        body["metadata"] = merged_metadata(body["metadata"], given["metadata"])
    if "address" in given:
        body["address"] = address(given["address"])
    if "shipping" in given:
        body["shipping"] = shipping(given["shipping"])
    settings = given.get("invoice_settings") or {}
    if "default_payment_method" in settings:
        _set_default(call, record, settings["default_payment_method"], own)


def _set_default(call: Call, record: Record, identifier: str | None, own: Record | None) -> None:
    if identifier is not None and not (own and own.id == identifier):
        method = call.tx.get("payment_method", identifier)
        if method is None or method.body["customer"] != record.id:
            raise invalid_request(
                f"The customer does not have a payment method with the ID {identifier}. The "
                "payment method must be attached to the customer.",
                code="resource_missing",
                param="invoice_settings[default_payment_method]",
            )
    record.body["invoice_settings"]["default_payment_method"] = identifier


def _get(call: Call) -> JsonObject:
    identifier = call.path["customer"]
    record = call.tx.get("customer", identifier)
    if record is None:
        raise no_such("customer", identifier, "id", in_path=True)
    return record.body


def _update(call: Call) -> JsonObject:
    record = find_customer(call, call.path["customer"], "id", in_path=True)
    before = copy.deepcopy(record.body)
    _apply(call, record)
    call.save(record)
    if previous := changes(before, record.body):
        call.emit("customer.updated", record, previous)
    return record.body


def _delete(call: Call) -> JsonObject:
    record = find_customer(call, call.path["customer"], "id", in_path=True)
    call.emit("customer.deleted", record)
    for method in attached_methods(call, record.id):
        detach_from_customer(call, method)
    record.body = {
        "id": record.id,
        "object": "customer",
        "deleted": True,
    }
    call.save(record)
    return record.body


def _list(call: Call) -> JsonObject:
    page = lists.list_objects(
        call, "customer", "/v1/customers", {"email": call.params.get("email")}
    )
    page["data"] = [body for body in page["data"] if not body.get("deleted")]
    return page


def _search(call: Call) -> JsonObject:
    return search_objects(call, "customer", "/v1/customers/search")


def _list_methods(call: Call) -> JsonObject:
    customer = find_customer(call, call.path["customer"], "customer", in_path=True).id
    filters = {"customer": customer, "type": call.params.get("type")}
    url = f"/v1/customers/{customer}/payment_methods"
    return lists.list_objects(call, "payment_method", url, filters)


def _get_method(call: Call) -> JsonObject:
    customer = find_customer(call, call.path["customer"], "customer", in_path=True).id
    identifier = call.path["payment_method"]
    method = call.tx.get("payment_method", identifier)
    if method is None or method.body["customer"] != customer:
        raise no_such("payment_method", identifier, "payment_method", in_path=True)
    return method.body


ENDPOINTS: Final = (
    Endpoint("POST", "/v1/customers", _create, Shape({**_PROFILE, "payment_method": Identifier()})),
    Endpoint(
        "GET",
        "/v1/customers",
        _list,
        Shape({**lists.PAGING, **lists.CREATED, "email": Text()}),
    ),
    Endpoint("GET", "/v1/customers/search", _search, SEARCH),
    Endpoint("GET", "/v1/customers/{customer}", _get),
    Endpoint("POST", "/v1/customers/{customer}", _update, Shape(_PROFILE)),
    Endpoint("DELETE", "/v1/customers/{customer}", _delete),
    Endpoint(
        "GET",
        "/v1/customers/{customer}/payment_methods",
        _list_methods,
        Shape({**lists.PAGING, "type": LISTED_TYPE}),
    ),
    Endpoint("GET", "/v1/customers/{customer}/payment_methods/{payment_method}", _get_method),
)
