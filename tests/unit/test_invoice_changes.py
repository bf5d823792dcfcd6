"""Void and changed amount against payments: lock, fence, change."""

from datetime import timedelta

import pytest
from billfold.domain.decline import explain
from billfold.domain.errors import (
    AmountChangedError,
    CardDeclinedError,
    InvalidInputError,
    InvoiceChangingError,
    InvoiceNotPayableError,
    PaymentInProgressError,
)
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.money import Money
from billfold.domain.payment import (
    BACK_OFF,
    Answer,
    Canceled,
    Declined,
    OneTimeCard,
    Payment,
    Processing,
    State,
    Succeeded,
    Unknown,
)
from billfold.services import invoice_changes, outbox, payments, settle
from billfold.services.payments import Order
from billfold.services.reconcile import reconcile

from tests.builders import NOON, a_customer, an_invoice
from tests.fakes import FakePorts

INVOICE = an_invoice()
DUE = INVOICE.amount_due
LOWER = Money("USD", 5000)


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=False)
    made.invoices.add(INVOICE)
    return made


def pay(ports: FakePorts, *answers: Answer, key: str = "key-00001", shown: Money = DUE) -> Payment:
    ports.gateway.confirms = list(answers)
    order = Order("cust-1", INVOICE.invoice_id, shown, OneTimeCard("pm_once"), key)
    return payments.pay(order, ports, lambda: 29).payment


def declined(ports: FakePorts) -> Payment:
    with pytest.raises(CardDeclinedError):
        pay(ports, Declined(explain("card_declined", None)))
    [payment] = ports.payments.of_invoice("cust-1", INVOICE.invoice_id)
    return payment


def void(ports: FakePorts) -> InvoiceChange:
    return invoice_changes.void("cust-1", INVOICE.invoice_id, ports)


def status(ports: FakePorts) -> InvoiceStatus:
    return ports.invoices.get("cust-1", INVOICE.invoice_id).status


def test_an_invoice_that_nobody_tried_to_pay_is_voided_at_once(ports: FakePorts) -> None:
    assert void(ports).state is ChangeState.DONE
    assert status(ports) is InvoiceStatus.VOID
    assert ports.gateway.calls == []
    outbox.flush(ports)
    assert ports.bus.kinds == ["InvoiceVoided"]
    with pytest.raises(InvoiceNotPayableError):
        pay(ports)
    with pytest.raises(InvoiceNotPayableError):
        void(ports)


def test_a_bound_intent_is_fenced_before_the_void(ports: FakePorts) -> None:
    declined(ports)
    seen: list[str | None] = []

    def cancel(change: InvoiceChange) -> Answer:
        seen.append(ports.invoices.get("cust-1", INVOICE.invoice_id).lock)
        with pytest.raises(InvoiceChangingError):
            pay(ports, key="key-00002")
        return Canceled()

    ports.gateway.cancel = cancel  # type: ignore[method-assign, assignment]
    change = void(ports)
    assert seen == [change.change_id]
    assert status(ports) is InvoiceStatus.VOID


@pytest.mark.parametrize("answer", [Unknown(), Processing()])
def test_nothing_is_changed_before_stripe_says_that_it_is_canceled(
    ports: FakePorts, answer: Answer
) -> None:
    declined(ports)
    ports.gateway.looks = [answer]
    assert void(ports).state is ChangeState.FENCING
    assert status(ports) is InvoiceStatus.OPEN
    with pytest.raises(InvoiceChangingError):
        pay(ports, key="key-00002")
    ports.clock.forward(BACK_OFF[0] + timedelta(minutes=1))
    ports.gateway.looks = [Canceled()]
    assert reconcile(ports, lambda: 60.0)["change_done"] == 1
    assert status(ports) is InvoiceStatus.VOID


def test_money_that_was_quicker_is_the_truth(ports: FakePorts) -> None:
    payment = declined(ports)
    ports.gateway.looks = [Succeeded(payment.intent or "", "ch_1", DUE, None, NOON)]
    assert void(ports).state is ChangeState.REFUSED
    assert status(ports) is InvoiceStatus.PAID
    assert ports.payments.get("cust-1", payment.payment_id).state is State.SUCCEEDED
    assert ports.invoices.get("cust-1", INVOICE.invoice_id).lock is None


def test_a_payment_in_flight_refuses_a_void(ports: FakePorts) -> None:
    pay(ports, Unknown())
    with pytest.raises(PaymentInProgressError):
        void(ports)


def test_a_changed_amount_has_an_intent_of_its_own(ports: FakePorts) -> None:
    first = declined(ports)
    ports.gateway.looks = [Canceled()]
    change = invoice_changes.change_amount("cust-1", INVOICE.invoice_id, LOWER, ports)
    assert change.state is ChangeState.DONE
    with pytest.raises(AmountChangedError):
        pay(ports, key="key-00002")
    paid = pay(ports, key="key-00003", shown=LOWER)
    assert (paid.state, paid.money, paid.epoch) == (State.SUCCEEDED, LOWER, 1)
    assert paid.intent != first.intent
    outbox.flush(ports)
    assert ports.bus.kinds[-3:] == ["InvoiceAmountChanged", "PaymentSucceeded", "InvoicePaid"]


@pytest.mark.parametrize("amount", [Money("EUR", 5000), Money("USD", 0), Money("USD", -5)])
def test_an_amount_that_cannot_be_due_is_refused(ports: FakePorts, amount: Money) -> None:
    with pytest.raises(InvalidInputError):
        invoice_changes.change_amount("cust-1", INVOICE.invoice_id, amount, ports)


def test_a_change_whose_function_died_is_finished(ports: FakePorts) -> None:
    declined(ports)

    class Killed(BaseException):
        pass

    def die(_: object) -> Answer:
        raise Killed

    kept = ports.gateway.cancel
    ports.gateway.cancel = die  # type: ignore[method-assign, assignment]
    with pytest.raises(Killed):
        void(ports)
    ports.gateway.cancel = kept  # type: ignore[method-assign]
    ports.clock.forward(timedelta(minutes=2))
    ports.gateway.looks = [Canceled()]
    assert reconcile(ports, lambda: 60.0)["change_done"] == 1
    assert status(ports) is InvoiceStatus.VOID


def test_two_who_go_on_finish_it_once(ports: FakePorts) -> None:
    declined(ports)
    ports.gateway.looks = [Processing()]
    change = void(ports)
    ports.gateway.looks = [Canceled(), Canceled()]
    for _ in range(2):
        assert invoice_changes.go_on(change, ports).state is ChangeState.DONE
    outbox.flush(ports)
    assert ports.bus.kinds.count("InvoiceVoided") == 1


def test_money_for_a_void_invoice_is_recorded_and_reviewed(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    payment = declined(ports)
    ports.gateway.looks = [Canceled()]
    void(ports)
    late = Succeeded(payment.intent or "", "ch_late", DUE, None, NOON)
    assert settle.record_look(payment, late, ports).state is State.REVIEW
    assert "ch_late" in ports.store.ledger
    assert "charge without an open invoice" in caplog.text
    assert status(ports) is InvoiceStatus.VOID
