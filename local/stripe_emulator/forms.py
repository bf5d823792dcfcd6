"""Stripe's form encoding: bracket notation to nested values.

`a[b][c]=1` is a mapping, `a[]=1` and `a[0]=1` are lists. Values stay text; `parameters` gives them
their types.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from local.stripe_emulator.errors import invalid_request

_APPEND = ""


def decode(encoded: str) -> dict[str, Any]:
    """Read a query string or a form body.

    Raises
    ------
    ApiError
        The notation contradicts itself, as in `a=1&a[b]=2`.
    """
    root: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, errors="replace"):
        _place(root, _keys(name), value, name)
    return {name: _lists(value) for name, value in root.items()}


def _keys(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [name]
    return [head, *rest.removesuffix("]").split("][")]


def _place(root: dict[str, Any], keys: Iterable[str], value: str, name: str) -> None:
    *path, last = keys
    node = root
    for key in path:
        child = node.setdefault(_index(node, key), {})
        if not isinstance(child, dict):
            raise invalid_request(f"Invalid parameter name: {name}", param=name)
        node = child
    key = _index(node, last)
    if isinstance(node.get(key), dict):
        raise invalid_request(f"Invalid parameter name: {name}", param=name)
    node[key] = value


def _index(node: dict[str, Any], key: str) -> str:
    return str(len(node)) if key == _APPEND else key


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(child) for key, child in value.items()}
