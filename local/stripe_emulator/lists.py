"""Lists: newest first, cursors by id, a range of creation times."""

from typing import Any, Final

from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.errors import no_such
from local.stripe_emulator.parameters import Created, Field, Identifier, Integer

PAGING: Final[dict[str, Field]] = {
    "limit": Integer(1, 100),
    "starting_after": Identifier(),
    "ending_before": Identifier(),
}
CREATED: Final[dict[str, Field]] = {"created": Created()}
_DEFAULT_LIMIT = 10
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def known_customer(call: Call) -> str | None:
    """Give the customer whose objects are asked for, who may be deleted; None if nobody is named.

    Raises
    ------
    ApiError
        There is none.
    """
    customer: str | None = call.params.get("customer")
    if customer is not None and call.tx.get("customer", customer) is None:
        raise no_such("customer", customer, "customer")
    return customer


def list_objects(
    call: Call,
    kind: str,
    url: str,
    filters: dict[str, Any],
    inside: dict[str, Any] | None = None,
    types: list[str] | None = None,
) -> JsonObject:
    """Answer a list.

    Parameters
    ----------
    filters, inside
        Column and value, and field of the body and value; a value of None does not filter.
    types
        The types that are wanted; all of them if None.
    """
    conditions, values = ["kind = ?"], [kind]
    for field, value in (inside or {}).items():
        if value is not None:
            conditions.append(f"json_extract(body, '$.{field}') = ?")
            values.append(value)
    for column, value in filters.items():
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    for bound, moment in call.params.get("created", {}).items():
        conditions.append(f"created {_COMPARISONS[bound]} ?")
        values.append(moment)
    if types:
        conditions.append(f"type IN ({', '.join('?' * len(types))})")
        values += types
    order = "DESC"
    if after := call.params.get("starting_after"):
        conditions.append("seq < ?")
        values.append(_cursor(call, kind, after, "starting_after"))
    if before := call.params.get("ending_before"):
        conditions.append("seq > ?")
        values.append(_cursor(call, kind, before, "ending_before"))
        # The page that ends just before the cursor, not the first one of all.
        order = "DESC" if after else "ASC"
    limit = call.params.get("limit", _DEFAULT_LIMIT)
    tail = f"ORDER BY seq {order} LIMIT {limit + 1}"
    records = call.tx.select(" AND ".join(conditions), tuple(values), tail)
    page = records[:limit]
    if order == "ASC":
        page.reverse()
    return {
        "object": "list",
        "data": [record.body for record in page],
        "has_more": len(records) > limit,
        "url": url,
    }


def _cursor(call: Call, kind: str, identifier: str, param: str) -> Any:
    record = call.tx.get(kind, identifier)
    if record is None:
        raise no_such(kind, identifier, param)
    return record.seq
