"""What the business sends about an invoice: done once, told, refused, or tried again."""

from datetime import timedelta

import pytest
from billfold.domain.decline import explain
from billfold.domain.errors import (
    CardDeclinedError,
    InvoiceChangingError,
    PaymentInProgressError,
    UnknownInvoiceError,
)
from billfold.domain.fact import Actor
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.invoice_change import Wanted
from billfold.domain.money import Money
from billfold.domain.payment import (
    Answer,
    Canceled,
    Declined,
    OneTimeCard,
    Processing,
    Succeeded,
    Unknown,
)
from billfold.services import invoice_commands, outbox, payments
from billfold.services.invoice_commands import Command
from billfold.services.payments import Order
from billfold.services.reconcile import reconcile

from tests.builders import NOON, a_customer, an_invoice
from tests.events_schema import require_published
from tests.fakes import FakePorts

INVOICE = an_invoice()
DUE = INVOICE.amount_due
LOWER, LOWEST = Money("USD", 5000), Money("USD", 4000)
REASON = "Agreed on the telephone."


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.actor = Actor.BUSINESS
    made.customers.register(a_customer(), autopay=False)
    made.invoices.add(INVOICE)
    return made


def send(
    ports: FakePorts,
    amount_due: Money | None = None,
    *,
    command_id: str = "crm-1",
    number: str = INVOICE.number,
    customer_id: str = "cust-1",
) -> None:
    wanted = Wanted(amount_due, REASON, command_id)
    invoice_commands.carry_out(Command(command_id, customer_id, number, wanted), ports)
    outbox.flush(ports)
    for entry in ports.bus.sent:
        for position, fact in enumerate(entry.facts):
            envelope = {
                "version": 1,
                "event_id": entry.event_id(position),
                "customer_id": entry.customer_id,
                "at": entry.at.isoformat(),
                "actor": entry.actor.value,
            }
            require_published(fact.kind.value, {**fact.detail, **envelope})


def stored(ports: FakePorts) -> Invoice:
    return ports.invoices.get("cust-1", INVOICE.invoice_id)


def pay(ports: FakePorts, *answers: Answer, shown: Money = DUE) -> None:
    ports.gateway.confirms = list(answers)
    order = Order("cust-1", INVOICE.invoice_id, shown, OneTimeCard("pm_once"), "key-00001")
    payments.pay(order, ports, lambda: 29)


def declined(ports: FakePorts) -> str:
    with pytest.raises(CardDeclinedError):
        pay(ports, Declined(explain("card_declined", None)))
    [payment] = ports.payments.of_invoice("cust-1", INVOICE.invoice_id)
    assert payment.intent
    outbox.flush(ports)
    ports.bus.sent.clear()
    return payment.intent


def test_a_void_is_told_with_its_reason_and_kept_in_the_audit_trail(ports: FakePorts) -> None:
    send(ports)
    assert stored(ports).status is InvoiceStatus.VOID
    [voided] = ports.bus.details("InvoiceVoided")
    assert (voided["reason"], voided["command_id"]) == (REASON, "crm-1")
    [entry] = ports.outbox.trail("cust-1", limit=9, after=None).items
    assert (entry.actor, entry.facts[0].detail["reason"]) == (Actor.BUSINESS, REASON)


def test_another_amount_is_told_with_the_one_before(ports: FakePorts) -> None:
    send(ports, LOWER)
    assert stored(ports).amount_due == LOWER
    [changed] = ports.bus.details("InvoiceAmountChanged")
    assert (changed["amount"], changed["amount_before"]) == (LOWER.amount, DUE.amount)
    assert (changed["reason"], changed["command_id"]) == (REASON, "crm-1")


def test_a_command_that_comes_twice_does_nothing_more(ports: FakePorts) -> None:
    """Also when it comes again after another one: the amount does not go back."""
    send(ports, LOWER)
    send(ports, LOWEST, command_id="crm-2")
    send(ports, LOWER)
    assert stored(ports).amount_due == LOWEST
    send(ports, command_id="crm-3")
    send(ports, command_id="crm-3")
    send(ports, LOWER)
    assert stored(ports).status is InvoiceStatus.VOID
    assert ports.bus.kinds == ["InvoiceAmountChanged", "InvoiceAmountChanged", "InvoiceVoided"]


@pytest.mark.parametrize("wanted", [None, LOWER])
def test_what_is_so_already_is_done(ports: FakePorts, wanted: Money | None) -> None:
    send(ports, wanted)
    send(ports, wanted, command_id="crm-2")
    assert len(ports.bus.kinds) == 1


@pytest.mark.parametrize(
    ("customer_id", "number"), [("cust-1", "INV-404"), ("cust-2", INVOICE.number)]
)
def test_an_unknown_invoice_may_still_come(ports: FakePorts, customer_id: str, number: str) -> None:
    """The number of another customer's invoice is as unknown as one that is not there."""
    with pytest.raises(UnknownInvoiceError):
        send(ports, number=number, customer_id=customer_id)
    assert stored(ports) == INVOICE


def test_a_payment_in_progress_is_waited_for(ports: FakePorts) -> None:
    pay(ports, Unknown())
    for wanted in (None, LOWER):
        with pytest.raises(PaymentInProgressError):
            send(ports, wanted)
    assert ports.bus.kinds == []


def test_a_change_in_progress_is_waited_for_and_resumed_by_recovery(ports: FakePorts) -> None:
    declined(ports)
    ports.gateway.looks = [Processing()]
    send(ports, LOWER)
    assert stored(ports).lock
    send(ports, LOWER)
    with pytest.raises(InvoiceChangingError):
        send(ports, command_id="crm-2")
    with pytest.raises(InvoiceChangingError):
        send(ports, DUE, command_id="crm-3")
    ports.clock.forward(timedelta(hours=1))
    ports.gateway.looks = [Canceled()]
    assert reconcile(ports, lambda: 60.0)["change_done"] == 1
    assert stored(ports).amount_due == LOWER
    send(ports, command_id="crm-2")
    assert stored(ports).status is InvoiceStatus.VOID


@pytest.mark.parametrize("wanted", [None, LOWER])
def test_a_paid_invoice_refuses_and_the_business_hears_of_it_once(
    ports: FakePorts, wanted: Money | None
) -> None:
    pay(ports)
    for _ in range(2):
        send(ports, wanted)
    [refused] = ports.bus.details("InvoiceChangeRefused")
    assert refused["code"] == "invoice_not_payable"
    assert refused["command"] == ("ChangeInvoiceAmount" if wanted else "VoidInvoice")
    assert (refused["reason"], refused["command_id"]) == (REASON, "crm-1")
    assert stored(ports).status is InvoiceStatus.PAID
    assert reconcile(ports, lambda: 60.0).total() == 0


def test_a_void_invoice_refuses_another_amount(ports: FakePorts) -> None:
    send(ports)
    send(ports, LOWER, command_id="crm-2")
    [refused] = ports.bus.details("InvoiceChangeRefused")
    assert refused["wanted"] == {"amount": 5000, "currency": "USD"}
    assert stored(ports).status is InvoiceStatus.VOID


@pytest.mark.parametrize(
    ("wanted", "detail"),
    [
        (Money("EUR", 5000), "An invoice keeps its currency."),
        (Money("USD", 49), "0.49 USD is too little for a card: 0.50 USD at least."),
        (Money("USD", 0), "0.00 USD is too little for a card"),
    ],
)
def test_an_amount_that_cannot_be_due_is_refused(
    ports: FakePorts, wanted: Money, detail: str
) -> None:
    send(ports, wanted)
    [refused] = ports.bus.details("InvoiceChangeRefused")
    assert refused["code"] == "invalid_input"
    assert str(refused["detail"]).startswith(detail)
    assert stored(ports) == INVOICE


def test_money_that_was_quicker_than_the_void_is_told(ports: FakePorts) -> None:
    intent = declined(ports)
    ports.gateway.looks = [Succeeded(intent, "ch_1", DUE, None, NOON)]
    send(ports)
    assert stored(ports).status is InvoiceStatus.PAID
    assert ports.bus.kinds[-1] == "InvoiceChangeRefused"
    [refused] = ports.bus.details("InvoiceChangeRefused")
    assert (refused["code"], refused["command_id"]) == ("invoice_not_payable", "crm-1")
