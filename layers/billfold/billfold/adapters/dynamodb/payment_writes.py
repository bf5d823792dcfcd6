"""Writes that go with a step of the protocol: payment, ledger, and what is let go."""

from datetime import datetime, timedelta
from typing import Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.payment_items import from_payment
from billfold.adapters.dynamodb.table import Item, Put, Update, Write
from billfold.domain.payment import IN_FLIGHT, Dispute, Payment, Succeeded

REQUEST_MEMORY: Final = timedelta(days=30)
"""How long a resolved Idempotency-Key is remembered; one that is unresolved never expires."""


def put_ledger(payment: Payment, succeeded: Succeeded, now: datetime) -> Put:
    """Give the write of a charge that moved money, into the ledger of its UTC day."""
    charged_at = succeeded.charged_at.isoformat()
    return Put(
        {
            **keys.ledger(payment.customer_id, succeeded.charge),
            **keys.ledger_time(succeeded.charge, succeeded.charged_at),
            "charge": succeeded.charge,
            "intent": succeeded.intent,
            "customer_id": payment.customer_id,
            "payment_id": payment.payment_id,
            "invoice_id": payment.invoice_id,
            "amount": succeeded.money.amount,
            "currency": succeeded.money.currency,
            "charged_at": charged_at,
            "settled_at": now.isoformat(),
        },
        condition="attribute_not_exists(pk)",
    )


def found(succeeded: Succeeded | None) -> Item:
    """Give what Stripe says it has charged, for a person to look at."""
    if succeeded is None:
        return {}
    return {
        "charge": succeeded.charge,
        "amount": succeeded.money.amount,
        "currency": succeeded.money.currency,
    }


def payment_item(payment: Payment, lease_until: datetime | None) -> Item:
    """Give a payment's own item, with a lease while it is in flight.

    With an open dispute it is looked at each night.
    """
    item = {
        **keys.payment(payment.customer_id, payment.payment_id),
        "invoice_sort": keys.invoice_sort(payment.invoice_id, payment.payment_id),
        **from_payment(payment),
    }
    if lease_until:
        item["lease_shard"] = keys.lease_shard(payment.payment_id)
        item["lease_until"] = lease_until.isoformat()
    if payment.charge and payment.dispute is Dispute.OPEN:
        item["dispute_shard"] = keys.dispute_shard(payment.charge)
    return item


def let_go(
    payment: Payment, now: datetime, *, refused: str | None = None, taken: bool = False
) -> list[Write]:
    """Release the card, and note why the bank will never take it; let the request be forgotten.

    A charge that was ``taken`` ends what was noted before. A card that is held is in the wallet, so
    there is a place for the note.
    """
    if payment.state not in IN_FLIGHT:
        # Let go of before: the request may be forgotten by now, and must not be half remembered.
        return []
    expires = int((now + REQUEST_MEMORY).timestamp())
    writes: list[Write] = [
        Update(
            keys.request(payment.customer_id, payment.idempotency_key),
            "SET #expires_at = :expires_at",
            values={"expires_at": expires},
        )
    ]
    if payment.card_id:
        note = "SET #cards.#card.#refused = :refused " if refused else ""
        forget = "#cards.#card.#refused, " if taken else ""
        writes.append(
            Update(
                keys.wallet(payment.customer_id),
                f"{note}REMOVE {forget}#holds.#payment ADD #version :one",
                values={"one": 1, **({"refused": refused} if refused else {})},
                names={"payment": payment.payment_id, "card": payment.card_id},
            )
        )
    return writes
