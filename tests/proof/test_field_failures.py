"""Failures that other billing systems have had in the field, each as a test of this one.

The names are those of the public reports; docs/payments.md tells what each was.
"""

import threading
from datetime import date, timedelta

import pytest
from billfold.adapters.stripe_answers import to_stripe_amount
from billfold.domain.decline import explain
from billfold.domain.errors import (
    BillfoldError,
    CardDeclinedError,
    CardInUseError,
    InvoiceNotPayableError,
    NotFoundError,
    PaymentInProgressError,
    SourceUnusableError,
)
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.limit import DECLINES
from billfold.domain.money import Money
from billfold.domain.payment import (
    Answer,
    Canceled,
    Declined,
    OneTimeCard,
    Payment,
    Refused,
    Slot,
    Source,
    State,
    StoredCard,
    Trigger,
    Unknown,
    WantsMethod,
)
from billfold.domain.stripe_event import PATIENCE, Owner, StripeEvent
from billfold.services import cards, payments, stripe_events
from billfold.services.payments import Order
from billfold.services.reconcile import reconcile

from tests.builders import a_card, a_customer, an_invoice
from tests.fakes import FakePorts

INVOICE = an_invoice()
DUE = INVOICE.amount_due
ONE_TIME = OneTimeCard("pm_once")
PRESENT = explain("authentication_required", None)


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=True)
    wallet = made.customers.wallet("cust-1").add(a_card(1)).add(a_card(2))
    made.customers.save(wallet.with_stripe_customer("cus_cust-1"))
    made.invoices.add(INVOICE)
    return made


def stored(ports: FakePorts) -> StoredCard:
    return StoredCard(ports.customers.wallet("cust-1").cards[0].card_id, None)


def order(source: Source, key: str, *, slot: Slot | None = None) -> Order:
    return Order("cust-1", INVOICE.invoice_id, DUE, source, key, slot)


def pay(ports: FakePorts, source: Source, key: str, *answers: Answer) -> Payment:
    ports.gateway.confirms = list(answers)
    return payments.pay(order(source, key), ports, lambda: 29).payment


def automatic(ports: FakePorts, slot: str, *answers: Answer) -> Payment:
    ports.gateway.confirms = list(answers)
    day = Slot(date.fromisoformat(slot))
    placed = order(stored(ports), day.key(INVOICE.invoice_id), slot=day)
    return payments.pay(placed, ports, lambda: 29).payment


def confirms(ports: FakePorts) -> list[str]:
    return [about for name, about in ports.gateway.calls if name == "confirm"]


def test_lago_5708_autopay_races_a_person(ports: FakePorts) -> None:
    """Two intents, two charges, although each had looked first."""
    gate = threading.Barrier(8)
    ended: list[str] = []

    def run(number: int) -> None:
        gate.wait()
        try:
            if number % 2:
                ended.append(automatic(ports, "2026-10-31").state)
            else:
                ended.append(pay(ports, ONE_TIME, f"key-{number:05}").state)
        except BillfoldError as error:
            ended.append(error.code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 8
    assert len(confirms(ports)) == 1
    assert len(ports.store.ledger) == 1


def test_invoiceninja_11853_a_random_key_protects_nothing(ports: FakePorts) -> None:
    """The key of a confirm names the invoice and the try, so a repetition is the same request."""
    payment = pay(ports, ONE_TIME, "key-00001", Unknown())
    assert payment.confirm_key == f"confirm:{INVOICE.invoice_id}:0:1"
    assert ("create_payment_intent", f"pi:{INVOICE.invoice_id}:0") in ports.gateway.calls


def test_invoiceninja_7113_charged_every_day_and_never_marked(ports: FakePorts) -> None:
    payment = automatic(ports, "2026-10-31", Unknown())
    for day in range(1, 5):
        with pytest.raises(PaymentInProgressError):
            automatic(ports, f"2026-11-0{day}")
    ports.clock.forward(timedelta(minutes=1))
    ports.gateway.looks = [ports.gateway.success(payment)]
    reconcile(ports, lambda: 60.0)
    with pytest.raises(InvoiceNotPayableError):
        automatic(ports, "2026-11-05")
    assert len(confirms(ports)) == 1


def test_killbill_1015_an_unknown_payment_was_given_up_and_then_succeeded(
    ports: FakePorts,
) -> None:
    first = pay(ports, ONE_TIME, "key-00001", Unknown())
    with pytest.raises(PaymentInProgressError):
        pay(ports, OneTimeCard("pm_other"), "key-00002")
    ports.clock.forward(timedelta(minutes=1))
    # Only Stripe's word lets it go, and the first one can then never succeed.
    ports.gateway.looks = [WantsMethod(), Canceled()]
    reconcile(ports, lambda: 60.0)
    assert ("cancel", first.intent) in ports.gateway.calls
    second = pay(ports, OneTimeCard("pm_other"), "key-00003")
    assert (second.state, second.epoch) == (State.SUCCEEDED, 1)


def test_akash_console_3449_a_slow_success_was_paid_three_times(ports: FakePorts) -> None:
    pay(ports, ONE_TIME, "key-00001", Unknown())
    for _ in range(3):
        # The same key shows the same payment; a new one is told to wait.
        assert pay(ports, ONE_TIME, "key-00001").state is State.UNKNOWN
        with pytest.raises(PaymentInProgressError):
            pay(ports, ONE_TIME, "key-00002")
    assert len(confirms(ports)) == 1


def test_statamic_cargo_190_the_webhook_came_before_the_record(ports: FakePorts) -> None:
    payment = pay(ports, ONE_TIME, "key-00001", Unknown())
    hidden = ports.store.payments.pop(("cust-1", payment.payment_id))
    ports.store.leases.clear()
    ports.gateway.intents[payment.intent or ""] = ports.gateway.success(payment)
    owner = Owner("cust-1", INVOICE.invoice_id)
    event = StripeEvent(
        "evt_1", "payment_intent.succeeded", payment_intent=payment.intent, owner=owner
    )
    assert not stripe_events.take(event, ports)
    ports.store.payments["cust-1", payment.payment_id] = hidden
    ports.clock.forward(PATIENCE[0] + timedelta(seconds=1))
    reconcile(ports, lambda: 60.0)
    assert ports.invoices.get("cust-1", INVOICE.invoice_id).status is InvoiceStatus.PAID


def test_polar_10811_manual_tries_are_told_from_automatic_ones(ports: FakePorts) -> None:
    """And only declines count for the limit, not tries."""
    for number in range(DECLINES.most + 2):
        with pytest.raises(SourceUnusableError):
            pay(ports, ONE_TIME, f"key-{number:05}", Refused())
    with pytest.raises(CardDeclinedError):
        automatic(ports, "2026-10-31", Declined(explain("card_declined", None)))
    tries = ports.payments.of_invoice("cust-1", INVOICE.invoice_id)
    triggers = [payment.trigger for payment in tries]
    assert triggers.count(Trigger.AUTOPAY) == 1
    assert triggers.count(Trigger.ONE_TIME) == DECLINES.most + 2


def test_ubuntu_9640_the_banks_step_of_an_automatic_payment_can_be_finished(
    ports: FakePorts,
) -> None:
    with pytest.raises(CardDeclinedError):
        automatic(ports, "2026-10-31", Declined(PRESENT))
    [declined] = ports.payments.of_invoice("cust-1", INVOICE.invoice_id)
    assert declined.decline is not None
    assert declined.decline.needs_confirmation
    kinds = [fact.kind.value for entry in ports.committed for fact in entry.facts]
    assert kinds == ["PaymentFailed", "PaymentActionRequired"]
    assert pay(ports, stored(ports), "key-00001").state is State.SUCCEEDED


def test_opencollective_1894_a_removed_card_was_charged(ports: FakePorts) -> None:
    card = stored(ports)
    method = ports.customers.wallet("cust-1").cards[0].payment_method
    pay(ports, card, "key-00001", Unknown())
    with pytest.raises(CardInUseError):
        cards.delete("cust-1", card.card_id, ports)
    ports.clock.forward(timedelta(minutes=1))
    ports.gateway.looks = [WantsMethod(), Canceled()]
    reconcile(ports, lambda: 60.0)
    cards.delete("cust-1", card.card_id, ports)
    with pytest.raises(NotFoundError):
        pay(ports, card, "key-00002")
    # Nor by the way around the wallet, while Stripe still knows it.
    with pytest.raises(SourceUnusableError):
        pay(ports, OneTimeCard(method), "key-00003")
    assert len(confirms(ports)) == 1


@pytest.mark.parametrize(
    ("money", "sent"),
    [
        (Money("JPY", 500), 500),
        (Money("USD", 500), 500),
        (Money("KWD", 5000), 5000),
        (Money("ISK", 5), 500),
    ],
)
def test_invoiceplane_1677_yen_times_one_hundred(money: Money, sent: int) -> None:
    assert to_stripe_amount(money) == sent


def test_woocommerce_payments_323_a_used_one_time_card_leaves_the_invoice_payable(
    ports: FakePorts,
) -> None:
    with pytest.raises(SourceUnusableError):
        pay(ports, ONE_TIME, "key-00001", Refused())
    assert ports.invoices.get("cust-1", INVOICE.invoice_id).lock is None
    assert pay(ports, OneTimeCard("pm_new"), "key-00002").state is State.SUCCEEDED


def test_stripe_forgets_keys_after_a_day_and_nothing_depends_on_them(ports: FakePorts) -> None:
    payment = pay(ports, ONE_TIME, "key-00001", Unknown())
    ports.clock.forward(timedelta(hours=25))
    ports.gateway.looks = [ports.gateway.success(payment)]
    reconcile(ports, lambda: 60.0)
    # Resolved by looking at the intent, not by sending the confirm again.
    assert len(confirms(ports)) == 1
    assert pay(ports, ONE_TIME, "key-00001").state is State.SUCCEEDED
