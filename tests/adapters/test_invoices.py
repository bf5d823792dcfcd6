"""The contract of invoices, their changes, and what is told when they are overdue."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from billfold.domain import ids
from billfold.domain.errors import (
    InvoiceNumberReusedError,
    NotFoundError,
    UnknownCustomerError,
    UnknownInvoiceError,
)
from billfold.domain.invoice import Invoice, InvoiceStatus, PublicInvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange, Wanted
from billfold.domain.money import Money
from billfold.domain.payment import Obstacle
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
from tests.builders import NOON, a_card, a_customer, an_entry, an_invoice


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
        due_on=invoice.due_on,
        wanted=Wanted(amount_due, "Agreed on the telephone.", "cmd-1"),
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
    done = changes.finish(change, entry=an_entry(), look_on=date(2026, 10, 25))
    assert done.state is ChangeState.DONE
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (after.lock, after.epoch, after.intent) == (None, 1, None)
    if amount_due:
        assert (after.status, after.amount_due) == (InvoiceStatus.OPEN, amount_due)
    else:
        assert after.status is InvoiceStatus.VOID
        assert repositories.invoices.open("cust-1") == []
    with pytest.raises(StaleError):
        changes.refuse(change, entry=an_entry(), begun=True)
    with pytest.raises(StaleError):
        changes.finish(change, entry=an_entry(), look_on=date(2026, 10, 25))


def test_another_amount_makes_automatic_payment_forget_what_it_tried(payable: Payable) -> None:
    repositories, invoice, _ = payable
    repositories.invoices.look_again(
        invoice, on=None, waits=Obstacle.CARD_REFUSED, overdue_told=True, entry=None
    )
    change = a_change(invoice, Money("USD", 700))
    repositories.invoice_changes.begin(change, lease_until=LATER)
    repositories.invoice_changes.finish(change, entry=an_entry(), look_on=date(2026, 11, 20))
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (after.look_on, after.tried, after.waits) == (date(2026, 11, 20), None, None)
    assert after.overdue_told
    assert ("cust-1", invoice.invoice_id) in _looks(repositories, date(2026, 11, 20))


def test_a_change_that_never_began_ends_none_that_has(payable: Payable) -> None:
    repositories, invoice, _ = payable
    changes = repositories.invoice_changes
    change = a_change(invoice, None)
    changes.begin(change, lease_until=LATER)
    with pytest.raises(StaleError):
        changes.refuse(change, entry=an_entry(), begun=False)
    with pytest.raises(StaleError):
        changes.note(change.ended(ChangeState.DONE))
    assert changes.get("cust-1", change.change_id) == change


def test_a_change_with_nothing_to_do_is_remembered_once(payable: Payable) -> None:
    repositories, invoice, _ = payable
    changes = repositories.invoice_changes
    change = a_change(invoice, None)
    changes.note(change.ended(ChangeState.DONE))
    assert changes.get("cust-1", change.change_id).state is ChangeState.DONE
    with pytest.raises(StaleError):
        changes.begin(change, lease_until=LATER)


def test_a_change_that_never_began_is_kept_once(payable: Payable) -> None:
    repositories, invoice, _ = payable
    # In another currency: that is one thing that is refused.
    change = a_change(invoice, Money("EUR", 700))
    refused = repositories.invoice_changes.refuse(change, entry=an_entry(), begun=False)
    assert refused.state is ChangeState.REFUSED
    assert repositories.invoice_changes.get("cust-1", change.change_id) == refused
    waiting = [one for one in left_behind(repositories, LATER) if isinstance(one, InvoiceChange)]
    assert waiting == []
    with pytest.raises(StaleError):
        repositories.invoice_changes.refuse(change, entry=an_entry(), begun=False)
    with pytest.raises(StaleError):
        repositories.invoice_changes.begin(change, lease_until=LATER)
    assert repositories.invoices.get("cust-1", invoice.invoice_id) == invoice


def test_a_change_is_read_back_as_it_was_written(payable: Payable) -> None:
    repositories, invoice, _ = payable
    change = a_change(invoice, Money("USD", 700))
    repositories.invoice_changes.begin(change, lease_until=LATER)
    assert repositories.invoice_changes.get("cust-1", change.change_id) == change


def test_an_invoice_is_found_by_its_number_and_its_customer(payable: Payable) -> None:
    repositories, invoice, _ = payable
    assert repositories.invoices.by_number("cust-1", invoice.number) == invoice
    for customer_id, number in (("cust-2", invoice.number), ("cust-1", "INV-404")):
        with pytest.raises(UnknownInvoiceError):
            repositories.invoices.by_number(customer_id, number)


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


def _looks(repositories: Repositories, until: date) -> list[tuple[str, str | None]]:
    invoices = repositories.invoices
    return [
        look
        for shard in invoices.shards()
        for look in invoices.looks(shard, until=until, limit=9, after=None).items
    ]


def test_an_invoice_is_looked_at_when_it_is_due_and_not_before(payable: Payable) -> None:
    repositories, invoice, _ = payable
    found = ("cust-1", invoice.invoice_id)
    assert found not in _looks(repositories, date(2026, 10, 30))
    assert found in _looks(repositories, date(2026, 10, 31))
    assert found in _looks(repositories, date(2026, 12, 1))


def test_it_is_looked_at_again_on_the_day_that_was_written(payable: Payable) -> None:
    repositories, invoice, _ = payable
    later = date(2026, 11, 7)
    repositories.invoices.look_again(
        invoice, on=later, waits=Obstacle.CARD_EXPIRED, overdue_told=False, entry=an_entry()
    )
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (after.look_on, after.waits) == (later, Obstacle.CARD_EXPIRED)
    [owed] = repositories.invoices.open("cust-1")
    assert (owed.look_on, owed.waits) == (later, Obstacle.CARD_EXPIRED)
    found = ("cust-1", invoice.invoice_id)
    assert found not in _looks(repositories, date(2026, 11, 6))
    assert found in _looks(repositories, later)


def test_what_was_decided_on_another_day_is_not_written(payable: Payable) -> None:
    repositories, invoice, _ = payable
    look_again = partial(
        repositories.invoices.look_again, waits=None, overdue_told=False, entry=None
    )
    look_again(invoice, on=date(2026, 11, 7))
    with pytest.raises(StaleError):
        look_again(invoice, on=date(2026, 11, 9))
    look_again(replace(invoice, look_on=date(2026, 11, 7)), on=None)
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert after.look_on is None
    look_again(after, on=date(2026, 11, 9))


def test_an_invoice_that_is_over_is_told_and_looked_at_no_more(payable: Payable) -> None:
    repositories, invoice, _ = payable
    repositories.invoices.look_again(
        invoice, on=None, waits=None, overdue_told=True, entry=an_entry()
    )
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (after.overdue_told, after.look_on) == (True, None)
    assert ("cust-1", invoice.invoice_id) not in _looks(repositories, date(2027, 1, 1))


def test_an_invoice_that_is_locked_is_left_alone(payable: Payable) -> None:
    repositories, invoice, _ = payable
    repositories.invoice_changes.begin(a_change(invoice), lease_until=LATER)
    with pytest.raises(StaleError):
        repositories.invoices.look_again(
            invoice, on=None, waits=None, overdue_told=True, entry=None
        )


def test_an_offer_brings_forward_also_what_is_in_payment(payable: Payable) -> None:
    repositories, invoice, _ = payable
    repositories.invoices.look_again(
        invoice, on=None, waits=None, overdue_told=True, entry=an_entry()
    )
    repositories.invoice_changes.begin(a_change(invoice), lease_until=LATER)
    [owed] = repositories.invoices.open("cust-1")
    repositories.invoices.bring_forward("cust-1", owed, to=date(2026, 12, 1))
    assert ("cust-1", invoice.invoice_id) in _looks(repositories, date(2026, 12, 1))
    with pytest.raises(StaleError):
        repositories.invoices.bring_forward("cust-1", owed, to=date(2026, 12, 2))


def test_what_is_paid_is_not_brought_forward(payable: Payable) -> None:
    repositories, _, _ = payable
    [owed] = repositories.invoices.open("cust-1")
    settled(payable)
    for known in (owed, replace(owed, look_on=None)):
        with pytest.raises(StaleError):
            repositories.invoices.bring_forward("cust-1", known, to=date(2026, 12, 1))


def test_pages_of_what_is_due_lose_and_repeat_nothing(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=True)
    added = {f"INV-{number}" for number in range(7)}
    for number in added:
        repositories.invoices.add(an_invoice(number))
    invoices = repositories.invoices
    found: list[tuple[str, str | None]] = []
    for shard in invoices.shards():
        after = None
        while True:
            page = invoices.looks(shard, until=date(2026, 10, 31), limit=2, after=after)
            assert len(page.items) <= 2
            found += page.items
            after = page.last_id
            if after is None:
                break
    numbers = [invoices.get(owner, one).number for owner, one in found if one]
    assert sorted(numbers) == sorted(added)


def test_a_wallet_is_looked_at_while_it_is_offered(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=True)
    wallet = repositories.customers.wallet("cust-1")
    saved = repositories.customers.save(wallet.add(a_card()))
    assert saved.offered
    assert _looks(repositories, date(2026, 10, 1)) == [("cust-1", None)]
    after = repositories.customers.save(saved.looked_at(date(2026, 10, 1)))
    assert not after.offered
    assert _looks(repositories, date(2026, 10, 1)) == []
    # Its card expires at the end of 2030.
    assert _looks(repositories, date(2030, 11, 2)) == [("cust-1", None)]


def test_a_generation_begins_on_an_open_and_free_invoice_that_is_as_it_was_read(
    payable: Payable,
) -> None:
    repositories, invoice, _ = payable
    invoices = repositories.invoices
    begun = invoices.begin_generation(invoice, 3, recorded_since=NOON)
    assert invoices.get("cust-1", invoice.invoice_id) == begun
    assert (begun.epoch, begun.n, begun.intent, begun.recorded_since) == (3, 0, None, NOON)
    with pytest.raises(StaleError):
        invoices.begin_generation(invoice, 4)
    payment = reserve(payable._replace(invoice=begun))
    locked = invoices.get("cust-1", invoice.invoice_id)
    assert locked.lock == payment.payment_id
    with pytest.raises(StaleError):
        invoices.begin_generation(locked, 4)


def test_the_table_is_told_the_time_by_one_at_a_time(repositories: Repositories) -> None:
    heartbeat = repositories.continuity
    before = heartbeat.read()
    first = before.told(NOON)
    heartbeat.write(before, first)
    assert heartbeat.read() == first
    with pytest.raises(StaleError):
        heartbeat.write(before, before.told(LATER))
    heartbeat.write(first, first.told(LATER))
    assert heartbeat.read().at == LATER
