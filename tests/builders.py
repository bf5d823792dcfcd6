"""Small honest things for tests to work on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from billfold.domain import ids
from billfold.domain.customer import Customer
from billfold.domain.fact import Actor, Entry, Fact, Kind
from billfold.domain.invoice import Invoice, Line, issue
from billfold.domain.wallet import Card
from billfold.services.ports import SetupResult

NOON = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)


def a_customer(number: int = 1) -> Customer:
    return Customer(f"cust-{number}", f"customer-{number}@example.com", f"Customer {number}")


def a_card(number: int = 1, *, nickname: str | None = None) -> Card:
    return Card(
        card_id=ids.new(ids.CARD, NOON),
        payment_method=f"pm_{number:04d}",
        fingerprint=f"fp_{number:04d}",
        brand="visa",
        last4=f"{number:04d}",
        exp_month=12,
        exp_year=2030,
        added_at=NOON,
        setup_intent=f"seti_{number:04d}",
        nickname=nickname,
    )


def a_setup(number: int = 1, customer_id: str = "cust-1") -> SetupResult:
    return SetupResult(
        stripe_customer=f"cus_{customer_id}",
        succeeded=True,
        attached=True,
        payment_method=f"pm_{number:04d}",
        fingerprint=f"fp_{number:04d}",
        brand="visa",
        last4=f"{number:04d}",
        exp_month=12,
        exp_year=2030,
    )


def an_invoice(
    number: str = "INV-1",
    *,
    customer_id: str = "cust-1",
    currency: str = "USD",
    issued_on: date = date(2026, 10, 1),
    due_on: date = date(2026, 10, 31),
    amounts: Sequence[int] = (12050,),
) -> Invoice:
    issued = issue(
        invoice_id=ids.invoice_id(number, issued_on),
        customer_id=customer_id,
        number=number,
        currency=currency,
        issued_on=issued_on,
        due_on=due_on,
        lines=[Line(f"Line {i}", 1, amount) for i, amount in enumerate(amounts, 1)],
    )
    return replace(issued, recorded_since=NOON - timedelta(days=1))


def an_entry(customer_id: str = "cust-1", *, at: datetime = NOON) -> Entry:
    fact = Fact(Kind.AUTOPAY_CHANGED, {"enabled": True, "card": None, "list": ["a", {"b": 1}]})
    return Entry(ids.new(ids.ENTRY, at), customer_id, at, Actor.CUSTOMER, (fact,), ("pm_1",))
