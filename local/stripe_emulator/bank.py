"""The card's bank: approves, declines, or wants its customer to authenticate.

A pure function of the card and of how it is used, so that every rule can be read and tested here.
"""

from dataclasses import dataclass
from enum import Enum

from local.stripe_emulator.card_rows import DeclinedAt, TestCard, ThreeDSecure
from local.stripe_emulator.declines import DECLINES, Decline


class Use(Enum):
    """What the card is asked for."""

    SETUP = "setup"
    ON_SESSION = "on_session"
    OFF_SESSION = "off_session"


@dataclass(frozen=True)
class Approved:
    """Yes."""


@dataclass(frozen=True)
class AuthenticationWanted:
    """The holder must authenticate first."""


Verdict = Approved | AuthenticationWanted | Decline


@dataclass(frozen=True)
class Question:
    """How a card is used."""

    use: Use
    # A CVC came with this use: typed with a new card, or as a token for a stored one.
    with_cvc: bool = False
    # The bank's step was completed for this use.
    authenticated: bool = False
    # The card was once set up for off-session use, with authentication.
    set_up: bool = False
    # `request_three_d_secure` is `any` or `challenge`.
    three_d_secure_requested: bool = False
    # The stored expiry lies in the past of the emulator's clock.
    expired: bool = False


def judge(card: TestCard, question: Question) -> Verdict:
    """Decide one use of a card."""
    if question.expired:
        return DECLINES["expired_card"]
    if not question.authenticated:
        verdict = _authentication(card, question)
        if verdict is not None:
            return verdict
    if card.decline is None or not _declines(card, question):
        return Approved()
    return DECLINES[card.decline]


def _declines(card: TestCard, question: Question) -> bool:
    match card.declined_at:
        case DeclinedAt.ALWAYS:
            return True
        case DeclinedAt.CHARGE:
            return question.use is not Use.SETUP
        case DeclinedAt.OFF_SESSION:
            return question.use is Use.OFF_SESSION
        case DeclinedAt.CVC:
            return question.with_cvc


def _authentication(card: TestCard, question: Question) -> AuthenticationWanted | Decline | None:
    off_session = question.use is Use.OFF_SESSION
    match card.three_d_secure:
        case ThreeDSecure.NOT_SUPPORTED | ThreeDSecure.NOT_ENROLLED:
            return None
        case ThreeDSecure.OPTIONAL:
            wanted = question.three_d_secure_requested
        case ThreeDSecure.OPTIONAL_ERROR:
            if question.three_d_secure_requested:
                return DECLINES["three_d_secure_error"]
            return None
        case ThreeDSecure.ERROR:
            return DECLINES["three_d_secure_error"]
        case ThreeDSecure.UNLESS_SET_UP:
            wanted = not (off_session and question.set_up)
        case ThreeDSecure.ALWAYS:
            wanted = True
        case ThreeDSecure.ON_SESSION:
            wanted = not off_session
    if not wanted:
        return None
    return DECLINES[card.unauthenticated] if off_session else AuthenticationWanted()
