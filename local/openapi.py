"""Writes docs/openapi.yaml from the functions' code; with ``--check`` only compares.

Each function describes its own routes; this joins them, says which need a token (template.yaml
decides) and how errors look.
"""

import importlib
import json
import sys
from typing import Any

import yaml

from local.layout import ROOT
from local.template import resources

TARGET = ROOT / "docs" / "openapi.yaml"
FUNCTIONS = (
    "auth",
    "account",
    "cards",
    "primary_card",
    "invoices",
    "payments",
    "autopay",
    "stripe_webhook",
)
# Paying may also end in 202: the outcome is not known yet, which is never a failure.
UNKNOWN_OUTCOME = "The outcome is not known yet; look at the payment again."
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem document; further members depend on the code.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do."},
        "code": {"type": "string", "description": "Stable; programs rely on it."},
        "request_id": {"type": "string"},
        "field": {"type": "string", "description": "The part of the request that is wrong."},
    },
}


def describe() -> dict[str, Any]:
    """Join what the functions say about themselves."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    for name in FUNCTIONS:
        app = importlib.import_module(f"functions.{name}.app").app
        schema = app.get_openapi_schema(title="Billfold", version="1")
        part = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
        schemas |= part.get("components", {}).get("schemas", {})
        for path, operations in part["paths"].items():
            paths.setdefault(path, {}).update(operations)
    public = _public_routes()
    for path, operations in paths.items():
        for method, operation in operations.items():
            _finish(operation, secured=(method, path) not in public)
    for unused in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Billfold",
            "version": "1",
            "description": "Amounts are integers in minor units. See docs/api.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _finish(operation: dict[str, Any], *, secured: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    success = next(iter(responses))
    if success == "204":
        responses[success] = {"description": "Done"}
    if success == "201" and "Payments" in operation["tags"]:
        responses["202"] = {**responses[success], "description": UNKNOWN_OUTCOME}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses["default"] = {"description": "Refused", "content": content}
    operation["operationId"] = operation["operationId"].split("_v1_")[0]
    operation["security"] = [{"accessToken": []}] if secured else []


def _public_routes() -> set[tuple[str, str]]:
    """Find the routes that template.yaml opens to everyone."""
    return {
        (event["Properties"]["Method"].lower(), event["Properties"]["Path"])
        for resource in resources().values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
        and event["Properties"].get("Auth", {}).get("Authorizer") == "NONE"
    }


def main() -> int:
    """Write the description, or tell whether it is up to date."""
    text = "# Generated from the code by `make openapi`; do not edit.\n" + yaml.safe_dump(
        describe(), sort_keys=False, width=100, allow_unicode=True
    )
    if "--check" not in sys.argv:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print("docs/openapi.yaml does not describe the code any more: run `make openapi`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
