"""What is in a fresh stack: four customers, and invoices in every state that can be issued."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from local.stack_file import Login


@dataclass(frozen=True, slots=True)
class SeedInvoice:
    """An invoice relative to today; lines are description, quantity and total in minor units."""

    number: int
    currency: str
    issued_days_ago: int
    due_in_days: int
    lines: tuple[tuple[str, int, int], ...]
    paid: bool = False

    def event(self, customer_id: str, today: date) -> dict[str, Any]:
        """Give the detail of its InvoiceIssued event."""
        issued = today - timedelta(days=self.issued_days_ago)
        return {
            "number": self.name(today),
            "customer_id": customer_id,
            "currency": self.currency,
            "issued_on": issued.isoformat(),
            "due_on": (today + timedelta(days=self.due_in_days)).isoformat(),
            "lines": [
                {"description": text, "quantity": quantity, "amount": amount}
                for text, quantity, amount in self.lines
            ],
        }

    def name(self, today: date) -> str:
        """Give its number, e.g. INV-2026-0001."""
        return f"INV-{today.year}-{self.number:04d}"


@dataclass(frozen=True, slots=True)
class SeedCustomer:
    """A customer; a temporary password has to be changed at the first log-in."""

    login: Login
    name: str
    about: str
    autopay: bool = False
    temporary_password: bool = False
    # Stripe's documented test cards, with a nickname or none.
    cards: tuple[tuple[str, str | None], ...] = ()
    invoices: tuple[SeedInvoice, ...] = field(default=())

    def event(self) -> dict[str, Any]:
        """Give the detail of its CustomerRegistered event."""
        return {
            "customer_id": self.login.customer_id,
            "email": self.login.email,
            "name": self.name,
            "autopay": self.autopay,
        }


CUSTOMERS = (
    SeedCustomer(
        login=Login("bakery@example.com", "Bakery-ledger-2026", "cust-1001"),
        name="Example Bakery",
        about="Two cards; open, overdue and paid invoices in dollars, yen and dinars",
        autopay=True,
        cards=(("pm_card_visa", "Office card"), ("pm_card_mastercard", None)),
        invoices=(
            SeedInvoice(1, "USD", 75, -60, (("Web hosting, large", 1, 12050),), paid=True),
            SeedInvoice(
                2, "USD", 30, -9, (("Web hosting, large", 1, 12050), ("Extra storage", 2, 1800))
            ),
            SeedInvoice(3, "USD", 5, 10, (("Web hosting, large", 1, 12050),)),
            SeedInvoice(4, "JPY", 4, 12, (("Server in Tokyo", 1, 9800),)),
            SeedInvoice(5, "KWD", 3, 20, (("Backup in Kuwait", 1, 12500),)),
        ),
    ),
    SeedCustomer(
        login=Login("studio@example.com", "Studio-ledger-2026", "cust-1002"),
        name="Example Studio",
        about="Nothing yet: no card, no invoice",
    ),
    SeedCustomer(
        login=Login("garage@example.com", "Garage-first-2026", "cust-1003"),
        name="Example Garage",
        about="Invited a moment ago: has to set a new password",
        temporary_password=True,
    ),
    SeedCustomer(
        login=Login("florist@example.com", "Florist-ledger-2026", "cust-1004"),
        name="Example Florist",
        about="Automatic payment of a card that the bank declines: `make autopay DATE=...`",
        autopay=True,
        cards=(("pm_card_chargeCustomerFail", None),),
        invoices=(
            SeedInvoice(6, "USD", 12, 2, (("Web hosting, small", 1, 1990),)),
            SeedInvoice(7, "EUR", 11, 40, (("Domain name, one year", 1, 1490),)),
        ),
    ),
)
