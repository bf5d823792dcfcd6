"""Customers, wallets, invoices and limits in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from billfold.domain.customer import Customer
from billfold.domain.errors import (
    CustomerConflictError,
    InvoiceNumberReusedError,
    NotFoundError,
    TooManyRequestsError,
    UnknownCustomerError,
    UnknownInvoiceError,
)
from billfold.domain.fact import Entry
from billfold.domain.invoice import Invoice, InvoiceStatus, PublicInvoiceStatus
from billfold.domain.limit import Limit
from billfold.domain.payment import Obstacle
from billfold.domain.wallet import Wallet
from billfold.services.ports import (
    OpenInvoice,
    Page,
    StaleError,
)

from tests.fakes.store import Store, cut


@dataclass
class FakeCustomers:
    store: Store

    def account(self, customer_id: str) -> tuple[Customer, Wallet]:
        with self.store.lock:
            if customer_id not in self.store.customers:
                raise NotFoundError
            return self.store.customers[customer_id], self.wallet(customer_id)

    def wallet(self, customer_id: str) -> Wallet:
        with self.store.lock:
            return self.store.wallets.get(customer_id, Wallet(customer_id))

    def save(self, wallet: Wallet, entry: Entry | None = None) -> Wallet:
        with self.store.lock:
            if self.wallet(wallet.customer_id).version != wallet.version:
                raise StaleError
            if entry:
                self.store.tell(entry)
            saved = replace(wallet, version=wallet.version + 1)
            self.store.wallets[wallet.customer_id] = saved
            return saved

    def register(self, customer: Customer, *, autopay: bool) -> None:
        with self.store.lock:
            known = self.store.customers.setdefault(customer.customer_id, customer)
            if known != customer:
                raise CustomerConflictError
            if customer.customer_id not in self.store.wallets:
                self.save(Wallet(customer.customer_id, autopay=autopay))


@dataclass
class FakeInvoices:
    store: Store

    def get(self, customer_id: str, invoice_id: str) -> Invoice:
        with self.store.lock:
            invoice = self.store.invoices.get((customer_id, invoice_id))
            if invoice is None:
                raise NotFoundError
            return invoice

    def by_number(self, customer_id: str, number: str) -> Invoice:
        with self.store.lock:
            key = self.store.numbers.get(number)
            if key is None or key[0] != customer_id:
                raise UnknownInvoiceError
            return self.store.invoices[key]

    def open(self, customer_id: str) -> Sequence[OpenInvoice]:
        with self.store.lock:
            return [
                OpenInvoice(
                    i.invoice_id,
                    i.number,
                    i.due_on,
                    i.amount_due,
                    i.look_on,
                    i.waits,
                    i.tried_card,
                )
                for (owner, _), i in sorted(self.store.invoices.items(), key=lambda x: x[1].due_on)
                if owner == customer_id and i.status in {InvoiceStatus.OPEN, InvoiceStatus.PAYING}
            ]

    def shards(self) -> Sequence[str]:
        return ["DUE#00", "DUE#01"]

    def looks(
        self, shard: str, *, until: date, limit: int, after: str | None
    ) -> Page[tuple[str, str | None]]:
        with self.store.lock:
            days: dict[tuple[str, str | None], date | None] = {
                **{key: one.look_on for key, one in self.store.invoices.items()},
                **{(owner, None): one.look_on for owner, one in self.store.wallets.items()},
            }
        mine = self.shards()[0 if shard == "DUE#00" else 1]
        found = sorted(
            (f"{on.isoformat()}#{owner}#{invoice_id or ''}", (owner, invoice_id))
            for (owner, invoice_id), on in days.items()
            if on and on <= until and self.shards()[sum(owner.encode()) % 2] == mine
        )
        rest = [(sort, key) for sort, key in found if after is None or sort > after]
        page = rest[:limit]
        return Page([key for _, key in page], page[-1][0] if len(rest) > limit else None)

    def look_again(
        self,
        invoice: Invoice,
        *,
        on: date | None,
        waits: Obstacle | None,
        overdue_told: bool,
        entry: Entry | None,
    ) -> None:
        key = (invoice.customer_id, invoice.invoice_id)
        with self.store.lock:
            known = self.store.invoices[key]
            if (known.status, known.lock) != (InvoiceStatus.OPEN, None) or (
                known.epoch,
                known.look_on,
            ) != (invoice.epoch, invoice.look_on):
                raise StaleError
            self.store.invoices[key] = replace(
                known, look_on=on, waits=waits, overdue_told=overdue_told
            )
            if entry:
                self.store.tell(entry)

    def begin_generation(
        self, invoice: Invoice, epoch: int, *, recorded_since: datetime | None = None
    ) -> Invoice:
        key = (invoice.customer_id, invoice.invoice_id)
        with self.store.lock:
            known = self.store.invoices[key]
            if (known.status, known.lock) != (InvoiceStatus.OPEN, None) or (
                known.epoch,
                known.n,
            ) != (invoice.epoch, invoice.n):
                raise StaleError
            begun = replace(
                known,
                epoch=epoch,
                n=0,
                intent=None,
                recorded_since=recorded_since or known.recorded_since,
            )
            self.store.invoices[key] = begun
            return begun

    def bring_forward(self, customer_id: str, owed: OpenInvoice, *, to: date) -> None:
        key = (customer_id, owed.invoice_id)
        with self.store.lock:
            known = self.store.invoices[key]
            over = known.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}
            if over or known.look_on != owed.look_on:
                raise StaleError
            self.store.invoices[key] = replace(known, look_on=to)

    def add(self, invoice: Invoice) -> None:
        with self.store.lock:
            key = (invoice.customer_id, invoice.invoice_id)
            if invoice.number in self.store.numbers:
                known = self.store.invoices[self.store.numbers[invoice.number]]
                same = (known.customer_id, known.lines, known.total, known.due_on) == (
                    invoice.customer_id,
                    invoice.lines,
                    invoice.total,
                    invoice.due_on,
                )
                if self.store.numbers[invoice.number] != key or not same:
                    raise InvoiceNumberReusedError
                return
            if invoice.customer_id not in self.store.customers:
                raise UnknownCustomerError
            self.store.numbers[invoice.number] = key
            self.store.invoices[key] = invoice

    def list(
        self,
        customer_id: str,
        *,
        statuses: Collection[PublicInvoiceStatus],
        today: date,
        limit: int,
        after: str | None,
    ) -> Page[Invoice]:
        with self.store.lock:
            mine = sorted(
                (i for (owner, _), i in self.store.invoices.items() if owner == customer_id),
                key=lambda i: i.invoice_id,
                reverse=True,
            )
        page, last = cut([i.invoice_id for i in mine], limit, after)
        shown = [
            i
            for i in mine
            if i.invoice_id in page and (not statuses or i.public_status(today) in statuses)
        ]
        return Page(shown, last)


@dataclass
class FakeLimits:
    store: Store

    def require_below(self, limit: Limit, subject: str, now: datetime) -> None:
        if self.store.counts.get((limit.name, subject, limit.window_start(now)), 0) >= limit.most:
            raise TooManyRequestsError(limit.retry_after(now))

    def count_event(self, limit: Limit, subject: str, event_id: str, now: datetime) -> None:
        with self.store.lock:
            if event_id not in self.store.counted:
                self.store.counted.add(event_id)
                key = (limit.name, subject, limit.window_start(now))
                self.store.counts[key] = self.store.counts.get(key, 0) + 1

    def take(self, limit: Limit, subject: str, now: datetime) -> None:
        key = (limit.name, subject, limit.window_start(now))
        with self.store.lock:
            if self.store.counts.get(key, 0) >= limit.most:
                raise TooManyRequestsError(limit.retry_after(now))
            self.store.counts[key] = self.store.counts.get(key, 0) + 1

    def give_back(self, limit: Limit, subject: str, now: datetime) -> None:
        key = (limit.name, subject, limit.window_start(now))
        with self.store.lock:
            self.store.counts[key] = self.store.counts.get(key, 0) - 1
