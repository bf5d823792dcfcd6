"""Reading Stripe's objects and errors as the protocol's answers.

Source: Stripe documentation, "PaymentIntent lifecycle" and "Error handling". The rule of this file:
whatever does not say clearly how a confirm ended is Unknown.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import stripe

from billfold.domain.currency import TABLE
from billfold.domain.decline import explain
from billfold.domain.money import Money, exponent
from billfold.domain.payment import (
    ActionRequired,
    Answer,
    Blame,
    Canceled,
    Decline,
    Declined,
    Dispute,
    NoSuchIntent,
    NotBegun,
    Processing,
    Refused,
    Succeeded,
    Unknown,
    Unreachable,
    WantsConfirmation,
    WantsMethod,
)
from billfold.domain.stripe_event import Owner
from billfold.domain.wallet import CardFace
from billfold.services.ports import ChargeView

if TYPE_CHECKING:
    from stripe import Charge, PaymentIntent


def to_stripe_amount(money: Money) -> int:
    """Return the amount as Stripe counts it."""
    return TABLE[money.currency].to_stripe(money.amount)


def from_stripe_amount(amount: int, currency: str) -> Money:
    """Read an amount as Stripe counts it.

    Raises
    ------
    ValueError
        It is no whole number of our minor units.
    """
    code = currency.upper()
    exponent(code)
    return Money(code, TABLE[code].from_stripe(amount) if code in TABLE else amount)


def read_intent(intent: "PaymentIntent") -> Answer:
    """Tell what an intent, as retrieved, confirmed or canceled, says."""
    match intent.status:
        case "succeeded":
            return _succeeded(intent)
        case "requires_action":
            return ActionRequired(intent.client_secret) if intent.client_secret else Unknown()
        case "requires_payment_method":
            return WantsMethod(_last_decline(intent))
        case "requires_confirmation":
            return WantsConfirmation()
        case "canceled":
            return Canceled()
        case "processing":
            return Processing()
        case _:
            return Unknown()


def _succeeded(intent: "PaymentIntent") -> Answer:
    charge = intent.latest_charge
    if charge is None:
        return Unknown()
    if isinstance(charge, str):
        # We always ask for the charge itself; without it nobody knows when it was made.
        return Unknown()
    details = charge.payment_method_details
    return Succeeded(
        intent=intent.id,
        charge=charge.id,
        money=from_stripe_amount(intent.amount_received, intent.currency),
        card=_face(details.card) if details else None,
        charged_at=datetime.fromtimestamp(charge.created, UTC),
    )


_DISPUTES: Final = {
    "won": Dispute.WON,
    "prevented": Dispute.WON,
    "lost": Dispute.LOST,
    # An inquiry that was closed has come to nothing.
    "warning_closed": None,
}


def owner_of(charge: "Charge") -> Owner | None:
    """Tell whose a charge is; Stripe gives it the metadata of its intent when it is made."""
    intent = charge.payment_intent
    subject = charge if intent is None or isinstance(intent, str) else intent
    return Owner.of(subject.metadata.to_dict() if subject.metadata else {})


def read_charge(charge: "Charge", owner: Owner, dispute: str | None) -> ChargeView:
    """Read a charge of ours, and the status of its latest dispute.

    Raises
    ------
    ValueError, InvalidInputError
        Its amount or currency is none that we know.
    """
    answer = None
    intent = None if isinstance(charge.payment_intent, str) else charge.payment_intent
    if intent and intent.status == "succeeded" and _id(intent.latest_charge) == charge.id:
        intent.latest_charge = charge
        answer = _succeeded(intent)
    money = from_stripe_amount(charge.amount_captured, charge.currency)
    refunded = from_stripe_amount(charge.amount_refunded, charge.currency)
    return ChargeView(
        charge=charge.id,
        intent=_id(charge.payment_intent),
        owner=owner,
        money=money,
        charged_at=datetime.fromtimestamp(charge.created, UTC),
        answer=answer if isinstance(answer, Succeeded) else None,
        refunded=refunded.amount,
        dispute=_DISPUTES.get(dispute, Dispute.OPEN) if dispute else None,
    )


def _id(given: object) -> str | None:
    return given if isinstance(given, str) else getattr(given, "id", None)


def _face(card: object) -> CardFace | None:
    brand, last4 = getattr(card, "brand", None), getattr(card, "last4", None)
    return CardFace(str(brand), str(last4)) if brand and last4 else None


def _last_decline(intent: "PaymentIntent") -> Decline | None:
    error = intent.last_payment_error
    if error is None:
        return None
    return explain(
        getattr(error, "code", None),
        getattr(error, "decline_code", None),
        getattr(error, "advice_code", None),
    )


def never_chargeable(error: stripe.InvalidRequestError) -> bool:
    """Tell whether Stripe refuses the amount or the currency itself, now and for ever.

    The account's country decides which currencies it takes, and the currency in which it is paid
    out what is too small after conversion: neither is known before Stripe is asked.
    """
    return error.param in {"amount", "currency"}


def read_confirm_error(error: stripe.StripeError) -> Answer:
    """Tell what an error in reply to a confirm means."""
    if isinstance(error, stripe.CardError):
        return _read_card_error(error)
    if isinstance(error, stripe.AuthenticationError | stripe.RateLimitError):
        return NotBegun()
    if isinstance(error, stripe.PermissionError):
        # The key may lack what we ask to see of a confirm that was executed.
        return Refused(Blame.REQUEST)
    if isinstance(error, stripe.InvalidRequestError):
        return Refused(_blame(error.code, error.param))
    return Unknown()


def read_retrieve_error(error: stripe.StripeError) -> Answer:
    """Return what an error in reply to a retrieve means: Stripe knows no such intent, or is down.

    A key that is refused (401, 403) tells nothing about the intent either.
    """
    known_not = isinstance(error, stripe.InvalidRequestError) and error.http_status == 404
    return NoSuchIntent() if known_not else Unreachable()


_OF_SECURITY_CODE: Final = "payment_method_options[card][cvc_token]"
_CARD_CODES: Final = {
    "payment_intent_incompatible_payment_method",
    "payment_method_unexpected_state",
    "payment_method_unsupported_type",
}


def _blame(code: str | None, param: str | None) -> Blame:
    """Tell what a 400 is about, by its exact words: those that only begin alike are ours.

    Source: Stripe documentation, "Error codes", and recorded answers: a PaymentMethod that was used
    or detached is refused with neither a code nor a parameter.
    """
    match code, param:
        case None, None:
            return Blame.NOTHING
        case (("token_already_used" | "token_in_use"), _):
            return Blame.SECURITY_CODE
        case _, name if name == _OF_SECURITY_CODE:
            return Blame.SECURITY_CODE
        case (("resource_missing" | None), "payment_method"):
            return Blame.CARD
        case name, _ if name in _CARD_CODES:
            return Blame.CARD
        case "resource_missing", "customer":
            return Blame.STRIPE_CUSTOMER
        case _:
            return Blame.REQUEST


def _read_card_error(error: stripe.CardError) -> Answer:
    details = error.error
    intent = getattr(details, "payment_intent", None)
    if getattr(intent, "status", None) == "canceled":
        # Stripe gave the intent up by itself: its limit of confirmations.
        return Canceled()
    if getattr(intent, "status", None) != "requires_payment_method":
        # A refusal that leaves the intent in another state tells nothing about how it ended.
        return Unknown()
    method = getattr(details, "payment_method", None)
    decline = explain(
        error.code, getattr(details, "decline_code", None), getattr(details, "advice_code", None)
    )
    return Declined(decline, _face(getattr(method, "card", None)))
