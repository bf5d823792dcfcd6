"""Accepted parameters against Stripe's OpenAPI description.

The answers are checked by the clients of all other tests (`running.check`).
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.stripe_emulator import parameters
from local.stripe_emulator.calls import Endpoint
from local.stripe_emulator.errors import NOT_MODELED, ApiError
from local.stripe_emulator.routing import ENDPOINTS, find_endpoint
from local.stripe_emulator.settings import SECRET_KEY
from local.stripe_emulator.tests import specification
from local.stripe_emulator.tests.running import Emulator

pytestmark = pytest.mark.skipif(not specification.present(), reason=specification.ABSENT)

# Stripe.js sends these; the description is of what servers send.
UNDESCRIBED = {"payment_method_data[card]", "payment_method_data[type]"}
# Numbers that the description calls strings.
WRITTEN_NUMBERS = {"card[exp_month]", "card[exp_year]"}


def described(endpoint: Endpoint) -> tuple[dict[str, Any], set[str]]:
    """Give what the description says of a route's parameters, and which are required."""
    path = specification.template_of(re.sub(r"\{\w+\}", "x", endpoint.path))
    operation = specification.specification()["paths"][path][endpoint.method.lower()]
    if endpoint.method == "GET":
        listed = [one for one in operation["parameters"] if one["in"] == "query"]
        return (
            {one["name"]: one["schema"] for one in listed},
            {one["name"] for one in listed if one.get("required")},
        )
    content = operation["requestBody"]["content"]
    schema = next(iter(content.values()))["schema"]
    return schema.get("properties", {}), set(schema.get("required", ()))


def branches(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for branch in schema.get("anyOf", [schema]):
        if "anyOf" in branch:
            yield from branches(branch)
        else:
            yield branch


def types(schema: dict[str, Any]) -> set[str]:
    return {branch.get("type", "") for branch in branches(schema)}


def words(schema: dict[str, Any]) -> set[str]:
    return {word for branch in branches(schema) for word in branch.get("enum", ())}


def compare(field: parameters.Field, schema: dict[str, Any], name: str) -> list[str]:
    match field:
        case parameters.Text() | parameters.Identifier():
            return [] if "string" in types(schema) else [f"{name} is no string"]
        case parameters.Integer():
            number = "integer" in types(schema) or name in WRITTEN_NUMBERS
            return [] if number else [f"{name} is no integer"]
        case parameters.Flag():
            return [] if "boolean" in types(schema) else [f"{name} is no boolean"]
        case parameters.Choice(allowed) | parameters.FlagOrChoice(allowed):
            more = set(allowed) - words(schema)
            return [f"{name} takes no {more}"] if more else []
        case parameters.Many(of):
            lists = [branch for branch in branches(schema) if branch.get("type") == "array"]
            return compare(of, lists[0]["items"], name) if lists else [f"{name} is no list"]
        case parameters.Shape(fields):
            return compare_all(fields, schema, name)
        case parameters.Metadata() | parameters.Created():
            return [] if "object" in types(schema) else [f"{name} is no object"]
    return [f"{name} is of an unknown type"]


def compare_all(fields: Any, schema: dict[str, Any], inside: str) -> list[str]:
    known: dict[str, Any] = {}
    for branch in branches(schema):
        for key, one in branch.get("properties", {}).items():
            known.setdefault(key, {"anyOf": []})["anyOf"].append(one)
    problems = []
    for key, field in fields.items():
        name = f"{inside}[{key}]" if inside else key
        if name in UNDESCRIBED:
            continue
        if key not in known:
            problems.append(f"{name} is not described")
        else:
            problems += compare(field, known[key], name)
    return problems


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_accepted_parameters(endpoint: Endpoint) -> None:
    known, required = described(endpoint)
    schema = {"type": "object", "properties": known}
    assert compare_all(endpoint.accepts.fields, schema, "") == []
    assert required <= set(endpoint.accepts.required)


def unlisted(shape: parameters.Shape, schema: dict[str, Any], inside: str) -> list[str]:
    """Give the described names that a shape neither takes nor lists as not modeled."""
    known: dict[str, Any] = {}
    for branch in branches(schema):
        known |= branch.get("properties", {})
    found = [f"{inside}[{name}]" for name in known.keys() - shape.fields.keys() - shape.unmodeled]
    for name, field in shape.fields.items():
        if isinstance(field, parameters.Shape) and name in known:
            found += unlisted(field, known[name], f"{inside}[{name}]")
    return found


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_every_parameter_is_modeled_or_listed_as_not(endpoint: Endpoint) -> None:
    known, _ = described(endpoint)
    assert unlisted(endpoint.accepts, {"type": "object", "properties": known}, "") == []


def test_every_route_is_modeled_or_listed_as_not() -> None:
    for path, operations in specification.specification()["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method in operations:
            try:
                find_endpoint(method.upper(), re.sub(r"{\w+}", "x", path))
            except ApiError as error:
                assert (error.status, error.error["code"]) == (501, NOT_MODELED), path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/tulips"),
        ("POST", "/v1/customers/cus_1/tulips"),
        ("POST", "/v1/tokens/tok_1"),
        ("DELETE", "/v1/payment_intents/pi_1"),
    ],
)
def test_what_stripe_does_not_know_is_not_called_unmodeled(
    emulator: Emulator, method: str, path: str
) -> None:
    answer = emulator.secret.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("Unrecognized request URL")
    parameter = emulator.secret.post("/v1/customers", data={"tulips": "1"})
    assert parameter.json()["error"]["code"] == "parameter_unknown"


def test_what_is_not_modeled_says_so(emulator: Emulator) -> None:
    for answer in (
        emulator.operator.post("/v1/subscriptions", auth=(SECRET_KEY, "")),
        emulator.operator.get("/v1/customers/cus_1/sources", auth=(SECRET_KEY, "")),
        emulator.operator.get("/v2/core/accounts", auth=(SECRET_KEY, "")),
        emulator.operator.post("/v1/customers", auth=(SECRET_KEY, ""), data={"source": "src_1"}),
        emulator.operator.post(
            "/v1/payment_methods", auth=(SECRET_KEY, ""), data={"type": "sepa_debit"}
        ),
        emulator.operator.get(
            "/v1/customers", auth=(SECRET_KEY, ""), headers={"stripe-account": "acct_1"}
        ),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["code"]) == (501, "api_error", NOT_MODELED)
        assert "does not model" in error["message"]


def test_the_validator_says_no() -> None:
    def problems(body: Any) -> list[str]:
        return specification.violations("GET", "/v1/customers/cus_1", 200, body)

    good = {"id": "cus_1", "object": "customer", "created": 1, "livemode": False}
    assert problems(good) == []
    assert problems(good | {"unheard_of": 1})
    assert problems(good | {"created": "1"})
    assert problems(good | {"created": None})
    assert problems({key: value for key, value in good.items() if key != "id"})


def test_event_objects_are_as_described(emulator: Emulator) -> None:
    emulator.intent(payment_method="pm_card_visa", confirm=True)
    customer = emulator.customer()
    emulator.saved_card(customer)
    for event in emulator.secret.get("/v1/events?limit=100").json()["data"]:
        subject = event["data"]["object"]
        url = f"/v1/{subject['object']}s/x"
        assert specification.violations("GET", url, 200, subject) == []
