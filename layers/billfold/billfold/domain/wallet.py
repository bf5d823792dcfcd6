"""A customer's cards and which one is primary.

Law: there is exactly one primary card whenever there is a card. It holds because a wallet is
changed as a whole, from one version to the next (ADR 0002), and each rule below keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from billfold.domain.errors import (
    AutopayChangedError,
    CardInUseError,
    DuplicateCardError,
    NoPrimaryCardError,
    NotFoundError,
    TooManyCardsError,
)

MAX_CARDS = 10
REMEMBERED = 100
EXPIRING_DAYS = 60
NOTICE_DAYS: Final = (60, 30, 7, 0)
"""Days before a card expires on which its owner is told, and the day on which it has expired."""
AT_ONCE: Final = date.min
"""Earlier than any day: the next run takes it up."""


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
class CardDetails:
    """A PaymentMethod as Stripe has it now."""

    payment_method: str
    fingerprint: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class Card:
    """A tokenized card: Stripe keeps the number, we keep what is printed on a statement.

    ``refused`` is why the bank will never take it, so that automatic payment leaves it alone.
    ``notice`` is the last of NOTICE_DAYS on which its owner was told that it expires.
    """

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
    refused: str | None = None
    notice: int | None = None

    @property
    def face(self) -> CardFace:
        """Brand and last four."""
        return CardFace(self.brand, self.last4)

    @property
    def details(self) -> CardDetails:
        """What the networks' updater may change."""
        return CardDetails(
            self.payment_method, self.fingerprint, self.last4, self.exp_month, self.exp_year
        )

    def status(self, today: date) -> CardStatus:
        """Tell whether the card is usable; it is so until the end of its month of expiry."""
        if today >= self.unusable_from:
            return CardStatus.EXPIRED
        if (self.unusable_from - today).days <= EXPIRING_DAYS:
            return CardStatus.EXPIRING
        return CardStatus.VALID

    @property
    def unusable_from(self) -> date:
        """The first day after the month of expiry."""
        year, month = divmod(self.exp_year * 12 + self.exp_month, 12)
        return date(year, month + 1, 1)

    def notice_due(self, today: date) -> int | None:
        """Give the notice of expiry that is to be sent: one of NOTICE_DAYS, 0 once it expired."""
        left = (self.unusable_from - today).days
        due = min((days for days in NOTICE_DAYS if left <= days), default=None)
        return None if due is None or (self.notice is not None and due >= self.notice) else due

    @property
    def next_notice(self) -> date | None:
        """The day of the next notice of expiry, None after the last one."""
        to_come = [days for days in NOTICE_DAYS if self.notice is None or days < self.notice]
        return self.unusable_from - timedelta(days=to_come[0]) if to_come else None


@dataclass(frozen=True, slots=True)
class Wallet:
    """The cards in the order in which they were added, and what depends on them.

    ``holds`` names the cards with a charge in flight, by payment id: such a card is not deleted.
    ``autopay`` is the customer's wish; nothing is charged automatically without a primary card.
    ``gone`` are the SetupIntents and PaymentMethods of the last cards deleted or refused: Stripe
    may tell late of one, and somebody may try to pay with one. ``offered`` asks the next run of
    automatic payment to take up all that is due: there is a new card to charge, or a new wish.
    ``mandate`` counts those offers: each is good for one try of its own, on one card.
    """

    customer_id: str
    cards: tuple[Card, ...] = ()
    primary: str | None = None
    holds: Mapping[str, str] = field(default_factory=dict)
    stripe_customer: str | None = None
    autopay: bool = False
    gone: tuple[str, ...] = ()
    offered: bool = False
    mandate: int = 0
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

    def require_new(self, fingerprint: str, payment_method: str) -> None:
        """Refuse a card that is there, whatever its expiry, and what the networks renewed.

        Raises
        ------
        DuplicateCardError
        """
        for known in self.cards:
            if fingerprint == known.fingerprint or payment_method == known.payment_method:
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
        self.require_new(card.fingerprint, card.payment_method)
        self.require_room()
        added = replace(self, cards=(*self.cards, card), primary=self.primary or card.card_id)
        return self._offering(added)

    def make_primary(self, card_id: str) -> "Wallet":
        """Choose the card that automatic payments charge; one that was refused gets a new try."""
        chosen = replace(self.card(card_id), refused=None)
        return self._offering(replace(self._with(chosen), primary=card_id))

    def rename(self, card_id: str, nickname: str | None) -> "Wallet":
        """Give a card a nickname, or take it away with None."""
        return self._with(replace(self.card(card_id), nickname=nickname))

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
        without = self._offering(replace(self, cards=cards, primary=primary))
        return without.refuse(card.setup_intent, card.payment_method)

    def refuse(self, setup_intent: str, payment_method: str) -> "Wallet":
        """Remember a card that is not, or no longer, in the wallet and never comes in again."""
        return replace(self, gone=(*self.gone, setup_intent, payment_method)[-REMEMBERED:])

    def lose(self, payment_method: str) -> "Wallet":
        """Take out a card that Stripe no longer has; one that is just being added never comes in.

        Raises
        ------
        CardInUseError
        """
        stored = next((c for c in self.cards if c.payment_method == payment_method), None)
        if stored:
            return self.delete(stored.card_id)
        if payment_method in self.gone:
            return self
        return replace(self, gone=(*self.gone, payment_method)[-REMEMBERED:])

    def set_autopay(self, *, enabled: bool) -> "Wallet":
        """Turn automatic payment on or off.

        Raises
        ------
        NoPrimaryCardError
            It cannot be turned on without a card to charge.
        """
        if enabled and self.primary is None:
            raise NoPrimaryCardError
        return self._offering(replace(self, autopay=enabled))

    def renew(self, now: CardDetails) -> "Wallet":
        """Take in what the networks' updater found for a card, if it is one of these.

        Its expiry is told of anew when the new date comes, and what waited for it is offered.
        """
        for known in self.cards:
            if known.payment_method == now.payment_method and known.details != now:
                renewed = replace(
                    known,
                    fingerprint=now.fingerprint,
                    last4=now.last4,
                    exp_month=now.exp_month,
                    exp_year=now.exp_year,
                    refused=None,
                    notice=None,
                )
                return self._offering(self._with(renewed))
        return self

    @property
    def look_on(self) -> date | None:
        """The day on which automatic payment next looks at this wallet, None when it does not."""
        if self.offered:
            return AT_ONCE
        return self.primary_card.next_notice if self.primary_card else None

    def require_autopay(self, card_id: str) -> None:
        """Refuse an automatic payment that is not wished for, or not with this card.

        Raises
        ------
        AutopayChangedError
        """
        if not self.autopay or self.primary != card_id:
            raise AutopayChangedError

    def looked_at(self, today: date) -> "Wallet":
        """Note that what is due was taken up and the primary card's owner told of its expiry."""
        card = self.primary_card
        notice = card.notice_due(today) if card else None
        told = self if card is None or notice is None else self._with(replace(card, notice=notice))
        return replace(told, offered=False)

    def _with(self, changed: Card) -> "Wallet":
        cards = tuple(changed if c.card_id == changed.card_id else c for c in self.cards)
        return replace(self, cards=cards)

    def _offering(self, after: "Wallet") -> "Wallet":
        """Offer what is due where automatic payment can charge what it could not before."""
        before, card = self.primary_card, after.primary_card
        if not after.autopay or card is None:
            return after
        charges = (card.card_id, card.fingerprint, card.refused, card.unusable_from)
        known = before and (
            before.card_id,
            before.fingerprint,
            before.refused,
            before.unusable_from,
        )
        if self.autopay and charges == known:
            return after
        return replace(after, offered=True, mandate=after.mandate + 1)

    def with_stripe_customer(self, stripe_customer: str) -> "Wallet":
        """Bind the Stripe customer, unless one is bound: the first one stays."""
        return self if self.stripe_customer else replace(self, stripe_customer=stripe_customer)

    def without_stripe_customer(self, deleted: str) -> "Wallet":
        """Forget a Stripe customer that was deleted; a new one is made when it is needed."""
        return replace(self, stripe_customer=None) if self.stripe_customer == deleted else self
