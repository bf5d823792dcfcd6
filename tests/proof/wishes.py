"""What customers were answered about automatic payment, and what had been asked for by then.

Whoever is answered that automatic payment is off, or on this card, is held to no try that asks for
money later. A try asks for money when its confirm is written ahead. Times are not compared: who had
asked is looked up at the answer, and again before the customer asks for something else.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock

from billfold.domain.errors import BillfoldError, UnavailableError
from billfold.domain.payment import Payment

Asked = Callable[[], frozenset[str]]
"""Give the automatic payments that have asked for money up to now."""


class About(Enum):
    """What a request may change; only requests about the same compete."""

    SETTING = "automatic payment"
    CARD = "the primary card"


@dataclass
class Wish:
    """What was answered: ``card`` alone may be charged, or with None nothing at all.

    ``before`` had asked for money by then; ``until``, when the customer next asked for a change.
    """

    about: About
    card: str | None
    before: frozenset[str]
    until: frozenset[str] | None = None

    def breaks(self, payment: Payment) -> str | None:
        """Tell how an automatic payment goes against it, if it does."""
        if payment.payment_id in self.before:
            return None
        if self.until is not None and payment.payment_id not in self.until:
            return None
        if self.about is About.SETTING:
            return "asked for money after opting out was answered"
        if payment.card_id != self.card:
            return f"asked for money from {payment.card_id} after {self.card} was answered primary"
        return None


@dataclass
class _Request:
    about: About
    alone: bool


@dataclass
class Wishes:
    """The wishes of one customer, as far as the order of the answers says what holds.

    Of two requests at once either may be the last; an answer given while another request was under
    way promises nothing. One that was never answered stays under way.
    """

    asked: Asked
    stated: list[Wish] = field(default_factory=list)
    _under_way: list[_Request] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def asking(
        self, about: About, *, wish: Callable[[], bool] = lambda: True, card: str | None = None
    ) -> Iterator[None]:
        """Note a request around its making; ``wish`` tells whether its answer states one.

        Without an answer (unavailable, a crash) nothing is stated, and it stays under way.
        """
        request = _Request(about, alone=True)
        with self._lock:
            for other in self._under_way:
                if other.about is about:
                    other.alone = request.alone = False
            self._under_way.append(request)
        self._close(about)
        try:
            yield
        except UnavailableError:
            raise
        except BillfoldError:
            self._under_way.remove(request)
            raise
        self._under_way.remove(request)
        if request.alone and wish():
            self.stated.append(Wish(about, card, self.asked()))

    def _close(self, about: About) -> None:
        standing = [one for one in self.stated if one.about is about and one.until is None]
        asked = self.asked() if standing else frozenset()
        for one in standing:
            one.until = asked


def asked_for(payments: Sequence[Payment]) -> frozenset[str]:
    """Give those automatic payments whose confirm was written ahead."""
    return frozenset(one.payment_id for one in payments if one.slot and one.n)
