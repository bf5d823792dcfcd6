"""The bodies of the API (docs/api.md): strict on the way in, complete on the way out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from billfold.domain import cursor, ids
from billfold.domain.errors import CardNotEditableError, InvalidInputError
from billfold.domain.invoice import Invoice, Line, PublicInvoiceStatus
from billfold.domain.money import MAX_AMOUNT, Money
from billfold.domain.payment import (
    Dispute,
    Obstacle,
    OneTimeCard,
    Payment,
    Source,
    Status,
    StoredCard,
    Trigger,
)
from billfold.domain.wallet import Card, CardFace, CardStatus, Wallet
from billfold.services.account import Account, NextAutopay
from billfold.services.ports import Page, SetupSecret


class In(BaseModel):
    """What callers send: unknown fields and types that almost fit are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    """What callers get."""

    model_config = ConfigDict(frozen=True)


StripeId = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z]{2,10}_[a-zA-Z0-9_]{4,120}$")]
Nickname = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
CardId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


# An identifier of another shape stands for nothing, so the answer is 404 (``http``).
InvoiceId = Annotated[str, Path(pattern=ids.PATTERN.format(kind=ids.INVOICE))]
PaymentId = Annotated[str, Path(pattern=ids.PATTERN.format(kind=ids.PAYMENT))]
PageSize = Annotated[int, Query(ge=1, le=100)]
InvoiceStatuses = Annotated[str | None, Query(max_length=40)]
Cursor = Annotated[str | None, Query(max_length=100)]
IdempotencyKey = Annotated[
    str,
    # No colon: those keys are our own, such as those of automatic payments.
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        pattern=r"^[\x21-\x39\x3b-\x7e]+$",
    ),
]


class MoneyOut(Out):
    """An amount in minor units: 12050 USD is 120.50 dollars."""

    amount: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> Self:
        """Show an amount."""
        return cls(amount=money.amount, currency=money.currency)


class CardFaceOut(Out):
    """What a person recognises a card by."""

    brand: str
    last4: str

    @classmethod
    def of(cls, face: CardFace) -> Self:
        """Show brand and last four."""
        return cls(brand=face.brand, last4=face.last4)


class CardOut(Out):
    """A stored card."""

    card_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    nickname: str | None
    primary: bool
    status: CardStatus
    refused: bool = Field(
        description="The bank will never take it: automatic payment leaves it alone until it is "
        "made the primary card again."
    )
    added_at: datetime

    @classmethod
    def of(cls, card: Card, wallet: Wallet, today: date) -> Self:
        """Show a card of a wallet."""
        return cls(
            card_id=card.card_id,
            brand=card.brand,
            last4=card.last4,
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            nickname=card.nickname,
            primary=wallet.primary == card.card_id,
            status=card.status(today),
            refused=card.refused is not None,
            added_at=card.added_at,
        )


class CardList(Out):
    """All cards, in the order in which they were added."""

    data: list[CardOut]
    next_cursor: None = None


class SetupOut(Out):
    """What the browser needs to give a card to Stripe."""

    setup_intent: str
    client_secret: str
    publishable_key: str

    @classmethod
    def of(cls, setup: SetupSecret) -> Self:
        """Show a new SetupIntent to its owner."""
        return cls(
            setup_intent=setup.setup_intent,
            client_secret=setup.client_secret,
            publishable_key=setup.publishable_key,
        )


class AddCardIn(In):
    """Take over the card of a succeeded SetupIntent."""

    setup_intent: StripeId
    nickname: Nickname | None = None


class PrimaryCardIn(In):
    """Choose the card that automatic payments charge."""

    card_id: CardId


class NicknameIn(In):
    """Rename a card; null takes the nickname away."""

    # Other fields are let in to be refused with a word of their own: a card is not editable.
    model_config = ConfigDict(extra="allow", strict=True)

    nickname: Nickname | None = None

    def require_nickname_alone(self) -> None:
        """Refuse everything but the nickname.

        Raises
        ------
        CardNotEditableError, InvalidInputError
        """
        if self.model_extra:
            raise CardNotEditableError(field=next(iter(self.model_extra))[:64])
        if "nickname" not in self.model_fields_set:
            raise InvalidInputError("nickname: Field required.", field="nickname")


class PaymentOut(Out):
    """One try to pay an invoice."""

    payment_id: str
    invoice_id: str
    amount: int
    currency: str
    status: Status
    trigger: Trigger
    card: CardFaceOut | None = None
    decline_reason: str | None = None
    advice: str | None = None
    needs_confirmation: bool = False
    retry_on: date | None = Field(
        default=None, description="When automatic payment tries again, unless it is paid by then."
    )
    refunded: int = Field(default=0, description="Given back in all, in minor units.")
    dispute: Dispute | None = Field(
        default=None, description="A disputed charge does not make its invoice unpaid."
    )
    created_at: datetime
    client_secret: str | None = None

    @classmethod
    def of(cls, payment: Payment, client_secret: str | None = None) -> Self:
        """Show a payment; the secret only to its owner, while the bank's step is due."""
        decline = payment.decline
        return cls(
            payment_id=payment.payment_id,
            invoice_id=payment.invoice_id,
            amount=payment.money.amount,
            currency=payment.money.currency,
            status=payment.status,
            trigger=payment.trigger,
            card=CardFaceOut.of(payment.card) if payment.card else None,
            decline_reason=decline.reason if decline else None,
            advice=decline.advice if decline else None,
            needs_confirmation=decline.needs_confirmation if decline else False,
            retry_on=payment.retry_on,
            refunded=payment.refunded,
            dispute=payment.dispute,
            created_at=payment.created_at,
            client_secret=client_secret,
        )


class PaymentList(Out):
    """Payments, newest first."""

    data: list[PaymentOut]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Payment]) -> Self:
        """Show a page."""
        return cls(
            data=[PaymentOut.of(payment) for payment in page.items],
            next_cursor=cursor.encode(page.last_id) if page.last_id else None,
        )


class StoredCardIn(In):
    """Pay with a stored card; the security code was given to Stripe for this token."""

    card_id: CardId
    cvc_token: StripeId

    def source(self) -> Source:
        """Read it as the domain's word."""
        return StoredCard(self.card_id, self.cvc_token)


class OneTimeCardIn(In):
    """Pay with a card that is not stored."""

    payment_method: StripeId

    def source(self) -> Source:
        """Read it as the domain's word."""
        return OneTimeCard(self.payment_method)


class PayIn(In):
    """Pay an invoice; the amount is what the customer was shown."""

    amount: int = Field(ge=1, le=MAX_AMOUNT)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    source: StoredCardIn | OneTimeCardIn


class LineOut(Out):
    """One line of an invoice; ``amount`` is its total in minor units."""

    description: str
    quantity: int
    amount: int

    @classmethod
    def of(cls, line: Line) -> Self:
        """Show a line."""
        return cls(description=line.description, quantity=line.quantity, amount=line.amount)


class InvoiceOut(Out):
    """An invoice in a list; ``payment`` is the latest try to pay it."""

    invoice_id: str
    number: str
    status: PublicInvoiceStatus
    issued_on: date
    due_on: date
    total: MoneyOut
    amount_due: MoneyOut
    payment: PaymentOut | None

    @classmethod
    def of(cls, invoice: Invoice, today: date) -> Self:
        """Show an invoice as it stands today."""
        last = invoice.last_payment
        return cls(
            invoice_id=invoice.invoice_id,
            number=invoice.number,
            status=invoice.public_status(today),
            issued_on=invoice.issued_on,
            due_on=invoice.due_on,
            total=MoneyOut.of(invoice.total),
            amount_due=MoneyOut.of(invoice.amount_due),
            payment=PaymentOut.of(last) if last else None,
        )


class InvoiceDetailOut(InvoiceOut):
    """An invoice with its lines and all tries to pay it, newest first."""

    lines: list[LineOut]
    payments: list[PaymentOut]

    @classmethod
    def with_payments(cls, invoice: Invoice, payments: Sequence[Payment], today: date) -> Self:
        """Show all there is to know about an invoice."""
        return cls(
            **InvoiceOut.of(invoice, today).model_dump(),
            lines=[LineOut.of(line) for line in invoice.lines],
            payments=[PaymentOut.of(payment) for payment in payments],
        )


def read_statuses(listed: str | None) -> frozenset[PublicInvoiceStatus]:
    """Read the filter ``status=open,overdue``; nothing means everything.

    Raises
    ------
    InvalidInputError
    """
    names = [name for name in (listed or "").split(",") if name]
    known = {status.value: status for status in PublicInvoiceStatus}
    if any(name not in known for name in names):
        raise InvalidInputError(
            f"status: give some of {', '.join(known)}, separated by commas.", field="status"
        )
    return frozenset(known[name] for name in names)


class InvoiceList(Out):
    """Invoices, newest first."""

    data: list[InvoiceOut]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Invoice], today: date) -> Self:
        """Show a page as it stands today."""
        return cls(
            data=[InvoiceOut.of(invoice, today) for invoice in page.items],
            next_cursor=cursor.encode(page.last_id) if page.last_id else None,
        )


class AutopayIn(In):
    """The customer's wish for automatic payment."""

    enabled: bool


class NextAutopayOut(Out):
    """What automatic payment will charge next."""

    on: date
    amount: int
    currency: str
    card: CardFaceOut

    @classmethod
    def of(cls, coming: NextAutopay) -> Self:
        """Show day, amount and card."""
        return cls(
            on=coming.on,
            amount=coming.money.amount,
            currency=coming.money.currency,
            card=CardFaceOut.of(coming.card.face),
        )


class AutopayOut(Out):
    """Whether automatic payment is wished for."""

    enabled: bool


class AccountAutopayOut(AutopayOut):
    """The setting, and what comes next."""

    next: NextAutopayOut | None
    waits_for: Obstacle | None = Field(
        description="What keeps what is due from being charged, until the customer does something."
    )


class AccountOut(Out):
    """The dashboard."""

    customer_id: str
    name: str
    email: str
    amount_due: list[MoneyOut]
    open_invoices: int
    overdue_invoices: int
    primary_card: CardOut | None
    autopay: AccountAutopayOut
    support: str

    @classmethod
    def of(cls, account: Account, today: date, support: str) -> Self:
        """Show an account as it stands today."""
        wallet, coming = account.wallet, account.next_autopay
        primary = wallet.primary_card
        return cls(
            customer_id=account.customer.customer_id,
            name=account.customer.name,
            email=account.customer.email,
            amount_due=[MoneyOut.of(money) for money in account.amount_due],
            open_invoices=account.open_invoices,
            overdue_invoices=account.overdue_invoices,
            primary_card=CardOut.of(primary, wallet, today) if primary else None,
            autopay=AccountAutopayOut(
                enabled=wallet.autopay,
                next=NextAutopayOut.of(coming) if coming else None,
                waits_for=account.autopay_waits_for,
            ),
            support=support,
        )
