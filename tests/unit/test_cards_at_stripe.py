"""A card that is in the wallet is at Stripe, whatever happens there and in whatever order."""

from dataclasses import replace

import pytest
from billfold.domain.errors import DuplicateCardError, SetupIncompleteError
from billfold.services import cards, outbox
from billfold.services.ports import SetupResult

from tests.builders import a_card, a_customer, a_setup
from tests.fakes import FakePorts


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=True)
    wallet = made.customers.wallet("cust-1").add(a_card(1)).add(a_card(2))
    made.customers.save(wallet.with_stripe_customer("cus_cust-1"))
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
