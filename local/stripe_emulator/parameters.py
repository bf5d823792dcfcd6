"""What a route accepts: names, types, and the errors for everything else."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.stripe_emulator.errors import (
    invalid_request,
    missing_parameter,
    not_modeled,
    unknown_parameter,
)

MAX_TEXT = 5000
_METADATA_KEYS = 50
_METADATA_KEY_LENGTH = 40
_METADATA_VALUE_LENGTH = 500
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


class Field(Protocol):
    """A type of parameter."""

    def read(self, raw: Any, name: str) -> Any:
        """Give the typed value, or raise the error that names the parameter."""


@dataclass(frozen=True)
class Text:
    """A string; the empty string unsets the field."""

    longest: int = MAX_TEXT

    def read(self, raw: Any, name: str) -> str | None:
        """Give the string, None for the empty one."""
        if not isinstance(raw, str):
            raise invalid_request("Invalid string", param=name)
        if len(raw) > self.longest:
            raise invalid_request(
                f"Invalid string: {raw[:20]}...; must be at most {self.longest} characters",
                code="parameter_invalid_string",
                param=name,
            )
        return raw or None


@dataclass(frozen=True)
class Email(Text):
    """An address, looked at as little as Stripe does; the empty string unsets it."""

    def read(self, raw: Any, name: str) -> str | None:
        """Give the address."""
        address = Text.read(self, raw, name)
        if address is not None and not _EMAIL.fullmatch(address):
            raise invalid_request(
                f"Invalid email address: {address}", code="email_invalid", param=name
            )
        return address


@dataclass(frozen=True)
class Identifier:
    """The id of an object; empty is an error."""

    def read(self, raw: Any, name: str) -> str:
        """Give the id."""
        if not isinstance(raw, str) or len(raw) > MAX_TEXT:
            raise invalid_request("Invalid string", param=name)
        if not raw:
            raise invalid_request(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt "
                f"to unset a parameter; however '{name}' cannot be unset.",
                code="parameter_invalid_empty",
                param=name,
            )
        return raw


@dataclass(frozen=True)
class Integer:
    """A whole number."""

    least: int | None = None
    most: int | None = None

    def read(self, raw: Any, name: str) -> int:
        """Give the number."""
        if not isinstance(raw, str) or not _INTEGER.fullmatch(raw):
            shown = raw if isinstance(raw, str) else "object"
            raise invalid_request(
                f"Invalid integer: {shown[:40]}", code="parameter_invalid_integer", param=name
            )
        number = int(raw)
        if self.least is not None and number < self.least:
            raise invalid_request(
                "This value must be greater than or equal to "
                f"{self.least} (it currently is '{number}').",
                code="parameter_invalid_integer",
                param=name,
            )
        if self.most is not None and number > self.most:
            raise invalid_request(
                f"This value must be less than or equal to {self.most} "
                f"(it currently is '{number}').",
                code="parameter_invalid_integer",
                param=name,
            )
        return number


@dataclass(frozen=True)
class Flag:
    """A boolean, written `true` or `false`; `True`, as Python writes it, is taken as well."""

    def read(self, raw: Any, name: str) -> bool:
        """Give the boolean."""
        written = raw.lower() if isinstance(raw, str) else ""
        if written not in ("true", "false"):
            raise invalid_request(f"Invalid boolean: {raw}", param=name)
        return written == "true"


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    # Words that Stripe takes here and the emulator does not.
    unmodeled: Set[str] = frozenset()

    def read(self, raw: Any, name: str) -> str | None:
        """Give the word."""
        if isinstance(raw, str) and raw in self.unmodeled:
            raise not_modeled(f"{name}={raw}")
        if raw not in self.words:
            head = name.rsplit("[", maxsplit=1)[-1].removesuffix("]")
            raise invalid_request(
                f"Invalid {head}: must be one of {', '.join(self.words)}", param=name
            )
        return str(raw) or None


@dataclass(frozen=True)
class FlagOrChoice:
    """A boolean or one of a few words, as `off_session`."""

    words: tuple[str, ...]

    def read(self, raw: Any, name: str) -> bool | str:
        """Give the boolean or the word."""
        if raw in self.words:
            return str(raw)
        return Flag().read(raw, name)


@dataclass(frozen=True)
class Many:
    """A list of values."""

    of: Field

    def read(self, raw: Any, name: str) -> list[Any]:
        """Give the list; the empty string is the empty list."""
        if raw == "":
            return []
        if not isinstance(raw, list):
            raise invalid_request("Invalid array", param=name)
        return [self.of.read(one, f"{name}[{place}]") for place, one in enumerate(raw)]


@dataclass(frozen=True)
class Metadata:
    """Free keys and values; an empty value deletes its key, an empty string all of them."""

    def read(self, raw: Any, name: str) -> dict[str, str] | None:
        """Give the keys and values, None to delete all."""
        if raw == "":
            return None
        if isinstance(raw, list):
            # Keys that are numbers look like a list on the wire.
            raw = {str(place): one for place, one in enumerate(raw)}
        if not isinstance(raw, dict) or not all(isinstance(v, str) for v in raw.values()):
            raise invalid_request("Invalid object", param=name)
        if len(raw) > _METADATA_KEYS:
            raise invalid_request(
                f"You may only specify up to {_METADATA_KEYS} metadata keys.", param=name
            )
        for key, value in raw.items():
            if len(key) > _METADATA_KEY_LENGTH or len(value) > _METADATA_VALUE_LENGTH:
                raise invalid_request(
                    "Metadata keys must be under 40 characters and values under 500 characters.",
                    param=f"{name}[{key[:40]}]",
                )
        return raw


@dataclass(frozen=True)
class Shape:
    """A mapping with known names, as `billing_details`."""

    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    # Names that Stripe takes here and the emulator does not.
    unmodeled: Set[str] = frozenset()

    def read(self, raw: Any, name: str) -> dict[str, Any] | None:
        """Give the typed mapping, None when the empty string unsets it."""
        if raw == "":
            return None
        if not isinstance(raw, dict):
            raise invalid_request("Invalid object", param=name)
        return _read(self, raw, name)


@dataclass(frozen=True)
class Created:
    """A time or a range of times."""

    bounds: Mapping[str, Field] = field(
        default_factory=lambda: {name: Integer() for name in ("gt", "gte", "lt", "lte")}
    )

    def read(self, raw: Any, name: str) -> dict[str, int]:
        """Give the range; a single time is one that begins and ends there."""
        if isinstance(raw, dict):
            return _read(Shape(self.bounds), raw, name)
        moment = Integer().read(raw, name)
        return {"gte": moment, "lte": moment}


def _read(shape: Shape, raw: dict[str, Any], inside: str) -> dict[str, Any]:
    def full(name: str) -> str:
        return f"{inside}[{name}]" if inside else name

    fields = shape.fields
    for name in raw:
        if name in shape.unmodeled:
            raise not_modeled(f"the parameter {full(name)}")
        if name not in fields:
            raise unknown_parameter(full(name))
    for name in shape.required:
        if name not in raw:
            raise missing_parameter(full(name))
    return {name: fields[name].read(value, full(name)) for name, value in raw.items()}


def read(parameters: Shape, raw: dict[str, Any]) -> dict[str, Any]:
    """Check and type everything a request brought.

    Raises
    ------
    ApiError
        A name is unknown or missing, or a value is not of its type.
    """
    return _read(parameters, raw, "")
