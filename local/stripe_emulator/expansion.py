"""`expand[]`: an object in place of its id."""

from typing import Any, Final

from local.stripe_emulator.calls import JsonObject
from local.stripe_emulator.errors import invalid_request
from local.stripe_emulator.store import Transaction

_MAX_DEPTH = 4
# What may be expanded, and what it becomes; None stays null, since the emulator has none of them.
# What may be expanded, and what it becomes: an object; null, since the emulator has none of them
# (None); or, for a hash that the object carries, what may be expanded in there.
_Targets = dict[str, "str | _Targets | None"]
_EXPANDABLE: Final[dict[str, _Targets]] = {
    "customer": {
        "default_source": None,
        "discount": None,
        "invoice_settings": {"default_payment_method": "payment_method"},
        "shipping": {},
        "test_clock": None,
    },
    "payment_method": {"customer": "customer", "billing_details": {}, "card": {}},
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "application": None,
        "on_behalf_of": None,
        "payment_method_options": {},
        "processing": None,
        "review": None,
        "shipping": {},
        "transfer_data": None,
    },
    "setup_intent": {
        "customer": "customer",
        "payment_method": "payment_method",
        "latest_attempt": None,
        "mandate": None,
        "single_use_mandate": None,
        "application": None,
        "on_behalf_of": None,
    },
    "charge": {
        "customer": "customer",
        "payment_intent": "payment_intent",
        "balance_transaction": None,
        "failure_balance_transaction": None,
        "application": None,
        "application_fee": None,
        "billing_details": {},
        "on_behalf_of": None,
        "outcome": {},
        "payment_method_details": {},
        "review": None,
        "source_transfer": None,
        "transfer": None,
        "transfer_data": None,
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "refund": {
        "charge": "charge",
        "payment_intent": "payment_intent",
        "balance_transaction": None,
        "failure_balance_transaction": None,
        "source_transfer_reversal": None,
        "transfer_reversal": None,
    },
}
_COLLECTIONS = frozenset({"list", "search_result"})


def expand(tx: Transaction, body: JsonObject, paths: list[str]) -> JsonObject:
    """Give the answer with the asked objects in it.

    Raises
    ------
    ApiError
        A path names nothing that can be expanded.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > _MAX_DEPTH:
            raise invalid_request(
                f"You cannot expand more than {_MAX_DEPTH} levels of a property.", param="expand"
            )
        _expand(tx, body, steps, path)
    return body


def _expand(tx: Transaction, body: JsonObject, steps: list[str], path: str) -> None:
    step, *rest = steps
    if body.get("object") in _COLLECTIONS:
        if step != "data":
            raise _refused(path)
        for item in body["data"] if rest else ():
            _expand(tx, item, rest, path)
        return
    kind = str(body.get("object"))
    included = _included(tx, kind, body, step)
    if included is not None:
        value = body[step] = included
        if rest and isinstance(value, dict):
            _expand(tx, value, rest, path)
        return
    targets = _EXPANDABLE.get(kind, {})
    if step not in targets:
        raise _refused(path)
    target = targets[step]
    if isinstance(target, dict):
        _expand_inside(tx, body.get(step), target, rest, path)
        return
    value = body[step] = _object(tx, target, body.get(step))
    if rest and isinstance(value, dict):
        _expand(tx, value, rest, path)


def _expand_inside(
    tx: Transaction, body: Any, targets: _Targets, steps: list[str], path: str
) -> None:
    """Expand in a hash that an object carries."""
    if not steps:
        return
    step, *rest = steps
    target = targets.get(step)
    if step not in targets or isinstance(target, dict):
        raise _refused(path)
    if isinstance(body, dict):
        value = body[step] = _object(tx, target, body.get(step))
        if rest and isinstance(value, dict):
            _expand(tx, value, rest, path)


def _object(tx: Transaction, kind: str | None, value: Any) -> Any:
    record = tx.get(kind, value) if kind and isinstance(value, str) else None
    return record.body if record else value


def _included(tx: Transaction, kind: str, body: JsonObject, step: str) -> JsonObject | None:
    """Give what is in an answer only if it is asked for."""
    if kind == "charge" and step == "refunds":
        return _refunds(tx, body["id"])
    if kind == "customer" and not body.get("deleted"):
        if step in ("sources", "subscriptions", "tax_ids"):
            return _list([], f"/v1/customers/{body['id']}/{step}")
        return {
            "invoice_credit_balance": {},
            "tax": {
                "automatic_tax": "unrecognized_location",
                "ip_address": None,
                "location": None,
                "provider": "stripe",
            },
        }.get(step)
    return None


def _refunds(tx: Transaction, charge: str) -> JsonObject:
    records = tx.select("kind = 'refund' AND charge = ?", (charge,), "ORDER BY seq DESC LIMIT 10")
    return _list([record.body for record in records], f"/v1/charges/{charge}/refunds")


def _list(data: list[JsonObject], url: str) -> JsonObject:
    return {"object": "list", "data": data, "has_more": False, "url": url}


def _refused(path: str) -> Exception:
    return invalid_request(f"This property cannot be expanded ({path}).", param="expand")
