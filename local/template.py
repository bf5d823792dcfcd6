"""Reads template.yaml as plain data, for whoever must agree with what is deployed."""

from typing import Any

import yaml

from local.layout import ROOT


class _Plain(yaml.SafeLoader):
    """Reads CloudFormation's short tags: ``!Ref Table`` becomes "Table", a longer one None."""


def _plain(_loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


_Plain.add_multi_constructor("!", _plain)


def _read() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Plain)
    return found


def resources() -> dict[str, dict[str, Any]]:
    """Give the resources by their names."""
    found: dict[str, dict[str, Any]] = _read()["Resources"]
    return found


def defaults() -> dict[str, Any]:
    """Give the parameters' own values."""
    found: dict[str, Any] = {
        name: parameter["Default"]
        for name, parameter in _read()["Parameters"].items()
        if "Default" in parameter
    }
    return found
