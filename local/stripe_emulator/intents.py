"""What PaymentIntents and SetupIntents have in common."""

from typing import Any, Final

from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.errors import (
    ApiError,
    error_object,
    invalid_request,
    missing_parameter,
    no_such,
)
from local.stripe_emulator.payment_methods import (
    find_payment_method,
    make_payment_method,
    require_usable,
)
from local.stripe_emulator.store import Record
from local.stripe_emulator.unmodeled import OTHER_TYPES

_CARD: Final = "card"
_NAMES: Final = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}
# What a browser with the publishable key and the client secret may see.
_PUBLIC: Final = {
    "payment_intent": (
        "id",
        "object",
        "allowed_payment_method_types",
        "amount",
        "amount_details",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "capture_method",
        "client_secret",
        "confirmation_method",
        "created",
        "currency",
        "description",
        "last_payment_error",
        "livemode",
        "next_action",
        "payment_method",
        "payment_method_configuration_details",
        "payment_method_types",
        "processing",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "status",
    ),
    "setup_intent": (
        "id",
        "object",
        "allowed_payment_method_types",
        "automatic_payment_methods",
        "cancellation_reason",
        "client_secret",
        "created",
        "description",
        "last_setup_error",
        "livemode",
        "next_action",
        "payment_method",
        "payment_method_configuration_details",
        "payment_method_types",
        "status",
        "usage",
    ),
}


def noun(kind: str) -> str:
    """Give an intent's name for messages."""
    return _NAMES[kind]


def public_view(body: JsonObject) -> JsonObject:
    """Leave out what the publishable key may not see, in an intent or in an error about one."""
    if "error" in body:
        error = body["error"]
        return {"error": {k: public_view(v) if k in _PUBLIC else v for k, v in error.items()}}
    names = _PUBLIC.get(str(body.get("object")))
    if names is None:
        return body
    return {name: body[name] for name in names if name in body}


def find_intent(call: Call, kind: str) -> Record:
    """Find the intent of the path; the publishable key needs its client secret as well.

    Raises
    ------
    ApiError
        There is none, or the client secret is missing or another's.
    """
    identifier = call.path["intent"]
    record = call.tx.get(kind, identifier)
    if record is None:
        raise no_such(kind, identifier, "intent", in_path=True)
    secret = call.params.get("client_secret")
    if secret is None and call.publishable:
        raise missing_parameter("client_secret")
    if secret is not None and secret != record.body["client_secret"]:
        raise invalid_request(
            "The client_secret provided does not match the client_secret associated with the "
            f"{noun(kind)}.",
            code=f"{kind}_invalid_parameter",
            param="client_secret",
        )
    return record


def given_method(call: Call) -> Record | None:
    """Give the method that this request names or describes."""
    if identifier := call.params.get("payment_method"):
        return find_payment_method(call, identifier)
    if data := call.params.get("payment_method_data"):
        return make_payment_method(call, data, "payment_method_data")
    return None


def require_own(intent: JsonObject, method: Record, *, made: bool = True) -> None:
    """Refuse a method of another customer, and one that cannot be used any more.

    Parameters
    ----------
    made
        The intent exists already; then it comes along with the error.
    """
    require_usable(method)
    owner, customer, kind = method.body["customer"], intent["customer"], intent["object"]
    if owner is None or owner == customer:
        return
    code, param = None, "payment_method"
    if customer is not None:
        message = (
            f"The PaymentMethod {method.id} does not belong to the Customer you supplied "
            f"{customer}. Please use this PaymentMethod with the Customer that it belongs to "
            "instead."
        )
    elif kind == "setup_intent":
        message = (
            f"The payment method supplied ({method.id}) belongs to the Customer {owner}. Please "
            "include the Customer in the `customer` parameter on the SetupIntent."
        )
    else:
        # Stripe names the parameter that there was before PaymentMethods.
        code, param = "parameter_missing", "source"
        message = (
            f"The `payment_method` parameter supplied {method.id} belongs to the Customer {owner}. "
            "Please include the Customer in the `customer` parameter on the PaymentIntent."
        )
    along = {kind: intent} if made else {}
    raise ApiError(400, error_object("invalid_request_error", message, code, param=param, **along))


def method_types(given: JsonObject) -> JsonObject:
    """Give an intent's fields about which kinds of payment method it takes."""
    listed = given.get("payment_method_types")
    for name in listed or ():
        if name != _CARD and name not in OTHER_TYPES:
            raise invalid_request(
                f"The payment method type provided: {name[:40]} is invalid.",
                param="payment_method_types",
            )
    automatic = given.get("automatic_payment_methods")
    if automatic and listed:
        raise invalid_request(
            "You may only specify one of these parameters: automatic_payment_methods, "
            "payment_method_types.",
            param="automatic_payment_methods",
        )
    chosen: dict[str, Any] | None = None
    if automatic is not None and automatic["enabled"]:
        chosen = {"allow_redirects": automatic.get("allow_redirects", "always"), "enabled": True}
    elif automatic is None and not listed:
        chosen = {"allow_redirects": "always", "enabled": True}
    return {
        "allowed_payment_method_types": None,
        "automatic_payment_methods": chosen,
        "payment_method_types": listed or [_CARD],
    }


def require_type(intent: JsonObject) -> None:
    """Refuse a card where the intent takes none."""
    types = intent["payment_method_types"]
    if _CARD not in types:
        raise invalid_request(
            f"The PaymentMethod provided ({_CARD}) is not allowed for this "
            f"{noun(intent['object'])}. Please attach a PaymentMethod of one of the following "
            f"types: {', '.join(types)}.",
            param="payment_method",
            executed=True,
        )


def require_return_url(call: Call, intent: JsonObject) -> None:
    """Refuse a confirmation that could have to redirect and was not told where to."""
    automatic = intent["automatic_payment_methods"]
    if not automatic or automatic["allow_redirects"] == "never":
        return
    # Off session nobody can be redirected.
    if any(call.params.get(name) for name in ("return_url", "use_stripe_sdk", "off_session")):
        return
    raise invalid_request(
        f"This {noun(intent['object'])} is configured to accept payment methods enabled in your "
        "Dashboard. Because some of these payment methods might redirect your customer off of "
        "your page, you must provide a `return_url`. If you don't want to accept redirect-based "
        "payment methods, set `automatic_payment_methods[enabled]` to `true` and "
        "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and "
        "Payment Intents.",
        executed=True,
    )


def next_action(call: Call, intent: JsonObject) -> JsonObject:
    """Describe the bank's step: for Stripe.js, or a page to go to."""
    page = f"{call.base_url}/3ds/{intent['id']}"
    return_url = call.params.get("return_url")
    if return_url and not call.params.get("use_stripe_sdk"):
        return {
            "redirect_to_url": {"return_url": return_url, "url": page},
            "type": "redirect_to_url",
        }
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"stripe_js": page, "type": "three_d_secure_redirect"},
    }
