"""Every mail that we write, and the facts that they tell (docs/events.md).

A fact that has no mail here has none: what happens while its customer looks at the screen is said
there.
"""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from billfold.domain.fact import Kind
from billfold.domain.mail import Mail
from billfold.domain.money import Money
from billfold.domain.payment import Trigger

Detail = Mapping[str, Any]

_BRANDS: Final = {
    "amex": "American Express",
    "diners": "Diners Club",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
_CARDS: Final = "/billing/cards"


def compose(kind: Kind, detail: Detail) -> Mail | None:
    """Write the mail of a fact; None where it has none."""
    write = _MAILS.get(kind)
    return write(detail) if write else None


def _receipt(detail: Detail) -> Mail:
    number = detail["invoice_number"]
    return Mail(
        subject=f"Receipt for invoice {number}",
        paragraphs=("Thank you. Your payment has arrived.",),
        rows=(*_figures(detail), ("Paid with", _card(detail)), ("Payment", detail["payment_id"])),
        button=("See the invoice", _invoice(detail)),
    )


def _failed(detail: Detail) -> Mail | None:
    """Tell of an automatic payment alone: who pays by hand has seen it on the screen."""
    if detail["trigger"] != Trigger.AUTOPAY or detail["needs_confirmation"]:
        return None
    if detail["retry_on"]:
        then = (
            f"We will try again on {_day(detail['retry_on'])}. Nothing was charged. If you would "
            "rather not wait, pay now or choose another card."
        )
    else:
        then = (
            "Nothing was charged, and we will not try this card again. Please pay now, or choose "
            "another card for automatic payment."
        )
    return Mail(
        subject=f"We could not charge your card for invoice {detail['invoice_number']}",
        paragraphs=(detail["advice"], then),
        rows=(*_figures(detail), ("Card", _card(detail))),
        button=("Pay now", f"{_invoice(detail)}?pay"),
    )


def _confirmation(detail: Detail) -> Mail | None:
    if detail["trigger"] != Trigger.AUTOPAY:
        return None
    return Mail(
        subject=f"Your bank asks you to confirm the payment of invoice {detail['invoice_number']}",
        paragraphs=(
            "Your bank wants you to be present for this payment. Nothing was charged so far.",
            "Open the invoice, pay, and confirm when your bank asks you to.",
        ),
        rows=(*_figures(detail), ("Card", _card(detail))),
        button=("Confirm with your bank", f"{_invoice(detail)}?pay"),
    )


def _upcoming(detail: Detail) -> Mail:
    return Mail(
        subject=f"Invoice {detail['invoice_number']} will be paid on {_day(detail['on'])}",
        paragraphs=(
            "We will charge your card automatically. There is nothing that you have to do.",
        ),
        rows=(*_figures(detail), ("Date", _day(detail["on"])), ("Card", _card(detail))),
        button=("See the invoice", _invoice(detail)),
    )


_PAUSED: Final = {
    "card_expired": "Your card has expired, so we did not try to charge it.",
    "card_refused": "Your bank does not accept payments with this card any more, so we did not "
    "try to charge it.",
}


def _paused(detail: Detail) -> Mail:
    until = f", until {_day(detail['until'])}" if detail["until"] else ""
    return Mail(
        subject=f"Invoice {detail['invoice_number']} could not be paid automatically",
        paragraphs=(
            _PAUSED[detail["reason"]],
            f"Please choose another card, or pay this invoice yourself{until}.",
        ),
        rows=(*_figures(detail), ("Card", _card(detail))),
        button=("Choose another card", _CARDS),
    )


def _expiring(detail: Detail) -> Mail:
    month = _month(detail)
    return Mail(
        subject=f"Your card expires at the end of {month}",
        paragraphs=(
            f"{_card(detail)} is your primary card, and it expires at the end of {month}.",
            "When you have the new one, add it and make it your primary card.",
        ),
        button=("See your cards", _CARDS),
    )


def _expired(detail: Detail) -> Mail:
    return Mail(
        subject="Your card has expired",
        paragraphs=(
            f"{_card(detail)} is your primary card, and it expired at the end of {_month(detail)}.",
            "Automatic payments wait until you add another card and make it your primary card.",
        ),
        button=("See your cards", _CARDS),
    )


def _detached(detail: Detail) -> Mail:
    faces = [_named(face) for face in detail["cards"]]
    one = len(faces) == 1
    named = faces[0] if one else f"{', '.join(faces[:-1])} and {faces[-1]}"
    card, are, them = ("card", "is", "it") if one else ("cards", "are", "them")
    if not detail["autopay"]:
        then = f"To pay with {them}, please add the {card} again."
    elif detail["primary"]:
        then = (
            f"Automatic payments will charge {_named(detail['primary'])} from now on. If you would "
            f"rather use another card, add the {card} again and choose your primary card."
        )
    else:
        then = f"Automatic payments have no card to charge. Please add the {card} again."
    gone = (
        f"{named} {are} no longer stored with our payment provider, so we have removed {them} "
        "from your account."
    )
    return Mail(
        subject=f"Please add your {card} again",
        paragraphs=(gone, then),
        button=("Add a card", _CARDS),
    )


_MAILS: Final[Mapping[Kind, Callable[[Detail], Mail | None]]] = MappingProxyType(
    {
        Kind.PAYMENT_SUCCEEDED: _receipt,
        Kind.PAYMENT_FAILED: _failed,
        Kind.PAYMENT_ACTION_REQUIRED: _confirmation,
        Kind.AUTOPAY_UPCOMING: _upcoming,
        Kind.AUTOPAY_PAUSED: _paused,
        Kind.CARD_EXPIRING: _expiring,
        Kind.CARD_EXPIRED: _expired,
        Kind.CARDS_DETACHED: _detached,
    }
)
WRITTEN: Final = frozenset(_MAILS)
"""The facts that are worth a look; the rule on the bus lets these by."""


def _figures(detail: Detail) -> tuple[tuple[str, str], ...]:
    amount = Money(detail["currency"], detail["amount"])
    return (("Invoice", detail["invoice_number"]), ("Amount", str(amount)))


def _invoice(detail: Detail) -> str:
    return f"/billing/invoices/{detail['invoice_id']}"


def _card(detail: Detail) -> str:
    return _named(detail["card"]) if detail["card"] else "a card"


def _named(card: Mapping[str, str]) -> str:
    return f"{_BRANDS.get(card['brand'], card['brand'].capitalize())} ending in {card['last4']}"


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def _month(detail: Detail) -> str:
    return f"{date(detail['exp_year'], detail['exp_month'], 1):%B %Y}"
