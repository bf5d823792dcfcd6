"""How a payment is written in an item, on its own and inside its invoice."""

from datetime import date, datetime

from billfold.adapters.dynamodb.table import Item
from billfold.domain.money import Money
from billfold.domain.payment import Decline, Dispute, Payment, Refusal, Slot, State, Trigger
from billfold.domain.wallet import CardFace


def from_payment(payment: Payment) -> Item:
    """Give the attributes of a payment; nothing among them can charge a card."""
    card, decline = payment.card, payment.decline
    attributes = {
        "payment_id": payment.payment_id,
        "customer_id": payment.customer_id,
        "invoice_id": payment.invoice_id,
        "epoch": payment.epoch,
        "n": payment.n,
        "trigger": payment.trigger.value,
        "amount": payment.money.amount,
        "currency": payment.money.currency,
        "state": payment.state.value,
        "created_at": payment.created_at.isoformat(),
        "idempotency_key": payment.idempotency_key,
        "invoice_number": payment.invoice_number,
        "card_id": payment.card_id,
        "card": {"brand": card.brand, "last4": card.last4} if card else None,
        "intent": payment.intent,
        "charge": payment.charge,
        "decline": {
            "reason": decline.reason,
            "advice": decline.advice,
            "needs_confirmation": decline.needs_confirmation,
            "final": decline.final,
        }
        if decline
        else None,
        "refusal": payment.refusal.value if payment.refusal else None,
        "refunded": payment.refunded or None,
        "dispute": payment.dispute.value if payment.dispute else None,
        "slot": _from_slot(payment.slot) if payment.slot else None,
    }
    return {name: value for name, value in attributes.items() if value is not None}


def to_payment(item: Item) -> Payment:
    """Read a payment back."""
    return Payment(
        payment_id=item["payment_id"],
        customer_id=item["customer_id"],
        invoice_id=item["invoice_id"],
        epoch=item["epoch"],
        n=item["n"],
        trigger=Trigger(item["trigger"]),
        money=Money(item["currency"], item["amount"]),
        state=State(item["state"]),
        created_at=datetime.fromisoformat(item["created_at"]),
        idempotency_key=item["idempotency_key"],
        invoice_number=item["invoice_number"],
        card_id=item.get("card_id"),
        card=CardFace(**item["card"]) if "card" in item else None,
        intent=item.get("intent"),
        charge=item.get("charge"),
        decline=Decline(**item["decline"]) if "decline" in item else None,
        refusal=Refusal(item["refusal"]) if "refusal" in item else None,
        refunded=item.get("refunded", 0),
        dispute=Dispute(item["dispute"]) if "dispute" in item else None,
        slot=_to_slot(item["slot"]) if "slot" in item else None,
    )


def _from_slot(slot: Slot) -> Item:
    next_on = slot.next_on.isoformat() if slot.next_on else None
    return {
        "on": slot.on.isoformat(),
        "next_on": next_on,
        "mandate": slot.mandate,
        "attempt": slot.attempt,
    }


def _to_slot(item: Item) -> Slot:
    next_on = item["next_on"]
    return Slot(
        on=date.fromisoformat(item["on"]),
        next_on=date.fromisoformat(next_on) if next_on else None,
        mandate=item.get("mandate", 0),
        attempt=item["attempt"],
    )
