"""The outbox: told after the fact, at least once, never lost; and the audit trail from it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.domain.errors import DuplicateCardError, SetupIncompleteError
from billfold.domain.fact import Actor, Entry
from billfold.domain.payment import OneTimeCard, Unknown
from billfold.services import account, cards, outbox, payments
from billfold.services.payments import Order
from billfold.services.reconcile import LeftBehindError, reconcile

from tests.builders import a_card, a_customer, a_setup, an_invoice
from tests.fakes import FakePorts

LEASE = timedelta(seconds=61)


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=True)
    wallet = made.customers.wallet("cust-1").add(a_card(1)).add(a_card(2))
    made.customers.save(wallet.with_stripe_customer("cus_cust-1"))
    return made


def test_each_change_of_the_wallet_is_told(ports: FakePorts) -> None:
    first, second = ports.customers.wallet("cust-1").cards
    ports.gateway.setups["seti_0003"] = a_setup(3)
    cards.add("cust-1", "seti_0003", None, ports)
    cards.make_primary("cust-1", second.card_id, ports)
    cards.delete("cust-1", second.card_id, ports)
    account.set_autopay("cust-1", ports, enabled=False)
    cards.rename("cust-1", first.card_id, "Office", ports)
    outbox.flush(ports)
    assert ports.bus.kinds == [
        "CardAdded",
        "PrimaryCardChanged",
        "CardRemoved",
        "PrimaryCardChanged",
        "AutopayChanged",
    ]
    assert ports.gateway.detached == [second.payment_method]
    trail = ports.outbox.trail("cust-1", limit=10, after=None).items
    assert len(trail) == 4
    assert {entry.actor for entry in trail} == {Actor.CUSTOMER}


def test_nothing_is_told_of_what_changed_nothing(ports: FakePorts) -> None:
    account.set_autopay("cust-1", ports, enabled=True)
    assert ports.store.entries == {}


def test_what_the_function_did_not_live_to_send_is_sent_by_the_reconciler(
    ports: FakePorts,
) -> None:
    account.set_autopay("cust-1", ports, enabled=False)
    ports.committed.clear()
    assert reconcile(ports, lambda: 60.0) == {}
    ports.clock.forward(LEASE)
    assert reconcile(ports, lambda: 60.0) == {"sent": 1}
    assert ports.bus.kinds == ["AutopayChanged"]
    assert reconcile(ports, lambda: 60.0) == {}


def test_a_bus_that_is_down_loses_nothing_and_blocks_nothing(ports: FakePorts) -> None:
    ports.bus.down = True
    account.set_autopay("cust-1", ports, enabled=False)
    outbox.flush(ports)
    assert not ports.customers.wallet("cust-1").autopay
    ports.clock.forward(LEASE)
    assert reconcile(ports, lambda: 60.0) == {"later": 1}
    ports.bus.down = False
    assert reconcile(ports, lambda: 60.0) == {"sent": 1}


def test_a_card_is_let_go_of_when_stripe_is_back(ports: FakePorts) -> None:
    card = ports.customers.wallet("cust-1").cards[0]
    ports.gateway.down = True
    cards.delete("cust-1", card.card_id, ports)
    outbox.flush(ports)
    assert ports.gateway.detached == []
    ports.gateway.down = False
    ports.clock.forward(LEASE)
    reconcile(ports, lambda: 60.0)
    assert ports.gateway.detached == [card.payment_method]


def test_a_refused_card_is_let_go_of_through_the_outbox(ports: FakePorts) -> None:
    ports.gateway.setups["seti_0009"] = replace(a_setup(1), payment_method="pm_again")
    with pytest.raises(DuplicateCardError):
        cards.add("cust-1", "seti_0009", None, ports)
    assert ports.gateway.detached == []
    outbox.flush(ports)
    assert ports.gateway.detached == ["pm_again"]
    assert ports.bus.sent == []


def test_a_refused_card_is_not_added_while_it_is_let_go_of(ports: FakePorts) -> None:
    """Its twin is deleted meanwhile: the wallet would keep a card that Stripe no longer has."""
    ports.gateway.setups["seti_0009"] = replace(a_setup(1), payment_method="pm_again")
    with pytest.raises(DuplicateCardError):
        cards.add("cust-1", "seti_0009", None, ports)
    ports.committed.clear()
    cards.delete("cust-1", ports.customers.wallet("cust-1").cards[0].card_id, ports)
    with pytest.raises(SetupIncompleteError):
        cards.add("cust-1", "seti_0009", None, ports)
    ports.clock.forward(LEASE)
    reconcile(ports, lambda: 60.0)
    assert "pm_again" in ports.gateway.detached
    assert len(ports.customers.wallet("cust-1").cards) == 1


def test_a_duplicate_is_called_so_also_where_stripes_event_came_first(ports: FakePorts) -> None:
    ports.gateway.setups["seti_0009"] = replace(a_setup(1), payment_method="pm_again")
    for _ in range(2):
        with pytest.raises(DuplicateCardError):
            cards.add("cust-1", "seti_0009", None, ports)
        outbox.flush(ports)
        ports.gateway.setups["seti_0009"] = replace(
            ports.gateway.setups["seti_0009"], attached=False
        )
    assert ports.gateway.detached == ["pm_again"]


def test_a_setup_confirmed_with_a_stored_card_does_not_let_go_of_it(ports: FakePorts) -> None:
    ports.gateway.setups["seti_0009"] = a_setup(1)
    with pytest.raises(DuplicateCardError):
        cards.add("cust-1", "seti_0009", None, ports)
    outbox.flush(ports)
    assert ports.gateway.detached == []


def test_a_bus_that_hangs_keeps_no_payment_waiting(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        account.set_autopay("cust-1", ports, enabled=False)
        account.set_autopay("cust-1", ports, enabled=True)
    ports.committed.clear()
    invoice = an_invoice()
    ports.invoices.add(invoice)
    ports.gateway.confirms = [Unknown()]
    order = Order("cust-1", invoice.invoice_id, invoice.amount_due, OneTimeCard("pm_1"), "key-1234")
    payment = payments.pay(order, ports, lambda: 29).payment
    ports.gateway.looks = [ports.gateway.success(payment)]
    ports.bus.down = True
    tried: list[object] = []
    send = ports.bus.send

    def slow(entry: Entry) -> None:
        tried.append(entry)
        send(entry)

    ports.bus.send = slow  # type: ignore[method-assign]
    ports.clock.forward(timedelta(hours=2))
    ends = reconcile(ports, lambda: 60.0)
    assert (ends["succeeded"], ends["later"]) == (1, 40)
    # Three that were tried in vain speak for the others, besides what this run has settled.
    assert len(tried) == 4
    assert "outbox is stuck" in caplog.text


def test_one_poisoned_item_does_not_stop_the_others(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    account.set_autopay("cust-1", ports, enabled=False)
    account.set_autopay("cust-1", ports, enabled=True)
    ports.committed.clear()
    first, _ = ports.store.entries.values()
    sound, sent = ports.bus.send, []

    def send(entry: object) -> None:
        if entry == first:
            raise ZeroDivisionError
        sent.append(entry)

    ports.bus.send = send  # type: ignore[method-assign]
    ports.clock.forward(LEASE)
    with pytest.raises(LeftBehindError):
        reconcile(ports, lambda: 60.0)
    assert len(sent) == 1
    assert "left behind" in caplog.text
    ports.bus.send = sound  # type: ignore[method-assign]
    assert reconcile(ports, lambda: 60.0) == {"sent": 1}


def test_a_run_ends_in_time(ports: FakePorts) -> None:
    account.set_autopay("cust-1", ports, enabled=False)
    ports.committed.clear()
    ports.clock.forward(LEASE)
    assert reconcile(ports, lambda: 20.0) == {}
    assert reconcile(ports, lambda: 60.0) == {"sent": 1}
