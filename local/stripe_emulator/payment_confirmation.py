"""Confirming a PaymentIntent: one attempt to take the money.

The attempt ends in success, in a decline that leaves the intent waiting for another method, or in
the bank's step, after which it goes on (`resume`) or fails (`fail_authentication`).
"""

from typing import Final

from local.stripe_emulator.bank import Approved, Question, Use, judge
from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.charges import make_charge
from local.stripe_emulator.declines import DECLINES, Decline
from local.stripe_emulator.disputes import dispute_by_card
from local.stripe_emulator.errors import (
    ApiError,
    error_object,
    invalid_request,
    unexpected_state,
)
from local.stripe_emulator.fields import shipping
from local.stripe_emulator.intents import (
    given_method,
    next_action,
    require_own,
    require_return_url,
    require_type,
)
from local.stripe_emulator.payment_methods import (
    card_expired,
    find_payment_method,
    own,
    record_checks,
    test_card_of,
    used_up_error,
)
from local.stripe_emulator.store import Record
from local.stripe_emulator.tokens import use_cvc_token

_CONFIRMABLE: Final = ("requires_payment_method", "requires_confirmation", "requires_action")
_FORCED: Final = ("any", "challenge")


def confirm(call: Call, intent: Record) -> None:
    """Try to take the money, with what the request brings.

    Raises
    ------
    ApiError
        The intent cannot be confirmed (nothing changed), or the card was declined (what happened
        stays).
    """
    body = intent.body
    _require_confirmable(call, body)
    if intent.private["confirmations"] >= call.settings.confirm_limit:
        _give_up(call, intent)
        return
    method = _method(call, intent)
    require_own(body, method)
    require_type(body)
    require_return_url(call, body)
    card_options = (call.params.get("payment_method_options") or {}).get("card") or {}
    if token := card_options.get("cvc_token"):
        _use_cvc(call, intent, token)
    if "setup_future_usage" in call.params:
        body["setup_future_usage"] = call.params["setup_future_usage"]
    for name in ("receipt_email", "capture_method"):
        if name in call.params:
            body[name] = call.params[name]
    if "shipping" in call.params:
        body["shipping"] = shipping(call.params["shipping"])
    if method.id != body["payment_method"]:
        intent.private["authenticated"] = None
    body["payment_method"] = method.id
    intent.private["confirmations"] += 1
    intent.private["attempt"] = {
        "off_session": bool(call.params.get("off_session")),
        "with_cvc": bool(token) or method.private["with_cvc"],
        "three_d_secure_requested": _asks_for_three_d_secure(body, card_options),
        "error_on_requires_action": bool(call.params.get("error_on_requires_action")),
    }
    _attempt(call, intent, method)


def resume(call: Call, intent: Record) -> None:
    """Go on after the bank's step was completed: charge, or wait for the server's confirm."""
    body = intent.body
    body["next_action"] = None
    intent.private["authenticated"] = body["payment_method"]
    if body["confirmation_method"] == "manual":
        body["status"] = "requires_confirmation"
        call.save(intent)
        return
    method = find_payment_method(call, body["payment_method"])
    if method.private["used_up"]:
        # Detached, or used by another payment, while the bank's step was under way.
        _want_method(call, intent, used_up_error())
        return
    try:
        _attempt(call, intent, method)
    except ApiError as declined:
        # The bank's page got no answer to show; the intent tells how it ended.
        if not declined.commit:
            raise


def fail_authentication(call: Call, intent: Record) -> None:
    """Go back to wanting a method after the bank's step failed."""
    method = find_payment_method(call, intent.body["payment_method"])
    error = error_object(
        "invalid_request_error",
        "The provided PaymentMethod has failed authentication. You can provide "
        "payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent "
        "again.",
        "payment_intent_authentication_failure",
        payment_method=method.body,
    )
    _want_method(call, intent, error)


def _require_confirmable(call: Call, body: JsonObject) -> None:
    if call.publishable and body["confirmation_method"] == "manual":
        raise invalid_request(
            "This PaymentIntent's confirmation_method is manual, so it can only be confirmed with "
            "a secret key.",
            code="payment_intent_invalid_parameter",
            param="confirmation_method",
        )
    status = body["status"]
    if status in _CONFIRMABLE:
        return
    if status in ("succeeded", "requires_capture"):
        raise unexpected_state(
            body,
            "You cannot confirm this PaymentIntent because it has already succeeded after being "
            "previously confirmed.",
        )
    raise unexpected_state(
        body,
        f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a "
        "PaymentIntent with one of the following statuses may be confirmed: "
        "requires_confirmation, requires_action.",
    )


def _method(call: Call, intent: Record) -> Record:
    method = given_method(call)
    if method is not None:
        return method
    if intent.body["payment_method"] is None:
        raise unexpected_state(
            intent.body,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken.",
        )
    return find_payment_method(call, intent.body["payment_method"])


def _use_cvc(call: Call, intent: Record, token: str) -> None:
    try:
        use_cvc_token(call, token)
    except ApiError as refused:
        if not refused.executed:
            raise
        # Used before: this attempt is over, and the intent comes along as it is then.
        intent.body.update(payment_method=None, status="requires_payment_method")
        call.save(intent)
        error = refused.error | {"payment_intent": intent.body}
        raise ApiError(refused.status, error, commit=True) from refused


def _asks_for_three_d_secure(body: JsonObject, card_options: JsonObject) -> bool:
    stored = body["payment_method_options"]["card"]["request_three_d_secure"]
    return card_options.get("request_three_d_secure", stored) in _FORCED


def _give_up(call: Call, intent: Record) -> None:
    intent.body.update(
        canceled_at=call.now,
        cancellation_reason="automatic",
        next_action=None,
        status="canceled",
    )
    call.save(intent, "payment_intent.canceled")


def _attempt(call: Call, intent: Record, method: Record) -> None:
    attempt = intent.private["attempt"]
    authenticated = intent.private["authenticated"] == method.id
    question = Question(
        Use.OFF_SESSION if attempt["off_session"] else Use.ON_SESSION,
        with_cvc=attempt["with_cvc"],
        authenticated=authenticated,
        set_up=method.private["set_up"],
        three_d_secure_requested=attempt["three_d_secure_requested"],
        expired=card_expired(method, call.now),
    )
    verdict = judge(test_card_of(method), question)
    if isinstance(verdict, Approved):
        _succeed(call, intent, method, authenticated=authenticated)
    elif isinstance(verdict, Decline):
        _decline(call, intent, method, verdict, authenticated=authenticated)
    elif attempt["error_on_requires_action"]:
        _decline(call, intent, method, DECLINES["authentication_required"], authenticated=False)
    else:
        body = intent.body
        body.update(next_action=next_action(call, body), status="requires_action")
        body["last_payment_error"] = None
        call.save(intent, "payment_intent.requires_action")


def _succeed(call: Call, intent: Record, method: Record, *, authenticated: bool) -> None:
    body = intent.body
    record_checks(method)
    if body["setup_future_usage"] and body["customer"] and method.body["customer"] is None:
        method.private["set_up"] = True
        own(call, method, body["customer"])
    else:
        method.private["used_up"] = method.body["customer"] is None
        call.save(method)
    charge = make_charge(call, body, method, None, authenticated=authenticated)
    intent.private["authenticated"] = None
    body.update(latest_charge=charge.id, last_payment_error=None, next_action=None)
    if body["capture_method"] == "manual":
        body.update(amount_capturable=body["amount"], status="requires_capture")
        call.save(intent, "payment_intent.amount_capturable_updated")
        return
    # A card that disputes does so before the payment is said to have succeeded.
    dispute_by_card(call, charge)
    body.update(amount_received=body["amount"], status="succeeded")
    call.save(intent, "payment_intent.succeeded")


def _decline(
    call: Call, intent: Record, method: Record, decline: Decline, *, authenticated: bool
) -> None:
    charge = None
    if decline.asked_bank:
        record_checks(method)
        method.private["used_up"] = method.body["customer"] is None
        call.save(method)
        charge = make_charge(call, intent.body, method, decline, authenticated=authenticated).id
        intent.body["latest_charge"] = charge
    error = decline.error(charge=charge, payment_method=method.body)
    _want_method(call, intent, error)
    raise ApiError(402, error | {"payment_intent": intent.body}, commit=True)


def _want_method(call: Call, intent: Record, error: JsonObject) -> None:
    intent.private["authenticated"] = None
    intent.body.update(
        last_payment_error=error,
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    call.save(intent, "payment_intent.payment_failed")
