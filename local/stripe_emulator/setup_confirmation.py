"""Confirming a SetupIntent: the card is checked, authenticated and saved."""

from typing import Final

from local.stripe_emulator.bank import Approved, Question, Use, judge
from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.declines import Decline
from local.stripe_emulator.errors import ApiError, error_object, unexpected_state
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

_CONFIRMABLE: Final = ("requires_payment_method", "requires_confirmation", "requires_action")
_FORCED: Final = ("any", "challenge")


def confirm(call: Call, intent: Record) -> None:
    """Set the card up, with what the request brings.

    Raises
    ------
    ApiError
        The intent cannot be confirmed (nothing changed), or the card was declined (what happened
        stays).
    """
    body = intent.body
    method = given_method(call)
    if method is None:
        if body["payment_method"] is None:
            # Said even of an intent that was canceled.
            raise unexpected_state(
                body,
                "You cannot confirm this SetupIntent because it's missing a payment method. You "
                "can either update the SetupIntent with a payment method and then confirm it "
                "again, or confirm it again directly with a payment method or ConfirmationToken.",
            )
        method = find_payment_method(call, body["payment_method"])
    if body["status"] not in _CONFIRMABLE:
        why = {
            "succeeded": "it has already succeeded",
            "canceled": "it has been canceled",
        }.get(body["status"], f"it has a status of {body['status']}")
        raise unexpected_state(body, f"You cannot confirm this SetupIntent because {why}.")
    require_own(body, method)
    require_type(body)
    require_return_url(call, body)
    stored = body["payment_method_options"]["card"]["request_three_d_secure"]
    options = (call.params.get("payment_method_options") or {}).get("card") or {}
    body["payment_method"] = method.id
    intent.private["three_d_secure_requested"] = (
        options.get("request_three_d_secure", stored) in _FORCED
    )
    _attempt(call, intent, method, authenticated=False)


def resume(call: Call, intent: Record) -> None:
    """Go on after the bank's step was completed."""
    method = find_payment_method(call, intent.body["payment_method"])
    if method.private["used_up"]:
        # Detached, or used by another payment, while the bank's step was under way.
        _want_method(call, intent, used_up_error())
        return
    try:
        _attempt(call, intent, method, authenticated=True)
    except ApiError as declined:
        # The bank's page got no answer to show; the intent tells how it ended.
        if not declined.commit:
            raise


def fail_authentication(call: Call, intent: Record) -> None:
    """Go back to wanting a method after the bank's step failed."""
    method = find_payment_method(call, intent.body["payment_method"])
    error = error_object(
        "invalid_request_error",
        "The latest attempt to set up the payment method has failed because authentication failed.",
        "setup_intent_authentication_failure",
        payment_method=method.body,
    )
    _want_method(call, intent, error)


def _attempt(call: Call, intent: Record, method: Record, *, authenticated: bool) -> None:
    body = intent.body
    question = Question(
        Use.SETUP,
        with_cvc=method.private["with_cvc"],
        authenticated=authenticated,
        three_d_secure_requested=intent.private["three_d_secure_requested"],
        expired=card_expired(method, call.now),
    )
    verdict = judge(test_card_of(method), question)
    if isinstance(verdict, Approved):
        _succeed(call, intent, method)
    elif isinstance(verdict, Decline):
        record_checks(method)
        call.save(method)
        error = verdict.error(payment_method=method.body)
        _want_method(call, intent, error)
        raise ApiError(402, error | {"setup_intent": body}, commit=True)
    else:
        body.update(
            last_setup_error=None, next_action=next_action(call, body), status="requires_action"
        )
        call.save(intent, "setup_intent.requires_action")


def _succeed(call: Call, intent: Record, method: Record) -> None:
    body = intent.body
    method.private["set_up"] = body["usage"] == "off_session"
    if body["customer"] and method.body["customer"] is None:
        own(call, method, body["customer"])
    else:
        record_checks(method)
        call.save(method)
    body.update(last_setup_error=None, next_action=None, status="succeeded")
    call.save(intent, "setup_intent.succeeded")


def _want_method(call: Call, intent: Record, error: JsonObject) -> None:
    intent.body.update(
        last_setup_error=error,
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    call.save(intent, "setup_intent.setup_failed")
