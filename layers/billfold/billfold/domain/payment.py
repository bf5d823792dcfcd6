"""The vocabulary and the transition table of the payment protocol (docs/payments.md, ADR 0003).

One PaymentIntent for each (invoice, epoch); one payment for each try. The invoice's lock names the
payment in flight, and the state of the protocol is the state of that payment: it is written
nowhere else. Every write of a step is conditional on the states that ``TRANSITIONS`` allows.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from billfold.domain.money import Money
from billfold.domain.wallet import CardFace


class Trigger(StrEnum):
    """Who asked for the payment; manual tries never spend the automatic schedule."""

    MANUAL = "manual"
    ONE_TIME = "one_time"
    AUTOPAY = "autopay"


class State(StrEnum):
    """Where a payment stands."""

    RESERVED = "reserved"
    CONFIRMING = "confirming"
    UNKNOWN = "unknown"
    REQUIRES_ACTION = "requires_action"
    REVIEW = "review"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    REFUSED = "refused"
    RELEASED = "released"
    CANCELED = "canceled"


class Status(StrEnum):
    """What the API calls it."""

    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELED = "canceled"


PUBLIC_STATUS: Final = MappingProxyType(
    {
        State.RESERVED: Status.PROCESSING,
        State.CONFIRMING: Status.PROCESSING,
        State.UNKNOWN: Status.PROCESSING,
        State.REVIEW: Status.PROCESSING,
        State.REQUIRES_ACTION: Status.REQUIRES_ACTION,
        State.SUCCEEDED: Status.SUCCEEDED,
        State.DECLINED: Status.DECLINED,
        State.REFUSED: Status.CANCELED,
        State.RELEASED: Status.CANCELED,
        State.CANCELED: Status.CANCELED,
    }
)
IN_FLIGHT: Final = frozenset(
    {State.RESERVED, State.CONFIRMING, State.UNKNOWN, State.REQUIRES_ACTION, State.REVIEW}
)
"""The invoice is locked by a payment in one of these states."""
ENDED_WITHOUT_CHARGE: Final = frozenset(
    {State.RELEASED, State.REFUSED, State.CANCELED, State.DECLINED}
)


class Step(StrEnum):
    """The steps of the protocol that change an existing payment."""

    WRITE_AHEAD = "write_ahead"
    DOUBT = "doubt"
    ACTION = "action"
    SETTLE = "settle"
    DECLINE = "decline"
    REFUSE = "refuse"
    RELEASE = "release"
    FENCE = "fence"
    REVIEW = "review"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Transition:
    """A step is taken only from one of ``sources`` and leads to ``target``."""

    sources: frozenset[State]
    target: State


TRANSITIONS: Final = MappingProxyType(
    {
        # A confirm may be sent: first, or again after the bank's step.
        Step.WRITE_AHEAD: Transition(
            frozenset({State.RESERVED, State.REQUIRES_ACTION}), State.CONFIRMING
        ),
        # Nobody knows how the confirm ended: the lock stays.
        Step.DOUBT: Transition(frozenset({State.CONFIRMING}), State.UNKNOWN),
        Step.ACTION: Transition(
            frozenset({State.CONFIRMING, State.UNKNOWN}), State.REQUIRES_ACTION
        ),
        # Money has moved: the truth may be written over anything but itself, and over what a
        # person was asked to look at.
        Step.SETTLE: Transition(
            frozenset(State) - {State.SUCCEEDED, State.CANCELED}, State.SUCCEEDED
        ),
        # Only the try's own answer may say that it was declined; once that answer was "the bank
        # wants a step", no other confirm is under way and a retrieve may tell how it ended.
        Step.DECLINE: Transition(
            frozenset({State.CONFIRMING, State.UNKNOWN, State.REQUIRES_ACTION}), State.DECLINED
        ),
        # Stripe refused the request itself, and the intent still wants a method.
        Step.REFUSE: Transition(frozenset({State.CONFIRMING}), State.REFUSED),
        # Stripe was not reached, or did not begin.
        Step.RELEASE: Transition(frozenset({State.RESERVED, State.CONFIRMING}), State.RELEASED),
        # Stripe says that the intent is canceled: it can never succeed.
        Step.FENCE: Transition(IN_FLIGHT, State.CANCELED),
        # What Stripe says and what we asked for disagree: a person must look, the lock stays.
        Step.REVIEW: Transition(frozenset(State) - {State.REVIEW}, State.REVIEW),
        # What was in review holds no money any more: all of it was refunded, or a person says that
        # Stripe, which does not know the intent, never took any.
        Step.CLOSE: Transition(frozenset({State.REVIEW}), State.CANCELED),
    }
)

RESERVE_LEASE: Final = timedelta(seconds=60)
"""A function lives 29 s at most, so a reservation of 60 s belongs to a dead one."""
UNKNOWN_LEASE: Final = timedelta(seconds=30)
"""How long an unknown outcome is left alone, so that a late answer can still come by itself."""
BACK_OFF: Final = (
    timedelta(minutes=5),
    timedelta(hours=1),
    *(timedelta(days=1),) * 7,
)
"""When to look again while Stripe says nothing; after the last one a person must look."""
REVIEW_LEASE: Final = timedelta(days=1)
"""How often a payment that a person must look at is looked at again, and the alarm repeated."""
ACTION_DEADLINE: Final = timedelta(minutes=30)
CONFIRM_SECONDS: Final = 10.0
"""How long a confirm may take."""
CONFIRM_RESERVE_SECONDS: Final = 12.0
"""A confirm is not begun with less than this left of the function's time."""


@dataclass(frozen=True, slots=True)
class StoredCard:
    """Pay with a card of the wallet; the security code travels as a one-time token."""

    card_id: str
    cvc_token: str | None


@dataclass(frozen=True, slots=True)
class OneTimeCard:
    """Pay with a card that is never stored: a PaymentMethod attached to nobody."""

    payment_method: str


Source = StoredCard | OneTimeCard


@dataclass(frozen=True, slots=True)
class Decline:
    """Why the bank said no, in words for the customer, and what to do next.

    ``needs_confirmation`` marks a bank that wants the customer to be present, ``final`` one that
    will never take this card.
    """

    reason: str
    advice: str
    needs_confirmation: bool = False
    final: bool = False


class Refusal(StrEnum):
    """What was wrong with what was to be paid with, where Stripe refused to ask the bank."""

    CARD_GONE = "card_gone"
    CARD_USED = "card_used"
    SECURITY_CODE_USED = "security_code_used"
    SOURCE_UNUSABLE = "source_unusable"


class Obstacle(StrEnum):
    """What keeps an automatic payment from being tried, until the customer does something."""

    AUTOPAY_OFF = "autopay_off"
    NO_CARD = "no_card"
    CARD_EXPIRED = "card_expired"
    CARD_REFUSED = "card_refused"
    NEEDS_CONFIRMATION = "needs_confirmation"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a try in the schedule of automatic payment (docs/autopay.md).

    ``on`` is the day it belongs to, ``next_on`` the one of the next try if this is declined, and
    ``mandate`` the wallet's offer on which it is tried. ``attempt`` counts the tries of this slot
    that ended without the bank's word.
    """

    on: date
    next_on: date | None = None
    mandate: int = 0
    attempt: int = 0

    def key(self, invoice_id: str) -> str:
        """Give the idempotency key: two copies of a message are one order, another offer is not."""
        return f"autopay:{invoice_id}:{self.on.isoformat()}:{self.mandate}:{self.attempt}"


class Dispute(StrEnum):
    """How a customer's dispute with their bank stands."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Payment:
    """One try to pay an invoice; never overwritten by a later one.

    ``n`` counts the confirms sent to the intent of ``epoch``; it is 0 until one was written ahead.
    ``slot`` is that of an automatic payment. ``refunded`` is what was given back, in minor units.
    ``refusal`` is why a payment without a charge cannot be made with the same source again.
    Neither that nor a dispute makes an invoice unpaid: they lie over what is paid.
    """

    payment_id: str
    customer_id: str
    invoice_id: str
    epoch: int
    trigger: Trigger
    money: Money
    state: State
    created_at: datetime
    idempotency_key: str
    invoice_number: str = ""
    n: int = 0
    card_id: str | None = None
    card: CardFace | None = None
    intent: str | None = None
    charge: str | None = None
    decline: Decline | None = None
    refusal: Refusal | None = None
    refunded: int = 0
    dispute: Dispute | None = None
    slot: Slot | None = None

    @property
    def confirm_key(self) -> str:
        """The idempotency key of confirm n, by which Stripe's events tell one try from another."""
        return f"confirm:{self.invoice_id}:{self.epoch}:{self.n}"

    @property
    def retry_on(self) -> date | None:
        """When automatic payment tries again by itself; None where it does not."""
        stops = not self.decline or self.decline.final or self.decline.needs_confirmation
        return None if stops or not self.slot else self.slot.next_on

    @property
    def status(self) -> Status:
        """The public status."""
        return PUBLIC_STATUS[self.state]


# How Stripe's answer to a confirm, a cancel or a retrieve reads to us.


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Money has moved: what Stripe charged, to be compared with what we asked for."""

    intent: str
    charge: str
    money: Money
    card: CardFace | None
    charged_at: datetime


@dataclass(frozen=True, slots=True)
class Declined:
    """The bank's answer to this very confirm."""

    decline: Decline
    card: CardFace | None = None


@dataclass(frozen=True, slots=True)
class ActionRequired:
    """The bank wants the customer's step; the secret is for the invoice's owner alone."""

    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WantsMethod:
    """The intent waits for a card: nothing is pending at Stripe.

    ``decline`` is Stripe's last word on this intent; it does not tell which confirm it was about.
    """

    decline: Decline | None = None


@dataclass(frozen=True, slots=True)
class WantsConfirmation:
    """The bank's step is done: the intent waits for the server's confirm."""


@dataclass(frozen=True, slots=True)
class Canceled:
    """The intent is canceled and can never succeed."""


@dataclass(frozen=True, slots=True)
class Processing:
    """Stripe is still working on it."""


class Blame(StrEnum):
    """What Stripe names when it refuses a request."""

    CARD = "card"
    SECURITY_CODE = "security_code"
    STRIPE_CUSTOMER = "stripe_customer"
    NOTHING = "nothing"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Refused:
    """Stripe refused the request; the intent's state must be looked up.

    What it names in ``blame`` is where to look. It names nothing for a card that was used or
    detached, and for much else.
    """

    blame: Blame = Blame.REQUEST


@dataclass(frozen=True, slots=True)
class NotBegun:
    """Stripe answered that it did not take the request: wrong key, or too many requests."""


@dataclass(frozen=True, slots=True)
class NoSuchIntent:
    """Stripe does not know the intent: it is another account's, or another mode's."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Stripe could not be asked: nothing was learned, and nothing was changed."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer to what was sent, or one that tells nothing."""


Answer = (
    Succeeded
    | Declined
    | ActionRequired
    | WantsMethod
    | WantsConfirmation
    | Canceled
    | Processing
    | Refused
    | NotBegun
    | NoSuchIntent
    | Unreachable
    | Unknown
)
