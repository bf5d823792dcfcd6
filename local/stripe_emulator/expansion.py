"""`expand[]`: an object in place of its id."""

from typing import Final

from local.stripe_emulator.calls import JsonObject
from local.stripe_emulator.errors import invalid_request
from local.stripe_emulator.store import Transaction

_MAX_DEPTH = 4
# What may be expanded, and what it becomes; None stays null, since the emulator has none of them.
_EXPANDABLE: Final[dict[str, dict[str, str | None]]] = {
    "customer": {"default_source": None, "test_clock": None},
    "payment_method": {"customer": "customer"},
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "application": None,
        "on_behalf_of": None,
        "review": None,
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
        "on_behalf_of": None,
        "review": None,
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "refund": {
        "charge": "charge",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
        "customer": "customer",
        "balance_transaction": None,
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
    targets = _EXPANDABLE.get(str(body.get("object")), {})
    if step not in targets:
        if body.get("object") == "charge" and step == "refunds":
            body["refunds"] = _refunds(tx, body["id"])
            return
        raise _refused(path)
    kind, value = targets[step], body.get(step)
    if kind and isinstance(value, str):
        record = tx.get(kind, value)
        value = body[step] = record.body if record else value
    if rest and isinstance(value, dict):
        _expand(tx, value, rest, path)


def _refunds(tx: Transaction, charge: str) -> JsonObject:
    records = tx.select("kind = 'refund' AND charge = ?", (charge,), "ORDER BY seq DESC LIMIT 10")
    return {
        "object": "list",
        "data": [record.body for record in records],
        "has_more": False,
        "url": f"/v1/charges/{charge}/refunds",
    }


def _refused(path: str) -> Exception:
    return invalid_request(f"This property cannot be expanded ({path}).", param="expand")
