"""The events that integrators put on the bus (docs/events.md); strict, since money follows."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from billfold.domain import ids
from billfold.domain.customer import Customer, require_customer_id, require_email
from billfold.domain.errors import BillfoldError
from billfold.domain.fact import Kind
from billfold.domain.invoice import MAX_LINES, Invoice, Line
from billfold.domain.invoice import issue as issue_invoice
from billfold.domain.invoice_change import Wanted
from billfold.domain.money import MAX_AMOUNT, Money
from billfold.services.invoice_commands import Command
from billfold.services.notify import Told

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Day = Annotated[date, Field(strict=False)]


Number = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
CommandId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


E = TypeVar("E", bound=BaseModel)


def reader(*models: type[E]) -> Callable[[str], E]:
    """Make the function that reads events of the bus, as a rule queues them.

    Each model is named as its detail-type. The function raises MalformedEventError.
    """
    known = {model.__name__: model for model in models}
    return lambda raw: _detail(raw, known)


def read_told(raw: str) -> Told:
    """Read what we told the bus ourselves.

    Raises
    ------
    MalformedEventError
    """
    try:
        envelope = json.loads(raw)
        detail = envelope["detail"]
        kind = Kind(envelope["detail-type"])
        return Told(kind, detail["event_id"], detail["customer_id"], detail)
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedEventError("the message is no event of ours") from error


class MalformedEventError(BillfoldError):
    """The message can never be understood; the text names fields and no values."""

    code = "malformed_event"


def _detail(raw: str, models: Mapping[str, type[E]]) -> E:
    try:
        envelope = json.loads(raw)
    except ValueError as error:
        raise MalformedEventError("the message is not JSON") from error
    model = models.get(str(envelope.get("detail-type"))) if isinstance(envelope, dict) else None
    if model is None:
        raise MalformedEventError(f"the message is not an event of type {' or '.join(models)}")
    try:
        return model.model_validate_json(json.dumps(envelope.get("detail")))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'detail'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)[:5]
        )
        raise MalformedEventError(wrong) from error


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CustomerRegistered(_Event):
    """A new customer of the business."""

    customer_id: str
    email: str
    name: Text
    autopay: bool

    def customer(self) -> Customer:
        """Read it as the domain's customer.

        Raises
        ------
        InvalidInputError
        """
        return Customer(require_customer_id(self.customer_id), require_email(self.email), self.name)


class InvoiceLine(_Event):
    """``amount`` is the line's total in minor units; negative for a discount."""

    description: Text
    quantity: int = Field(ge=1, le=1_000_000)
    amount: int = Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)


class InvoiceIssued(_Event):
    """A new invoice, known by its number."""

    number: Number
    customer_id: str
    currency: Code
    issued_on: Day
    due_on: Day
    lines: Annotated[list[InvoiceLine], Field(min_length=1, max_length=MAX_LINES)]

    def invoice(self) -> Invoice:
        """Read it as a new invoice.

        Raises
        ------
        InvalidInputError
        """
        return issue_invoice(
            invoice_id=ids.invoice_id(self.number, self.issued_on),
            customer_id=require_customer_id(self.customer_id),
            number=self.number,
            currency=self.currency,
            issued_on=self.issued_on,
            due_on=self.due_on,
            lines=[Line(x.description, x.quantity, x.amount) for x in self.lines],
        )


class InvoiceCommand(_Event):
    """What the business wants of an invoice; ``command_id`` is its own name for the wish."""

    command_id: CommandId
    customer_id: str
    number: Number
    reason: Reason

    def command(self) -> Command:
        """Read it as the use case's command.

        Raises
        ------
        InvalidInputError
        """
        return Command(
            self.command_id,
            require_customer_id(self.customer_id),
            self.number,
            Wanted(self._amount_due(), self.reason, self.command_id),
        )

    def _amount_due(self) -> Money | None:
        return None


class VoidInvoice(InvoiceCommand):
    """Nothing is to be due any more."""


class ChangeInvoiceAmount(InvoiceCommand):
    """Another amount is to be due, in minor units of the invoice's currency."""

    amount: int = Field(ge=0, le=MAX_AMOUNT)
    currency: Code

    def _amount_due(self) -> Money:
        return Money(self.currency, self.amount)
