"""What must be true of a history once it is at rest, whatever happened in it.

Used by the crash points and by the state machine alike. ``check`` compares four witnesses: our
store, Stripe's charges, what was answered to callers, and what the event bus was told.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from billfold.domain.fact import Entry, Kind
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.invoice_change import InvoiceChange
from billfold.domain.money import Money
from billfold.domain.payment import IN_FLIGHT, State, Status
from billfold.domain.stripe_event import Owner, Parked, StripeEvent
from billfold.services.lost_history import RECOVERED
from billfold.services.ports import Expired, LedgerRow, Overdue, Ports

from tests.proof.case import Case
from tests.proof.standing import leftovers, one_key_a_try, reflected, void_is_fenced, wished
from tests.proof.witnesses import History, StripeCharge, StripeIntent, StripeView

_FOR_EVER: Final = datetime(2100, 1, 1, tzinfo=UTC)


def check(ports: Ports, stripe: StripeView, history: History) -> list[str]:
    """Give every violation in words; an empty list is what is promised."""
    charges, intents = stripe.charges(), stripe.intents()
    owners = {owner for owner, _ in history.invoices}
    rows = [
        row
        for hour in sorted({c.charged_in for c in charges})
        for row in ports.ledger.rows(hour, hour + timedelta(hours=1)).items
        if row.customer_id in owners
    ]
    found: list[str] = []
    for customer_id, invoice_id in history.invoices:
        case = Case(
            invoice=ports.invoices.get(customer_id, invoice_id),
            payments=ports.payments.of_invoice(customer_id, invoice_id),
            charges=[c for c in charges if c.invoice_id == invoice_id],
            intents=[i for i in intents if i.invoice_id == invoice_id],
            rows=[row for row in rows if row.invoice_id == invoice_id],
            trail=ports.outbox.trail(customer_id, limit=200, after=None).items,
            history=history,
            ports=ports,
        )
        for promise in _PROMISES:
            found += [f"{case.name}: {violation}" for violation in promise(case)]
    found += _ledger(ports, charges, rows)
    found += _at_rest(ports, intents, history)
    found += _telling(ports, history)
    found += _removed_cards(charges, history)
    return found


def _one_charge(case: Case) -> Iterator[str]:
    if len(case.charges) > 1:
        yield f"charged {len(case.charges)} times: {[c.charge for c in case.charges]}"


def _paid_iff_charged(case: Case) -> Iterator[str]:
    status, charged = case.invoice.status, bool(case.charges)
    if case.in_review:
        return
    if charged and status is not InvoiceStatus.PAID:
        yield f"charged, and the invoice is {status.value}"
    if status is InvoiceStatus.PAID and not charged:
        yield "paid without a charge"
    succeeded = [p for p in case.payments if p.state is State.SUCCEEDED]
    if len(succeeded) != len(case.charges):
        yield f"{len(succeeded)} payments succeeded, {len(case.charges)} charges"


def _amounts(case: Case) -> Iterator[str]:
    """What was sent to Stripe is what was due when the payment was made."""
    changes = sorted(
        (entry.at, fact.detail["amount"])
        for entry in case.trail
        for fact in entry.facts
        if fact.kind is Kind.INVOICE_AMOUNT_CHANGED
        and fact.detail["invoice_id"] == case.invoice.invoice_id
    )
    payments = {p.payment_id: p for p in case.payments}
    owners = {row.charge: payments.get(row.payment_id) for row in case.rows}
    for charge in case.charges:
        payment = owners.get(charge.charge)
        if payment is None:
            continue
        if payment.state is State.REVIEW and case.history.was_restored:
            # The table has forgotten that another amount was due; a person looks at it.
            continue
        due = case.invoice.total.amount
        for at, amount in changes:
            due = int(str(amount)) if at <= payment.created_at else due
        if charge.money != Money(case.invoice.total.currency, due):
            yield f"{charge.charge} is over {charge.money}, due were {due}"


def _answers(case: Case) -> Iterator[str]:
    """Nobody who was told "not charged" was, and nobody who was told "paid" was not."""
    belongs = {row.payment_id: row.charge for row in case.rows}
    for charge in case.charges:
        for payment in case.payments:
            if charge.confirm_key == payment.confirm_key:
                belongs[payment.payment_id] = charge.charge
    for payment in case.payments:
        words = case.history.not_charged.get(payment.payment_id)
        if words and payment.payment_id in belongs:
            yield f"{payment.payment_id} was {words}, and {belongs[payment.payment_id]} is its own"
        if payment.payment_id in case.history.charged and payment.payment_id not in belongs:
            yield f"{payment.payment_id} was shown as succeeded, and has no charge"
    if case.invoice.invoice_id in case.history.voided:
        if case.invoice.status is not InvoiceStatus.VOID:
            yield f"answered as void, and is {case.invoice.status.value}"
        if case.charges:
            yield "answered as void, and charged"


def _own_ledger_row(case: Case) -> Iterator[str]:
    """The ledger gives a charge to the try whose confirm made it."""
    rows = {row.charge: row for row in case.rows}
    payments = {p.payment_id: p for p in case.payments}
    for charge in case.charges:
        row = rows.get(charge.charge)
        payment = payments.get(row.payment_id) if row else None
        if payment and payment.idempotency_key.startswith(RECOVERED):
            # The try whose confirm it was is lost: its payment was written anew.
            continue
        if payment and charge.confirm_key and payment.confirm_key != charge.confirm_key:
            yield f"{charge.charge} is by {charge.confirm_key}, given to {payment.confirm_key}"


def _settled(case: Case) -> Iterator[str]:
    """At rest nothing is in flight, locked or held, except for a person to look at."""
    for payment in case.payments:
        if payment.state in IN_FLIGHT - {State.REVIEW}:
            yield f"{payment.payment_id} stays {payment.state.value}"
    if case.in_review:
        return
    if case.invoice.status is InvoiceStatus.PAYING or case.invoice.lock:
        yield f"stays {case.invoice.status.value}, locked by {case.invoice.lock}"


_FACTS: Final = {
    Status.SUCCEEDED: {Kind.PAYMENT_SUCCEEDED, Kind.INVOICE_PAID},
    Status.DECLINED: {Kind.PAYMENT_FAILED},
    Status.CANCELED: {Kind.PAYMENT_CANCELED},
}


def _ends_are_told(case: Case) -> Iterator[str]:
    """Each end of a payment was told, and no other end of it."""
    told = case.history.told
    for payment in case.payments:
        kinds = {t.kind for t in told if t.detail.get("payment_id") == payment.payment_id}
        for status, facts in _FACTS.items():
            if payment.status is status and not facts <= kinds:
                yield f"{payment.payment_id} ended {status.value}, and nobody was told"
            if payment.status is not status and facts & kinds:
                yield f"{payment.payment_id} is {payment.status.value}, and told as {status.value}"
    kinds = {t.kind for t in told if t.detail.get("invoice_id") == case.invoice.invoice_id}
    if (case.invoice.status is InvoiceStatus.VOID) != (Kind.INVOICE_VOIDED in kinds):
        yield f"is {case.invoice.status.value}; told of it: {sorted(kinds)}"


def _schedule(case: Case) -> Iterator[str]:
    """No slot is tried twice on one offer once the bank has spoken.

    Each thing is told once: of another card that is refused as well, once more.
    """
    tried = Counter(
        (payment.slot.on, payment.slot.mandate)
        for payment in case.payments
        if payment.slot and payment.state is State.DECLINED
    )
    for (on, mandate), times in tried.items():
        if times > 1:
            yield f"offer {mandate} was tried {times} times in the slot of {on}"
    facts = [
        (fact.kind, fact.detail.get("reason"), str(fact.detail.get("card")))
        for entry in case.trail
        for fact in entry.facts
        if fact.detail.get("invoice_id") == case.invoice.invoice_id
        and fact.kind in {Kind.INVOICE_OVERDUE, Kind.AUTOPAY_UPCOMING, Kind.AUTOPAY_PAUSED}
    ]
    for (kind, reason, card), times in Counter(facts).items():
        if times > 1:
            yield f"{kind.value} {reason or ''} was told {times} times of {card}"


_PROMISES: Final = (
    _one_charge,
    _paid_iff_charged,
    _amounts,
    _answers,
    _own_ledger_row,
    _settled,
    _ends_are_told,
    _schedule,
    reflected,
    wished,
    one_key_a_try,
    void_is_fenced,
    leftovers,
)


def _ledger(
    ports: Ports, charges: Sequence[StripeCharge], rows: Sequence[LedgerRow]
) -> Iterator[str]:
    by_charge = {charge.charge: charge for charge in charges}
    for row in rows:
        charge = by_charge.get(row.charge)
        if charge is None:
            yield f"ledger row {row.charge} has no charge at Stripe"
        elif (row.money, row.invoice_id) != (charge.money, charge.invoice_id):
            yield f"ledger row {row} differs from {charge}"
    for charge in charges:
        if ports.ledger.find(charge.customer_id, charge.charge) is None:
            yield f"{charge.charge} of {charge.money} is not in the ledger"


def _at_rest(ports: Ports, intents: Sequence[StripeIntent], history: History) -> Iterator[str]:
    owners = {owner for owner, _ in history.invoices}
    for one in left_behind(ports, owners):
        if not (isinstance(one, Overdue) and one.payment.state is State.REVIEW):
            yield f"left behind: {one}"
    for customer_id in owners:
        for payment_id, card_id in ports.customers.wallet(customer_id).holds.items():
            if ports.payments.get(customer_id, payment_id).state is not State.REVIEW:
                yield f"{payment_id} still holds {card_id}"
    for intent in intents:
        if intent.status in {"requires_action", "requires_confirmation", "processing"}:
            yield f"{intent.intent} of {intent.invoice_id} is still {intent.status} at Stripe"


def left_behind(ports: Ports, owners: set[str]) -> Iterator[Expired]:
    """Give whatever has a lease, due or not, and whatever has one of which nobody knows whose."""
    for left in ports.leases.expired(_FOR_EVER):
        one = left.read()
        match one:
            case Overdue():
                mine = one.payment.customer_id in owners
            case Entry() | InvoiceChange():
                mine = one.customer_id in owners
            case Parked(event=StripeEvent(owner=Owner(customer_id=owner))):
                mine = owner in owners
            case _:
                mine = True
        if one and mine:
            yield one


def _telling(ports: Ports, history: History) -> Iterator[str]:
    told = {event.event_id for event in history.told}
    known = set()
    for customer_id in {owner for owner, _ in history.invoices}:
        for entry in ports.outbox.trail(customer_id, limit=200, after=None).items:
            for position, fact in enumerate(entry.facts):
                known.add(entry.event_id(position))
                if entry.event_id(position) not in told:
                    yield f"{fact.kind} {entry.event_id(position)} was never told"
    for event in history.told:
        if event.premature:
            yield f"{event.kind} was told too early: {event.premature}"
        if event.event_id not in known:
            yield f"{event.kind} {event.event_id} was told and is written nowhere"


def _removed_cards(charges: Sequence[StripeCharge], history: History) -> Iterator[str]:
    for charge in charges:
        known = history.removed.get(charge.payment_method)
        if known is not None and charge.charge not in known:
            yield f"{charge.charge} is on {charge.payment_method}, whose DELETE was answered before"
