"""The nightly two-way comparison of Stripe and the ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.domain.errors import UnavailableError
from billfold.domain.money import Money
from billfold.domain.payment import OneTimeCard, Payment, State, Succeeded, Unknown
from billfold.domain.stripe_event import Owner
from billfold.services import payments
from billfold.services.compare import Difference, compare
from billfold.services.payments import Order
from billfold.services.ports import ChargeView

from tests.builders import NOON, a_customer, an_invoice
from tests.fakes import FakePorts

INVOICE = an_invoice()
DUE = INVOICE.amount_due
DAY = NOON.date()
OWNER = Owner("cust-1", INVOICE.invoice_id)


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=False)
    made.invoices.add(INVOICE)
    return made


def pay(ports: FakePorts, *answers: Unknown) -> Payment:
    ports.gateway.confirms = list(answers)
    order = Order("cust-1", INVOICE.invoice_id, DUE, OneTimeCard("pm_once"), "key-00001")
    return payments.pay(order, ports, lambda: 29).payment


def seen(payment: Payment, charge: str) -> ChargeView:
    answer = Succeeded(payment.intent or "", charge, DUE, None, NOON)
    return ChargeView(charge, payment.intent, OWNER, DUE, NOON, answer)


def test_a_day_that_agrees(ports: FakePorts) -> None:
    payment = pay(ports)
    charge = payment.charge or ""
    ports.gateway.charge_views[charge] = seen(payment, charge)
    other = ChargeView("ch_other", None, None, DUE, NOON, None)
    ports.gateway.charge_views["ch_other"] = other
    report = compare(DAY, ports)
    assert (report.charges, report.others, report.differences) == (1, 1, 0)
    assert "no differences" in ports.store.reports[DAY]
    assert "12050 USD" in ports.store.reports[DAY]


def test_a_charge_that_nobody_settled_is_settled(ports: FakePorts) -> None:
    payment = pay(ports, Unknown())
    ports.gateway.charge_views["ch_1"] = seen(payment, "ch_1")
    report = compare(DAY, ports)
    assert ports.payments.get("cust-1", payment.payment_id).state is State.SUCCEEDED
    assert [line.difference for line in report.lines] == [Difference.SETTLED_LATE]
    assert report.differences == 0


def test_what_differs_is_a_line_that_a_person_can_read(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    payment = pay(ports)
    charge = payment.charge or ""
    ports.gateway.charge_views["ch_lost"] = replace(
        seen(payment, "ch_lost"), intent="pi_lost", answer=None
    )
    ports.gateway.charge_views[charge] = replace(seen(payment, charge), money=Money("USD", 1))
    ports.store.ledger["ch_gone"] = replace(ports.store.ledger[charge], charge="ch_gone")
    ports.store.ledger_days["ch_gone"] = DAY
    report = compare(DAY, ports)
    found = {line.charge: line.difference for line in report.lines}
    assert found == {
        "ch_lost": Difference.NOT_IN_LEDGER,
        "ch_gone": Difference.NOT_AT_STRIPE,
        charge: Difference.AMOUNT,
    }
    assert report.differences == 3
    assert f"| not at Stripe | ch_gone | cust-1 | {INVOICE.invoice_id} | none | 12050 USD |" in (
        report.text()
    )
    assert "stripe and ledger differ" in caplog.text


def test_the_day_is_a_utc_day(ports: FakePorts) -> None:
    payment = pay(ports)
    charge = payment.charge or ""
    ports.gateway.charge_views[charge] = seen(payment, charge)
    for day in (DAY - timedelta(days=1), DAY + timedelta(days=1)):
        assert compare(day, ports).charges == 0


def test_nothing_is_reported_while_stripe_is_down(ports: FakePorts) -> None:
    ports.gateway.down = True
    with pytest.raises(UnavailableError):
        compare(DAY, ports)
    assert ports.store.reports == {}
