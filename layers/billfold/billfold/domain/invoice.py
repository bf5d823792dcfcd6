"""An invoice and its place in the payment protocol."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billfold.domain import ids
from billfold.domain.errors import (
    AmountChangedError,
    AmountNotChargeableError,
    InvalidInputError,
    InvoiceChangingError,
    InvoiceNotPayableError,
    PaymentInProgressError,
)
from billfold.domain.money import Money, is_chargeable, require_chargeable
from billfold.domain.payment import Obstacle, Payment

MAX_LINES = 100


class InvoiceStatus(StrEnum):
    """What is stored. PAYING means that a payment holds the lock."""

    OPEN = "open"
    PAYING = "paying"
    PAID = "paid"
    VOID = "void"


class PublicInvoiceStatus(StrEnum):
    """What the API shows; whether an open invoice is overdue depends on the day."""

    OPEN = "open"
    OVERDUE = "overdue"
    PAID = "paid"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``amount`` is its total in minor units of the invoice's currency."""

    description: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a customer owes, and the lock that lets one payment at a time try to charge it.

    ``epoch`` counts the PaymentIntents of this invoice, ``intent`` is the one of this epoch once
    it is bound, ``n`` the confirms sent to it. ``lock`` is the payment in flight, and
    ``last_payment`` the latest try, in flight or not, as it now is.

    ``look_on`` is the day on which automatic payment next looks at it, None when it does not any
    more. ``tried``, ``tried_card`` and ``tried_mandate`` are slot, card and mandate of the last
    automatic payment that the bank declined, ``waits`` what it then, or since, waits for.

    ``recorded_since`` is when it was taken in, or when Stripe was last asked for its payments: all
    since then are in the table, unless the table was restored (``domain.continuity``).
    """

    invoice_id: str
    customer_id: str
    number: str
    issued_on: date
    due_on: date
    total: Money
    amount_due: Money
    lines: tuple[Line, ...] = ()
    status: InvoiceStatus = InvoiceStatus.OPEN
    epoch: int = 0
    intent: str | None = None
    n: int = 0
    lock: str | None = None
    last_payment: Payment | None = None
    overdue_told: bool = False
    look_on: date | None = None
    tried: date | None = None
    tried_card: str | None = None
    tried_mandate: int = 0
    waits: Obstacle | None = None
    recorded_since: datetime | None = None

    def public_status(self, today: date) -> PublicInvoiceStatus:
        """Show an invoice as overdue from the day after it was due."""
        if self.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}:
            return PublicInvoiceStatus(self.status.value)
        overdue = self.due_on < today
        return PublicInvoiceStatus.OVERDUE if overdue else PublicInvoiceStatus.OPEN

    def require_payable(self, shown: Money) -> None:
        """Refuse to begin a payment that the invoice's state does not allow.

        Raises
        ------
        InvoiceNotPayableError
        PaymentInProgressError, InvoiceChangingError
        AmountChangedError
            ``shown``, what the customer saw, is not what is due.
        AmountNotChargeableError
            It was taken in under older rules, and Stripe cannot charge it.
        """
        if self.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}:
            raise InvoiceNotPayableError
        self._require_unlocked()
        if shown != self.amount_due:
            raise AmountChangedError(
                amount_due={"amount": self.amount_due.amount, "currency": self.amount_due.currency}
            )
        if not is_chargeable(self.amount_due):
            raise AmountNotChargeableError

    def require_changeable(self, amount_due: Money | None) -> None:
        """Refuse a void (None) or another amount due that the invoice's state does not allow.

        Raises
        ------
        InvoiceNotPayableError
        PaymentInProgressError, InvoiceChangingError
        InvalidInputError
            Another currency.
        """
        if self.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}:
            raise InvoiceNotPayableError
        self._require_unlocked()
        if amount_due and amount_due.currency != self.amount_due.currency:
            raise InvalidInputError("An invoice keeps its currency.", field="currency")

    def is_as_wanted(self, amount_due: Money | None) -> bool:
        """Tell whether it is void (None), or this amount is due and nobody is changing it."""
        if amount_due is None:
            return self.status is InvoiceStatus.VOID
        if self.status in {InvoiceStatus.PAID, InvoiceStatus.VOID} or self._is_changing:
            return False
        return self.amount_due == amount_due

    @property
    def _is_changing(self) -> bool:
        return self.lock is not None and self.lock.startswith(ids.CHANGE)

    def _require_unlocked(self) -> None:
        if self._is_changing:
            raise InvoiceChangingError
        if self.lock:
            raise PaymentInProgressError(payment=self.last_payment)


def issue(
    *,
    invoice_id: str,
    customer_id: str,
    number: str,
    currency: str,
    issued_on: date,
    due_on: date,
    lines: Iterable[Line],
) -> Invoice:
    """Make a new invoice; the total is the sum of its lines. It is looked at when it is due.

    Raises
    ------
    InvalidInputError
        Dates out of order, or a total that no card can be charged.
    """
    lines = tuple(lines)
    if due_on < issued_on:
        raise InvalidInputError("An invoice is not due before it is issued.", field="due_on")
    total = Money(currency, sum(line.amount for line in lines))
    require_chargeable(total, field="lines")
    return Invoice(
        invoice_id,
        customer_id,
        number,
        issued_on,
        due_on,
        total,
        total,
        lines,
        look_on=due_on,
    )
