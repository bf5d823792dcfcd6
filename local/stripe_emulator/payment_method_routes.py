"""The routes of PaymentMethods; `payment_methods` makes, finds and hands over the cards."""

import copy
from typing import Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Access, Call, Endpoint, JsonObject
from local.stripe_emulator.card_numbers import check_expiry
from local.stripe_emulator.errors import invalid_request, missing_parameter, no_such
from local.stripe_emulator.fields import (
    ALLOW_REDISPLAY,
    BILLING_DETAILS,
    CARD,
    LISTED_TYPE,
    METHOD_TYPE,
    billing_details,
    changes,
    merged_metadata,
)
from local.stripe_emulator.parameters import Identifier, Integer, Metadata, Shape
from local.stripe_emulator.payment_methods import (
    attach_to,
    detach_from_customer,
    find_payment_method,
    make_payment_method,
)
from local.stripe_emulator.store import Record


def _create(call: Call) -> JsonObject:
    if "type" not in call.params:
        raise missing_parameter("type")
    return make_payment_method(call, call.params).body


def _get(call: Call) -> JsonObject:
    return _in_path(call).body


def _in_path(call: Call) -> Record:
    return find_payment_method(call, call.path["payment_method"], in_path=True)


def _update(call: Call) -> JsonObject:
    method, given = _in_path(call), call.params
    if method.body["customer"] is None:
        raise invalid_request(
            "You must save this PaymentMethod to a customer before you can update it.",
            executed=True,
        )
    before = copy.deepcopy(method.body)
    if "metadata" in given:
        method.body["metadata"] = merged_metadata(method.body["metadata"], given["metadata"])
    if "billing_details" in given:
        method.body["billing_details"] = billing_details(
            given["billing_details"], method.body["billing_details"]
        )
    if "allow_redisplay" in given:
        method.body["allow_redisplay"] = given["allow_redisplay"]
    if card := given.get("card"):
        face = method.body["card"]
        month, year = check_expiry(
            card.get("exp_month", face["exp_month"]),
            card.get("exp_year", face["exp_year"]),
            call.now,
        )
        face.update(exp_month=month, exp_year=year)
    call.save(method)
    if previous := changes(before, method.body):
        call.emit("payment_method.updated", method, previous)
    return method.body


def _list(call: Call) -> JsonObject:
    customer = lists.known_customer(call)
    filters = {"customer": customer, "type": call.params.get("type")}
    return lists.list_objects(call, "payment_method", "/v1/payment_methods", filters)


def _attach(call: Call) -> JsonObject:
    customer = call.tx.get("customer", call.params["customer"])
    if customer is None or customer.body.get("deleted"):
        raise no_such("customer", call.params["customer"], "customer")
    method = _in_path(call)
    attach_to(call, method, customer.id)
    return method.body


def _detach(call: Call) -> JsonObject:
    method = _in_path(call)
    if method.body["customer"] is None:
        raise invalid_request(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            executed=True,
        )
    detach_from_customer(call, method)
    return method.body


_ONE = "/v1/payment_methods/{payment_method}"
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/v1/payment_methods",
        _create,
        Shape(
            {
                "allow_redisplay": ALLOW_REDISPLAY,
                "billing_details": BILLING_DETAILS,
                "card": CARD,
                "metadata": Metadata(),
                "type": METHOD_TYPE,
            }
        ),
        Access.ANY,
    ),
    Endpoint(
        "GET",
        "/v1/payment_methods",
        _list,
        Shape({**lists.PAGING, "customer": Identifier(), "type": LISTED_TYPE}),
    ),
    Endpoint("GET", _ONE, _get),
    Endpoint(
        "POST",
        _ONE,
        _update,
        Shape(
            {
                "allow_redisplay": ALLOW_REDISPLAY,
                "billing_details": BILLING_DETAILS,
                "card": Shape({"exp_month": Integer(), "exp_year": Integer()}, (), {"networks"}),
                "metadata": Metadata(),
            }
        ),
    ),
    Endpoint("POST", f"{_ONE}/attach", _attach, Shape({"customer": Identifier()}, ("customer",))),
    Endpoint("POST", f"{_ONE}/detach", _detach),
)
