"""What a request that Stripe refused is the fault of, where the intent still wants a method."""

from billfold.domain.errors import (
    CardGoneError,
    CardUsedError,
    SecurityCodeUsedError,
    SourceUnusableError,
)
from billfold.domain.payment import Blame, Payment, Refusal, Trigger
from billfold.services import detached_cards
from billfold.services.ports import Ports

_ERRORS = {
    Refusal.CARD_GONE: CardGoneError,
    Refusal.CARD_USED: CardUsedError,
    Refusal.SECURITY_CODE_USED: SecurityCodeUsedError,
    Refusal.SOURCE_UNUSABLE: SourceUnusableError,
}


def error(refusal: Refusal | None) -> SourceUnusableError:
    """Return the error that tells of a refusal."""
    return _ERRORS[refusal or Refusal.SOURCE_UNUSABLE]()


def judge(payment: Payment, blame: Blame, ports: Ports) -> Refusal | None:
    """Return what was wrong with what was to be paid with; None where the fault is not there.

    A stored card is to blame only where it is not attached to its customer any more, or where
    Stripe names it. A card that is not stored has been used, where nothing is named.

    Raises
    ------
    UnavailableError
        Stripe does not say.
    """
    match blame:
        case Blame.REQUEST | Blame.STRIPE_CUSTOMER:
            return None
        case Blame.SECURITY_CODE:
            return Refusal.SECURITY_CODE_USED
    named = Refusal.SOURCE_UNUSABLE if blame is Blame.CARD else None
    if payment.trigger is Trigger.ONE_TIME:
        return named or Refusal.CARD_USED
    wallet = ports.customers.wallet(payment.customer_id)
    card = wallet.card(payment.card_id or "")
    if detached_cards.is_attached(card.payment_method, wallet, ports):
        return named
    return Refusal.CARD_GONE
