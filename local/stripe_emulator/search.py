"""Search: `metadata['invoice']:'in_1' AND status:'succeeded'`.

Stripe's search lags behind by up to a minute; this one does not.
"""

import re
from typing import Final

from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.errors import invalid_request
from local.stripe_emulator.parameters import Identifier, Integer, Shape, Text

_CLAUSE = re.compile(
    r"""\s*(?P<not>-?)
    (?:metadata\[(?P<mq>["'])(?P<key>[^"']+)(?P=mq)\]|(?P<field>[a-z_]+))
    \s*(?P<op>:|~|>=|<=|>|<)\s*
    (?:(?P<vq>["'])(?P<text>[^"']*)(?P=vq)|(?P<number>\d+)|(?P<null>null))\s*""",
    re.VERBOSE,
)
_JOINT = re.compile(r"(AND|OR)\b")
_FIELDS: Final = {
    "charge": frozenset(
        {"amount", "created", "currency", "customer", "disputed", "refunded", "status"}
    ),
    "customer": frozenset({"created", "email", "name", "phone"}),
    "payment_intent": frozenset({"amount", "created", "currency", "customer", "status"}),
}
# Texts of a customer are also found by a part of them.
_PARTS: Final = frozenset({"email", "name", "phone"})
SEARCH: Final = Shape({"limit": Integer(1, 100), "page": Identifier(), "query": Text()}, ("query",))
_DEFAULT_LIMIT = 10


def search_objects(call: Call, kind: str, url: str) -> JsonObject:
    """Answer a search, newest first.

    Raises
    ------
    ApiError
        The query does not follow the language.
    """
    condition, values = _condition(call.params["query"] or "", kind)
    limit = call.params.get("limit", _DEFAULT_LIMIT)
    total = call.tx.sql.execute(
        f"SELECT count(*) FROM objects WHERE kind = ? AND ({condition})", (kind, *values)
    ).fetchone()[0]
    page = _page(call.params.get("page"))
    records = call.tx.select(
        f"kind = ? AND ({condition}) AND seq < ?",
        (kind, *values, page),
        f"ORDER BY seq DESC LIMIT {limit + 1}",
    )
    more = len(records) > limit
    return {
        "object": "search_result",
        "data": [record.body for record in records[:limit]],
        "has_more": more,
        "next_page": str(records[limit - 1].seq) if more else None,
        "total_count": total,
        "url": url,
    }


def _page(given: str | None) -> int:
    if given is None:
        return 2**62
    if not given.isdigit():
        raise invalid_request("Invalid page token.", param="page")
    return int(given)


def _condition(query: str, kind: str) -> tuple[str, list[object]]:
    texts, values, place = [], [], 0
    joints = set()
    while True:
        clause = _CLAUSE.match(query, place)
        if clause is None:
            raise _unclear(query)
        text, value = _comparison(clause, query, kind)
        texts.append(text)
        values += value
        place = clause.end()
        if place == len(query):
            break
        joint = _JOINT.match(query, place)
        if joint is None:
            raise _unclear(query)
        joints.add(joint[1])
        place = joint.end()
    if len(joints) > 1:
        raise invalid_request("You cannot combine AND and OR in a query.", param="query")
    return f" {joints.pop() if joints else 'AND'} ".join(texts), values


def _comparison(clause: re.Match[str], query: str, kind: str) -> tuple[str, list[object]]:
    if clause["key"]:
        path = '$.metadata."' + clause["key"].replace("\\", "") + '"'
    elif clause["field"] in _FIELDS[kind]:
        path = f"$.{clause['field']}"
    else:
        raise _unclear(query)
    negation = "NOT " if clause["not"] else ""
    if clause["null"]:
        return f"{negation}json_extract(body, ?) IS NULL", [path]
    if clause["op"] == "~":
        if clause["field"] not in _PARTS:
            raise _unclear(query)
        return f"{negation}ifnull(instr(lower(json_extract(body, ?)), lower(?)) > 0, 0)", [
            path,
            clause["text"] or "",
        ]
    if clause["text"] in ("true", "false"):
        return f"{negation}ifnull(json_extract(body, ?) = ?, 0)", [path, clause["text"] == "true"]
    value: object = int(clause["number"]) if clause["number"] else clause["text"]
    operator = "=" if clause["op"] == ":" else clause["op"]
    return f"{negation}ifnull(json_extract(body, ?) {operator} ?, 0)", [path, value]


def _unclear(query: str) -> Exception:
    return invalid_request(f"We were unable to parse your query: {query[:200]}", param="query")
