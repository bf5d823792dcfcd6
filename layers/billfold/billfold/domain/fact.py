"""What happened, for the event bus and for the audit trail (docs/events.md).

Facts are written in the same transaction as what they tell, so that they are never lost and never
told before they are true; they are sent after it, at least once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from billfold.domain.errors import BillfoldError
from billfold.domain.invoice import Invoice
from billfold.domain.invoice_change import InvoiceChange
from billfold.domain.money import Money
from billfold.domain.payment import Decline, Payment, Trigger
from billfold.domain.wallet import Card, CardFace, Wallet

VERSION: Final = 1
"""Of the events' schema: raised when a field changes its meaning or goes away."""


class Actor(StrEnum):
    """Who or what did it."""

    CUSTOMER = "customer"
    AUTOPAY = "autopay"
    BUSINESS = "business"
    STRIPE = "stripe"
    RECONCILER = "reconciler"


class Kind(StrEnum):
    """The detail-type on the bus."""

    PAYMENT_SUCCEEDED = "PaymentSucceeded"
    PAYMENT_FAILED = "PaymentFailed"
    PAYMENT_ACTION_REQUIRED = "PaymentActionRequired"
    PAYMENT_CANCELED = "PaymentCanceled"
    PAYMENT_NEEDS_REVIEW = "PaymentNeedsReview"
    PAYMENT_REFUNDED = "PaymentRefunded"
    PAYMENT_DISPUTED = "PaymentDisputed"
    INVOICE_PAID = "InvoicePaid"
    INVOICE_OVERDUE = "InvoiceOverdue"
    INVOICE_VOIDED = "InvoiceVoided"
    INVOICE_AMOUNT_CHANGED = "InvoiceAmountChanged"
    INVOICE_CHANGE_REFUSED = "InvoiceChangeRefused"
    CARD_ADDED = "CardAdded"
    CARD_REMOVED = "CardRemoved"
    CARDS_DETACHED = "CardsDetached"
    PRIMARY_CARD_CHANGED = "PrimaryCardChanged"
    AUTOPAY_CHANGED = "AutopayChanged"
    AUTOPAY_UPCOMING = "AutopayUpcoming"
    AUTOPAY_PAUSED = "AutopayPaused"
    CARD_EXPIRING = "CardExpiring"
    CARD_EXPIRED = "CardExpired"


class Removal(StrEnum):
    """Why a card has left the wallet: by our own doing, or because Stripe no longer has it."""

    DELETED = "deleted"
    DETACHED = "detached"


Detail = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened; ``detail`` is JSON without any secret in it."""

    kind: Kind
    detail: Detail


@dataclass(frozen=True, slots=True)
class Entry:
    """What one write brought about: the facts to tell, and the cards to let go of at Stripe.

    It is the outbox until it is sent, and a line of the audit trail for ever.
    """

    entry_id: str
    customer_id: str
    at: datetime
    actor: Actor
    facts: tuple[Fact, ...] = ()
    detach: tuple[str, ...] = ()

    def event_id(self, position: int) -> str:
        """Name one fact for good, so that whoever hears it twice can tell."""
        return f"{self.entry_id}.{position}"


def payment_succeeded(payment: Payment) -> tuple[Fact, Fact]:
    """Tell that money has moved, and that the invoice is paid by it."""
    invoice = {name: _about(payment)[name] for name in ("invoice_id", "invoice_number")}
    return (
        Fact(Kind.PAYMENT_SUCCEEDED, {**_about(payment), "charge": payment.charge}),
        Fact(
            Kind.INVOICE_PAID,
            {**invoice, **_amount(payment.money), "payment_id": payment.payment_id},
        ),
    )


def payment_failed(payment: Payment, decline: Decline) -> tuple[Fact, ...]:
    """Tell of a decline; one that wants the customer to be present asks for them as well."""
    retry_on = replace(payment, decline=decline).retry_on
    failed = Fact(
        Kind.PAYMENT_FAILED,
        {
            **_about(payment),
            "reason": decline.reason,
            "advice": decline.advice,
            "needs_confirmation": decline.needs_confirmation,
            "retry_on": retry_on.isoformat() if retry_on else None,
        },
    )
    if decline.needs_confirmation and payment.trigger is Trigger.AUTOPAY:
        return failed, payment_action_required(payment)
    return (failed,)


def payment_action_required(payment: Payment) -> Fact:
    """Tell that the bank wants its customer's step."""
    return Fact(Kind.PAYMENT_ACTION_REQUIRED, _about(payment))


def payment_canceled(payment: Payment, reason: str) -> Fact:
    """Tell of a try that ended without a charge and without a word of the bank."""
    refusal = {"refusal": payment.refusal.value} if payment.refusal else {}
    return Fact(Kind.PAYMENT_CANCELED, {**_about(payment), "reason": reason, **refusal})


def payment_needs_review(payment: Payment) -> Fact:
    """Tell that a person must look."""
    return Fact(Kind.PAYMENT_NEEDS_REVIEW, _about(payment))


def payment_refunded(payment: Payment, refunded: int) -> Fact:
    """Tell how much of a charge has been given back in all, in minor units."""
    return Fact(Kind.PAYMENT_REFUNDED, {**_about(payment), "refunded": refunded})


def payment_disputed(payment: Payment, status: str | None) -> Fact:
    """Tell how a dispute of the charge stands; None when it came to nothing."""
    return Fact(Kind.PAYMENT_DISPUTED, {**_about(payment), "dispute": status})


def invoice_fact(
    kind: Kind, *, invoice_id: str, number: str, money: Money, **others: object
) -> Fact:
    """Tell something about an invoice; ``money`` is what is due of it."""
    return Fact(
        kind, {"invoice_id": invoice_id, "invoice_number": number, **_amount(money), **others}
    )


def due_invoice(kind: Kind, invoice: Invoice, **others: object) -> Fact:
    """Tell something about an invoice that is due: what is about to happen to it, or did not."""
    return invoice_fact(
        kind,
        invoice_id=invoice.invoice_id,
        number=invoice.number,
        money=invoice.amount_due,
        due_on=invoice.due_on.isoformat(),
        **others,
    )


def invoice_changed(change: InvoiceChange) -> Fact:
    """Tell that an invoice is void, or that another amount is due."""
    wanted = change.wanted
    if wanted.amount_due is None:
        return _of_change(Kind.INVOICE_VOIDED, change, change.before)
    return _of_change(
        Kind.INVOICE_AMOUNT_CHANGED,
        change,
        wanted.amount_due,
        amount_before=change.before.amount,
    )


def invoice_change_refused(change: InvoiceChange, error: BillfoldError) -> Fact:
    """Tell that an invoice stays as it is, and why; ``amount`` is what was due of it."""
    wanted = change.wanted.amount_due
    return _of_change(
        Kind.INVOICE_CHANGE_REFUSED,
        change,
        change.before,
        command="ChangeInvoiceAmount" if wanted else "VoidInvoice",
        wanted={"amount": wanted.amount, "currency": wanted.currency} if wanted else None,
        code=error.code,
        detail=error.text,
    )


def _of_change(kind: Kind, change: InvoiceChange, money: Money, **others: object) -> Fact:
    return invoice_fact(
        kind,
        invoice_id=change.invoice_id,
        number=change.invoice_number,
        money=money,
        reason=change.wanted.reason,
        command_id=change.wanted.command_id,
        **others,
    )


def autopay_upcoming(invoice: Invoice, card: Card, on: date) -> Fact:
    """Tell that an invoice will be charged to a card on a day."""
    return due_invoice(Kind.AUTOPAY_UPCOMING, invoice, on=on.isoformat(), card=_face(card.face))


def autopay_paused(invoice: Invoice, card: Card | None, reason: str, until: date | None) -> Fact:
    """Tell that automatic payment waits for the customer, at most until a day; None is over."""
    return due_invoice(
        Kind.AUTOPAY_PAUSED,
        invoice,
        reason=reason,
        until=until.isoformat() if until else None,
        card=_face(card.face if card else None),
    )


def card_expiry(card: Card, days: int) -> Fact:
    """Tell that the primary card expires in at most ``days`` days, or with 0 that it has."""
    kind = Kind.CARD_EXPIRING if days else Kind.CARD_EXPIRED
    return Fact(kind, {**_card(card), "days": days} if days else _card(card))


def cards_detached(before: Wallet, after: Wallet) -> Fact:
    """Ask the customer to add again what Stripe no longer has; tell what is charged until then."""
    now, kept = after.primary_card, {card.card_id for card in after.cards}
    return Fact(
        Kind.CARDS_DETACHED,
        {
            "cards": [_face(card.face) for card in before.cards if card.card_id not in kept],
            "primary": _face(now.face if now else None),
            "autopay": after.autopay,
        },
    )


def wallet_changes(
    before: Wallet, after: Wallet, removal: Removal = Removal.DELETED
) -> tuple[Fact, ...]:
    """Tell how one version of a wallet differs from the one before."""
    known = {card.card_id for card in before.cards}
    kept = {card.card_id for card in after.cards}
    facts = [
        Fact(Kind.CARD_ADDED, _card(card)) for card in after.cards if card.card_id not in known
    ]
    facts += [
        Fact(Kind.CARD_REMOVED, {**_card(card), "reason": removal.value})
        for card in before.cards
        if card.card_id not in kept
    ]
    if before.primary != after.primary:
        now = after.primary_card
        facts.append(
            Fact(
                Kind.PRIMARY_CARD_CHANGED,
                {
                    "from": before.primary,
                    "to": after.primary,
                    "card": _face(now.face if now else None),
                },
            )
        )
    if before.autopay != after.autopay:
        facts.append(Fact(Kind.AUTOPAY_CHANGED, {"enabled": after.autopay}))
    return tuple(facts)


def _about(payment: Payment) -> dict[str, object]:
    return {
        "payment_id": payment.payment_id,
        "invoice_id": payment.invoice_id,
        "invoice_number": payment.invoice_number,
        **_amount(payment.money),
        "trigger": payment.trigger.value,
        "card": _face(payment.card),
    }


def _amount(money: Money) -> dict[str, object]:
    return {"amount": money.amount, "currency": money.currency}


def _face(card: CardFace | None) -> dict[str, str] | None:
    return {"brand": card.brand, "last4": card.last4} if card else None


def _card(card: Card) -> dict[str, object]:
    return {
        "card_id": card.card_id,
        "card": _face(card.face),
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
    }
