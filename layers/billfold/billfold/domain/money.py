"""Money: integer minor units of an ISO 4217 currency, never a float."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from billfold.domain.currency import RETIRED, TABLE
from billfold.domain.errors import InvalidInputError

CURRENCIES: Final = frozenset(TABLE) | frozenset(RETIRED)
"""What an amount may be in: more than what can be charged."""

MAX_AMOUNT: Final = max(row.from_stripe(row.most) for row in TABLE.values())
"""No amount in any currency is larger."""


def exponent(currency: str) -> int:
    """Return the digits after the decimal separator: JPY 0, USD 2, KWD 3 (ISO 4217).

    Raises
    ------
    InvalidInputError
        The code is not a currency that Billfold knows.
    """
    if currency in TABLE:
        return TABLE[currency].decimals
    if currency in RETIRED:
        return RETIRED[currency]
    raise _no_card_in(currency)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (12050 USD is 120.50 dollars) and its currency."""

    currency: str
    amount: int

    def __post_init__(self) -> None:
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.currency, self.amount + other.amount)

    def __str__(self) -> str:
        digits = exponent(self.currency)
        sign, minor = ("-" if self.amount < 0 else ""), abs(self.amount)
        if not digits:
            return f"{sign}{minor} {self.currency}"
        return f"{sign}{minor // 10**digits}.{minor % 10**digits:0{digits}d} {self.currency}"


def is_chargeable(money: Money) -> bool:
    """Tell whether Stripe can charge this amount to a card, as far as we can know beforehand."""
    return _refusal(money, "amount") is None


def require_chargeable(money: Money, *, field: str) -> None:
    """Refuse what Stripe cannot charge to a card, before anyone owes it.

    Raises
    ------
    InvalidInputError
        With the field ``currency``, or ``field`` where the amount is at fault.
    """
    refusal = _refusal(money, field)
    if refusal:
        raise refusal


def _refusal(money: Money, field: str) -> InvalidInputError | None:
    code = money.currency
    row = TABLE.get(code)
    if row is None:
        return _no_card_in(code)
    least, most = (Money(code, row.from_stripe(edge)) for edge in (row.least, row.most))
    step = Money(code, row.from_stripe(row.step))
    if money < least:
        text = f"{money} is too little for a card: {least} at least. Bill it together with more."
    elif money > most:
        text = f"{money} is too much for a card: {most} at most. Split it."
    elif money.amount % step.amount:
        text = f"{money} cannot be charged: cards are charged in steps of {step}. Round it."
    else:
        return None
    return InvalidInputError(text, field=field)


def _no_card_in(currency: str) -> InvalidInputError:
    return InvalidInputError(
        f"Stripe charges no card in {currency[:8]}. Use another currency.", field="currency"
    )


def totals(amounts: Iterable[Money]) -> list[Money]:
    """Sum per currency, in the order of the currency codes; currencies are never mixed."""
    sums: dict[str, Money] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Money(money.currency, 0)) + money
    return [sums[currency] for currency in sorted(sums)]
