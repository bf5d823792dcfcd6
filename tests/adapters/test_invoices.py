"""The contract of invoices, their changes, and what is told when they are overdue."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from billfold.domain import ids
from billfold.domain.errors import (
    InvoiceNumberReusedError,
    NotFoundError,
    UnknownCustomerError,
)
from billfold.domain.invoice import Invoice, InvoiceStatus, PublicInvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.money import Money
from billfold.services.ports import (
    StaleError,
)

from tests.adapters.contract import (
    LATER,
    Payable,
    Repositories,
    left_behind,
    reserve,
    settled,
)
from tests.builders import NOON, a_customer, an_entry, an_invoice


def test_an_invoice_is_issued_once_by_number(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    repositories.invoices.add(an_invoice())
    repositories.invoices.add(an_invoice())
    assert repositories.invoices.get("cust-1", an_invoice().invoice_id) == an_invoice()
    assert [i.number for i in repositories.invoices.open("cust-1")] == ["INV-1"]


@pytest.mark.parametrize(
    "other",
    [
        an_invoice(amounts=[999]),
        an_invoice(issued_on=date(2026, 10, 2)),
        an_invoice(customer_id="cust-2"),
    ],
    ids=["amount", "day", "customer"],
)
def test_a_number_stands_for_one_invoice(repositories: Repositories, other: Invoice) -> None:
    repositories.customers.register(a_customer(1), autopay=False)
    repositories.customers.register(a_customer(2), autopay=False)
    repositories.invoices.add(an_invoice())
    with pytest.raises(InvoiceNumberReusedError):
        repositories.invoices.add(other)
    assert repositories.invoices.get("cust-1", an_invoice().invoice_id) == an_invoice()
    assert not repositories.invoices.open("cust-2")


def test_an_invoice_needs_a_customer(repositories: Repositories) -> None:
    with pytest.raises(UnknownCustomerError):
        repositories.invoices.add(an_invoice())
    assert not repositories.invoices.open("cust-1")


def test_an_invoice_is_found_by_its_owner_alone(
    payable: Payable,
) -> None:
    repositories, invoice, _ = payable
    with pytest.raises(NotFoundError):
        repositories.invoices.get("cust-2", invoice.invoice_id)


def test_invoices_are_listed_newest_first_in_pages(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    for day in (3, 1, 5, 2, 4):
        repositories.invoices.add(an_invoice(f"INV-{day}", issued_on=date(2026, 10, day)))
    seen: list[str] = []
    after: str | None = None
    pages = 0
    while pages == 0 or after:
        page = repositories.invoices.list(
            "cust-1", statuses=(), today=NOON.date(), limit=2, after=after
        )
        seen += [invoice.number for invoice in page.items]
        after = page.last_id
        pages += 1
    assert seen == ["INV-5", "INV-4", "INV-3", "INV-2", "INV-1"]
    assert pages == 3


@pytest.mark.parametrize(
    ("statuses", "numbers"),
    [
        ({PublicInvoiceStatus.OPEN}, ["LATER"]),
        ({PublicInvoiceStatus.OVERDUE}, ["PAST"]),
        ({PublicInvoiceStatus.PAID}, ["PAID"]),
        ({PublicInvoiceStatus.VOID}, []),
        ({PublicInvoiceStatus.OVERDUE, PublicInvoiceStatus.PAID}, ["PAID", "PAST"]),
        (set(PublicInvoiceStatus), ["PAID", "LATER", "PAST"]),
        (set(), ["PAID", "LATER", "PAST"]),
    ],
)
def test_invoices_are_filtered_by_what_they_are_today(
    repositories: Repositories, statuses: set[PublicInvoiceStatus], numbers: list[str]
) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    past = an_invoice("PAST", issued_on=date(2026, 9, 1), due_on=date(2026, 10, 19))
    later = an_invoice("LATER", issued_on=date(2026, 9, 2), due_on=date(2026, 10, 20))
    paid = an_invoice("PAID", issued_on=date(2026, 9, 3))
    for invoice in (past, later, paid):
        repositories.invoices.add(invoice)
    settled(Payable(repositories, paid, None))
    page = repositories.invoices.list(
        "cust-1", statuses=statuses, today=date(2026, 10, 20), limit=25, after=None
    )
    assert [invoice.number for invoice in page.items] == numbers


def a_change(invoice: Invoice, amount_due: Money | None = None) -> InvoiceChange:
    return InvoiceChange(
        change_id=ids.new(ids.CHANGE, NOON),
        customer_id=invoice.customer_id,
        invoice_id=invoice.invoice_id,
        invoice_number=invoice.number,
        epoch=invoice.epoch,
        intent=invoice.intent,
        before=invoice.amount_due,
        amount_due=amount_due,
        created_at=NOON,
    )


@pytest.mark.parametrize("amount_due", [None, Money("USD", 700)])
def test_a_change_holds_the_lock_until_it_is_finished(
    payable: Payable, amount_due: Money | None
) -> None:
    repositories, invoice, _ = payable
    change, changes = a_change(invoice, amount_due), repositories.invoice_changes
    changes.begin(change, lease_until=LATER)
    for refused in (change, replace(change, change_id="chg_other")):
        with pytest.raises(StaleError):
            changes.begin(refused, lease_until=LATER)
    with pytest.raises(StaleError):
        reserve(payable)
    assert left_behind(repositories, LATER + timedelta(seconds=1)) == [change]
    changes.postpone(change, lease_until=LATER + timedelta(minutes=5))
    assert left_behind(repositories, LATER + timedelta(minutes=1)) == []
    change = changes.get("cust-1", change.change_id)
    assert change.looks == 1
    done = changes.finish(change, entry=an_entry())
    assert done.state is ChangeState.DONE
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (after.lock, after.epoch, after.intent) == (None, 1, None)
    if amount_due:
        assert (after.status, after.amount_due) == (InvoiceStatus.OPEN, amount_due)
    else:
        assert after.status is InvoiceStatus.VOID
        assert repositories.invoices.open("cust-1") == []
    for write in (changes.refuse, lambda c: changes.finish(c, entry=an_entry())):
        with pytest.raises(StaleError):
            write(change)


def test_a_change_needs_the_invoice_as_it_was_read(
    payable: Payable,
) -> None:
    repositories, invoice, _ = payable
    for other in (
        replace(a_change(invoice), epoch=1),
        replace(a_change(invoice), before=Money("USD", 1)),
        replace(a_change(invoice), intent="pi_1"),
    ):
        with pytest.raises(StaleError):
            repositories.invoice_changes.begin(other, lease_until=LATER)


def test_an_overdue_invoice_is_told_once(payable: Payable) -> None:
    repositories, invoice, _ = payable
    days = {"since": date(2026, 10, 20), "before": date(2026, 11, 1)}
    assert list(repositories.invoices.due(**days)) == [("cust-1", invoice.invoice_id)]
    assert list(repositories.invoices.due(since=days["before"], before=date(2026, 11, 9))) == []
    repositories.invoices.note_overdue("cust-1", invoice.invoice_id, entry=an_entry())
    assert repositories.invoices.get("cust-1", invoice.invoice_id).overdue_told
    with pytest.raises(StaleError):
        repositories.invoices.note_overdue("cust-1", invoice.invoice_id, entry=an_entry())
