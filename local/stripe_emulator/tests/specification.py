"""Stripe's OpenAPI description, as JSON Schema that says no to what it does not know.

The file is `latest/openapi.spec3.json` of github.com/stripe/openapi as of 2026-08-26.dahlia,
two monthly releases after the version that is pinned. Within one name (dahlia) releases only add.
What they added to the emulator's routes and objects is in `ADDED_LATER` and `NEW_PROPERTIES`, found
by comparing the file with stripe-python 15.3.0, which is generated from 2026-06-24.dahlia; it is
taken out before anything is held against the description.
"""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

PATH = Path(__file__).resolve().parents[3].parent / "shared" / "stripe" / "spec3.json.gz"
ABSENT = f"Stripe's OpenAPI description is absent: ../shared/stripe/{PATH.name}"


ADDED_LATER = {
    f"POST /v1/{kind}_intents{rest}": ("allowed_payment_method_types",)
    for kind in ("payment", "setup")
    for rest in ("", "/{intent}", "/{intent}/confirm")
}
"""Parameters by route. Stripe's changelog has them under 2026-07-29.dahlia."""

# `allowed_payment_method_types` of an intent stays: recorded answers of the pinned version have it.
NEW_PROPERTIES: dict[str, tuple[str, ...]] = {
    "refund": ("customer", "customer_account", "payment_method"),
    "dispute_payment_method_details_card": ("network",),
}
"""Properties by object."""


def present() -> bool:
    """Tell whether the description is there."""
    return PATH.is_file()


@cache
def specification() -> dict[str, Any]:
    """Read the description."""
    with gzip.open(PATH) as file:
        loaded: dict[str, Any] = json.load(file)
    for route, names in ADDED_LATER.items():
        method, path = route.split()
        (content,) = loaded["paths"][path][method.lower()]["requestBody"]["content"].values()
        _forget(content["schema"], names)
    for component, properties in NEW_PROPERTIES.items():
        _forget(loaded["components"]["schemas"][component], properties)
    return loaded


def _forget(schema: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        del schema["properties"][name]
    schema["required"] = [name for name in schema.get("required", ()) if name not in names]


@cache
def _components() -> dict[str, Any]:
    schemas = specification()["components"]["schemas"]
    return {"schemas": {name: _strict(schema) for name, schema in schemas.items()}}


def _strict(schema: Any) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema: `nullable`, open enumerations, no unknown properties."""
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for name in ("$ref", "type", "required", "maxLength", "pattern"):
        if name in schema:
            result[name] = schema[name]
    if "enum" in schema and not schema.get("x-stripeBypassValidation"):
        result["enum"] = schema["enum"]
    if "anyOf" in schema:
        result["anyOf"] = [_strict(one) for one in schema["anyOf"]]
    if "items" in schema:
        result["items"] = _strict(schema["items"])
    if "properties" in schema:
        result["properties"] = {k: _strict(v) for k, v in schema["properties"].items()}
        result["additionalProperties"] = False
    if "additionalProperties" in schema:
        result["additionalProperties"] = _strict(schema["additionalProperties"])
    if schema.get("nullable"):
        return {"anyOf": [result, {"type": "null"}]}
    return result


@cache
def _validator(method: str, path: str, status: str) -> Draft202012Validator:
    responses = specification()["paths"][path][method]["responses"]
    response = responses.get(status, responses["default"])
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator({**_strict(schema), "components": _components()})


@cache
def _templates() -> list[tuple[str, re.Pattern[str]]]:
    paths = sorted(specification()["paths"], key=lambda path: path.count("{"))
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in paths]


def template_of(path: str) -> str:
    """Find the description's path of a request."""
    return next(template for template, pattern in _templates() if pattern.fullmatch(path))


def violations(method: str, url: str, status: int, body: Any) -> list[str]:
    """Tell what in an answer is not as described."""
    path = template_of(urlsplit(url).path)
    validator = _validator(method.lower(), path, str(status))
    return [
        f"{method} {path} {status}: {'.'.join(map(str, _deepest(error).absolute_path))}: "
        f"{_deepest(error).message[:300]}"
        for error in validator.iter_errors(body)
    ]


def _deepest(error: Any) -> Any:
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error
