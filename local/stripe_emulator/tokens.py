"""Tokens: a card typed once, or a CVC typed again for a stored card."""

from dataclasses import dataclass
from typing import Any, Final

from local.stripe_emulator.calls import Access, Call, Endpoint, JsonObject
from local.stripe_emulator.card_numbers import check_cvc, check_expiry, read_number
from local.stripe_emulator.card_rows import TestCard
from local.stripe_emulator.card_table import BY_NAME
from local.stripe_emulator.errors import invalid_request, missing_parameter, no_such
from local.stripe_emulator.ids import keyed_fingerprint, new_id
from local.stripe_emulator.parameters import Integer, Shape, Text
from local.stripe_emulator.store import Record

_ADDRESS: Final = tuple(
    f"address_{name}" for name in ("city", "country", "line1", "line2", "state", "zip")
)
_TEST_TOKEN = "tok_"


@dataclass(frozen=True)
class TokenCard:
    """What a card token stands for."""

    card: TestCard
    expiry: tuple[int, int]
    with_cvc: bool
    # As `billing_details` of the PaymentMethod that is made of it.
    holder: JsonObject


def card_of_token(call: Call, identifier: str) -> TokenCard:
    """Use a card token.

    Raises
    ------
    ApiError
        There is none, or it was used.
    """
    test_card = BY_NAME.get(identifier.removeprefix(_TEST_TOKEN))
    if identifier.startswith(_TEST_TOKEN) and test_card is not None:
        return TokenCard(
            test_card, (8, 1970 + call.now // 31_556_952 + 4), with_cvc=True, holder={}
        )
    token = _use(call, identifier, "card", "card[token]")
    face = token.body["card"]
    expiry = (face["exp_month"], face["exp_year"])
    return TokenCard(
        BY_NAME[token.private["card"]], expiry, token.private["with_cvc"], _holder(face)
    )


def _holder(face: JsonObject) -> JsonObject:
    address = {
        name: face[f"address_{name}"] for name in ("city", "country", "line1", "line2", "state")
    } | {"postal_code": face["address_zip"]}
    return {"address": address, "name": face["name"]}


def use_cvc_token(call: Call, identifier: str) -> None:
    """Use a CVC token, which works once.

    Raises
    ------
    ApiError
        There is none, or it was used.
    """
    _use(call, identifier, "cvc_update", "payment_method_options[card][cvc_token]")


def _use(call: Call, identifier: str, token_type: str, param: str) -> Record:
    token = call.tx.get("token", identifier)
    if token is None or token.body["type"] != token_type:
        raise no_such("token", identifier, param)
    if token.body["used"]:
        raise invalid_request(
            f"You cannot use a Stripe token more than once: {identifier}.",
            code="token_already_used",
            executed=True,
        )
    token.body["used"] = True
    call.save(token)
    return token


def _create(call: Call) -> JsonObject:
    if cvc_update := call.params.get("cvc_update"):
        # Whether the CVC is right is the bank's business; it is not kept.
        if not check_cvc(cvc_update["cvc"]):
            raise missing_parameter("cvc_update[cvc]")
        return _insert(call, "cvctok", {"type": "cvc_update"}, {})
    if card := call.params.get("card"):
        return _create_card(call, card)
    raise invalid_request(
        "You must supply either a card, customer, PII data, bank account, or account legal entity "
        "to create a token."
    )


def _create_card(call: Call, given: dict[str, Any]) -> JsonObject:
    card = read_number(given["number"])
    month, year = check_expiry(given["exp_month"], given["exp_year"], call.now)
    with_cvc = check_cvc(given.get("cvc"), card.brand)
    key = bytes.fromhex(call.tx.fact("fingerprint_key", ""))
    brands = {"visa": "Visa", "mastercard": "MasterCard", "amex": "American Express"}
    face: JsonObject = {
        "id": new_id("card"),
        "object": "card",
        "brand": brands.get(card.brand, card.brand.title()),
        "country": card.country,
        "cvc_check": "unchecked" if with_cvc else None,
        "address_city": given.get("address_city"),
        "address_country": given.get("address_country"),
        "address_line1": given.get("address_line1"),
        "address_line1_check": "unchecked" if given.get("address_line1") else None,
        "address_line2": given.get("address_line2"),
        "address_state": given.get("address_state"),
        "address_zip": given.get("address_zip"),
        "address_zip_check": "unchecked" if given.get("address_zip") else None,
        "dynamic_last4": None,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": keyed_fingerprint(key, card.number),
        "funding": card.funding,
        "last4": card.last4,
        "metadata": {},
        "name": given.get("name"),
        "networks": {"preferred": None},
        "regulated_status": "unregulated",
        "tokenization_method": None,
    }
    return _insert(
        call, "tok", {"type": "card", "card": face}, {"card": card.name, "with_cvc": with_cvc}
    )


def _insert(call: Call, prefix: str, own: JsonObject, private: JsonObject) -> JsonObject:
    body = {
        "id": new_id(prefix),
        "object": "token",
        "client_ip": None,
        "created": call.now,
        "livemode": False,
        "used": False,
        **own,
    }
    return call.insert(Record(body, private)).body


def _get(call: Call) -> JsonObject:
    token = call.tx.get("token", call.path["token"])
    if token is None:
        raise no_such("token", call.path["token"], "token", in_path=True)
    return token.body


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/v1/tokens",
        _create,
        Shape(
            {
                "card": Shape(
                    {
                        "number": Text(),
                        "exp_month": Integer(),
                        "exp_year": Integer(),
                        "cvc": Text(),
                        **{name: Text() for name in ("name", "currency", *_ADDRESS)},
                    },
                    ("number", "exp_month", "exp_year"),
                    {"networks"},
                ),
                "cvc_update": Shape({"cvc": Text()}, ("cvc",)),
            }
        ),
        Access.ANY,
    ),
    Endpoint("GET", "/v1/tokens/{token}", _get),
)
