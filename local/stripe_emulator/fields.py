"""Parameters that several routes share, and how they change an object."""

from typing import Any, Final

from local.stripe_emulator.calls import JsonObject
from local.stripe_emulator.parameters import (
    Choice,
    Field,
    Flag,
    Identifier,
    Integer,
    Many,
    Metadata,
    Shape,
    Text,
)
from local.stripe_emulator.unmodeled import OTHER_TYPES

ADDRESS: Final = Shape(
    {name: Text() for name in ("city", "country", "line1", "line2", "postal_code", "state")}
)
SHIPPING: Final = Shape(
    {
        "address": ADDRESS,
        "name": Text(),
        "phone": Text(),
        "carrier": Text(),
        "tracking_number": Text(),
    },
    ("address", "name"),
)
BILLING_DETAILS: Final = Shape(
    {"address": ADDRESS, "email": Text(), "name": Text(), "phone": Text(), "tax_id": Text()}
)
ALLOW_REDISPLAY: Final = Choice(("always", "limited", "unspecified"))
CARD: Final = Shape(
    {
        "number": Text(),
        "exp_month": Integer(),
        "exp_year": Integer(),
        "cvc": Text(),
        "token": Identifier(),
        "networks": Shape({"preferred": Choice(("cartes_bancaires", "mastercard", "visa"))}),
    }
)
METHOD_TYPE: Final = Choice(("card",), OTHER_TYPES)
# Nobody has methods of the other types: such a list is empty.
_IN_PERSON = frozenset({"card_present", "interac_present"})
LISTED_TYPE: Final = Choice(("card", *sorted(OTHER_TYPES - _IN_PERSON)), _IN_PERSON)
_THREE_D_SECURE = Choice(("any", "automatic", "challenge"))
_CUSTOMER_ACCEPTANCE = Shape(
    {
        "type": Choice(("offline", "online")),
        "accepted_at": Integer(),
        "offline": Shape({}),
        "online": Shape({"ip_address": Text(), "user_agent": Text()}),
    },
    ("type",),
)
PAYMENT_METHOD_DATA: Final = Shape(
    {
        "type": METHOD_TYPE,
        "allow_redisplay": ALLOW_REDISPLAY,
        "billing_details": BILLING_DETAILS,
        "card": CARD,
        "metadata": Metadata(),
    },
    ("type",),
    OTHER_TYPES | {"radar_options"},
)
# What creating, updating and confirming an intent have in common.
INTENT: Final[dict[str, Field]] = {
    "payment_method": Identifier(),
    "payment_method_data": PAYMENT_METHOD_DATA,
    "payment_method_types": Many(Identifier()),
}
CONFIRMATION: Final[dict[str, Field]] = {
    "mandate_data": Shape({"customer_acceptance": _CUSTOMER_ACCEPTANCE}, ("customer_acceptance",)),
    "return_url": Text(),
    "use_stripe_sdk": Flag(),
}
AUTOMATIC_PAYMENT_METHODS: Final = Shape(
    {"allow_redirects": Choice(("always", "never")), "enabled": Flag()}, ("enabled",)
)
_FOREIGN_CARD_OPTIONS = frozenset({"mandate_options", "network", "three_d_secure"})
SETUP_CARD_OPTIONS: Final = Shape(
    {"card": Shape({"request_three_d_secure": _THREE_D_SECURE}, (), _FOREIGN_CARD_OPTIONS)},
    (),
    OTHER_TYPES,
)
PAYMENT_CARD_OPTIONS: Final = Shape(
    {
        "card": Shape(
            {
                "cvc_token": Identifier(),
                "request_three_d_secure": _THREE_D_SECURE,
                "require_cvc_recollection": Flag(),
                "setup_future_usage": Choice(("", "none", "off_session", "on_session")),
            },
            (),
            _FOREIGN_CARD_OPTIONS
            | {
                "capture_method",
                "installments",
                "moto",
                "request_extended_authorization",
                "request_incremental_authorization",
                "request_multicapture",
                "request_overcapture",
                "statement_descriptor_suffix_kana",
                "statement_descriptor_suffix_kanji",
            },
        )
    },
    (),
    OTHER_TYPES,
)


def merged_metadata(current: JsonObject | None, given: dict[str, str] | None) -> JsonObject:
    """Give the metadata after an update: None deletes all, an empty value its key."""
    if given is None:
        return {}
    together = {**(current or {}), **given}
    return {key: value for key, value in together.items() if value != ""}


def address(given: JsonObject | None) -> JsonObject | None:
    """Give an address with all of its fields."""
    if given is None:
        return None
    return {name: given.get(name) for name in ADDRESS.fields}


def billing_details(given: JsonObject | None, current: JsonObject | None = None) -> JsonObject:
    """Give billing details with all of their fields."""
    base: dict[str, Any] = current or {
        "address": address({}),
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
    }
    changed = {name: value for name, value in (given or {}).items() if name != "address"}
    result = {**base, **changed}
    if given and "address" in given:
        result["address"] = {**base["address"], **(given["address"] or {})}
    return result


def shipping(given: JsonObject | None) -> JsonObject | None:
    """Give shipping details with a full address."""
    if given is None:
        return None
    return {**given, "address": address(given["address"])}


def changes(before: JsonObject, after: JsonObject) -> JsonObject:
    """Give an event's `previous_attributes`: what changed was, also inside of objects."""
    previous: JsonObject = {}
    for name in {**after, **before}:
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            if inside := changes(old, new):
                previous[name] = inside
        elif old != new:
            previous[name] = old
    return previous
