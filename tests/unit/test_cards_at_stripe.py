"""A card that is in the wallet is at Stripe, whatever happens there and in whatever order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.domain.errors import (
    DuplicateCardError,
    NotFoundError,
    SetupIncompleteError,
)
from billfold.domain.payment import StoredCard, Unknown
from billfold.domain.stripe_event import StripeEvent
from billfold.services import cards, outbox, payments, stripe_events
from billfold.services.payments import Order
from billfold.services.ports import CardView, SetupResult
from billfold.services.reconcile import reconcile

from tests.builders import a_card, a_customer, a_setup, an_invoice
from tests.fakes import FakePorts


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=True)
    wallet = made.customers.wallet("cust-1").add(a_card(1)).add(a_card(2))
    made.gateway.attach(made.customers.save(wallet.with_stripe_customer("cus_cust-1")))
    return made


def in_wallet(ports: FakePorts) -> list[str]:
    return [card.payment_method for card in ports.customers.wallet("cust-1").cards]


# Adding


def test_what_one_setup_let_go_of_another_does_not_bring_in(ports: FakePorts) -> None:
    """Two SetupIntents were confirmed with one PaymentMethod, which is about to be detached."""
    ports.gateway.setups["seti_0008"] = replace(a_setup(1), payment_method="pm_again")
    ports.gateway.setups["seti_0009"] = replace(a_setup(1), payment_method="pm_again")
    with pytest.raises(DuplicateCardError):
        cards.add("cust-1", "seti_0008", None, ports)
    cards.delete("cust-1", ports.customers.wallet("cust-1").cards[0].card_id, ports)
    with pytest.raises(SetupIncompleteError):
        cards.add("cust-1", "seti_0009", None, ports)
    outbox.flush(ports)
    assert set(in_wallet(ports)).isdisjoint(ports.gateway.detached)


def test_a_stored_card_whose_number_changed_is_not_stored_twice(ports: FakePorts) -> None:
    """The networks' updater gave it another fingerprint, and nobody has told us yet."""
    ports.gateway.setups["seti_0009"] = replace(a_setup(1), fingerprint="fp_renewed")
    with pytest.raises(DuplicateCardError):
        cards.add("cust-1", "seti_0009", None, ports)
    outbox.flush(ports)
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]
    assert ports.gateway.detached == []


def test_stripe_is_looked_at_after_each_reading_of_the_wallet(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else changes the wallet meanwhile, and the card is detached in the dashboard."""
    ports.gateway.setups["seti_0009"] = a_setup(9)
    first = ports.gateway.setup_result

    def look(setup_intent: str) -> SetupResult:
        seen = first(setup_intent)
        if seen.attached:
            cards.make_primary("cust-1", ports.customers.wallet("cust-1").cards[1].card_id, ports)
            ports.gateway.setups[setup_intent] = replace(seen, attached=False)
        return seen

    monkeypatch.setattr(ports.gateway, "setup_result", look)
    with pytest.raises(SetupIncompleteError):
        cards.add("cust-1", "seti_0009", None, ports)
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]


# Detached at Stripe


def detached(payment_method: str = "pm_0001", of: str = "cus_cust-1") -> StripeEvent:
    return StripeEvent(
        "evt_1", "payment_method.detached", payment_method=payment_method, stripe_customer=of
    )


def test_a_card_that_was_detached_leaves_the_wallet_and_is_asked_for(ports: FakePorts) -> None:
    ports.gateway.take_away("pm_0001")
    for _ in range(2):
        assert stripe_events.take(detached(), ports)
    assert in_wallet(ports) == ["pm_0002"]
    outbox.flush(ports)
    assert ports.bus.kinds == ["CardRemoved", "PrimaryCardChanged", "CardsDetached"]
    [removed, _, asked] = ports.bus.sent[0].facts
    assert removed.detail["reason"] == "detached"
    assert asked.detail["primary"] == {"brand": "visa", "last4": "0002"}
    # Stripe is not asked to detach what it says is detached.
    assert ports.gateway.detached == []


def test_what_stripe_says_counts_and_not_the_event(ports: FakePorts) -> None:
    assert stripe_events.take(detached(), ports)
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]


def test_what_we_have_detached_ourselves_leads_to_nothing(ports: FakePorts) -> None:
    card = ports.customers.wallet("cust-1").cards[0]
    cards.delete("cust-1", card.card_id, ports)
    outbox.flush(ports)
    ports.gateway.take_away("pm_0001")
    before = ports.customers.wallet("cust-1")
    assert stripe_events.take(detached(), ports)
    assert ports.customers.wallet("cust-1") == before
    assert len(ports.bus.sent) == 1


def test_a_card_in_payment_is_looked_at_again(ports: FakePorts) -> None:
    invoice = an_invoice()
    ports.invoices.add(invoice)
    ports.gateway.confirms = [Unknown()]
    card = ports.customers.wallet("cust-1").cards[0]
    order = Order(
        "cust-1", invoice.invoice_id, invoice.amount_due, StoredCard(card.card_id, None), "key-1234"
    )
    payment = payments.pay(order, ports, lambda: 29).payment
    ports.gateway.take_away("pm_0001")
    assert not stripe_events.take(detached(), ports)
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]
    ports.gateway.looks = [ports.gateway.success(payment)]
    for _ in range(2):
        ports.clock.forward(timedelta(minutes=6))
        reconcile(ports, lambda: 60.0)
    assert in_wallet(ports) == ["pm_0002"]
    assert ports.store.parked == {}


def test_a_card_that_is_detached_while_it_is_added_does_not_come_in(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is heard between the look at Stripe and the write, and never comes again."""
    ports.gateway.setups["seti_0009"] = a_setup(9)
    ports.gateway.cards["pm_0009"] = CardView(a_card(9).details)
    first = ports.gateway.setup_result

    def look(setup_intent: str) -> SetupResult:
        seen = first(setup_intent)
        stripe_events.take(detached("pm_0009"), ports)
        return seen

    monkeypatch.setattr(ports.gateway, "setup_result", look)
    with pytest.raises(SetupIncompleteError):
        cards.add("cust-1", "seti_0009", None, ports)
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]


def test_a_detached_card_of_nobody_or_of_somebody_elses_is_ignored(ports: FakePorts) -> None:
    for event in (
        replace(detached(), stripe_customer=None),
        replace(detached(), stripe_customer="cus_nobody"),
    ):
        ports.gateway.take_away("pm_0001")
        assert stripe_events.take(event, ports)
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]
    assert "nobody" not in ports.store.wallets


def test_a_key_of_another_account_takes_no_card_away(ports: FakePorts) -> None:
    ports.gateway.cards.clear()
    event = replace(detached(), customer_id="cust-1")
    ports.gateway.unknown_customers.add("cus_cust-1")
    assert not stripe_events.take(event, ports)
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]
    assert list(ports.store.parked) == [event.event_id]


# The customer deleted at Stripe


def customer_deleted(**more: str) -> StripeEvent:
    event = StripeEvent(
        "evt_1", "customer.deleted", stripe_customer="cus_cust-1", customer_id="cust-1"
    )
    return replace(event, **more)  # type: ignore[arg-type]


def test_the_cards_of_a_deleted_customer_leave_together_and_are_asked_for_once(
    ports: FakePorts,
) -> None:
    ports.gateway.delete_customer("cus_cust-1")
    events = [customer_deleted(), detached("pm_0001"), detached("pm_0002"), customer_deleted()]
    for event in events:
        assert stripe_events.take(event, ports)
    wallet = ports.customers.wallet("cust-1")
    assert (wallet.cards, wallet.stripe_customer, wallet.autopay) == ((), None, True)
    outbox.flush(ports)
    assert ports.bus.kinds == ["CardRemoved", "CardRemoved", "PrimaryCardChanged", "CardsDetached"]


def test_a_customer_who_is_there_is_not_forgotten(ports: FakePorts) -> None:
    assert stripe_events.take(customer_deleted(), ports)
    ports.gateway.deleted_customers.add("cus_unused")
    assert stripe_events.take(customer_deleted(stripe_customer="cus_unused"), ports)
    assert ports.customers.wallet("cust-1").stripe_customer == "cus_cust-1"
    assert in_wallet(ports) == ["pm_0001", "pm_0002"]


def test_a_card_of_a_customer_who_is_deleted_meanwhile_does_not_come_in(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports.gateway.setups["seti_0009"] = a_setup(9)
    first = ports.gateway.setup_result

    def look(setup_intent: str) -> SetupResult:
        seen = first(setup_intent)
        ports.gateway.delete_customer("cus_cust-1")
        stripe_events.take(customer_deleted(), ports)
        return seen

    monkeypatch.setattr(ports.gateway, "setup_result", look)
    with pytest.raises(NotFoundError):
        cards.add("cust-1", "seti_0009", None, ports)
    assert in_wallet(ports) == []
