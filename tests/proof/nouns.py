"""The model's nouns as the product names them, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from billfold.domain.invoice import Invoice as TheInvoice
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange, Wanted
from billfold.domain.money import Money
from billfold.domain.payment import Dispute, Slot, State, Succeeded, Trigger
from billfold.domain.payment import Payment as ThePayment
from billfold.domain.wallet import Wallet

from tests.builders import NOON, a_card, an_invoice
from tests.proof.world import Change, Invoice, Payment, World, lock_of

ISSUED: Final = an_invoice()
OWNER, INVOICE = ISSUED.customer_id, ISSUED.invoice_id
CARD, OTHER = a_card(1), a_card(2)
READ_VERSION: Final = 5
"""Of the wallet, when its deletion was decided."""


def money(amount: int) -> Money:
    return Money("USD", 1000 * amount)


def intent_id(intent: int | None) -> str | None:
    return None if intent is None else f"pi_{intent}"


def charge(w: World, intent: int) -> Succeeded:
    """Give the charge of an intent, as Stripe would tell it."""
    return Succeeded(
        f"pi_{intent}", f"ch_{intent}", money(w.intents[intent].amount), CARD.face, NOON
    )


def the_payment(number: int, payment: Payment, payment_id: str = "") -> ThePayment:
    trigger = Trigger.MANUAL if payment.stored else Trigger.ONE_TIME
    return ThePayment(
        payment_id=payment_id or f"pay_{number}",
        customer_id=OWNER,
        invoice_id=INVOICE,
        epoch=payment.epoch,
        n=payment.n,
        trigger=Trigger.AUTOPAY if payment.automatic else trigger,
        money=money(payment.money),
        state=payment.state,
        created_at=NOON,
        idempotency_key=f"key-{number}",
        card_id=CARD.card_id if payment.stored else None,
        intent=intent_id(payment.intent),
        charge=None if payment.intent is None else f"ch_{payment.intent}",
        refunded=1000 * payment.refunded,
        dispute=Dispute.OPEN if payment.disputed else None,
        slot=Slot(NOON.date()) if payment.automatic else None,
    )


def the_change(number: int, change: Change) -> InvoiceChange:
    return InvoiceChange(
        change_id=f"chg_{number}",
        customer_id=OWNER,
        invoice_id=INVOICE,
        invoice_number=ISSUED.number,
        epoch=change.epoch,
        intent=intent_id(change.intent),
        before=money(change.due),
        due_on=ISSUED.due_on,
        wanted=Wanted(None if change.what == "void" else money(change.due_then)),
        created_at=NOON,
        state=ChangeState(change.state),
    )


def the_invoice(w: World) -> TheInvoice:
    invoice = w.invoice
    last = None
    if invoice.last is not None and invoice.copy:
        last = the_payment(invoice.last, invoice.copy)
    return replace(
        ISSUED,
        amount_due=money(invoice.due),
        status=InvoiceStatus(invoice.status),
        epoch=invoice.epoch,
        intent=intent_id(invoice.intent),
        n=invoice.n,
        lock=_lock_id(invoice.lock),
        last_payment=last,
        recorded_since=NOON if w.recorded else None,
    )


def invoice_as_read(w: World, epoch: int, n: int) -> TheInvoice:
    """Give the invoice as it was when a new generation was decided."""
    return replace(the_invoice(w), epoch=epoch, n=n)


def the_wallet(w: World) -> Wallet:
    return Wallet(
        OWNER,
        cards=(CARD, OTHER) if w.card else (OTHER,),
        primary=CARD.card_id if w.primary else OTHER.card_id,
        holds={f"pay_{number}": CARD.card_id for number in w.holds},
        autopay=w.autopay,
        version=READ_VERSION + w.touched,
    )


def wallet_as_read() -> Wallet:
    """Give the wallet from which the card's deletion was decided."""
    return Wallet(OWNER, (CARD, OTHER), CARD.card_id, autopay=True, version=READ_VERSION)


# And back.


def world_of(
    w: World,
    invoice: TheInvoice,
    payments: Iterable[ThePayment],
    changes: Iterable[InvoiceChange],
    wallet: Wallet,
    ledger: Iterable[str],
) -> World:
    last = invoice.last_payment
    read: Mapping[int, Payment] = {_number(p.payment_id): _payment(p) for p in payments}
    numbered = {_number(change.change_id): _change(change) for change in changes}
    return w._replace(
        invoice=Invoice(
            status=invoice.status.value,
            due=_amount(invoice.amount_due),
            epoch=invoice.epoch,
            intent=_intent(invoice.intent),
            n=invoice.n,
            lock=_lock(invoice.lock),
            last=_number(last.payment_id) if last else None,
            copy=_payment(last) if last else None,
        ),
        payments=tuple(read.get(number) for number in range(len(w.payments))),
        changes=tuple(numbered[number] for number in sorted(numbered)),
        card=any(card.card_id == CARD.card_id for card in wallet.cards),
        autopay=wallet.autopay,
        primary=wallet.primary == CARD.card_id,
        holds=frozenset(map(_number, wallet.holds)),
        touched=wallet.version > READ_VERSION,
        ledger=frozenset(int(intent.removeprefix("pi_")) for intent in ledger),
        recorded=invoice.recorded_since is not None,
    )


def _payment(payment: ThePayment) -> Payment:
    return Payment(
        payment.state,
        payment.epoch,
        _amount(payment.money),
        payment.n,
        _intent(payment.intent),
        stored=payment.card_id is not None,
        automatic=payment.slot is not None,
        refunded=payment.refunded // 1000,
        disputed=payment.dispute is not None,
    )


def _change(change: InvoiceChange) -> Change:
    return Change(
        "amount" if change.wanted.amount_due else "void",
        change.epoch,
        _amount(change.before),
        _intent(change.intent),
        change.state.value,
    )


def _amount(money: Money) -> int:
    return money.amount // 1000


def _intent(intent: str | None) -> int | None:
    return int(intent.removeprefix("pi_")) if intent else None


def _number(identifier: str) -> int:
    return int(identifier.split("_")[1])


def _lock_id(lock: int | None) -> str | None:
    if lock is None:
        return None
    return f"pay_{lock}" if lock >= 0 else f"chg_{lock_of(lock)}"


def _lock(lock: str | None) -> int | None:
    if lock is None:
        return None
    return _number(lock) if lock.startswith("pay") else lock_of(_number(lock))


def numbered(payments: Iterable[Payment | None]) -> Iterable[tuple[int, Payment]]:
    return [(number, payment) for number, payment in enumerate(payments) if payment]


PAID: Final = the_payment(0, Payment(State.SUCCEEDED, 0, 1))
"""Whose rows the ledger's are; the model does not ask."""
