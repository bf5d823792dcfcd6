"""A world of the model laid out in a table of the product, and read back from it.

The product's table is moto's DynamoDB under the real adapters, or the repositories in memory.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.customers import DynamoCustomers, _from_wallet, to_wallet
from billfold.adapters.dynamodb.invoice_changes import DynamoInvoiceChanges, to_change
from billfold.adapters.dynamodb.invoice_changes import _item as change_item
from billfold.adapters.dynamodb.invoices import DynamoInvoices, _from_invoice, to_invoice
from billfold.adapters.dynamodb.payment_items import from_payment, to_payment
from billfold.adapters.dynamodb.payment_writes import payment_item, put_ledger
from billfold.adapters.dynamodb.payments import DynamoPayments
from billfold.adapters.dynamodb.table import Delete, Put, Table, Update, Write, _marshal
from billfold.services.ports import Customers, InvoiceChanges, Invoices, Payments, Request
from moto.dynamodb.models import dynamodb_backends

from tests.builders import NOON
from tests.fakes import FakePorts
from tests.fakes.store import Store
from tests.proof.crash import nearby
from tests.proof.nouns import (
    INVOICE,
    OWNER,
    PAID,
    charge,
    numbered,
    the_change,
    the_invoice,
    the_payment,
    the_wallet,
    world_of,
)
from tests.proof.world import World


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
        backend = dynamodb_backends[nearby.ACCOUNT][nearby.REGION]
        return backend.get_table(self.table._name)

    def lay_out(self, w: World) -> None:
        moto = self._moto
        moto.items = defaultdict(dict)
        for item in _items(w):
            moto.put_item(_marshal(item))

    def read(self, w: World) -> World:
        found = nearby.items(self.table._name)
        by_kind: dict[str, list[Any]] = defaultdict(list)
        for item in found:
            by_kind[item["sk"].split("#")[0]].append(item)
        (wallet,) = by_kind["ACCOUNT"]
        (invoice,) = by_kind["INVOICE"]
        return world_of(
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
        store.wallets[OWNER] = the_wallet(w)
        for number, payment in numbered(w.payments):
            made = the_payment(number, payment)
            store.payments[OWNER, made.payment_id] = made
            store.requests[OWNER, made.idempotency_key] = Request("", made.payment_id)
        for number, change in enumerate(w.changes):
            made_change = the_change(number, change)
            store.changes[made_change.change_id] = (made_change, None)
        for intent in w.ledger:
            self._ports.payments._write_ledger(PAID, charge(w, intent))

    def read(self, w: World) -> World:
        store = self._ports.store
        return world_of(
            w,
            store.invoices[OWNER, INVOICE],
            store.payments.values(),
            [change for change, _ in store.changes.values()],
            store.wallets[OWNER],
            [row.charge.replace("ch_", "pi_") for row in store.ledger.values()],
        )


def _items(w: World) -> Iterable[dict[str, Any]]:
    invoice = the_invoice(w)
    last = invoice.last_payment
    yield {
        **_from_invoice(invoice),
        "intent": invoice.intent,
        "lock": invoice.lock,
        "last_payment": from_payment(last) if last else None,
    }
    wallet = the_wallet(w)
    yield {**keys.wallet(OWNER), **_from_wallet(wallet), "version": wallet.version}
    for number, payment in numbered(w.payments):
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
        yield put_ledger(PAID, charge(w, intent), NOON).item
