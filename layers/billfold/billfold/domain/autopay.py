"""When automatic payment tries an invoice, and why it does not (docs/autopay.md).

A try belongs to a slot: a day of the schedule, or the day on which the customer offered a card anew
(``Wallet.mandate``). A slot is spent by the bank's word alone. A try that Stripe never took, or
whose intent was canceled, leaves its slot as it was; a customer's own tries have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.money import Money, is_chargeable
from billfold.domain.payment import Decline, Obstacle, Slot
from billfold.domain.wallet import Card, CardStatus, Wallet

ONE_DAY = timedelta(days=1)


class Owed(Protocol):
    """What is known of an open invoice: of itself, or of its line in a list."""

    @property
    def due_on(self) -> date: ...  # noqa: D102
    @property
    def amount_due(self) -> Money: ...  # noqa: D102
    @property
    def look_on(self) -> date | None: ...  # noqa: D102
    @property
    def waits(self) -> Obstacle | None: ...  # noqa: D102
    @property
    def tried_card(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Schedule:
    """Days after the due date on which a decline is tried again, and of the notice before it.

    With ``notice_days`` 0 nobody is told beforehand.
    """

    retry_days: tuple[int, ...] = (1, 3, 5, 7)
    notice_days: int = 3

    def first_look(self, due_on: date) -> date:
        """Tell on which day an invoice is looked at for the first time."""
        return due_on - timedelta(days=self.notice_days)

    def look_anew(self, due_on: date, today: date) -> date:
        """Return the day on which an invoice is looked at after its amount has changed."""
        return max(today, self.first_look(due_on))

    def slots(self, due_on: date) -> tuple[date, ...]:
        """Give the days of the schedule: the due date and the retries."""
        return (due_on, *(due_on + timedelta(days=days) for days in self.retry_days))

    def slot(self, due_on: date, today: date) -> date:
        """Give the slot of a day: the latest that has come, so missed ones are one try."""
        return max(slot for slot in self.slots(due_on) if slot <= today)

    def after(self, due_on: date, day: date) -> date | None:
        """Give the next slot after a day."""
        return next((slot for slot in self.slots(due_on) if slot > day), None)

    def last(self, due_on: date) -> date:
        """Give the last slot: what waits for the customer waits until then."""
        return self.slots(due_on)[-1]


class Skip(StrEnum):
    """Why nothing is charged, beyond what the customer has to do something about."""

    PAID = "paid"
    VOID = "void"
    IN_FLIGHT = "in_flight"
    NOT_DUE = "not_due"
    TRIED = "tried"
    NOT_CHARGEABLE = "not_chargeable"


Reason = Skip | Obstacle


@dataclass(frozen=True, slots=True)
class Charge:
    """Charge this card; a try that ends without the bank's word raises the slot's attempt."""

    card: Card
    slot: Slot


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell that ``card`` is charged on ``on``, and look again then."""

    card: Card
    on: date


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again on ``until``; with ``tell`` the customer hears what keeps us from charging."""

    until: date
    reason: Reason
    tell: bool = False


@dataclass(frozen=True, slots=True)
class Overdue:
    """The schedule is over: say so, unless that was said before, and look no more.

    With ``pause`` the customer also hears what kept us from charging at the end.
    """

    reason: Reason
    tell: bool
    pause: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """There is nothing to do."""

    reason: Reason


Decision = Charge | Notify | Wait | Overdue | Leave


def decide(invoice: Invoice, wallet: Wallet, today: date, schedule: Schedule) -> Decision:
    """Decide what to do about an invoice on a day, from what is stored alone."""
    if invoice.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}:
        return Leave(Skip(invoice.status.value))
    if invoice.lock:
        return Leave(Skip.IN_FLIGHT)
    if not is_chargeable(invoice.amount_due):
        return not_chargeable(invoice, today)
    card = wallet.primary_card
    if today < invoice.due_on:
        return _before_due(invoice, card, obstacle(invoice, wallet, invoice.due_on))
    reason = obstacle(invoice, wallet, today)
    if reason or card is None:
        return _blocked(invoice, reason or Obstacle.NO_CARD, today, schedule)
    on = _unspent(invoice, wallet, today, schedule)
    if on:
        next_on = schedule.after(invoice.due_on, max(on, today))
        return Charge(card, Slot(on, next_on, wallet.mandate))
    later = schedule.after(invoice.due_on, today)
    return Wait(later, Skip.TRIED) if later else _over(invoice, Skip.TRIED)


def not_chargeable(invoice: Invoice, today: date) -> Decision:
    """Decide about what Stripe can charge to no card: no retry can help, and no customer."""
    if today >= invoice.due_on:
        return _over(invoice, Skip.NOT_CHARGEABLE)
    if invoice.look_on is None or invoice.look_on >= invoice.due_on:
        return Leave(Skip.NOT_CHARGEABLE)
    return Wait(invoice.due_on, Skip.NOT_CHARGEABLE)


def obstacle(invoice: Invoice, wallet: Wallet, on: date) -> Obstacle | None:
    """Tell what keeps the primary card from being charged on a day; only the customer can help."""
    card = wallet.primary_card
    if not wallet.autopay:
        return Obstacle.AUTOPAY_OFF
    if card is None:
        return Obstacle.NO_CARD
    if card.status(on) is CardStatus.EXPIRED:
        return Obstacle.CARD_EXPIRED
    if card.refused:
        return Obstacle.CARD_REFUSED
    return Obstacle.NEEDS_CONFIRMATION if _needs_confirmation(invoice, card) else None


def waits(decline: Decline | None) -> Obstacle | None:
    """Tell what a declined automatic payment makes its invoice wait for; None is the next slot."""
    if decline is None:
        return None
    if decline.final:
        return Obstacle.CARD_REFUSED
    return Obstacle.NEEDS_CONFIRMATION if decline.needs_confirmation else None


def next_try(owed: Owed, wallet: Wallet, today: date) -> date | None:
    """Tell on which day an open invoice is charged by itself: today means by the next run.

    None where the customer is waited for.
    """
    card = wallet.primary_card
    if not wallet.autopay or card is None or card.refused or not is_chargeable(owed.amount_due):
        return None
    if owed.due_on > today:
        on = owed.due_on
    elif _needs_confirmation(owed, card):
        return None
    elif wallet.offered:
        on = today
    elif owed.look_on is None:
        return None
    else:
        on = max(today, owed.look_on)
    return None if card.status(on) is CardStatus.EXPIRED else on


def waits_for(owed: Sequence[Owed], wallet: Wallet, today: date) -> Obstacle | None:
    """Tell what keeps what is due from being charged by itself, if that is wished for."""
    due = [one for one in owed if one.due_on <= today]
    card = wallet.primary_card
    if not wallet.autopay or not due or any(next_try(one, wallet, today) for one in due):
        return None
    if card is None:
        return Obstacle.NO_CARD
    if card.refused:
        return Obstacle.CARD_REFUSED
    if card.status(today) is CardStatus.EXPIRED:
        return Obstacle.CARD_EXPIRED
    return next((one.waits for one in due if one.waits), Obstacle.GIVEN_UP)


def _needs_confirmation(owed: Owed, card: Card) -> bool:
    """Tell whether the bank wants the owner of this very card to be there."""
    return owed.waits is Obstacle.NEEDS_CONFIRMATION and owed.tried_card == card.card_id


def _before_due(invoice: Invoice, card: Card | None, reason: Obstacle | None) -> Decision:
    if invoice.look_on is None or invoice.look_on >= invoice.due_on:
        return Leave(Skip.NOT_DUE)
    if reason or card is None:
        return Wait(invoice.due_on, Skip.NOT_DUE)
    return Notify(card, invoice.due_on)


def _blocked(invoice: Invoice, reason: Obstacle, today: date, schedule: Schedule) -> Decision:
    """Wait for the customer: a day where there is nothing to charge, else to the last slot."""
    nothing = reason in {Obstacle.AUTOPAY_OFF, Obstacle.NO_CARD}
    until = invoice.due_on + ONE_DAY if nothing else schedule.last(invoice.due_on)
    tell = not nothing and invoice.waits is not reason
    return Wait(until, reason, tell) if today < until else _over(invoice, reason, pause=tell)


def _unspent(invoice: Invoice, wallet: Wallet, today: date, schedule: Schedule) -> date | None:
    slot = schedule.slot(invoice.due_on, today)
    if invoice.tried is None or slot > invoice.tried:
        return slot
    # A card was offered anew since: it has a try of its own, whatever the schedule says.
    return today if wallet.mandate != invoice.tried_mandate else None


def _over(invoice: Invoice, reason: Reason, *, pause: bool = False) -> Decision:
    if invoice.overdue_told and invoice.look_on is None:
        return Leave(reason)
    return Overdue(reason, tell=not invoice.overdue_told, pause=pause)
