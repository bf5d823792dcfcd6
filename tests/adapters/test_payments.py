"""The contract of the steps of the protocol."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from billfold.domain import ids
from billfold.domain.decline import explain
from billfold.domain.errors import (
    NotFoundError,
)
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.limit import DECLINES
from billfold.domain.money import Money
from billfold.domain.payment import Refusal, Slot, State, Step
from billfold.services.ports import (
    Overdue,
    StaleError,
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
from tests.builders import NOON, a_card, an_entry, an_invoice


def test_reserve_takes_lock_card_and_key_together(
    payable: Payable,
) -> None:
    repositories, invoice, wallet = payable
    payment = a_payment(invoice, wallet)
    reserve(payable, payment)

    opening = repositories.payments.open("cust-1", invoice.invoice_id, "key-0001", NOON)
    assert opening.request is not None
    assert opening.request.payment_id == payment.payment_id
    assert opening.invoice is not None
    assert opening.invoice.lock == payment.payment_id
    assert opening.invoice.last_payment == payment
    assert opening.wallet.holds == {payment.payment_id: payment.card_id}
    assert repositories.payments.get("cust-1", payment.payment_id) == payment
    assert [i.invoice_id for i in repositories.invoices.open("cust-1")] == [invoice.invoice_id]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: replace(p, money=Money("USD", 1)),
        lambda p: replace(p, money=Money("EUR", p.money.amount)),
        lambda p: replace(p, epoch=7),
        lambda p: replace(p, card_id="card_gone"),
        lambda p: replace(p, invoice_id="inv_gone"),
    ],
    ids=["amount", "currency", "epoch", "card", "invoice"],
)
def test_reserve_refuses_what_is_not_as_it_was_read(payable: Payable, spoil: object) -> None:
    repositories, invoice, wallet = payable
    assert callable(spoil)
    with pytest.raises(StaleError):
        reserve(payable, spoil(a_payment(invoice, wallet)))
    assert repositories.invoices.get("cust-1", invoice.invoice_id) == invoice
    assert repositories.customers.wallet("cust-1") == wallet
    assert not repositories.payments.of_invoice("cust-1", invoice.invoice_id)


@pytest.mark.parametrize("change", [None, "off", "another primary card"])
def test_an_automatic_payment_is_reserved_while_it_is_wished_for_and_with_the_primary_card(
    payable: Payable, change: str | None
) -> None:
    repositories, invoice, wallet = payable
    assert wallet is not None
    card_id = wallet.cards[0].card_id
    now = wallet.add(a_card(2)).set_autopay(enabled=change != "off")
    if change == "another primary card":
        now = now.make_primary(now.cards[1].card_id)
    saved = repositories.customers.save(now)
    payment = replace(a_payment(invoice, wallet), slot=Slot(NOON.date(), NOON.date(), 3, 4))
    if change:
        with pytest.raises(StaleError):
            reserve(payable, payment)
        assert repositories.customers.wallet("cust-1") == saved
    else:
        reserve(payable, payment)
        assert repositories.payments.get("cust-1", payment.payment_id) == payment
        assert repositories.customers.wallet("cust-1").holds == {payment.payment_id: card_id}
        assert repositories.customers.wallet("cust-1").mandate == saved.mandate == 1


@pytest.mark.parametrize("change", [None, "off", "another primary card"])
def test_what_is_answered_before_money_is_asked_for_counts(
    payable: Payable, change: str | None
) -> None:
    """The write-ahead of an automatic payment requires that it is still wished for."""
    repositories, invoice, wallet = payable
    assert wallet is not None
    customers, payments = repositories.customers, repositories.payments
    customers.save(wallet.add(a_card(2)).set_autopay(enabled=True))
    payment = replace(a_payment(invoice, wallet), slot=Slot(NOON.date()))
    reserve(payable, payment)
    now = customers.wallet("cust-1")
    if change == "off":
        customers.save(now.set_autopay(enabled=False))
    elif change:
        customers.save(now.make_primary(now.cards[1].card_id))
    if change:
        with pytest.raises(StaleError):
            payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
        assert payments.get("cust-1", payment.payment_id) == payment
    else:
        after = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
        assert after.state is State.CONFIRMING


def test_an_invoice_is_locked_for_one_payment(
    payable: Payable,
) -> None:
    _, invoice, wallet = payable
    first, second = a_payment(invoice, wallet), a_payment(invoice, wallet, "key-0002")
    reserve(payable, first)
    with pytest.raises(StaleError):
        reserve(payable, second)


def test_a_key_is_remembered_for_one_payment(
    payable: Payable,
) -> None:
    repositories, _, wallet = payable
    other = an_invoice("INV-2")
    repositories.invoices.add(other)
    reserve(payable)
    with pytest.raises(StaleError):
        reserve(payable, a_payment(other, wallet))


def test_settle_pays_the_invoice_once(payable: Payable) -> None:
    repositories, invoice, _ = payable
    payment = settled(payable)
    assert payment.state is State.SUCCEEDED

    paid = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (paid.status, paid.amount_due.amount, paid.lock) == (InvoiceStatus.PAID, 0, None)
    assert paid.last_payment == payment
    assert not repositories.invoices.open("cust-1")
    assert not repositories.customers.wallet("cust-1").holds
    with pytest.raises(StaleError):
        repositories.payments.settle(payment, success(payment), entry=an_entry())


def test_a_refusal_stays_with_its_card_until_a_charge_is_taken(payable: Payable) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    lost = explain("card_declined", "lost_card")
    payments.decline(confirming(payable), lost, None, entry=an_entry())
    [card] = repositories.customers.wallet("cust-1").cards
    assert card.refused == lost.reason
    again = payable._replace(invoice=repositories.invoices.get("cust-1", invoice.invoice_id))
    payment = reserve(again, a_payment(again.invoice, wallet, "key-0002"))
    payment = payments.write_ahead(payment, intent="pi_1", n=2, lease_until=LATER)
    payments.settle(payment, success(payment), entry=an_entry())
    [card] = repositories.customers.wallet("cust-1").cards
    assert card.refused is None


def test_settle_needs_the_bound_intent_and_the_amount(
    payable: Payable,
) -> None:
    payments = payable.repositories.payments
    payment = confirming(payable)
    for wrong in (
        replace(success(payment), intent="pi_2"),
        replace(success(payment), money=Money("USD", 1)),
    ):
        with pytest.raises(StaleError):
            payments.settle(payment, wrong, entry=an_entry())
    assert payments.get("cust-1", payment.payment_id).state is State.CONFIRMING


def test_money_that_came_after_a_decline_is_still_the_truth(
    payable: Payable,
) -> None:
    repositories, invoice, _ = payable
    payments = repositories.payments
    payment = confirming(payable)
    payment = payments.decline(payment, explain("card_declined", None), None, entry=an_entry())
    settled = payments.settle(payment, success(payment), entry=an_entry())
    assert settled.state is State.SUCCEEDED
    assert repositories.invoices.get("cust-1", invoice.invoice_id).status is InvoiceStatus.PAID


def test_a_decline_opens_the_invoice_and_counts(
    payable: Payable,
) -> None:
    repositories, invoice, _ = payable
    payments = repositories.payments
    payment = confirming(payable)
    declined = payments.decline(
        payment, explain("card_declined", "insufficient_funds"), None, entry=an_entry()
    )
    assert declined.decline is not None
    assert declined.decline.reason == "insufficient_funds"

    opening = payments.open("cust-1", invoice.invoice_id, "key-0002", NOON)
    assert opening.declines == 1
    assert opening.invoice is not None
    assert (opening.invoice.status, opening.invoice.lock) == (InvoiceStatus.OPEN, None)
    assert (opening.invoice.intent, opening.invoice.n) == ("pi_1", 1)
    assert not opening.wallet.holds
    assert payments.open("cust-1", invoice.invoice_id, "k", NOON + DECLINES.window).declines == 0


def test_a_stale_decline_is_not_written(payable: Payable) -> None:
    payments = payable.repositories.payments
    first = confirming(payable)
    waiting = payments.action(first, lease_until=LATER, entry=an_entry())
    again = payments.write_ahead(waiting, intent="pi_1", n=2, lease_until=LATER)
    with pytest.raises(StaleError):
        payments.decline(first, explain("card_declined", None), None, entry=an_entry())
    assert payments.get("cust-1", first.payment_id) == again


def test_no_confirm_after_a_release(payable: Payable) -> None:
    repositories, invoice, _ = payable
    payments = repositories.payments
    payment = reserve(payable)
    payments.end(payment, Step.RELEASE, raise_epoch=False, entry=an_entry())
    with pytest.raises(StaleError):
        payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    assert repositories.invoices.get("cust-1", invoice.invoice_id).status is InvoiceStatus.OPEN


def test_a_fence_leaves_the_intent_behind(payable: Payable) -> None:
    repositories, invoice, _ = payable
    payments = repositories.payments
    payment = confirming(payable)
    payment = payments.doubt(payment, lease_until=LATER)
    payments.end(payment, Step.FENCE, raise_epoch=True, entry=an_entry())
    fenced = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (fenced.epoch, fenced.intent, fenced.n, fenced.lock) == (1, None, 0, None)
    with pytest.raises(StaleError):
        payments.settle(payment, success(payment), entry=an_entry())


def test_a_fence_may_put_the_schedule_off(payable: Payable) -> None:
    repositories, invoice, _ = payable
    tomorrow = invoice.due_on + timedelta(days=1)
    repositories.payments.end(
        confirming(payable), Step.FENCE, raise_epoch=True, entry=an_entry(), look_on=tomorrow
    )
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (after.look_on, after.lock, after.epoch) == (tomorrow, None, 1)


@pytest.mark.parametrize("refusal", Refusal)
def test_why_stripe_refused_what_was_paid_with_is_kept(payable: Payable, refusal: Refusal) -> None:
    repositories, invoice, _ = payable
    told = replace(confirming(payable), refusal=refusal)
    refused = repositories.payments.end(told, Step.REFUSE, raise_epoch=False, entry=an_entry())
    assert refused.refusal is refusal
    assert repositories.payments.get("cust-1", told.payment_id) == refused
    assert repositories.invoices.get("cust-1", invoice.invoice_id).last_payment == refused


def test_a_bound_intent_is_not_replaced(payable: Payable) -> None:
    payments = payable.repositories.payments
    payment = confirming(payable)
    waiting = payments.action(payment, lease_until=LATER, entry=an_entry())
    with pytest.raises(StaleError):
        payments.write_ahead(waiting, intent="pi_2", n=2, lease_until=LATER)


def test_review_keeps_the_lock(payable: Payable) -> None:
    repositories, invoice, _ = payable
    payments = repositories.payments
    payment = reserve(payable)
    assert payments.review(payment, None, lease_until=LATER, entry=an_entry()).state is State.REVIEW
    assert repositories.invoices.get("cust-1", invoice.invoice_id).lock == payment.payment_id


def test_payments_are_listed_newest_first_and_by_invoice(
    payable: Payable,
) -> None:
    repositories, invoice, wallet = payable
    other = an_invoice("INV-2")
    repositories.invoices.add(other)
    made = [
        replace(
            a_payment(i, wallet, f"key-{n}"), payment_id=ids.new("pay", NOON + timedelta(hours=n))
        )
        for n, i in enumerate((invoice, other))
    ]
    for payment in made:
        reserve(payable, payment)
    listed = repositories.payments.list("cust-1", limit=25, after=None)
    assert list(listed.items) == made[::-1]
    first = repositories.payments.list("cust-1", limit=1, after=None)
    rest = repositories.payments.list("cust-1", limit=1, after=first.last_id)
    assert [*first.items, *rest.items] == made[::-1]
    assert repositories.payments.of_invoice("cust-1", invoice.invoice_id) == [made[0]]
    assert not repositories.payments.list("cust-2", limit=25, after=None).items
    with pytest.raises(NotFoundError):
        repositories.payments.get("cust-2", made[0].payment_id)


def _overdue(repositories: Repositories, now: datetime) -> list[Overdue]:
    return [one for one in left_behind(repositories, now) if isinstance(one, Overdue)]


def test_a_lease_that_ran_out_is_found_until_it_ends(
    payable: Payable,
) -> None:
    repositories = payable.repositories
    payments, payment = repositories.payments, reserve(payable)
    assert _overdue(repositories, LATER) == []
    after = LATER + timedelta(seconds=1)
    assert _overdue(repositories, after) == [Overdue(payment, 0)]

    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    payment = payments.doubt(payment, lease_until=LATER)
    payments.postpone(payment, looks=1, lease_until=after + timedelta(minutes=5))
    assert _overdue(repositories, after) == []
    much_later = after + timedelta(minutes=6)
    assert _overdue(repositories, much_later) == [Overdue(payment, 1)]

    payments.settle(payment, success(payment), entry=an_entry())
    assert _overdue(repositories, much_later) == []
    with pytest.raises(StaleError):
        payments.postpone(payment, looks=2, lease_until=much_later)


def test_a_review_that_ends_frees_the_invoice_and_leaves_its_intent(payable: Payable) -> None:
    repositories, invoice, _ = payable
    payments = repositories.payments
    payment = confirming(payable)
    other = replace(success(payment), money=Money("USD", 1))
    reviewed = payments.review(payment, other, lease_until=LATER, entry=an_entry())
    given_back = replace(reviewed, charge=other.charge, refunded=1)
    closed = payments.close(given_back, entry=an_entry(), look_on=None)
    assert (closed.state, closed.refunded) == (State.CANCELED, 1)
    assert payments.get("cust-1", payment.payment_id) == closed
    freed = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert freed.status is InvoiceStatus.OPEN
    assert (freed.lock, freed.epoch, freed.n, freed.intent) == (None, 1, 0, None)
    assert freed.last_payment == closed
    assert not repositories.customers.wallet("cust-1").holds
    left = left_behind(repositories, LATER + timedelta(days=1000))
    assert not [one for one in left if isinstance(one, Overdue)]
    with pytest.raises(StaleError):
        payments.close(given_back, entry=an_entry(), look_on=None)


def test_a_review_that_holds_no_invoice_ends_alone(payable: Payable) -> None:
    repositories, invoice, _ = payable
    payments = repositories.payments
    canceled = payments.end(confirming(payable), Step.FENCE, raise_epoch=True, entry=an_entry())
    reviewed = payments.review(canceled, success(canceled), lease_until=LATER, entry=an_entry())
    before = repositories.invoices.get("cust-1", invoice.invoice_id)
    closed = payments.close(reviewed, entry=an_entry(), look_on=None)
    assert payments.get("cust-1", reviewed.payment_id) == closed
    after = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert after == replace(before, last_payment=closed)
