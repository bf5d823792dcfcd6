"""Money: integer minor units of an ISO 4217 currency, never a float."""

from collections.abc import Iterable
from dataclasses import dataclass

from billfold.domain.errors import InvalidInputError

# ISO 4217, list one: the number of digits after the decimal separator where it is not two.
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
_TWO_DECIMALS = frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CNY",
        "COP",
        "CRC",
        "CVE",
        "CZK",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GIP",
        "GMD",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "JMD",
        "KES",
        "KGS",
        "KHR",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "MAD",
        "MDL",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "SAR",
        "SBD",
        "SCR",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "STN",
        "SZL",
        "THB",
        "TJS",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "USD",
        "UYU",
        "UZS",
        "WST",
        "XCD",
        "YER",
        "ZAR",
        "ZMW",
    ]
)
CURRENCIES = frozenset(_EXPONENTS) | _TWO_DECIMALS

MAX_AMOUNT = 99_999_999
"""Stripe takes eight digits at most (Stripe API reference, PaymentIntent.amount)."""


def exponent(currency: str) -> int:
    """Digits after the decimal separator: JPY 0, USD 2, KWD 3 (ISO 4217).

    Raises
    ------
    InvalidInputError
        The code is not a currency that Billfold knows.
    """
    if currency not in CURRENCIES:
        raise InvalidInputError(f"Unknown currency {currency[:8]!r}.", field="currency")
    return _EXPONENTS.get(currency, 2)


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


def require_chargeable(money: Money) -> None:
    """Refuse what no card network can charge, before anyone owes it.

    Positive, eight digits at most, and a multiple of ten minor units where the currency has three
    decimals (Stripe documentation, "Currencies", three-decimal currencies).

    Raises
    ------
    InvalidInputError
        With the field ``lines``, since an invoice's total is the sum of its lines.
    """
    if not 0 < money.amount <= MAX_AMOUNT:
        raise InvalidInputError(
            f"The total must be from 1 to {MAX_AMOUNT} minor units.", field="lines"
        )
    if exponent(money.currency) == 3 and money.amount % 10:
        raise InvalidInputError(
            f"{money.currency} amounts must be a multiple of ten minor units.", field="lines"
        )


def totals(amounts: Iterable[Money]) -> list[Money]:
    """Sum per currency, in the order of the currency codes; currencies are never mixed."""
    sums: dict[str, Money] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Money(money.currency, 0)) + money
    return [sums[currency] for currency in sorted(sums)]
