"""Identifiers and secrets in Stripe's form: a prefix and letters and digits."""

import hashlib
import hmac
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Make an identifier, as `pi_3kX…`."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def keyed_fingerprint(key: bytes, number: str) -> str:
    """Give the same text for the same card number, useless without the key."""
    value = int.from_bytes(hmac.digest(key, number.encode(), hashlib.sha256))
    letters = []
    for _ in range(16):
        value, place = divmod(value, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(letters)
