"""A world of the model laid out in a table of the product, and read back from it.

The product's table is moto's DynamoDB under the real adapters, or the repositories in memory.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Protocol

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.customers import DynamoCustomers, _from_wallet, to_wallet
from billfold.adapters.dynamodb.invoice_changes import DynamoInvoiceChanges, to_change
from billfold.adapters.dynamodb.invoice_changes import _item as change_item
from billfold.adapters.dynamodb.invoices import DynamoInvoices, _from_invoice, to_invoice
from billfold.adapters.dynamodb.payment_items import from_payment, to_payment
from billfold.adapters.dynamodb.payment_writes import payment_item, put_ledger
from billfold.adapters.dynamodb.payments import DynamoPayments
from billfold.adapters.dynamodb.table import Delete, Put, Table, Update, Write, _marshal, _plain
from billfold.domain.invoice import Invoice as TheInvoice
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.money import Money
from billfold.domain.payment import Payment as ThePayment
from billfold.domain.payment import Slot, State, Succeeded, Trigger
from billfold.domain.wallet import Wallet
from billfold.services.ports import Customers, InvoiceChanges, Invoices, Payments, Request
from moto.dynamodb.models import dynamodb_backends

from tests.builders import NOON, a_card, an_invoice
from tests.fakes import FakePorts
from tests.fakes.store import Store
from tests.proof.world import Change, Invoice, Payment, World, lock_of

ISSUED: Final = an_invoice()
OWNER, INVOICE = ISSUED.customer_id, ISSUED.invoice_id
CARD, OTHER = a_card(1), a_card(2)
READ_VERSION: Final = 5
"""Of the wallet, when its deletion was decided."""


class Product(Protocol):
    """Where the product writes."""

    @property
    def payments(self) -> Payments: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def invoices(self) -> Invoices: ...
    @property
    def invoice_changes(self) -> InvoiceChanges: ...

    def lay_out(self, w: World) -> None:
        """Forget all there is, and write a world."""

    def read(self, w: World) -> World:
        """Read what has become of a world that was laid out."""


@dataclass
class Dynamo:
    """The real adapters on a table of moto's, which is written and read without a call."""

    table: Table

    @cached_property
    def payments(self) -> DynamoPayments:
        return DynamoPayments(self.table)

    @cached_property
    def customers(self) -> DynamoCustomers:
        return DynamoCustomers(self.table)

    @cached_property
    def invoices(self) -> DynamoInvoices:
        return DynamoInvoices(self.table)

    @cached_property
    def invoice_changes(self) -> DynamoInvoiceChanges:
        return DynamoInvoiceChanges(self.table)

    @property
    def _moto(self) -> Any:
        return dynamodb_backends["123456789012"]["us-east-1"].get_table(self.table._name)

    def lay_out(self, w: World) -> None:
        moto = self._moto
        moto.items = defaultdict(dict)
        for item in _items(w):
            moto.put_item(_marshal(item))

    def read(self, w: World) -> World:
        found = [_plain(item.to_regular_json()) for item in self._moto.all_items()]
        by_kind: dict[str, list[Any]] = defaultdict(list)
        for item in found:
            by_kind[item["sk"].split("#")[0]].append(item)
        (wallet,) = by_kind["ACCOUNT"]
        (invoice,) = by_kind["INVOICE"]
        return _world(
            w,
            to_invoice(invoice),
            [to_payment(item) for item in by_kind["PAYMENT"]],
            [to_change(item) for item in by_kind["CHANGE"]],
            to_wallet(OWNER, wallet),
            [item["intent"] for item in by_kind["LEDGER"]],
        )


class Lax(Table):
    """A table that takes one condition for true: one operand of an AND, by its number."""

    def __init__(self, table: Table) -> None:
        super().__init__(table._client, table._name)
        self.forget = -1
        self.seen: list[str] = []

    def write(self, write: Put | Update | Delete) -> None:
        self.transact([write])

    def transact(self, writes: Sequence[Write]) -> None:
        self.seen = []
        super().transact(list(self._lax(writes)))

    def _lax(self, writes: Sequence[Write]) -> Iterator[Write]:
        for write in writes:
            if isinstance(write, Delete) or not write.condition:
                yield write
                continue
            parts = re.split(r" AND (?![^(]*\))", write.condition)
            kept = [
                f"({part} OR NOT {part})" if number == self.forget else part
                for number, part in enumerate(parts, len(self.seen))
            ]
            self.seen += parts
            yield replace(write, condition=" AND ".join(kept))


class Memory:
    """The repositories in memory."""

    def __init__(self) -> None:
        self._ports = FakePorts()

    @property
    def payments(self) -> Payments:
        return self._ports.payments

    @property
    def customers(self) -> Customers:
        return self._ports.customers

    @property
    def invoices(self) -> Invoices:
        return self._ports.invoices

    @property
    def invoice_changes(self) -> InvoiceChanges:
        return self._ports.invoice_changes

    def lay_out(self, w: World) -> None:
        self._ports.store = store = Store()
        store.invoices[OWNER, INVOICE] = the_invoice(w)
        store.wallets[OWNER] = _the_wallet(w)
        for number, payment in _numbered(w.payments):
            made = the_payment(number, payment)
            store.payments[OWNER, made.payment_id] = made
            store.requests[OWNER, made.idempotency_key] = Request("", made.payment_id)
        for number, change in enumerate(w.changes):
            made_change = the_change(number, change)
            store.changes[made_change.change_id] = (made_change, None)
        for intent in w.ledger:
            self._ports.payments._write_ledger(the_payment(0, _anything(w)), charge(w, intent))

    def read(self, w: World) -> World:
        store = self._ports.store
        return _world(
            w,
            store.invoices[OWNER, INVOICE],
            store.payments.values(),
            [change for change, _ in store.changes.values()],
            store.wallets[OWNER],
            [row.charge.replace("ch_", "pi_") for row in store.ledger.values()],
        )


# The nouns of the product, as the model's nouns name them.


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
        charge=f"ch_{payment.intent}" if payment.state is State.SUCCEEDED else None,
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
        amount_due=None if change.what == "void" else money(change.due_then),
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


def _the_wallet(w: World) -> Wallet:
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


def _items(w: World) -> Iterable[dict[str, Any]]:
    invoice = the_invoice(w)
    last = invoice.last_payment
    yield {
        **_from_invoice(invoice),
        "intent": invoice.intent,
        "lock": invoice.lock,
        "last_payment": from_payment(last) if last else None,
    }
    wallet = _the_wallet(w)
    yield {**keys.wallet(OWNER), **_from_wallet(wallet), "version": wallet.version}
    for number, payment in _numbered(w.payments):
        made = the_payment(number, payment)
        yield payment_item(made, None)
        yield {
            **keys.request(OWNER, made.idempotency_key),
            "fingerprint": "f",
            "payment_id": made.payment_id,
        }
    for number, change in enumerate(w.changes):
        yield change_item(the_change(number, change), None)
    for intent in w.ledger:
        yield put_ledger(the_payment(0, _anything(w)), charge(w, intent), NOON).item


# And back.


def _world(
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
    )


def _change(change: InvoiceChange) -> Change:
    return Change(
        "amount" if change.amount_due else "void",
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


def _numbered(payments: Iterable[Payment | None]) -> Iterable[tuple[int, Payment]]:
    return [(number, payment) for number, payment in enumerate(payments) if payment]


def _anything(w: World) -> Payment:
    return Payment(State.SUCCEEDED, 0, 1)
