"""Looking at one invoice, or one wallet, for automatic payment (docs/autopay.md).

A message may come twice, late, or when the invoice was paid, voided, changed, or the customer opted
out: what it leads to is decided from the table each time (``domain.autopay.decide``). A charge is
an order like any other, under the payment protocol, with a key that its slot gives.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from billfold.domain import fact
from billfold.domain.autopay import (
    Charge,
    Decision,
    Leave,
    Notify,
    Overdue,
    Skip,
    Wait,
    decide,
    not_chargeable,
)
from billfold.domain.autopay_message import Look
from billfold.domain.errors import (
    AmountNotChargeableError,
    CardDeclinedError,
    ConflictError,
    IdempotencyKeyReusedError,
    NotChargedError,
    NotFoundError,
    SourceUnusableError,
    UnavailableError,
)
from billfold.domain.fact import Fact, Kind
from billfold.domain.invoice import Invoice
from billfold.domain.payment import Obstacle, Slot, State, StoredCard
from billfold.domain.wallet import Wallet
from billfold.services import lost_history, outbox, payments
from billfold.services.payments import Order
from billfold.services.ports import Ports, StaleError, TimeLeft
from billfold.services.retry import until_fresh

ATTEMPTS: Final = 100
"""Tries of one slot that may end without the bank's word; each run makes one."""


class Outcome(StrEnum):
    """What has become of a message."""

    CHARGED = "charged"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    LATER = "later"
    WAITING = "waiting"
    NOTIFIED = "notified"
    OVERDUE = "overdue"
    SKIPPED = "skipped"
    WALLET = "wallet"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a message, and why."""

    outcome: Outcome
    reason: str = ""

    @property
    def asked_stripe(self) -> bool:
        """Tell whether it counts for the pace at which Stripe is asked."""
        return self.outcome in {Outcome.CHARGED, Outcome.DECLINED, Outcome.UNKNOWN, Outcome.LATER}


def look(at: Look, ports: Ports, time_left: TimeLeft) -> Result:
    """Do what a message leads to.

    Where Stripe or AWS is down, or has too much to do, the outcome is LATER: the invoice stays due,
    and the next run looks again.
    """
    today = max(at.day, ports.clock.today())
    try:
        if at.invoice_id is None:
            return until_fresh(lambda: _wallet(at, today, ports))
        return _invoice(at.customer_id, at.invoice_id, today, ports, time_left)
    except UnavailableError as error:
        return Result(Outcome.LATER, error.code)


def _invoice(
    customer_id: str, invoice_id: str, today: date, ports: Ports, time_left: TimeLeft
) -> Result:
    invoice, decision = _decide(customer_id, invoice_id, today, ports)
    if _tells(decision) and lost_history.may_be_gone(invoice, ports):
        # It may be paid. A charge asks by itself.
        try:
            lost_history.recover(invoice, ports)
        except StaleError:
            return Result(Outcome.SKIPPED, "changed")
        invoice, decision = _decide(customer_id, invoice_id, today, ports)
    if not isinstance(decision, Charge):
        return _note(invoice, decision, ports)
    try:
        result = _charge(invoice, decision, ports, time_left)
    except AmountNotChargeableError:
        again = ports.invoices.get(customer_id, invoice_id)
        return _note(again, not_chargeable(again, today), ports)
    if result.outcome is Outcome.DECLINED:
        # It may have been the last try, or one that makes us wait for the customer.
        invoice, decision = _decide(customer_id, invoice_id, today, ports)
        if not isinstance(decision, Charge):
            _note(invoice, decision, ports)
    return result


def _decide(
    customer_id: str, invoice_id: str, today: date, ports: Ports
) -> tuple[Invoice, Decision]:
    invoice = ports.invoices.get(customer_id, invoice_id)
    wallet = ports.customers.wallet(customer_id)
    return invoice, decide(invoice, wallet, today, ports.schedule)


def _tells(decision: Decision) -> bool:
    """Tell whether the customer would hear of it that the invoice is not paid."""
    match decision:
        case Notify():
            return True
        case Wait(tell=tell):
            return tell
        case Overdue(tell=tell, pause=pause):
            return tell or pause
        case _:
            return False


def _charge(invoice: Invoice, charge: Charge, ports: Ports, time_left: TimeLeft) -> Result:
    for attempt in range(_attempts(invoice, charge), ATTEMPTS):
        slot = replace(charge.slot, attempt=attempt)
        order = Order(
            invoice.customer_id,
            invoice.invoice_id,
            invoice.amount_due,
            StoredCard(charge.card.card_id, None),
            slot.key(invoice.invoice_id),
            slot,
        )
        try:
            state = payments.pay(order, ports, time_left).payment.state
        except (NotChargedError, IdempotencyKeyReusedError):
            # This attempt ended without the bank's word, now or before, maybe over another amount:
            # the slot is not spent.
            continue
        except CardDeclinedError as declined:
            if not _is_spent(slot, invoice, ports):
                # An old decline, over this very amount: it was another one since.
                continue
            return Result(Outcome.DECLINED, str(declined.extra["decline_reason"]))
        except SourceUnusableError as error:
            return Result(Outcome.DECLINED, error.code)
        except AmountNotChargeableError:
            raise
        except (ConflictError, NotFoundError) as error:
            # Paid, locked, changed, or the card deleted in this moment: the next run looks again.
            return Result(Outcome.SKIPPED, error.code)
        return Result(Outcome.CHARGED if state is State.SUCCEEDED else Outcome.UNKNOWN, state.value)
    _pass_over(invoice, charge, ports)
    return Result(Outcome.LATER, "attempts")


def _is_spent(slot: Slot, invoice: Invoice, ports: Ports) -> bool:
    """Tell whether the bank's word on this slot counts: another amount due starts anew."""
    after = ports.invoices.get(invoice.customer_id, invoice.invoice_id)
    return (after.tried, after.tried_mandate) == (slot.on, slot.mandate)


def _attempts(invoice: Invoice, charge: Charge) -> int:
    """Give the attempt to begin with; if the last payment does not tell, the replies do."""
    last = invoice.last_payment.slot if invoice.last_payment else None
    known = last and (last.on, last.mandate) == (charge.slot.on, charge.slot.mandate)
    return last.attempt if known and last else 0


def _pass_over(invoice: Invoice, charge: Charge, ports: Ports) -> None:
    """Leave what cannot be charged, whatever the card, until the next slot; then it is overdue."""
    again = ports.invoices.get(invoice.customer_id, invoice.invoice_id)
    decision: Decision = (
        Wait(charge.slot.next_on, Skip.TRIED)
        if charge.slot.next_on
        else Overdue(Skip.TRIED, tell=not again.overdue_told)
    )
    _note(again, decision, ports)


def _note(invoice: Invoice, decision: Decision, ports: Ports) -> Result:
    """Write down when to look again, and tell what there is to tell."""
    match decision:
        case Notify(card, on):
            upcoming = fact.autopay_upcoming(invoice, card, on)
            return _write(invoice, Outcome.NOTIFIED, "", ports, upcoming, on=on)
        case Wait(until, reason, tell):
            told = [_paused(invoice, reason, until, ports)] if tell else []
            outcome = Outcome.WAITING if isinstance(reason, Obstacle) else Outcome.SKIPPED
            waits = reason if tell and isinstance(reason, Obstacle) else invoice.waits
            return _write(invoice, outcome, reason, ports, *told, on=until, waits=waits)
        case Overdue(reason, tell, pause):
            facts = [_paused(invoice, reason, None, ports)] if pause else []
            if tell:
                facts.append(fact.due_invoice(Kind.INVOICE_OVERDUE, invoice, reason=reason.value))
            waits = reason if pause and isinstance(reason, Obstacle) else invoice.waits
            return _write(
                invoice, Outcome.OVERDUE, reason, ports, *facts, waits=waits, overdue_told=True
            )
        case Leave(reason):
            return Result(Outcome.SKIPPED, reason.value)
        case Charge():
            raise AssertionError("a charge is not a note")


def _paused(invoice: Invoice, reason: str, until: date | None, ports: Ports) -> Fact:
    card = ports.customers.wallet(invoice.customer_id).primary_card
    return fact.autopay_paused(invoice, card, reason, until)


def _write(
    invoice: Invoice,
    outcome: Outcome,
    reason: str,
    ports: Ports,
    *facts: Fact,
    on: date | None = None,
    waits: Obstacle | None = None,
    overdue_told: bool = False,
) -> Result:
    waits = waits or invoice.waits
    overdue_told = overdue_told or invoice.overdue_told
    if (on, waits, overdue_told) == (invoice.look_on, invoice.waits, invoice.overdue_told):
        return Result(outcome, str(reason))
    entry = outbox.entry(invoice.customer_id, *facts, ports=ports) if facts else None
    try:
        ports.invoices.look_again(
            invoice, on=on, waits=waits, overdue_told=overdue_told, entry=entry
        )
    except StaleError:
        # Paid, changed, or looked at by somebody else in this moment.
        return Result(Outcome.SKIPPED, "changed")
    if entry:
        ports.committed.append(entry)
    return Result(outcome, str(reason))


def _wallet(at: Look, today: date, ports: Ports) -> Result:
    """Take up what is offered, and tell of a primary card that expires."""
    wallet = ports.customers.wallet(at.customer_id)
    if wallet.offered:
        _offer(at, wallet, today, ports)
    after = wallet.looked_at(today)
    if after == wallet:
        return Result(Outcome.SKIPPED, "changed")
    facts = _expiry(wallet, today)
    entry = outbox.entry(at.customer_id, *facts, ports=ports) if facts else None
    ports.customers.save(after, entry)
    if entry:
        ports.committed.append(entry)
    return Result(Outcome.WALLET, facts[0].kind.value if facts else "offered")


def _offer(at: Look, wallet: Wallet, today: date, ports: Ports) -> None:
    """Ask for every invoice that is due; first, so that none is forgotten if we come to harm.

    What is looked at later, or no more, is looked at from today on: the offer stands until there is
    an answer to it, whatever becomes of the messages.
    """
    due = [one for one in ports.invoices.open(at.customer_id) if one.due_on <= today]
    for one in due:
        if one.look_on is None or one.look_on > today:
            ports.invoices.bring_forward(at.customer_id, one, to=today)
    run = f"{at.run}/{wallet.version}"
    ports.autopay_queues.charge([Look(at.customer_id, at.day, run, one.invoice_id) for one in due])


def _expiry(wallet: Wallet, today: date) -> list[Fact]:
    card = wallet.primary_card
    days = card.notice_due(today) if card else None
    return [fact.card_expiry(card, days)] if card and days is not None else []
