"""A customer of the business, under the business's own customer number."""

import re
from dataclasses import dataclass

from billfold.domain.errors import InvalidInputError

# The id is the log-in's username (ADR 0005): lower case, and never mistaken for an e-mail address.
_CUSTOMER_ID = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}$")
_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63}$")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who gets the invoices; ``email`` is also the name to log in with."""

    customer_id: str
    email: str
    name: str


def require_customer_id(value: str) -> str:
    """Check the shape of a customer id.

    Raises
    ------
    InvalidInputError
        Not 1 to 64 lower-case letters, digits, dots, dashes or underscores.
    """
    if not _CUSTOMER_ID.fullmatch(value):
        raise InvalidInputError(
            "A customer id has 1 to 64 lower-case letters, digits, '.', '-' or '_'.",
            field="customer_id",
        )
    return value


def require_email(value: str) -> str:
    """Check an e-mail address and give it in lower case, as the log-in compares it.

    Raises
    ------
    InvalidInputError
    """
    if not _EMAIL.match(value):
        raise InvalidInputError("This is not an e-mail address.", field="email")
    return value.lower()
