"""The reconciler: what was left behind is finished, and nothing is let go without Stripe's word."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from billfold.domain.decline import explain
from billfold.domain.errors import CardDeclinedError, NotChargedError, UnavailableError
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import (
    ACTION_DEADLINE,
    BACK_OFF,
    RESERVE_LEASE,
    REVIEW_LEASE,
    UNKNOWN_LEASE,
    ActionRequired,
    Answer,
    Canceled,
    Declined,
    NotBegun,
    OneTimeCard,
    Payment,
    Processing,
    State,
    Step,
    Succeeded,
    Unknown,
    WantsConfirmation,
    WantsMethod,
)
from billfold.services import outbox, payments, settle
from billfold.services.payments import Order
from billfold.services.ports import Expired, Overdue
from billfold.services.reconcile import reconcile

from tests.builders import NOON, a_customer, an_invoice
from tests.fakes import FakePayments, FakePorts

INVOICE = an_invoice()
DUE = INVOICE.amount_due
MOMENT = timedelta(seconds=1)
NO = Declined(explain("card_declined", None))


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=False)
    made.invoices.add(INVOICE)
    return made


def pay(ports: FakePorts, answer: Answer, key: str = "key-00001") -> Payment:
    ports.gateway.confirms = [answer]
    order = Order("cust-1", INVOICE.invoice_id, DUE, OneTimeCard("pm_once"), key)
    try:
        return payments.pay(order, ports, lambda: 29).payment
    finally:
        # As the entrance does when a request ends.
        outbox.flush(ports)


def success(payment: Payment) -> Succeeded:
    return Succeeded(payment.intent or "", "ch_1", DUE, None, NOON)


def now(ports: FakePorts, payment: Payment) -> Payment:
    return ports.payments.get("cust-1", payment.payment_id)


def status(ports: FakePorts) -> InvoiceStatus:
    return ports.invoices.get("cust-1", INVOICE.invoice_id).status


@pytest.fixture
def unknown(ports: FakePorts) -> Payment:
    payment = pay(ports, Unknown())
    ports.clock.forward(UNKNOWN_LEASE + MOMENT)
    return payment


def crashed(ports: FakePorts, *, after_write_ahead: bool) -> Payment:
    """Leave a payment behind as a function does that dies."""

    class Killed(BaseException):
        pass

    def die(*_: object) -> Answer:
        raise Killed

    name = "confirm" if after_write_ahead else "create_payment_intent"
    kept = getattr(ports.gateway, name)
    setattr(ports.gateway, name, die)
    order = Order("cust-1", INVOICE.invoice_id, DUE, OneTimeCard("pm_once"), "key-00001")
    with pytest.raises(Killed):
        payments.pay(order, ports, lambda: 29)
    setattr(ports.gateway, name, kept)
    [payment] = ports.store.payments.values()
    return payment


def test_nothing_is_touched_before_its_lease_has_run_out(ports: FakePorts) -> None:
    pay(ports, Unknown())
    calls = len(ports.gateway.calls)
    assert reconcile(ports, lambda: 60.0) == {}
    assert len(ports.gateway.calls) == calls


def test_a_lost_success_is_settled(ports: FakePorts, unknown: Payment) -> None:
    ports.gateway.looks = [success(unknown)]
    assert reconcile(ports, lambda: 60.0) == {State.SUCCEEDED: 1}
    assert status(ports) is InvoiceStatus.PAID
    assert reconcile(ports, lambda: 60.0) == {}


def test_a_crash_before_the_write_ahead_frees_the_invoice(ports: FakePorts) -> None:
    payment = crashed(ports, after_write_ahead=False)
    ports.clock.forward(RESERVE_LEASE + MOMENT)
    assert reconcile(ports, lambda: 60.0) == {State.RELEASED: 1}
    assert now(ports, payment).state is State.RELEASED
    assert status(ports) is InvoiceStatus.OPEN


def test_a_crash_after_the_write_ahead_is_looked_up(ports: FakePorts) -> None:
    payment = crashed(ports, after_write_ahead=True)
    ports.clock.forward(RESERVE_LEASE + MOMENT)
    ports.gateway.looks = [success(payment)]
    assert reconcile(ports, lambda: 60.0) == {State.SUCCEEDED: 1}


@pytest.mark.parametrize("look", [WantsMethod(), WantsConfirmation()])
def test_an_intent_that_was_not_charged_is_fenced_before_the_lock_goes(
    ports: FakePorts, unknown: Payment, look: Answer
) -> None:
    ports.gateway.looks = [look, Canceled()]
    assert reconcile(ports, lambda: 60.0) == {State.CANCELED: 1}
    assert ("cancel", unknown.intent) in ports.gateway.calls
    invoice = ports.invoices.get("cust-1", INVOICE.invoice_id)
    assert (invoice.status, invoice.epoch, invoice.intent) == (InvoiceStatus.OPEN, 1, None)
    with pytest.raises(NotChargedError):
        pay(ports, Unknown())


def test_a_fence_that_comes_too_late_finds_the_money(ports: FakePorts, unknown: Payment) -> None:
    ports.gateway.looks = [WantsMethod(), success(unknown)]
    assert reconcile(ports, lambda: 60.0) == {State.SUCCEEDED: 1}


def test_a_fence_whose_answer_is_lost_keeps_the_lock(ports: FakePorts, unknown: Payment) -> None:
    ports.gateway.looks = [WantsMethod(), Unknown()]
    assert reconcile(ports, lambda: 60.0) == {State.UNKNOWN: 1}
    assert ports.invoices.get("cust-1", INVOICE.invoice_id).lock == unknown.payment_id


@pytest.mark.parametrize("look", [Unknown(), NotBegun(), Processing()])
def test_the_lock_stays_while_stripe_says_nothing_and_then_a_person_looks(
    ports: FakePorts, unknown: Payment, look: Answer
) -> None:
    for wait in BACK_OFF:
        ports.gateway.looks = [look]
        assert reconcile(ports, lambda: 60.0) == {State.UNKNOWN: 1}
        assert reconcile(ports, lambda: 60.0) == {}
        assert ports.invoices.get("cust-1", INVOICE.invoice_id).lock == unknown.payment_id
        ports.clock.forward(wait + MOMENT)
    ports.gateway.looks = [look]
    assert reconcile(ports, lambda: 60.0) == {State.REVIEW: 1}
    assert ports.invoices.get("cust-1", INVOICE.invoice_id).lock == unknown.payment_id
    # It goes on asking for a person, once a day, and never lets go by itself.
    for _ in range(3):
        ports.clock.forward(REVIEW_LEASE + MOMENT)
        ports.gateway.looks = [WantsMethod()]
        assert reconcile(ports, lambda: 60.0)[State.REVIEW] == 1
        assert ports.invoices.get("cust-1", INVOICE.invoice_id).lock == unknown.payment_id


@pytest.mark.parametrize(("look", "state"), [(None, State.SUCCEEDED), (Canceled(), State.CANCELED)])
def test_what_stripe_says_at_last_ends_a_review(
    ports: FakePorts, unknown: Payment, look: Answer | None, state: State
) -> None:
    settle.review(unknown, None, ports)
    ports.clock.forward(REVIEW_LEASE + MOMENT)
    ports.gateway.looks = [look or success(unknown)]
    assert reconcile(ports, lambda: 60.0)[state] == 1
    assert status(ports) is (InvoiceStatus.OPEN if look else InvoiceStatus.PAID)


def test_a_late_decline_does_not_end_a_review(ports: FakePorts, unknown: Payment) -> None:
    settle.review(unknown, None, ports)
    assert settle.record(unknown, NO, ports).state is State.REVIEW


def test_a_slow_reconciler_does_not_release_a_payment_whose_confirm_is_under_way(
    ports: FakePorts,
) -> None:
    gateway, locks = ports.gateway, []
    read: list[Expired] = []

    def create(payment: Payment, customer: str) -> str:
        ports.clock.forward(2 * RESERVE_LEASE)
        read.extend(ports.leases.now(ports.clock.now()))
        return "pi_1"

    def confirm(payment: Payment, *_: object) -> Answer:
        [left] = read
        assert isinstance(left, Overdue)
        settle.end(left.payment, Step.RELEASE, ports)
        locks.append(ports.invoices.get("cust-1", INVOICE.invoice_id).lock)
        return gateway.success(payment)

    gateway.create_payment_intent = create  # type: ignore[method-assign, assignment]
    gateway.confirm = confirm  # type: ignore[method-assign, assignment]
    assert locks == [pay(ports, Unknown()).payment_id]


def test_the_last_look_makes_no_review_of_a_payment_settled_meanwhile(
    ports: FakePorts, unknown: Payment
) -> None:
    def retrieve(payment: Payment) -> Answer:
        settle.record_look(payment, ports.gateway.success(payment), ports)
        return Unknown()

    ports.payments.postpone(unknown, looks=len(BACK_OFF), lease_until=ports.clock.now())
    ports.clock.forward(MOMENT)
    ports.gateway.retrieve = retrieve  # type: ignore[method-assign]
    reconcile(ports, lambda: 60.0)
    assert now(ports, unknown).state is State.SUCCEEDED


def test_a_slow_look_does_not_take_the_next_try_s_money_for_the_declined_one(
    ports: FakePorts, unknown: Payment
) -> None:
    def retrieve(payment: Payment) -> Answer:
        settle.record(payment, NO, ports)
        paid = pay(ports, ports.gateway.success(payment), "key-00002")
        return Succeeded(payment.intent or "", paid.charge or "", DUE, None, NOON)

    ports.gateway.retrieve = retrieve  # type: ignore[method-assign]
    reconcile(ports, lambda: 60.0)
    assert now(ports, unknown).state is State.DECLINED
    assert len(ports.store.ledger) == 1


def test_money_that_comes_after_a_decline_is_that_of_the_try_under_way(
    ports: FakePorts, unknown: Payment
) -> None:
    settle.record(unknown, NO, ports)
    second = pay(ports, Unknown(), "key-00002")
    settle.record_look(unknown, success(unknown), ports)
    assert now(ports, unknown).state is State.DECLINED
    assert now(ports, second).state is State.SUCCEEDED


def test_a_store_that_fails_while_settling_leaves_everything_as_it_was(
    ports: FakePorts, unknown: Payment
) -> None:
    def fail(*_: object, **__: object) -> Payment:
        raise UnavailableError

    ports.gateway.looks = [success(unknown)]
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(FakePayments, "settle", fail)
        assert reconcile(ports, lambda: 60.0)["later"] == 1
    assert now(ports, unknown).state is State.UNKNOWN
    assert ports.store.ledger == {}
    ports.gateway.looks = [success(unknown)]
    assert reconcile(ports, lambda: 60.0) == {State.SUCCEEDED: 1}


def test_a_customer_who_may_have_been_charged_is_not_told_otherwise(ports: FakePorts) -> None:
    def fail(*_: object, **__: object) -> Payment:
        raise UnavailableError

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(FakePayments, "settle", fail)
        shown = pay(ports, Unknown())
        ports.gateway.looks = []
    assert shown.status.value == "processing"
    assert "nothing was charged" not in UnavailableError().text


def test_what_was_answered_meanwhile_is_not_fenced(ports: FakePorts) -> None:
    """A reconciler that took up a confirm finds its answer written, and the next try begun."""
    payment = crashed(ports, after_write_ahead=True)
    ports.clock.forward(RESERVE_LEASE + MOMENT)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FakePayments, "doubt", _declined_meanwhile(ports))
        reconcile(ports, lambda: 60.0)
    assert now(ports, payment).state is State.DECLINED
    assert [call for call in ports.gateway.calls if call[0] == "cancel"] == []


def _declined_meanwhile(ports: FakePorts) -> Callable[..., Payment]:
    real = FakePayments.doubt

    def doubt(self: FakePayments, read: Payment, *, lease_until: datetime) -> Payment:
        settle.record(read, NO, ports)
        return real(self, read, lease_until=lease_until)

    return doubt


def test_trouble_that_ends_is_settled(ports: FakePorts, unknown: Payment) -> None:
    ports.gateway.looks = [Unknown()]
    reconcile(ports, lambda: 60.0)
    ports.clock.forward(BACK_OFF[0] + MOMENT)
    ports.gateway.looks = [success(unknown)]
    assert reconcile(ports, lambda: 60.0) == {State.SUCCEEDED: 1}


def test_a_bank_that_asks_after_all_is_answered_by_the_customer(
    ports: FakePorts, unknown: Payment
) -> None:
    ports.gateway.looks = [ActionRequired("secret")]
    assert reconcile(ports, lambda: 60.0) == {State.REQUIRES_ACTION: 1}
    ports.gateway.looks = [WantsConfirmation()]
    done = payments.confirm("cust-1", unknown.payment_id, ports, lambda: 29)
    assert done.payment.state is State.SUCCEEDED


@pytest.mark.parametrize("look", [ActionRequired("secret"), WantsConfirmation()])
def test_a_bank_step_past_its_deadline_is_fenced(ports: FakePorts, look: Answer) -> None:
    payment = pay(ports, ActionRequired("secret"))
    ports.clock.forward(ACTION_DEADLINE - MOMENT)
    assert reconcile(ports, lambda: 60.0) == {}
    ports.clock.forward(2 * MOMENT)
    ports.gateway.looks = [look, Canceled()]
    assert reconcile(ports, lambda: 60.0) == {State.CANCELED: 1}
    assert now(ports, payment).state is State.CANCELED


def test_a_bank_step_that_failed_unseen_is_a_decline(ports: FakePorts) -> None:
    pay(ports, ActionRequired("secret"))
    ports.clock.forward(ACTION_DEADLINE + MOMENT)
    ports.gateway.looks = [WantsMethod()]
    assert reconcile(ports, lambda: 60.0) == {State.DECLINED: 1}
    with pytest.raises(CardDeclinedError):
        pay(ports, Unknown())


def test_the_late_answer_of_the_payer_finds_it_settled(ports: FakePorts, unknown: Payment) -> None:
    ports.gateway.looks = [WantsMethod(), Canceled()]
    reconcile(ports, lambda: 60.0)
    late = settle.record(unknown, success(unknown), ports)
    # The intent of an epoch that was fenced cannot succeed; if it says so, a person must look.
    assert late.state is State.REVIEW
    assert status(ports) is InvoiceStatus.OPEN


def test_two_reconcilers_at_once_settle_once(ports: FakePorts, unknown: Payment) -> None:
    ports.gateway.looks = [success(unknown), success(unknown)]
    both = ports.leases.now(ports.clock.now())
    assert reconcile(ports, lambda: 60.0) == {State.SUCCEEDED: 1}
    assert isinstance(both[0], Overdue)
    after = settle.record_look(both[0].payment, success(unknown), ports)
    assert after.state is State.SUCCEEDED
    assert len(ports.store.ledger) == 1


def test_a_payment_that_was_released_cannot_be_confirmed_by_its_slow_function(
    ports: FakePorts,
) -> None:
    payment = crashed(ports, after_write_ahead=False)
    ports.clock.forward(RESERVE_LEASE + MOMENT)
    reconcile(ports, lambda: 60.0)
    assert settle.end(payment, Step.RELEASE, ports).state is State.RELEASED
    confirms = [call for call in ports.gateway.calls if call[0] == "confirm"]
    assert confirms == []
