"""Ports in memory, wired through ``bootstrap.use``; the contract suite keeps them honest."""

import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from billfold.adapters.stripe_webhooks import StripeWebhooks
from billfold.domain.customer import Customer
from billfold.domain.errors import (
    CustomerConflictError,
    InvoiceNumberReusedError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
    UnknownCustomerError,
)
from billfold.domain.fact import Actor, Entry
from billfold.domain.invoice import Invoice, InvoiceStatus, PublicInvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.limit import DECLINES, Limit
from billfold.domain.money import Money
from billfold.domain.payment import (
    IN_FLIGHT,
    TRANSITIONS,
    Answer,
    Decline,
    Dispute,
    Payment,
    Source,
    Step,
    Succeeded,
    WantsMethod,
)
from billfold.domain.stripe_event import Parked, StripeEvent
from billfold.domain.wallet import CardFace, Wallet
from billfold.services.ports import (
    ChargeView,
    Expired,
    Fenceable,
    Identity,
    LedgerRow,
    LeftBehind,
    Opening,
    OpenInvoice,
    Overdue,
    Page,
    Request,
    SetupResult,
    SetupSecret,
    StaleError,
)

NOON = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that stands still until it is moved."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.date()

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Store:
    """What the fake repositories share, as they share a table."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    customers: dict[str, Customer] = field(default_factory=dict)
    wallets: dict[str, Wallet] = field(default_factory=dict)
    invoices: dict[tuple[str, str], Invoice] = field(default_factory=dict)
    numbers: dict[str, tuple[str, str]] = field(default_factory=dict)
    payments: dict[tuple[str, str], Payment] = field(default_factory=dict)
    requests: dict[tuple[str, str], Request] = field(default_factory=dict)
    leases: dict[tuple[str, str], tuple[datetime, int]] = field(default_factory=dict)
    ledger: dict[str, LedgerRow] = field(default_factory=dict)
    ledger_days: dict[str, date] = field(default_factory=dict)
    counts: dict[tuple[str, str, datetime], int] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    entries: dict[str, Entry] = field(default_factory=dict)
    unsent: dict[str, datetime] = field(default_factory=dict)
    parked: dict[str, tuple[Parked, datetime | None]] = field(default_factory=dict)
    changes: dict[str, tuple[InvoiceChange, datetime | None]] = field(default_factory=dict)
    reports: dict[date, str] = field(default_factory=dict)

    def tell(self, entry: Entry) -> None:
        """Write an entry beside what it tells."""
        self.entries[entry.entry_id] = entry
        self.unsent[entry.entry_id] = entry.at + timedelta(seconds=60)


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

    def open(self, customer_id: str) -> Sequence[OpenInvoice]:
        with self.store.lock:
            return [
                OpenInvoice(i.invoice_id, i.number, i.due_on, i.amount_due)
                for (owner, _), i in sorted(self.store.invoices.items(), key=lambda x: x[1].due_on)
                if owner == customer_id and i.status in {InvoiceStatus.OPEN, InvoiceStatus.PAYING}
            ]

    def due(self, *, since: date, before: date) -> Iterator[tuple[str, str]]:
        with self.store.lock:
            found = [
                key
                for key, i in self.store.invoices.items()
                if since <= i.due_on < before
                and i.status in {InvoiceStatus.OPEN, InvoiceStatus.PAYING}
            ]
        yield from found

    def note_overdue(self, customer_id: str, invoice_id: str, *, entry: Entry) -> None:
        with self.store.lock:
            invoice = self.store.invoices[customer_id, invoice_id]
            if invoice.overdue_told or invoice.status not in {
                InvoiceStatus.OPEN,
                InvoiceStatus.PAYING,
            }:
                raise StaleError
            self.store.invoices[customer_id, invoice_id] = replace(invoice, overdue_told=True)
            self.store.tell(entry)

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
        page, last = _page([i.invoice_id for i in mine], limit, after)
        shown = [
            i
            for i in mine
            if i.invoice_id in page and (not statuses or i.public_status(today) in statuses)
        ]
        return Page(shown, last)


@dataclass
class FakePayments:
    store: Store

    def get(self, customer_id: str, payment_id: str) -> Payment:
        with self.store.lock:
            payment = self.store.payments.get((customer_id, payment_id))
            if payment is None:
                raise NotFoundError
            return payment

    def list(self, customer_id: str, *, limit: int, after: str | None) -> Page[Payment]:
        with self.store.lock:
            mine = sorted(
                (pid for owner, pid in self.store.payments if owner == customer_id), reverse=True
            )
            page, last = _page(mine, limit, after)
            return Page([self.store.payments[customer_id, pid] for pid in page], last)

    def of_invoice(self, customer_id: str, invoice_id: str) -> Sequence[Payment]:
        with self.store.lock:
            return sorted(
                (
                    p
                    for (owner, _), p in self.store.payments.items()
                    if owner == customer_id and p.invoice_id == invoice_id
                ),
                key=lambda p: p.payment_id,
                reverse=True,
            )

    def open(
        self, customer_id: str, invoice_id: str, idempotency_key: str, now: datetime
    ) -> Opening:
        with self.store.lock:
            window = (DECLINES.name, customer_id, DECLINES.window_start(now))
            return Opening(
                request=self.store.requests.get((customer_id, idempotency_key)),
                invoice=self.store.invoices.get((customer_id, invoice_id)),
                wallet=self.store.wallets.get(customer_id, Wallet(customer_id)),
                declines=self.store.counts.get(window, 0),
            )

    def reserve(
        self, payment: Payment, *, n: int, fingerprint: str, lease_until: datetime
    ) -> Payment:
        store, owner = self.store, payment.customer_id
        with store.lock:
            invoice = store.invoices.get((owner, payment.invoice_id))
            wallet = store.wallets.get(owner, Wallet(owner))
            if (
                invoice is None
                or invoice.status is not InvoiceStatus.OPEN
                or invoice.lock
                or (invoice.epoch, invoice.n) != (payment.epoch, n)
                or invoice.amount_due != payment.money
                or (owner, payment.idempotency_key) in store.requests
                or (payment.card_id and payment.card_id not in {c.card_id for c in wallet.cards})
            ):
                raise StaleError
            store.invoices[owner, payment.invoice_id] = replace(
                invoice,
                status=InvoiceStatus.PAYING,
                lock=payment.payment_id,
                last_payment=payment,
            )
            store.payments[owner, payment.payment_id] = payment
            store.leases[owner, payment.payment_id] = (lease_until, 0)
            store.requests[owner, payment.idempotency_key] = Request(
                fingerprint, payment.payment_id
            )
            if payment.card_id:
                store.wallets[owner] = replace(
                    wallet,
                    holds={**wallet.holds, payment.payment_id: payment.card_id},
                    version=wallet.version + 1,
                )
            return payment

    def write_ahead(
        self, payment: Payment, *, intent: str, n: int, lease_until: datetime
    ) -> Payment:
        with self.store.lock:
            invoice = self._invoice(payment)
            if invoice.intent not in {None, intent} or invoice.n != n - 1:
                raise StaleError
            return self._step(
                Step.WRITE_AHEAD,
                payment,
                replace(payment, intent=intent, n=n),
                replace(invoice, intent=intent, n=n),
                lease_until=lease_until,
            )

    def doubt(self, payment: Payment, *, lease_until: datetime) -> Payment:
        return self._own_try(Step.DOUBT, payment, lease_until)

    def action(self, payment: Payment, *, lease_until: datetime, entry: Entry) -> Payment:
        with self.store.lock:
            after = self._own_try(Step.ACTION, payment, lease_until)
            self.store.tell(entry)
            return after

    def _own_try(self, step: Step, payment: Payment, lease_until: datetime) -> Payment:
        with self.store.lock:
            invoice = self._invoice(payment)
            if invoice.n != payment.n:
                raise StaleError
            return self._step(step, payment, payment, invoice, lease_until=lease_until)

    def settle(self, payment: Payment, succeeded: Succeeded, *, entry: Entry) -> Payment:
        with self.store.lock:
            invoice = self._invoice(payment)
            if (
                invoice.intent != succeeded.intent
                or invoice.status not in {InvoiceStatus.OPEN, InvoiceStatus.PAYING}
                or invoice.amount_due != succeeded.money
                or succeeded.charge in self.store.ledger
            ):
                raise StaleError
            settled = self._step(
                Step.SETTLE,
                payment,
                replace(payment, charge=succeeded.charge, card=succeeded.card or payment.card),
                replace(
                    invoice,
                    status=InvoiceStatus.PAID,
                    lock=None,
                    amount_due=Money(invoice.amount_due.currency, 0),
                ),
                locked=False,
            )
            self._write_ledger(payment, succeeded)
            self.store.tell(entry)
            self._let_go(payment)
            return settled

    def _write_ledger(self, payment: Payment, succeeded: Succeeded) -> None:
        charge = succeeded.charge
        self.store.ledger[charge] = LedgerRow(
            charge, payment.customer_id, payment.payment_id, payment.invoice_id, succeeded.money
        )
        self.store.ledger_days[charge] = succeeded.charged_at.date()

    def decline(
        self, payment: Payment, decline: Decline, card: CardFace | None, *, entry: Entry
    ) -> Payment:
        with self.store.lock:
            invoice = self._invoice(payment)
            if invoice.n != payment.n:
                raise StaleError
            after = self._step(
                Step.DECLINE,
                payment,
                replace(payment, decline=decline, card=payment.card or card),
                replace(invoice, status=InvoiceStatus.OPEN, lock=None),
            )
            key = (DECLINES.name, payment.customer_id, DECLINES.window_start(entry.at))
            self.store.counts[key] = self.store.counts.get(key, 0) + 1
            self.store.tell(entry)
            self._let_go(payment)
            return after

    def end(self, payment: Payment, step: Step, *, raise_epoch: bool, entry: Entry) -> Payment:
        with self.store.lock:
            opened = replace(self._invoice(payment), status=InvoiceStatus.OPEN, lock=None)
            if raise_epoch:
                opened = replace(opened, epoch=opened.epoch + 1, intent=None, n=0)
            after = self._step(step, payment, payment, opened)
            self.store.tell(entry)
            self._let_go(payment)
            return after

    def review(
        self,
        payment: Payment,
        succeeded: Succeeded | None,
        *,
        lease_until: datetime,
        entry: Entry,
    ) -> Payment:
        with self.store.lock:
            stored = self.get(payment.customer_id, payment.payment_id)
            known = succeeded and succeeded.charge in self.store.ledger
            if payment.state not in TRANSITIONS[Step.REVIEW].sources:
                raise StaleError
            if stored.state is not payment.state or known:
                raise StaleError
            after = replace(payment, state=TRANSITIONS[Step.REVIEW].target)
            self._copy(after)
            self.store.leases[payment.customer_id, payment.payment_id] = (lease_until, 0)
            if succeeded:
                self._write_ledger(payment, succeeded)
            self.store.tell(entry)
            return after

    def by_intent(self, customer_id: str, invoice_id: str, intent: str) -> Payment | None:
        tries = self.of_invoice(customer_id, invoice_id)
        return next((payment for payment in tries if payment.intent == intent), None)

    def reflect(
        self, payment: Payment, *, refunded: int, dispute: Dispute | None, entry: Entry
    ) -> None:
        with self.store.lock:
            if self.get(payment.customer_id, payment.payment_id) != payment:
                raise StaleError
            self._copy(replace(payment, refunded=refunded, dispute=dispute))
            self.store.tell(entry)

    def _copy(self, after: Payment) -> None:
        self.store.payments[after.customer_id, after.payment_id] = after
        invoice = self._invoice(after)
        if invoice.last_payment and invoice.last_payment.payment_id == after.payment_id:
            key = (after.customer_id, after.invoice_id)
            self.store.invoices[key] = replace(invoice, last_payment=after)

    def postpone(self, payment: Payment, *, looks: int, lease_until: datetime) -> None:
        key = (payment.customer_id, payment.payment_id)
        with self.store.lock:
            if key not in self.store.leases or self.store.payments[key].state != payment.state:
                raise StaleError
            self.store.leases[key] = (lease_until, looks)

    def _invoice(self, payment: Payment) -> Invoice:
        return self.store.invoices[payment.customer_id, payment.invoice_id]

    def _step(
        self,
        step: Step,
        before: Payment,
        after: Payment,
        invoice_after: Invoice,
        *,
        locked: bool = True,
        lease_until: datetime | None = None,
    ) -> Payment:
        invoice = self._invoice(before)
        last = invoice.last_payment
        if (
            last is None
            or last.payment_id != before.payment_id
            or last.state not in TRANSITIONS[step].sources
            or invoice.epoch != before.epoch
            or (locked and (invoice.lock, last.n) != (before.payment_id, before.n))
        ):
            raise StaleError
        after = replace(after, state=TRANSITIONS[step].target)
        self.store.payments[before.customer_id, before.payment_id] = after
        self.store.leases.pop((before.customer_id, before.payment_id), None)
        if lease_until:
            self.store.leases[before.customer_id, before.payment_id] = (lease_until, 0)
        self.store.invoices[before.customer_id, before.invoice_id] = replace(
            invoice_after, last_payment=after
        )
        return after

    def _let_go(self, payment: Payment) -> None:
        if payment.state not in IN_FLIGHT:
            return
        wallet = self.store.wallets.get(payment.customer_id)
        if wallet and payment.card_id:
            holds = {pid: card for pid, card in wallet.holds.items() if pid != payment.payment_id}
            self.store.wallets[payment.customer_id] = replace(
                wallet, holds=holds, version=wallet.version + 1
            )


@dataclass
class FakeInvoiceChanges:
    store: Store

    def get(self, customer_id: str, change_id: str) -> InvoiceChange:
        with self.store.lock:
            if change_id not in self.store.changes:
                raise NotFoundError
            return self.store.changes[change_id][0]

    def begin(self, change: InvoiceChange, *, lease_until: datetime) -> None:
        with self.store.lock:
            key = (change.customer_id, change.invoice_id)
            invoice = self.store.invoices[key]
            now = (invoice.status, invoice.lock, invoice.epoch, invoice.amount_due, invoice.intent)
            if now != (InvoiceStatus.OPEN, None, change.epoch, change.before, change.intent):
                raise StaleError
            self.store.invoices[key] = replace(invoice, lock=change.change_id)
            self.store.changes[change.change_id] = (change, lease_until)

    def finish(self, change: InvoiceChange, *, entry: Entry) -> InvoiceChange:
        with self.store.lock:
            key = (change.customer_id, change.invoice_id)
            invoice = self.store.invoices[key]
            now = (invoice.status, invoice.lock, invoice.epoch)
            if now != (InvoiceStatus.OPEN, change.change_id, change.epoch):
                raise StaleError
            self.store.invoices[key] = replace(
                invoice,
                status=InvoiceStatus.OPEN if change.amount_due else InvoiceStatus.VOID,
                amount_due=change.amount_due or Money(change.before.currency, 0),
                lock=None,
                intent=None,
                n=0,
                epoch=change.epoch + 1,
            )
            self.store.tell(entry)
            return self._end(change, ChangeState.DONE)

    def refuse(self, change: InvoiceChange) -> InvoiceChange:
        with self.store.lock:
            if self.store.changes[change.change_id][0].state is not ChangeState.FENCING:
                raise StaleError
            return self._end(change, ChangeState.REFUSED)

    def postpone(self, change: InvoiceChange, *, lease_until: datetime) -> InvoiceChange:
        with self.store.lock:
            stored, _ = self.store.changes[change.change_id]
            if stored.state is not ChangeState.FENCING:
                raise StaleError
            later = replace(stored, looks=change.looks + 1)
            self.store.changes[change.change_id] = (later, lease_until)
            return change

    def _end(self, change: InvoiceChange, state: ChangeState) -> InvoiceChange:
        ended = change.ended(state)
        self.store.changes[change.change_id] = (ended, None)
        return ended


@dataclass
class FakeOutbox:
    store: Store

    def put(self, entry: Entry) -> None:
        with self.store.lock:
            self.store.tell(entry)

    def sent(self, entry: Entry) -> None:
        with self.store.lock:
            self.store.unsent.pop(entry.entry_id, None)

    def trail(self, customer_id: str, *, limit: int, after: str | None) -> Page[Entry]:
        with self.store.lock:
            mine = sorted(
                (e.entry_id for e in self.store.entries.values() if e.customer_id == customer_id),
                reverse=True,
            )
            page, last = _page(mine, limit, after)
            return Page([self.store.entries[one] for one in page], last)


@dataclass
class FakeParking:
    store: Store

    def park(self, event: StripeEvent, *, until: datetime) -> None:
        with self.store.lock:
            self.store.parked.setdefault(event.event_id, (Parked(event, 0), until))

    def postpone(self, parked: Parked, *, until: datetime) -> None:
        self.store.parked[parked.event.event_id] = (Parked(parked.event, parked.looks + 1), until)

    def forget(self, parked: Parked) -> None:
        self.store.parked.pop(parked.event.event_id, None)

    def give_up(self, parked: Parked) -> None:
        self.store.parked[parked.event.event_id] = (parked, None)


@dataclass
class FakeLeases:
    store: Store

    def expired(self, now: datetime) -> Sequence[LeftBehind]:
        def left(one: Expired) -> LeftBehind:
            return LeftBehind(type(one), lambda: one)

        return [left(one) for one in self.now(now)]

    def now(self, now: datetime) -> list[Expired]:
        with self.store.lock:
            found: list[Expired] = [
                Overdue(self.store.payments[key], looks)
                for key, (until, looks) in self.store.leases.items()
                if until < now
            ]
            found += [
                self.store.entries[i] for i, until in self.store.unsent.items() if until < now
            ]
            for held in (self.store.parked, self.store.changes):
                found += [one for one, until in held.values() if until and until < now]
        return found


@dataclass
class FakeLedger:
    store: Store

    def rows(self, day: date) -> Iterator[LedgerRow]:
        with self.store.lock:
            found = [
                row
                for charge, row in self.store.ledger.items()
                if self.store.ledger_days[charge] == day
            ]
        yield from found

    def find(self, customer_id: str, charge: str) -> LedgerRow | None:
        row = self.store.ledger.get(charge)
        return row if row and row.customer_id == customer_id else None

    def keep_report(self, day: date, report: str, *, differences: int, now: datetime) -> None:
        self.store.reports[day] = report

    def has_report(self, day: date) -> bool:
        return day in self.store.reports


@dataclass
class FakeBus:
    """Keeps what it was sent; ``down`` makes it unreachable."""

    sent: list[Entry] = field(default_factory=list)
    down: bool = False

    def send(self, entry: Entry) -> None:
        if self.down:
            raise UnavailableError
        self.sent.append(entry)

    @property
    def kinds(self) -> list[str]:
        return [fact.kind.value for entry in self.sent for fact in entry.facts]


@dataclass
class FakeEventQueue:
    sent: list[StripeEvent] = field(default_factory=list)

    def send(self, event: StripeEvent) -> None:
        self.sent.append(event)


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


@dataclass
class FakeGateway:
    """A Stripe whose answers are laid out beforehand; what was asked is kept in ``calls``."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    confirms: list[Answer] = field(default_factory=list)
    looks: list[Answer] = field(default_factory=list)
    setups: dict[str, SetupResult] = field(default_factory=dict)
    detached: list[str] = field(default_factory=list)
    intents: dict[str, Answer] = field(default_factory=dict)
    charge_views: dict[str, ChargeView] = field(default_factory=dict)
    down: bool = False

    def _call(self, name: str, about: str) -> None:
        self.calls.append((name, about))
        if self.down:
            raise UnavailableError

    def create_customer(self, customer_id: str) -> str:
        self._call("create_customer", customer_id)
        return f"cus_{customer_id}"

    def create_setup_intent(self, stripe_customer: str, customer_id: str) -> SetupSecret:
        self._call("create_setup_intent", stripe_customer)
        return SetupSecret("seti_1234", "pk_test_x", "seti_1234_secret_5678")

    def setup_result(self, setup_intent: str) -> SetupResult:
        self._call("setup_result", setup_intent)
        if setup_intent not in self.setups:
            raise NotFoundError
        return self.setups[setup_intent]

    def cancel_setup(self, setup_intent: str) -> None:
        self._call("cancel_setup", setup_intent)

    def detach(self, payment_method: str) -> None:
        self._call("detach", payment_method)
        self.detached.append(payment_method)

    def create_payment_intent(self, payment: Payment, stripe_customer: str) -> str:
        self._call("create_payment_intent", f"pi:{payment.invoice_id}:{payment.epoch}")
        return f"pi_{payment.invoice_id[-6:]}_{payment.epoch}"

    def confirm(
        self, payment: Payment, source: Source | None, payment_method: str | None
    ) -> Answer:
        self.calls.append(("confirm", f"{payment.invoice_id}:{payment.epoch}:{payment.n}"))
        return self.confirms.pop(0) if self.confirms else self.success(payment)

    def retrieve(self, payment: Payment) -> Answer:
        self.calls.append(("retrieve", payment.intent or ""))
        return self.looks.pop(0) if self.looks else WantsMethod()

    def cancel(self, fenceable: Fenceable) -> Answer:
        self.calls.append(("cancel", fenceable.intent or ""))
        return self.looks.pop(0) if self.looks else WantsMethod()

    def look(self, intent: str) -> Answer:
        self._call("look", intent)
        if intent not in self.intents:
            raise NotFoundError
        return self.intents[intent]

    def charge(self, charge: str) -> ChargeView:
        self._call("charge", charge)
        if charge not in self.charge_views:
            raise NotFoundError
        return self.charge_views[charge]

    def charges(self, start: datetime, end: datetime) -> Iterator[ChargeView]:
        self._call("charges", start.isoformat())
        yield from (v for v in self.charge_views.values() if start <= v.charged_at < end)

    @staticmethod
    def success(payment: Payment) -> Succeeded:
        intent = payment.intent or ""
        return Succeeded(intent, f"ch_{intent}", payment.money, CardFace("visa", "4242"), NOON)


@dataclass
class FakeDeadLetters:
    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, body: str, reason: str) -> None:
        self.sent.append((body, reason))


@dataclass
class FakePorts:
    """Everything in memory; ``identity`` is given where a test logs in."""

    store: Store = field(default_factory=Store)
    clock: FakeClock = field(default_factory=FakeClock)
    gateway: FakeGateway = field(default_factory=FakeGateway)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    bus: FakeBus = field(default_factory=FakeBus)
    event_queue: FakeEventQueue = field(default_factory=FakeEventQueue)
    webhooks: StripeWebhooks = field(default_factory=lambda: StripeWebhooks(("whsec_test",)))
    committed: list[Entry] = field(default_factory=list)
    actor: Actor = Actor.CUSTOMER
    logins: Identity | None = None

    @property
    def invoice_changes(self) -> FakeInvoiceChanges:
        return FakeInvoiceChanges(self.store)

    @property
    def outbox(self) -> FakeOutbox:
        return FakeOutbox(self.store)

    @property
    def parking(self) -> FakeParking:
        return FakeParking(self.store)

    @property
    def leases(self) -> FakeLeases:
        return FakeLeases(self.store)

    @property
    def ledger(self) -> FakeLedger:
        return FakeLedger(self.store)

    @property
    def customers(self) -> FakeCustomers:
        return FakeCustomers(self.store)

    @property
    def invoices(self) -> FakeInvoices:
        return FakeInvoices(self.store)

    @property
    def payments(self) -> FakePayments:
        return FakePayments(self.store)

    @property
    def limits(self) -> FakeLimits:
        return FakeLimits(self.store)

    @property
    def identity(self) -> Identity:
        assert self.logins is not None, "this test gave no identity"
        return self.logins


def _page(
    ordered: Sequence[str], limit: int, after: str | None
) -> tuple[Sequence[str], str | None]:
    """Cut a page as DynamoDB does: the limit counts what is read, not what a filter lets by."""
    rest = [one for one in ordered if after is None or one < after]
    page = rest[:limit]
    return page, page[-1] if len(rest) >= limit and page else None
