"""What Stripe can charge to a card, by currency: one table.

Sources, read in November 2026:

* Stripe documentation, "Supported currencies" (https://docs.stripe.com/currencies): presentment
  currencies, zero-decimal currencies, special cases, minimum and maximum charge amounts; the
  three-decimal currencies from the editions of that page for accounts that have them.
* ISO 4217, list one, for the decimals in which the business and we count.

Two things the page leaves open, and what is chosen. A minimum belongs to the currency in which the
account is paid out, which is not known here: an amount is held against the minimum of its own
currency, and Stripe may still refuse one that is worth less after conversion. And editions of the
page differ on maxima (the latest allows twelve digits for most cards, the API reference eight): the
narrowest that was published for cards is used, so that what is taken in can be charged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Currency:
    """How a currency is counted, by us and by Stripe, and what a charge in it may be.

    ``decimals`` are ISO 4217's, in which our minor units count; ``stripe_decimals`` are those of
    Stripe's ``amount``. ``step``, ``least`` and ``most`` are in Stripe's units.
    """

    decimals: int
    stripe_decimals: int
    step: int
    least: int
    most: int

    def to_stripe(self, amount: int) -> int:
        """Return our amount as Stripe counts it.

        Raises
        ------
        ValueError
            It is a fraction of what Stripe can count.
        """
        return _shift(amount, self.stripe_decimals - self.decimals)

    def from_stripe(self, amount: int) -> int:
        """Return Stripe's amount in our minor units.

        Raises
        ------
        ValueError
            It is a fraction of what we can count.
        """
        return _shift(amount, self.decimals - self.stripe_decimals)


def _shift(amount: int, decimals: int) -> int:
    if decimals >= 0:
        return int(amount * 10**decimals)
    whole, rest = divmod(amount, 10**-decimals)
    if rest:
        raise ValueError(f"{amount} is not a whole amount")
    return int(whole)


_ZERO: Final = "BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF"
_TWO: Final = """
USD AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF
CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD
SZL THB TJS TOP TRY TTD TWD TZS UAH UYU UZS WST XCD XCG YER ZAR ZMW
"""
_THREE: Final = "BHD JOD KWD OMR TND"
# Without minor units, but Stripe goes on counting hundredths, which must be zero: 5 ISK is 500.
_IN_HUNDREDTHS: Final = "ISK UGX"
# Two decimals by ISO 4217 (of which the smallest coin is a fifth), none at Stripe: 1000 is 10.
_WHOLE_AT_STRIPE: Final = "MGA"

_STEPS: Final = {**dict.fromkeys(_THREE.split(), 10), **dict.fromkeys(_IN_HUNDREDTHS.split(), 100)}
_LEAST: Final = {
    code: least
    for least, codes in {
        30: "GBP",
        50: "ARS AUD BRL CAD CHF COP EUR IDR ILS INR JPY KRW NZD PHP RUB SGD USD ZAR",
        200: "AED MYR PLN RON",
        250: "DKK",
        300: "NOK SEK",
        400: "HKD",
        1000: "MXN THB",
        1500: "CZK",
        17500: "HUF",
    }.items()
    for code in codes.split()
}
_DIGITS: Final = {"COP": 10, "HUF": 10, "IDR": 12, "INR": 9, "JPY": 10, "LBP": 11}
_USUAL_DIGITS: Final = 8


def _rows() -> Mapping[str, Currency]:
    counted = (
        (_ZERO, 0, 0),
        (_TWO, 2, 2),
        (_THREE, 3, 3),
        (_IN_HUNDREDTHS, 0, 2),
        (_WHOLE_AT_STRIPE, 2, 0),
    )
    rows = {}
    for codes, decimals, stripe_decimals in counted:
        for code in codes.split():
            step = _STEPS.get(code, 1)
            digits = _DIGITS.get(code, _USUAL_DIGITS)
            most = (10**digits - 1) // step * step
            rows[code] = Currency(decimals, stripe_decimals, step, _LEAST.get(code, step), most)
    return rows


TABLE: Final = _rows()
"""Every currency in which Stripe can charge a card."""

RETIRED: Final = {"IQD": 3, "LYD": 3, "STN": 2}
"""Decimals of what was once taken in although Stripe cannot charge it, so that it can be read."""
