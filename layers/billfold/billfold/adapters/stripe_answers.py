"""Reading Stripe's objects and errors as the protocol's answers.

Source: Stripe documentation, "PaymentIntent lifecycle" and "Error handling". The rule of this file:
whatever does not say clearly how a confirm ended is Unknown.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import stripe

from billfold.domain.decline import explain
from billfold.domain.money import Money, exponent
from billfold.domain.payment import (
    ActionRequired,
    Answer,
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

# Stripe counts these in hundredths although they have no minor unit (Stripe documentation,
# "Currencies", special cases): 5 ISK is sent as 500.
_COUNTED_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})


def to_stripe_amount(money: Money) -> int:
    """Give the amount as Stripe counts it."""
    return money.amount * 100 if money.currency in _COUNTED_IN_HUNDREDTHS else money.amount


def from_stripe_amount(amount: int, currency: str) -> Money:
    """Read an amount as Stripe counts it.

    Raises
    ------
    ValueError
        It is no whole number of our minor units.
    """
    code = currency.upper()
    exponent(code)
    if code not in _COUNTED_IN_HUNDREDTHS:
        return Money(code, amount)
    if amount % 100:
        raise ValueError(f"{amount} {code} is not a whole amount")
    return Money(code, amount // 100)


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


def read_charge(
    charge: "Charge", intent: "PaymentIntent | None", dispute: str | None
) -> ChargeView:
    """Read a charge with its intent, and the status of its latest dispute."""
    answer = None
    if intent and intent.status == "succeeded" and _id(intent.latest_charge) == charge.id:
        intent.latest_charge = charge
        answer = _succeeded(intent)
    money = from_stripe_amount(charge.amount_captured, charge.currency)
    refunded = from_stripe_amount(charge.amount_refunded, charge.currency)
    return ChargeView(
        charge=charge.id,
        intent=intent.id if intent else None,
        owner=Owner.of(intent.metadata.to_dict() if intent and intent.metadata else {}),
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


def read_confirm_error(error: stripe.StripeError) -> Answer:
    """Tell what an error in reply to a confirm means."""
    if isinstance(error, stripe.CardError):
        return _read_card_error(error)
    if isinstance(
        error, stripe.AuthenticationError | stripe.PermissionError | stripe.RateLimitError
    ):
        return NotBegun()
    if isinstance(error, stripe.InvalidRequestError):
        told = (error.param or "", error.code or "")
        return Refused(about_card=any(name.startswith("payment_method") for name in told))
    return Unknown()


def read_retrieve_error(error: stripe.StripeError) -> Answer:
    """Return what an error in reply to a retrieve means: Stripe knows no such intent, or is down.

    A key that is refused (401, 403) tells nothing about the intent either.
    """
    known_not = isinstance(error, stripe.InvalidRequestError) and error.http_status == 404
    return NoSuchIntent() if known_not else Unreachable()


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
