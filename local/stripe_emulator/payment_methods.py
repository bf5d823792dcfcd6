"""PaymentMethods: cards, and whose they are."""

from typing import Any

from local.stripe_emulator.bank import Question, Use, judge
from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.card_numbers import check_cvc, check_expiry, has_expired, read_number
from local.stripe_emulator.card_rows import TestCard, ThreeDSecure
from local.stripe_emulator.card_table import BY_NAME
from local.stripe_emulator.declines import Decline
from local.stripe_emulator.errors import (
    ApiError,
    error_object,
    invalid_request,
    missing_parameter,
    no_such,
)
from local.stripe_emulator.fields import (
    billing_details,
    merged_metadata,
)
from local.stripe_emulator.ids import keyed_fingerprint, new_id
from local.stripe_emulator.store import Record
from local.stripe_emulator.tokens import card_of_token

_TEST_ID = "pm_card_"
_USED_UP = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
    "attachment, shared with a connected account without Customer attachment, or was detached "
    "from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must "
    "attach it to a Customer first."
)
_NOT_ATTACHED_AGAIN = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached "
    "from a Customer, and may not be used again."
)


def test_card_of(method: Record) -> TestCard:
    """Give the row of the table that a PaymentMethod was made from."""
    return BY_NAME[method.private["card"]]


def card_expired(method: Record, now: int) -> bool:
    """Tell whether the card's last month is over."""
    card = method.body["card"]
    return has_expired(card["exp_month"], card["exp_year"], now)


def find_payment_method(
    call: Call, identifier: str, param: str = "payment_method", *, in_path: bool = False
) -> Record:
    """Find a PaymentMethod; a documented test id (`pm_card_visa`) makes a new one.

    Raises
    ------
    ApiError
        There is none.
    """
    if identifier.startswith(_TEST_ID):
        card = BY_NAME.get(identifier.removeprefix(_TEST_ID))
        if card is not None:
            return _insert_card(call, card, (8, _year(call) + 4), with_cvc=True, given={})
    record = call.tx.get("payment_method", identifier)
    if record is None:
        raise no_such("payment_method", identifier, param, in_path=in_path)
    return record


def require_usable(method: Record, words: str = _USED_UP) -> None:
    """Refuse a method that was detached, or used once without a customer."""
    if method.private["used_up"]:
        raise ApiError(400, used_up_error(words))


def used_up_error(words: str = _USED_UP) -> JsonObject:
    """Build the error about a method that cannot be used any more: no code, and no parameter."""
    return error_object("invalid_request_error", words)


def make_payment_method(call: Call, given: JsonObject, prefix: str = "") -> Record:
    """Make a PaymentMethod of a typed card or a token.

    Parameters
    ----------
    given
        As the body of `POST /v1/payment_methods`.
    prefix
        The parameter it came in, as `payment_method_data`.
    """

    def full(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    if given.get("type", "card") != "card":
        raise invalid_request("Only cards are accepted.", param=full("type"))
    card = given.get("card")
    if not card:
        raise missing_parameter(full("card"))
    if token := card.get("token"):
        typed = card_of_token(call, token)
        holder = billing_details(given.get("billing_details"), billing_details(typed.holder))
        given = {**given, "billing_details": holder}
        return _insert_card(call, typed.card, typed.expiry, with_cvc=typed.with_cvc, given=given)
    for name in ("number", "exp_month", "exp_year"):
        if card.get(name) is None:
            raise missing_parameter(full("card") + f"[{name}]")
    test_card = read_number(card["number"])
    expiry = check_expiry(card["exp_month"], card["exp_year"], call.now)
    with_cvc = check_cvc(card.get("cvc"), test_card.brand)
    return _insert_card(
        call, test_card, expiry, with_cvc=with_cvc, given=given, number=card["number"]
    )


def _year(call: Call) -> int:
    return 1970 + call.now // 31_556_952


def _insert_card(
    call: Call,
    card: TestCard,
    expiry: tuple[int, int],
    *,
    with_cvc: bool,
    given: JsonObject,
    number: str | None = None,
) -> Record:
    key = bytes.fromhex(call.tx.fact("fingerprint_key", ""))
    digits = (number or card.number).replace(" ", "").replace("-", "")
    body: dict[str, Any] = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": given.get("allow_redisplay", "unspecified"),
        "billing_details": billing_details(given.get("billing_details")),
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "unchecked" if with_cvc else None,
            },
            "country": card.country,
            "display_brand": "american_express" if card.brand == "amex" else card.brand,
            "exp_month": expiry[0],
            "exp_year": expiry[1],
            "fingerprint": keyed_fingerprint(key, digits),
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {
                "supported": card.three_d_secure is not ThreeDSecure.NOT_SUPPORTED
            },
            "wallet": None,
        },
        "created": call.now,
        "customer": None,
        "livemode": False,
        "metadata": merged_metadata({}, given.get("metadata") or {}),
        "type": "card",
    }
    private = {"card": card.name, "with_cvc": with_cvc, "used_up": False, "set_up": False}
    return call.insert(Record(body, private))


def record_checks(method: Record) -> None:
    """Write down what the bank said of CVC and address when it first saw the card."""
    card, shown = test_card_of(method), method.body["card"]["checks"]
    where = method.body["billing_details"]["address"] or {}
    if method.private["with_cvc"]:
        shown["cvc_check"] = card.cvc_check
    if where.get("line1"):
        shown["address_line1_check"] = card.line1_check
    if where.get("postal_code"):
        shown["address_postal_code_check"] = card.postal_code_check
    # The CVC is gone after its first use.
    method.private["with_cvc"] = False


def attach_to(call: Call, method: Record, customer: str) -> None:
    """Give a card to a customer, if its bank agrees.

    Raises
    ------
    ApiError
        It is another's, used up, or declined.
    """
    owner = method.body["customer"]
    if owner == customer:
        return
    if owner is not None:
        raise invalid_request(
            "The payment method you provided has already been attached to a customer.",
            executed=True,
        )
    require_usable(method, _NOT_ATTACHED_AGAIN)
    question = Question(
        # Attaching asks for no authentication: such a card is saved, but not set up.
        Use.SETUP,
        with_cvc=method.private["with_cvc"],
        authenticated=True,
        expired=card_expired(method, call.now),
    )
    verdict = judge(test_card_of(method), question)
    if isinstance(verdict, Decline):
        # Attaching names an empty parameter, whatever the reason.
        raise ApiError(402, verdict.error(param=""))
    own(call, method, customer)


def own(call: Call, method: Record, customer: str) -> None:
    """Give an accepted card to a customer."""
    record_checks(method)
    method.body["customer"] = customer
    call.save(method, "payment_method.attached")


def detach_from_customer(call: Call, method: Record) -> None:
    """Take a card from its customer; it can never be used again."""
    previous = {"customer": method.body["customer"]}
    method.body["customer"] = None
    method.private["used_up"] = True
    call.save(method)
    call.emit("payment_method.detached", method, previous)


def attached_methods(call: Call, customer: str) -> list[Record]:
    """Give all cards of a customer."""
    return call.tx.select("kind = 'payment_method' AND customer = ?", (customer,), "ORDER BY seq")
