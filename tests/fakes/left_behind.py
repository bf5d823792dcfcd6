"""Changes of invoices, the outbox, parked events and leases in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from billfold.domain.continuity import Continuity
from billfold.domain.errors import (
    NotFoundError,
)
from billfold.domain.fact import Entry
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.money import Money
from billfold.domain.stripe_event import Parked, StripeEvent
from billfold.services.ports import (
    Expired,
    LeftBehind,
    Overdue,
    Page,
    StaleError,
)

from tests.fakes.store import Store, cut


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
            if change.change_id in self.store.changes:
                raise StaleError
            self.store.invoices[key] = replace(invoice, lock=change.change_id)
            self.store.changes[change.change_id] = (change, lease_until)

    def finish(self, change: InvoiceChange, *, entry: Entry, look_on: date) -> InvoiceChange:
        with self.store.lock:
            key = (change.customer_id, change.invoice_id)
            invoice = self.store.invoices[key]
            now = (invoice.status, invoice.lock, invoice.epoch)
            fencing = self.store.changes[change.change_id][0].state is ChangeState.FENCING
            if now != (InvoiceStatus.OPEN, change.change_id, change.epoch) or not fencing:
                raise StaleError
            after = replace(invoice, lock=None, intent=None, n=0, epoch=change.epoch + 1)
            if change.wanted.amount_due:
                self.store.invoices[key] = replace(
                    after,
                    amount_due=change.wanted.amount_due,
                    look_on=look_on,
                    tried=None,
                    tried_card=None,
                    tried_mandate=0,
                    waits=None,
                )
            else:
                nothing = Money(change.before.currency, 0)
                self.store.invoices[key] = replace(
                    after, status=InvoiceStatus.VOID, amount_due=nothing, look_on=None
                )
            self.store.tell(entry)
            return self._end(change, ChangeState.DONE)

    def refuse(self, change: InvoiceChange, *, entry: Entry, begun: bool) -> InvoiceChange:
        with self.store.lock:
            known = self.store.changes.get(change.change_id)
            under_way = known is not None and known[0].state is ChangeState.FENCING
            if under_way != begun or (known is not None and not begun):
                raise StaleError
            self.store.tell(entry)
            return self._end(change, ChangeState.REFUSED)

    def note(self, ended: InvoiceChange) -> None:
        with self.store.lock:
            if ended.change_id in self.store.changes:
                raise StaleError
            self.store.changes[ended.change_id] = (ended, None)

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
class FakeContinuity:
    store: Store

    def read(self) -> Continuity:
        return self.store.continuity

    def write(self, before: Continuity, after: Continuity) -> None:
        with self.store.lock:
            if self.store.continuity.at != before.at:
                raise StaleError
            self.store.continuity = after


@dataclass
class FakeOutbox:
    store: Store

    def sent(self, entry: Entry) -> None:
        with self.store.lock:
            self.store.unsent.pop(entry.entry_id, None)

    def trail(self, customer_id: str, *, limit: int, after: str | None) -> Page[Entry]:
        with self.store.lock:
            mine = sorted(
                (e.entry_id for e in self.store.entries.values() if e.customer_id == customer_id),
                reverse=True,
            )
            page, last = cut(mine, limit, after)
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
class FakeMailed:
    store: Store

    def has(self, event_id: str) -> bool:
        return event_id in self.store.mailed

    def note(self, event_id: str, now: datetime) -> None:
        self.store.mailed.add(event_id)
