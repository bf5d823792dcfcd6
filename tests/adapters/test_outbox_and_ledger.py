"""The contract of the outbox, parked events and the ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb import ledger as ledger_module
from billfold.adapters.dynamodb.payment_writes import payment_item, put_ledger
from billfold.adapters.dynamodb.table import Put
from billfold.bootstrap import Container
from billfold.domain.decline import explain
from billfold.domain.fact import Entry
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import Dispute, Step, Succeeded
from billfold.domain.reconciliation import HOURS
from billfold.domain.stripe_event import Parked, StripeEvent
from billfold.services.ports import (
    LedgerRow,
    StaleError,
    Stretch,
)

from tests.adapters.contract import (
    LATER,
    Payable,
    Repositories,
    a_payment,
    confirming,
    left_behind,
    reserve,
    settled,
    success,
)
from tests.builders import NOON, a_card, a_customer, an_entry, an_invoice


def test_an_entry_waits_until_it_was_sent_and_stays_in_the_trail(
    repositories: Repositories,
) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    wallet = repositories.customers.wallet("cust-1")
    entries = [an_entry(at=NOON + timedelta(seconds=seconds)) for seconds in (0, 1)]
    saved = repositories.customers.save(wallet.add(a_card(1)), entries[0])
    repositories.customers.save(saved.add(a_card(2)), entries[1])
    late = NOON + timedelta(minutes=2)
    assert left_behind(repositories, NOON) == []
    waiting = [one for one in left_behind(repositories, late) if isinstance(one, Entry)]
    assert sorted(waiting, key=lambda e: e.entry_id) == entries
    repositories.outbox.sent(entries[0])
    assert left_behind(repositories, late) == [entries[1]]
    page = repositories.outbox.trail("cust-1", limit=1, after=None)
    rest = repositories.outbox.trail("cust-1", limit=5, after=page.last_id)
    assert [*page.items, *rest.items] == entries[::-1]


def test_no_entry_is_written_where_the_wallet_is_stale(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    read = repositories.customers.wallet("cust-1")
    repositories.customers.save(read.add(a_card(1)))
    with pytest.raises(StaleError):
        repositories.customers.save(read.add(a_card(2)), an_entry())
    assert repositories.outbox.trail("cust-1", limit=5, after=None).items == []


def test_an_event_is_parked_once_and_looked_at_again(repositories: Repositories) -> None:
    parking, later = repositories.parking, LATER + timedelta(seconds=1)
    event = StripeEvent(
        "evt_1",
        "payment_intent.payment_failed",
        payment_intent="pi_1",
        idempotency_key="confirm:inv:0:1",
        decline=explain("card_declined", None),
    )
    parking.park(event, until=LATER)
    parking.park(event, until=LATER + timedelta(days=1))
    assert left_behind(repositories, later) == [Parked(event, 0)]
    parking.postpone(Parked(event, 0), until=later + timedelta(minutes=5))
    assert left_behind(repositories, later) == []
    much_later = later + timedelta(minutes=6)
    assert left_behind(repositories, much_later) == [Parked(event, 1)]
    parking.give_up(Parked(event, 1))
    assert left_behind(repositories, much_later) == []
    other = replace(event, event_id="evt_2")
    parking.park(other, until=LATER)
    parking.forget(Parked(other, 0))
    assert left_behind(repositories, much_later) == []


def test_a_charge_is_in_the_ledger_of_its_day(
    payable: Payable,
) -> None:
    repositories, invoice, _ = payable
    payment = settled(payable)
    charge = payment.charge or ""
    ids = (payment.payment_id, invoice.invoice_id)
    row = LedgerRow(charge, "cust-1", *ids, payment.money, NOON)
    ledger, minute = repositories.ledger, timedelta(minutes=1)
    assert ledger.rows(NOON, NOON + 59 * minute) == Stretch([row], NOON)
    assert ledger.rows(NOON + minute, NOON + 59 * minute).items == []
    assert ledger.rows(NOON - 60 * minute, NOON).items == []
    assert ledger.find("cust-1", charge) == row
    assert ledger.find("cust-2", charge) is None
    assert ledger.find_many([("cust-1", charge), ("cust-2", charge)]) == [row]
    assert ledger.payments([row, row]) == [payment]


def test_refund_and_dispute_are_reflected_on_payment_and_invoice(
    payable: Payable,
) -> None:
    repositories, invoice, _ = payable
    payment = settled(payable)
    payments = repositories.payments
    payments.reflect(payment, refunded=500, dispute=Dispute.OPEN, entry=an_entry())
    with pytest.raises(StaleError):
        # Another look, which was at what this one was decided on.
        payments.reflect(payment, refunded=0, dispute=Dispute.LOST, entry=an_entry())
    after = payments.get("cust-1", payment.payment_id)
    assert (after.refunded, after.dispute) == (500, Dispute.OPEN)
    now = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (now.status, now.last_payment) == (InvoiceStatus.PAID, after)
    assert payments.by_intent("cust-1", invoice.invoice_id, "pi_1") == after
    assert payments.by_intent("cust-1", invoice.invoice_id, "pi_2") is None


def test_an_hour_of_any_number_of_rows_is_read_in_stretches(
    dynamodb_ports: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of four over seconds of one to six rows: none is left out, none comes twice."""
    monkeypatch.setattr(ledger_module, "ROWS", 4)
    table = dynamodb_ports._table
    payment = replace(a_payment(an_invoice(), None), intent="pi_1")
    known = []
    for second in range(6):
        for number in range(second + 1):
            at = NOON + timedelta(seconds=second)
            done = Succeeded("pi_1", f"ch_{second}_{number}", payment.money, None, at)
            table.write(put_ledger(payment, done, NOON))
            known.append(done.charge)
    end, read, stretches = NOON + timedelta(hours=1), [], 0
    while end > NOON:
        stretch = dynamodb_ports.ledger.rows(NOON, end)
        assert all(stretch.since <= row.charged_at < end for row in stretch.items)
        read += [row.charge for row in stretch.items]
        end, stretches = stretch.since, stretches + 1
    assert sorted(read) == sorted(known)
    assert stretches > 3


def test_open_disputes_are_read_page_by_page(dynamodb_ports: Container) -> None:
    invoices = [an_invoice(f"INV-{number}") for number in range(5)]
    for number, invoice in enumerate(invoices):
        payment = replace(
            a_payment(invoice, None), charge=f"ch_{number}", dispute=Dispute.OPEN, intent="pi_1"
        )
        item = {**payment_item(payment, None), "dispute_shard": keys.open_disputes(7)}
        dynamodb_ports._table.write(Put(item))
    read, after = [], None
    while True:
        page = dynamodb_ports.ledger.open_disputes(7, limit=2, after=after)
        assert len(page.items) <= 2
        read += [charge for _, charge in page.items]
        after = page.last_id
        if after is None:
            break
    assert sorted(read) == [f"ch_{number}" for number in range(5)]


def test_an_open_dispute_is_found_until_it_is_decided(payable: Payable) -> None:
    repositories = payable.repositories
    payment = settled(payable)

    def found() -> list[tuple[str, str]]:
        pages = [
            repositories.ledger.open_disputes(hour, limit=2, after=None) for hour in range(HOURS)
        ]
        return [one for page in pages for one in page.items]

    assert found() == []
    payments = repositories.payments
    payments.reflect(payment, refunded=0, dispute=Dispute.OPEN, entry=an_entry())
    assert found() == [("cust-1", payment.charge)]
    disputed = payments.get("cust-1", payment.payment_id)
    payments.reflect(disputed, refunded=0, dispute=Dispute.WON, entry=an_entry())
    assert found() == []


def test_money_for_a_review_is_in_the_ledger(
    payable: Payable,
) -> None:
    repositories = payable.repositories
    payments = repositories.payments
    payment = confirming(payable)
    reviewed = payments.review(payment, success(payment), lease_until=LATER, entry=an_entry())
    assert repositories.ledger.find("cust-1", success(payment).charge) is not None
    # The invoice's copy knows, so that no late answer changes what a person looks at.
    with pytest.raises(StaleError):
        payments.decline(payment, explain("card_declined", None), None, entry=an_entry())
    assert payments.get("cust-1", payment.payment_id) == reviewed


def test_a_review_is_of_what_was_read(payable: Payable) -> None:
    payments = payable.repositories.payments
    payment = confirming(payable)
    unknown = payments.doubt(payment, lease_until=LATER)
    payments.settle(unknown, success(unknown), entry=an_entry())
    with pytest.raises(StaleError):
        payments.review(unknown, None, lease_until=LATER, entry=an_entry())


def test_what_was_decided_on_a_reservation_does_not_end_a_confirm(
    payable: Payable,
) -> None:
    payments = payable.repositories.payments
    reserved = reserve(payable)
    payments.write_ahead(reserved, intent="pi_1", n=1, lease_until=LATER)
    with pytest.raises(StaleError):
        payments.end(reserved, Step.RELEASE, raise_epoch=False, entry=an_entry())


def test_an_entry_that_a_restore_has_lost_is_not_half_written_anew(
    repositories: Repositories,
) -> None:
    repositories.outbox.sent(an_entry())
    assert repositories.outbox.trail("cust-1", limit=10, after=None).items == []
