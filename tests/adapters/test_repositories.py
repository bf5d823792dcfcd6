"""One contract for the repositories, held by the fakes and by DynamoDB alike."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Protocol

import pytest
from billfold.domain import ids
from billfold.domain.decline import explain
from billfold.domain.errors import (
    CustomerConflictError,
    InvoiceNumberReusedError,
    NotFoundError,
    TooManyRequestsError,
    UnknownCustomerError,
)
from billfold.domain.fact import Entry
from billfold.domain.invoice import Invoice, InvoiceStatus, PublicInvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.limit import DECLINES, FAILED_CARDS, LOGIN_ACCOUNT
from billfold.domain.money import Money
from billfold.domain.payment import Dispute, Payment, State, Step, Succeeded, Trigger
from billfold.domain.stripe_event import Parked, StripeEvent
from billfold.domain.wallet import CardFace, Wallet
from billfold.services.ports import (
    Customers,
    Expired,
    InvoiceChanges,
    Invoices,
    Leases,
    Ledger,
    LedgerRow,
    Limits,
    Outbox,
    Overdue,
    Parking,
    Payments,
    StaleError,
)

from tests.builders import NOON, a_card, a_customer, an_entry, an_invoice
from tests.fakes import FakePorts

LATER = NOON + timedelta(seconds=60)


class Repositories(Protocol):
    @property
    def customers(self) -> Customers: ...
    @property
    def invoices(self) -> Invoices: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def invoice_changes(self) -> InvoiceChanges: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def parking(self) -> Parking: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def limits(self) -> Limits: ...


@pytest.fixture(params=["fake", "dynamodb"])
def repositories(request: pytest.FixtureRequest) -> Iterator[Repositories]:
    if request.param == "fake":
        yield FakePorts()
    else:
        yield request.getfixturevalue("dynamodb_ports")


@pytest.fixture
def payable(repositories: Repositories) -> tuple[Repositories, Invoice, Wallet]:
    repositories.customers.register(a_customer(), autopay=False)
    wallet = repositories.customers.wallet("cust-1").add(a_card(1))
    wallet = repositories.customers.save(wallet)
    invoice = an_invoice()
    repositories.invoices.add(invoice)
    return repositories, invoice, wallet


def a_payment(invoice: Invoice, wallet: Wallet | None, key: str = "key-0001") -> Payment:
    card = wallet.cards[0] if wallet else None
    return Payment(
        payment_id=ids.new(ids.PAYMENT, NOON),
        customer_id=invoice.customer_id,
        invoice_id=invoice.invoice_id,
        epoch=invoice.epoch,
        trigger=Trigger.MANUAL if card else Trigger.ONE_TIME,
        money=invoice.amount_due,
        state=State.RESERVED,
        created_at=NOON,
        idempotency_key=key,
        card_id=card.card_id if card else None,
        card=card.face if card else None,
    )


def success(payment: Payment) -> Succeeded:
    return Succeeded(
        payment.intent or "",
        "ch_" + payment.payment_id,
        payment.money,
        CardFace("visa", "4242"),
        NOON,
    )


# Customers and wallets


def test_a_customer_is_registered_once_and_found(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=True)
    repositories.customers.register(a_customer(), autopay=True)
    customer, wallet = repositories.customers.account("cust-1")
    assert customer == a_customer()
    assert wallet == Wallet("cust-1", autopay=True, version=1)


def test_another_registration_under_the_same_id_is_a_conflict(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=True)
    with pytest.raises(CustomerConflictError):
        repositories.customers.register(replace(a_customer(), name="Other"), autopay=True)


def test_an_unknown_customer_has_no_account(repositories: Repositories) -> None:
    with pytest.raises(NotFoundError):
        repositories.customers.account("nobody")


def test_a_wallet_is_kept_whole_and_in_order(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    wallet = repositories.customers.wallet("cust-1")
    for number in (3, 1, 2):
        wallet = wallet.add(a_card(number, nickname="Office" if number == 1 else None))
    wallet = wallet.with_stripe_customer("cus_1")
    saved = repositories.customers.save(wallet)
    assert repositories.customers.wallet("cust-1") == saved == replace(wallet, version=2)


def test_a_wallet_is_saved_only_over_the_version_that_was_read(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    read = repositories.customers.wallet("cust-1")
    repositories.customers.save(read.add(a_card(1)))
    with pytest.raises(StaleError):
        repositories.customers.save(read.add(a_card(2)))


# Invoices


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
    payable: tuple[Repositories, Invoice, Wallet],
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
    pay(repositories, paid, a_payment(paid, None))
    page = repositories.invoices.list(
        "cust-1", statuses=statuses, today=date(2026, 10, 20), limit=25, after=None
    )
    assert [invoice.number for invoice in page.items] == numbers


# The steps of the protocol


def pay(repositories: Repositories, invoice: Invoice, payment: Payment) -> Payment:
    payments = repositories.payments
    payment = payments.reserve(payment, n=invoice.n, fingerprint="f", lease_until=LATER)
    payment = payments.write_ahead(payment, intent="pi_1", n=invoice.n + 1, lease_until=LATER)
    return payments.settle(payment, success(payment), entry=an_entry())


def test_reserve_takes_lock_card_and_key_together(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    payment = a_payment(invoice, wallet)
    repositories.payments.reserve(payment, n=0, fingerprint="f", lease_until=LATER)

    opening = repositories.payments.open("cust-1", invoice.invoice_id, "key-0001", NOON)
    assert opening.request is not None
    assert opening.request.payment_id == payment.payment_id
    assert opening.invoice is not None
    assert opening.invoice.lock == payment.payment_id
    assert opening.invoice.last_payment == payment
    assert opening.wallet.holds == {payment.payment_id: wallet.cards[0].card_id}
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
def test_reserve_refuses_what_is_not_as_it_was_read(
    payable: tuple[Repositories, Invoice, Wallet], spoil: object
) -> None:
    repositories, invoice, wallet = payable
    assert callable(spoil)
    with pytest.raises(StaleError):
        repositories.payments.reserve(
            spoil(a_payment(invoice, wallet)), n=invoice.n, fingerprint="f", lease_until=LATER
        )
    assert repositories.invoices.get("cust-1", invoice.invoice_id) == invoice
    assert repositories.customers.wallet("cust-1") == wallet
    assert not repositories.payments.of_invoice("cust-1", invoice.invoice_id)


def test_an_invoice_is_locked_for_one_payment(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    first, second = a_payment(invoice, wallet), a_payment(invoice, wallet, "key-0002")
    repositories.payments.reserve(first, n=invoice.n, fingerprint="f", lease_until=LATER)
    with pytest.raises(StaleError):
        repositories.payments.reserve(second, n=invoice.n, fingerprint="f", lease_until=LATER)


def test_a_key_is_remembered_for_one_payment(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    other = an_invoice("INV-2")
    repositories.invoices.add(other)
    repositories.payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    with pytest.raises(StaleError):
        repositories.payments.reserve(
            a_payment(other, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
        )


def test_settle_pays_the_invoice_once(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, wallet = payable
    settled = pay(repositories, invoice, a_payment(invoice, wallet))
    assert settled.state is State.SUCCEEDED

    paid = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (paid.status, paid.amount_due.amount, paid.lock) == (InvoiceStatus.PAID, 0, None)
    assert paid.last_payment == settled
    assert not repositories.invoices.open("cust-1")
    assert not repositories.customers.wallet("cust-1").holds
    with pytest.raises(StaleError):
        repositories.payments.settle(settled, success(settled), entry=an_entry())


def test_settle_needs_the_bound_intent_and_the_amount(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    for wrong in (
        replace(success(payment), intent="pi_2"),
        replace(success(payment), money=Money("USD", 1)),
    ):
        with pytest.raises(StaleError):
            payments.settle(payment, wrong, entry=an_entry())
    assert payments.get("cust-1", payment.payment_id).state is State.CONFIRMING


def test_money_that_came_after_a_decline_is_still_the_truth(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    payment = payments.decline(payment, explain("card_declined", None), None, entry=an_entry())
    settled = payments.settle(payment, success(payment), entry=an_entry())
    assert settled.state is State.SUCCEEDED
    assert repositories.invoices.get("cust-1", invoice.invoice_id).status is InvoiceStatus.PAID


def test_a_decline_opens_the_invoice_and_counts(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
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


def test_a_stale_decline_is_not_written(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    first = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    first = payments.write_ahead(first, intent="pi_1", n=1, lease_until=LATER)
    waiting = payments.action(first, lease_until=LATER, entry=an_entry())
    again = payments.write_ahead(waiting, intent="pi_1", n=2, lease_until=LATER)
    with pytest.raises(StaleError):
        payments.decline(first, explain("card_declined", None), None, entry=an_entry())
    assert payments.get("cust-1", first.payment_id) == again


def test_no_confirm_after_a_release(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payments.end(payment, Step.RELEASE, raise_epoch=False, entry=an_entry())
    with pytest.raises(StaleError):
        payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    assert repositories.invoices.get("cust-1", invoice.invoice_id).status is InvoiceStatus.OPEN


def test_a_fence_leaves_the_intent_behind(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    payment = payments.doubt(payment, lease_until=LATER)
    payments.end(payment, Step.FENCE, raise_epoch=True, entry=an_entry())
    fenced = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (fenced.epoch, fenced.intent, fenced.n, fenced.lock) == (1, None, 0, None)
    with pytest.raises(StaleError):
        payments.settle(payment, success(payment), entry=an_entry())


def test_a_bound_intent_is_not_replaced(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    waiting = payments.action(payment, lease_until=LATER, entry=an_entry())
    with pytest.raises(StaleError):
        payments.write_ahead(waiting, intent="pi_2", n=2, lease_until=LATER)


def test_review_keeps_the_lock(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    assert payments.review(payment, None, lease_until=LATER, entry=an_entry()).state is State.REVIEW
    assert repositories.invoices.get("cust-1", invoice.invoice_id).lock == payment.payment_id


def test_payments_are_listed_newest_first_and_by_invoice(
    payable: tuple[Repositories, Invoice, Wallet],
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
        repositories.payments.reserve(payment, n=0, fingerprint="f", lease_until=LATER)
    listed = repositories.payments.list("cust-1", limit=25, after=None)
    assert list(listed.items) == made[::-1]
    first = repositories.payments.list("cust-1", limit=1, after=None)
    rest = repositories.payments.list("cust-1", limit=1, after=first.last_id)
    assert [*first.items, *rest.items] == made[::-1]
    assert repositories.payments.of_invoice("cust-1", invoice.invoice_id) == [made[0]]
    assert not repositories.payments.list("cust-2", limit=25, after=None).items
    with pytest.raises(NotFoundError):
        repositories.payments.get("cust-2", made[0].payment_id)


def left_behind(repositories: Repositories, now: datetime) -> list[Expired]:
    found = [one.read() for one in repositories.leases.expired(now)]
    return [one for one in found if one]


def _overdue(repositories: Repositories, now: datetime) -> list[Overdue]:
    return [one for one in left_behind(repositories, now) if isinstance(one, Overdue)]


def test_a_lease_that_ran_out_is_found_until_it_ends(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
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


# Limits


def test_a_limit_holds_until_its_window_ends(repositories: Repositories) -> None:
    limits = repositories.limits
    for _ in range(LOGIN_ACCOUNT.most):
        limits.take(LOGIN_ACCOUNT, "someone", NOON)
    with pytest.raises(TooManyRequestsError) as refused:
        limits.take(LOGIN_ACCOUNT, "someone", NOON)
    assert 0 < refused.value.retry_after <= LOGIN_ACCOUNT.window.total_seconds() + 1
    limits.take(LOGIN_ACCOUNT, "another", NOON)
    limits.give_back(LOGIN_ACCOUNT, "someone", NOON)
    limits.take(LOGIN_ACCOUNT, "someone", NOON)
    limits.take(LOGIN_ACCOUNT, "someone", NOON + LOGIN_ACCOUNT.window)


def test_a_limit_can_be_looked_at_without_counting(repositories: Repositories) -> None:
    limits = repositories.limits
    for number in range(FAILED_CARDS.most):
        limits.require_below(FAILED_CARDS, "cust-1", NOON)
        for _ in range(2):
            # Stripe delivers an event again for thirty days.
            limits.count_event(FAILED_CARDS, "cust-1", f"evt_{number}", NOON)
    with pytest.raises(TooManyRequestsError):
        limits.require_below(FAILED_CARDS, "cust-1", NOON)
    limits.require_below(FAILED_CARDS, "cust-2", NOON)


# What happened


def test_an_entry_waits_until_it_was_sent_and_stays_in_the_trail(
    repositories: Repositories,
) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    wallet = repositories.customers.wallet("cust-1")
    entries = [an_entry(at=NOON + timedelta(seconds=seconds)) for seconds in (0, 1)]
    repositories.customers.save(wallet.add(a_card(1)), entries[0])
    repositories.outbox.put(entries[1])
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


# Events of Stripe


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


# What becomes of a charge


def _settled(payable: tuple[Repositories, Invoice, Wallet]) -> Payment:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    return payments.settle(payment, success(payment), entry=an_entry())


def test_a_charge_is_in_the_ledger_of_its_day(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, _ = payable
    payment = _settled(payable)
    charge = payment.charge or ""
    row = LedgerRow(charge, "cust-1", payment.payment_id, invoice.invoice_id, payment.money)
    assert list(repositories.ledger.rows(NOON.date())) == [row]
    assert list(repositories.ledger.rows(NOON.date() - timedelta(days=1))) == []
    assert repositories.ledger.find("cust-1", charge) == row
    assert repositories.ledger.find("cust-2", charge) is None


def test_refund_and_dispute_are_reflected_on_payment_and_invoice(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, _ = payable
    payment = _settled(payable)
    payments = repositories.payments
    payments.reflect(payment, refunded=500, dispute=Dispute.OPEN, entry=an_entry())
    after = payments.get("cust-1", payment.payment_id)
    assert (after.refunded, after.dispute) == (500, Dispute.OPEN)
    now = repositories.invoices.get("cust-1", invoice.invoice_id)
    assert (now.status, now.last_payment) == (InvoiceStatus.PAID, after)
    assert payments.by_intent("cust-1", invoice.invoice_id, "pi_1") == after
    assert payments.by_intent("cust-1", invoice.invoice_id, "pi_2") is None


def test_money_for_a_review_is_in_the_ledger(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    reviewed = payments.review(payment, success(payment), lease_until=LATER, entry=an_entry())
    assert repositories.ledger.find("cust-1", success(payment).charge) is not None
    # The invoice's copy knows, so that no late answer changes what a person looks at.
    with pytest.raises(StaleError):
        payments.decline(payment, explain("card_declined", None), None, entry=an_entry())
    assert payments.get("cust-1", payment.payment_id) == reviewed


def test_a_review_is_of_what_was_read(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    payment = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payment = payments.write_ahead(payment, intent="pi_1", n=1, lease_until=LATER)
    unknown = payments.doubt(payment, lease_until=LATER)
    payments.settle(unknown, success(unknown), entry=an_entry())
    with pytest.raises(StaleError):
        payments.review(unknown, None, lease_until=LATER, entry=an_entry())


def test_what_was_decided_on_a_reservation_does_not_end_a_confirm(
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, wallet = payable
    payments = repositories.payments
    reserved = payments.reserve(
        a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
    )
    payments.write_ahead(reserved, intent="pi_1", n=1, lease_until=LATER)
    with pytest.raises(StaleError):
        payments.end(reserved, Step.RELEASE, raise_epoch=False, entry=an_entry())


# Changes of an invoice


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
    payable: tuple[Repositories, Invoice, Wallet], amount_due: Money | None
) -> None:
    repositories, invoice, wallet = payable
    change, changes = a_change(invoice, amount_due), repositories.invoice_changes
    changes.begin(change, lease_until=LATER)
    for refused in (change, replace(change, change_id="chg_other")):
        with pytest.raises(StaleError):
            changes.begin(refused, lease_until=LATER)
    with pytest.raises(StaleError):
        repositories.payments.reserve(
            a_payment(invoice, wallet), n=invoice.n, fingerprint="f", lease_until=LATER
        )
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
    payable: tuple[Repositories, Invoice, Wallet],
) -> None:
    repositories, invoice, _ = payable
    for other in (
        replace(a_change(invoice), epoch=1),
        replace(a_change(invoice), before=Money("USD", 1)),
        replace(a_change(invoice), intent="pi_1"),
    ):
        with pytest.raises(StaleError):
            repositories.invoice_changes.begin(other, lease_until=LATER)


# Overdue invoices


def test_an_overdue_invoice_is_told_once(payable: tuple[Repositories, Invoice, Wallet]) -> None:
    repositories, invoice, _ = payable
    days = {"since": date(2026, 10, 20), "before": date(2026, 11, 1)}
    assert list(repositories.invoices.due(**days)) == [("cust-1", invoice.invoice_id)]
    assert list(repositories.invoices.due(since=days["before"], before=date(2026, 11, 9))) == []
    repositories.invoices.note_overdue("cust-1", invoice.invoice_id, entry=an_entry())
    assert repositories.invoices.get("cust-1", invoice.invoice_id).overdue_told
    with pytest.raises(StaleError):
        repositories.invoices.note_overdue("cust-1", invoice.invoice_id, entry=an_entry())
