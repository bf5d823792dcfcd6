"""The reconciler: what was left behind is finished, and nothing is let go without Stripe's word."""

from datetime import timedelta

import pytest
from billfold.domain.errors import CardDeclinedError, NotChargedError
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.payment import (
    ACTION_DEADLINE,
    BACK_OFF,
    RESERVE_LEASE,
    UNKNOWN_LEASE,
    ActionRequired,
    Answer,
    Canceled,
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
from billfold.services.ports import Overdue
from billfold.services.reconcile import reconcile

from tests.builders import NOON, a_customer, an_invoice
from tests.fakes import FakePorts

INVOICE = an_invoice()
DUE = INVOICE.amount_due
MOMENT = timedelta(seconds=1)


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
    ports.clock.forward(timedelta(days=30))
    assert reconcile(ports, lambda: 60.0) == {}


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
    both = list(ports.leases.expired(ports.clock.now()))
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
