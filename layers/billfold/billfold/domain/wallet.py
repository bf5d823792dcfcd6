"""A customer's cards and which one is primary.

Law: there is exactly one primary card whenever there is a card. It holds because a wallet is
changed as a whole, from one version to the next (ADR 0002), and each rule below keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from billfold.domain.errors import (
    CardInUseError,
    DuplicateCardError,
    NoPrimaryCardError,
    NotFoundError,
    TooManyCardsError,
)

MAX_CARDS = 10
REMEMBERED = 100
EXPIRING_DAYS = 60


class CardStatus(StrEnum):
    """What a card's expiry means today."""

    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CardFace:
    """What a person recognises a card by."""

    brand: str
    last4: str


@dataclass(frozen=True, slots=True)
class Card:
    """A tokenized card: Stripe keeps the number, we keep what is printed on a statement."""

    card_id: str
    payment_method: str
    fingerprint: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    added_at: datetime
    setup_intent: str
    nickname: str | None = None

    @property
    def face(self) -> CardFace:
        """Brand and last four."""
        return CardFace(self.brand, self.last4)

    def status(self, today: date) -> CardStatus:
        """Tell whether the card is usable; it is so until the end of its month of expiry."""
        year, month = divmod(self.exp_year * 12 + self.exp_month, 12)
        unusable_from = date(year, month + 1, 1)
        if today >= unusable_from:
            return CardStatus.EXPIRED
        if (unusable_from - today).days <= EXPIRING_DAYS:
            return CardStatus.EXPIRING
        return CardStatus.VALID


@dataclass(frozen=True, slots=True)
class Wallet:
    """The cards in the order in which they were added, and what depends on them.

    ``holds`` names the cards with a charge in flight, by payment id: such a card is not deleted.
    ``autopay`` is the customer's wish; nothing is charged automatically without a primary card.
    ``gone`` are the SetupIntents and PaymentMethods of the last cards deleted or refused: Stripe
    may tell late of one, and somebody may try to pay with one.
    """

    customer_id: str
    cards: tuple[Card, ...] = ()
    primary: str | None = None
    holds: Mapping[str, str] = field(default_factory=dict)
    stripe_customer: str | None = None
    autopay: bool = False
    gone: tuple[str, ...] = ()
    version: int = 0

    def card(self, card_id: str) -> Card:
        """Find a card.

        Raises
        ------
        NotFoundError
            The wallet has no such card.
        """
        for card in self.cards:
            if card.card_id == card_id:
                return card
        raise NotFoundError

    @property
    def primary_card(self) -> Card | None:
        """The card that automatic payments charge."""
        return self.card(self.primary) if self.primary else None

    def added_by(self, setup_intent: str) -> Card | None:
        """Find the card that a SetupIntent brought, so that adding it again gives it again."""
        return next((card for card in self.cards if card.setup_intent == setup_intent), None)

    def knows(self, payment_method: str) -> bool:
        """Tell whether a PaymentMethod is, or was, a stored card's."""
        stored = {card.payment_method for card in self.cards}
        return payment_method in stored or payment_method in self.gone

    def require_new(self, fingerprint: str) -> None:
        """Refuse a card that is there, whatever its expiry.

        Raises
        ------
        DuplicateCardError
        """
        for known in self.cards:
            if known.fingerprint == fingerprint:
                raise DuplicateCardError(card_id=known.card_id)

    def require_room(self) -> None:
        """Refuse an eleventh card.

        Raises
        ------
        TooManyCardsError
        """
        if len(self.cards) >= MAX_CARDS:
            raise TooManyCardsError

    def add(self, card: Card) -> "Wallet":
        """Append a card; the first one becomes the primary card by itself.

        Raises
        ------
        DuplicateCardError, TooManyCardsError
        """
        self.require_new(card.fingerprint)
        self.require_room()
        return replace(self, cards=(*self.cards, card), primary=self.primary or card.card_id)

    def make_primary(self, card_id: str) -> "Wallet":
        """Choose the card that automatic payments charge."""
        return replace(self, primary=self.card(card_id).card_id)

    def rename(self, card_id: str, nickname: str | None) -> "Wallet":
        """Give a card a nickname, or take it away with None."""
        renamed = replace(self.card(card_id), nickname=nickname)
        return replace(
            self, cards=tuple(renamed if c.card_id == card_id else c for c in self.cards)
        )

    def delete(self, card_id: str) -> "Wallet":
        """Remove a card; a deleted primary card hands over to the next one listed.

        The next is the one after it in the list, or the first when it was the last.

        Raises
        ------
        CardInUseError
            A charge on the card is in flight.
        """
        card = self.card(card_id)
        position = self.cards.index(card)
        if card_id in self.holds.values():
            raise CardInUseError
        cards = self.cards[:position] + self.cards[position + 1 :]
        primary = self.primary
        if primary == card_id:
            primary = cards[position % len(cards)].card_id if cards else None
        without = replace(self, cards=cards, primary=primary)
        return without.refuse(card.setup_intent, card.payment_method)

    def refuse(self, setup_intent: str, payment_method: str) -> "Wallet":
        """Remember a card that is not, or no longer, in the wallet and never comes in again."""
        return replace(self, gone=(*self.gone, setup_intent, payment_method)[-REMEMBERED:])

    def set_autopay(self, *, enabled: bool) -> "Wallet":
        """Turn automatic payment on or off.

        Raises
        ------
        NoPrimaryCardError
            It cannot be turned on without a card to charge.
        """
        if enabled and self.primary is None:
            raise NoPrimaryCardError
        return replace(self, autopay=enabled)

    def with_stripe_customer(self, stripe_customer: str) -> "Wallet":
        """Bind the Stripe customer, unless one is bound: the first one stays."""
        return self if self.stripe_customer else replace(self, stripe_customer=stripe_customer)
