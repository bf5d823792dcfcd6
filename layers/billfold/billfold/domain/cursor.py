"""The opaque cursor of a list: where the next page starts, and nothing that grants access.

A cursor holds the sort key of the last item and the list it belongs to. The partition is never in
it: that comes from the verified token, so a cursor of another customer points at nothing.
"""

import base64
import binascii
import re

from billfold.domain.errors import InvalidInputError

_SHAPE = re.compile(r"^(?P<kind>[a-z]+)_[0-9A-HJKMNP-TV-Z]{26}$")


def encode(last_id: str) -> str:
    """Make the cursor that continues after ``last_id``."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def decode(cursor: str, kind: str) -> str:
    """Read a cursor back; ``kind`` is the kind of identifier that the list holds.

    Raises
    ------
    InvalidInputError
        It is not a cursor of this list; the field is ``cursor``.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        last_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError):
        last_id = ""
    match = _SHAPE.match(last_id)
    if not match or match["kind"] != kind or encode(last_id) != cursor:
        raise InvalidInputError(
            "This is not a cursor of this list. Use next_cursor as it was given.", field="cursor"
        )
    return last_id
