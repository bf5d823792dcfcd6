"""The wallet's rules, and its law under any sequence of them."""

from dataclasses import replace
from datetime import date

import pytest
from billfold.domain.errors import (
    CardInUseError,
    DuplicateCardError,
    NoPrimaryCardError,
    NotFoundError,
    TooManyCardsError,
)
from billfold.domain.wallet import MAX_CARDS, CardStatus, Wallet
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.builders import a_card


def a_wallet(cards: int) -> Wallet:
    wallet = Wallet("cust-1")
    for number in range(1, cards + 1):
        wallet = wallet.add(a_card(number))
    return wallet


def test_the_first_card_becomes_primary_by_itself() -> None:
    wallet = a_wallet(2)
    assert wallet.primary == wallet.cards[0].card_id


def test_cards_stay_in_the_order_in_which_they_were_added() -> None:
    assert [card.last4 for card in a_wallet(3).cards] == ["0001", "0002", "0003"]


@pytest.mark.parametrize(("primary", "heir"), [(0, 1), (1, 2), (2, 0)])
def test_deleting_the_primary_card_makes_the_next_listed_primary(primary: int, heir: int) -> None:
    wallet = a_wallet(3)
    cards = wallet.cards
    wallet = wallet.make_primary(cards[primary].card_id).delete(cards[primary].card_id)
    assert wallet.primary == cards[heir].card_id


def test_deleting_another_card_leaves_the_primary_card() -> None:
    wallet = a_wallet(3)
    assert wallet.delete(wallet.cards[1].card_id).primary == wallet.cards[0].card_id


def test_deleting_the_last_card_leaves_none() -> None:
    wallet = a_wallet(1)
    wallet = wallet.delete(wallet.cards[0].card_id)
    assert (wallet.cards, wallet.primary, wallet.primary_card) == ((), None, None)


def test_the_same_physical_card_is_not_stored_twice() -> None:
    again = replace(a_card(1), payment_method="pm_other", exp_year=2034)
    with pytest.raises(DuplicateCardError):
        a_wallet(1).add(again)


def test_ten_cards_at_most() -> None:
    wallet = a_wallet(MAX_CARDS)
    with pytest.raises(TooManyCardsError):
        wallet.add(a_card(99))
    with pytest.raises(TooManyCardsError):
        wallet.require_room()


def test_a_card_with_a_charge_in_flight_is_not_deleted() -> None:
    wallet = a_wallet(1)
    held = replace(wallet, holds={"pay_1": wallet.cards[0].card_id})
    with pytest.raises(CardInUseError):
        held.delete(wallet.cards[0].card_id)


def test_only_the_nickname_changes() -> None:
    wallet = a_wallet(2)
    renamed = wallet.rename(wallet.cards[1].card_id, "Office")
    assert renamed.cards[1] == replace(wallet.cards[1], nickname="Office")
    assert renamed.cards[0] == wallet.cards[0]
    assert renamed.rename(wallet.cards[1].card_id, None) == wallet


def test_unknown_cards_are_not_found() -> None:
    wallet = a_wallet(1)
    for act in (wallet.delete, wallet.make_primary, wallet.card):
        with pytest.raises(NotFoundError):
            act("card_unknown")


def test_autopay_needs_a_primary_card() -> None:
    with pytest.raises(NoPrimaryCardError):
        Wallet("cust-1").set_autopay(enabled=True)
    assert a_wallet(1).set_autopay(enabled=True).autopay
    assert not Wallet("cust-1", autopay=True).set_autopay(enabled=False).autopay


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (date(2030, 11, 1), CardStatus.VALID),
        (date(2030, 11, 2), CardStatus.EXPIRING),
        (date(2030, 12, 31), CardStatus.EXPIRING),
        (date(2031, 1, 1), CardStatus.EXPIRED),
    ],
)
def test_a_card_is_good_until_the_end_of_its_month(today: date, status: CardStatus) -> None:
    assert a_card().status(today) is status


class WalletLaw(RuleBasedStateMachine):
    """Whatever happens to it, a wallet has exactly one primary card whenever it has a card."""

    @initialize()
    def begin(self) -> None:
        self.wallet = Wallet("cust-1")
        self.expected: list[str] = []

    @rule(number=st.integers(1, 14))
    def add(self, number: int) -> None:
        card = a_card(number)
        known = {c.fingerprint for c in self.wallet.cards}
        try:
            self.wallet = self.wallet.add(card)
        except DuplicateCardError:
            assert card.fingerprint in known
        except TooManyCardsError:
            assert len(self.expected) == MAX_CARDS
        else:
            assert card.fingerprint not in known
            self.expected.append(card.card_id)

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def make_primary(self, data: st.DataObject) -> None:
        card_id = data.draw(st.sampled_from(self.expected))
        self.wallet = self.wallet.make_primary(card_id)
        assert self.wallet.primary == card_id

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        card_id = data.draw(st.sampled_from(self.expected))
        before, position = self.wallet.primary, self.expected.index(card_id)
        self.wallet = self.wallet.delete(card_id)
        self.expected.remove(card_id)
        if before != card_id:
            assert self.wallet.primary == before
        elif self.expected:
            assert self.wallet.primary == self.expected[position % len(self.expected)]

    @invariant()
    def one_primary(self) -> None:
        ids = [card.card_id for card in self.wallet.cards]
        assert ids == self.expected
        assert len(ids) <= MAX_CARDS
        assert (self.wallet.primary in ids) if ids else (self.wallet.primary is None)
        assert len({card.fingerprint for card in self.wallet.cards}) == len(ids)


TestWalletLaw = WalletLaw.TestCase
