"""Payments in memory: each step under the conditions of the real one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from billfold.domain import autopay
from billfold.domain.errors import (
    NotFoundError,
)
from billfold.domain.fact import Entry
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.limit import DECLINES
from billfold.domain.money import Money
from billfold.domain.payment import (
    IN_FLIGHT,
    TRANSITIONS,
    Decline,
    Dispute,
    Payment,
    State,
    Step,
    Succeeded,
)
from billfold.domain.wallet import CardFace, Wallet
from billfold.services.ports import (
    LedgerRow,
    Opening,
    Page,
    Request,
    StaleError,
)

from tests.fakes.store import Store, cut


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
            page, last = cut(mine, limit, after)
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
                continuity=self.store.continuity,
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
                or not _wished(payment, wallet)
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
            wallet = self.store.wallets.get(payment.customer_id, Wallet(payment.customer_id))
            if invoice.intent not in {None, intent} or invoice.n != n - 1:
                raise StaleError
            if not _wished(payment, wallet):
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
                    look_on=None,
                ),
                locked=False,
            )
            self._write_ledger(payment, succeeded)
            self.store.tell(entry)
            self._let_go(payment, taken=True)
            return settled

    def _write_ledger(self, payment: Payment, succeeded: Succeeded) -> None:
        charge = succeeded.charge
        self.store.ledger[charge] = LedgerRow(
            charge,
            payment.customer_id,
            payment.payment_id,
            payment.invoice_id,
            succeeded.money,
            succeeded.charged_at,
        )

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
                _spent(replace(invoice, status=InvoiceStatus.OPEN, lock=None), payment, decline),
            )
            if payment.slot is None:
                key = (DECLINES.name, payment.customer_id, DECLINES.window_start(entry.at))
                self.store.counts[key] = self.store.counts.get(key, 0) + 1
            self.store.tell(entry)
            self._let_go(payment, decline.reason if decline.final else None)
            return after

    def end(
        self,
        payment: Payment,
        step: Step,
        *,
        raise_epoch: bool,
        entry: Entry,
        look_on: date | None = None,
    ) -> Payment:
        with self.store.lock:
            opened = replace(self._invoice(payment), status=InvoiceStatus.OPEN, lock=None)
            if raise_epoch:
                opened = replace(opened, epoch=opened.epoch + 1, intent=None, n=0)
            refused = payment.slot is not None and step is Step.REFUSE
            if refused:
                opened = _spent(opened, payment, None)
            if raise_epoch and step is Step.RELEASE:
                opened = replace(opened, recorded_since=None)
            if look_on:
                opened = replace(opened, look_on=look_on)
            after = self._step(step, payment, payment, opened)
            self.store.tell(entry)
            self._let_go(payment, "source_unusable" if refused else None)
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
            if (stored.state, stored.n) != (payment.state, payment.n) or known:
                raise StaleError
            after = replace(payment, state=TRANSITIONS[Step.REVIEW].target)
            self._copy(after)
            self.store.leases[payment.customer_id, payment.payment_id] = (lease_until, 0)
            if succeeded:
                self._write_ledger(payment, succeeded)
            self.store.tell(entry)
            return after

    def close(self, payment: Payment, *, entry: Entry, look_on: date | None) -> Payment:
        with self.store.lock:
            invoice = self._invoice(payment)
            if invoice.lock == payment.payment_id:
                freed = replace(
                    invoice,
                    status=InvoiceStatus.OPEN,
                    lock=None,
                    epoch=invoice.epoch + 1,
                    intent=None,
                    n=0,
                    look_on=look_on or invoice.look_on,
                )
                after = self._step(Step.CLOSE, payment, payment, freed)
            else:
                if self.get(payment.customer_id, payment.payment_id).state is not State.REVIEW:
                    raise StaleError
                after = replace(payment, state=TRANSITIONS[Step.CLOSE].target)
                self._copy(after)
                self.store.leases.pop((payment.customer_id, payment.payment_id), None)
            self.store.tell(entry)
            self._let_go(payment)
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

    def _let_go(self, payment: Payment, refused: str | None = None, *, taken: bool = False) -> None:
        if payment.state not in IN_FLIGHT:
            return
        wallet = self.store.wallets.get(payment.customer_id)
        if wallet and payment.card_id:
            holds = {pid: card for pid, card in wallet.holds.items() if pid != payment.payment_id}
            self.store.wallets[payment.customer_id] = replace(
                wallet,
                holds=holds,
                version=wallet.version + 1,
                cards=tuple(
                    replace(card, refused=refused)
                    if (refused or taken) and card.card_id == payment.card_id
                    else card
                    for card in wallet.cards
                ),
            )


def _wished(payment: Payment, wallet: Wallet) -> bool:
    return payment.slot is None or (wallet.autopay, wallet.primary) == (True, payment.card_id)


def _spent(invoice: Invoice, payment: Payment, decline: Decline | None) -> Invoice:
    if payment.slot is None:
        return invoice
    return replace(
        invoice,
        tried=payment.slot.on,
        tried_card=payment.card_id,
        tried_mandate=payment.slot.mandate,
        waits=autopay.waits(decline),
        look_on=payment.slot.next_on or payment.slot.on,
    )
