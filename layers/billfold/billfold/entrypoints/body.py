"""What is refused before a body is read any further: too large, or with card data in it."""

import base64
import binascii
import json
import re
from typing import Any, Final

from billfold.domain.errors import InvalidInputError, RawCardDataError

MAX_BYTES: Final = 16 * 1024
"""The largest honest request is a few hundred bytes."""

_CARD_FIELDS: Final = frozenset(
    {
        "card_number",
        "cardnumber",
        "cvc",
        "cvv",
        "cvv2",
        "exp_month",
        "exp_year",
        "expiry",
        "number",
        "pan",
        "security_code",
    }
)
# 13 to 19 digits, as printed on a card: perhaps in groups, and not a part of a longer word.
_DIGITS: Final = re.compile(r"(?<![0-9A-Za-z])(?:\d[ -]?){12,18}\d(?![0-9A-Za-z])")


WEBHOOK_MAX_BYTES: Final = 512 * 1024
"""Stripe's events hold whole objects; the queue behind takes a few fields of them."""


class BodyTooLargeError(Exception):
    """More than MAX_BYTES."""


def guard(event: dict[str, Any]) -> None:
    """Check the body of an API Gateway event (payload format 2.0).

    Raises
    ------
    BodyTooLargeError
    InvalidInputError
        It is not JSON in UTF-8.
    RawCardDataError
        A card number or a security code is in it; the value is neither kept nor logged.
    """
    raw = event.get("body")
    if not raw:
        return
    if event.get("isBase64Encoded"):
        try:
            raw = base64.b64decode(raw, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InvalidInputError("The body must be JSON in UTF-8.", field="body") from error
    if len(raw.encode(errors="surrogatepass")) > MAX_BYTES:
        raise BodyTooLargeError
    try:
        content = json.loads(raw)
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The body must be JSON in UTF-8.", field="body") from error
    if _has_card_data(content):
        raise RawCardDataError


def guard_webhook(event: dict[str, Any]) -> None:
    """Check the size of a delivery; Stripe's own objects are no card data typed by somebody.

    Raises
    ------
    BodyTooLargeError
    """
    if len(event.get("body") or "") > WEBHOOK_MAX_BYTES:
        raise BodyTooLargeError


def _has_card_data(content: Any) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(content, dict):
        return any(
            name.lower().replace("-", "_") in _CARD_FIELDS
            or _has_card_data(name)
            or _has_card_data(value)
            for name, value in content.items()
        )
    if isinstance(content, list):
        return any(_has_card_data(value) for value in content)
    if isinstance(content, str | int) and not isinstance(content, bool):
        return any(_luhn(match.group()) for match in _DIGITS.finditer(str(content)[:4096]))
    return False


def _luhn(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
