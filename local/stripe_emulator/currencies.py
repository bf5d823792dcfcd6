"""Amounts as Stripe counts them: smallest units, least and greatest amounts.

Source: Stripe documentation, "Supported currencies" (https://docs.stripe.com/currencies, read in
November 2026): presentment currencies, zero-decimal, special cases, minimum charge amounts; three
decimals from its editions for accounts that have them. The maxima are those of the edition before:
the latest allows twelve digits for most cards, the API reference eight.
"""

from local.stripe_emulator.errors import invalid_request

_ZERO = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE = "bhd jod kwd omr tnd"
_TWO = """
usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bmd bnd bob brl bsd bwp byn bzd cad cdf
chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr
ils inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn
nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd
std szl thb tjs top try ttd twd tzs uah uyu uzs wst xcd xcg yer zar zmw
"""
ZERO_DECIMAL = frozenset(_ZERO.split())
THREE_DECIMAL = frozenset(_THREE.split())
# No minor unit in use any more, but still counted in hundredths, which must be zero.
WHOLE_HUNDREDTHS = frozenset({"isk", "ugx"})
SUPPORTED = ZERO_DECIMAL | THREE_DECIMAL | WHOLE_HUNDREDTHS | frozenset(_TWO.split())

LEAST = {
    "usd": 50, "aed": 200, "ars": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "cop": 50,
    "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50,
    "inr": 50, "jpy": 50, "krw": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "php": 50,
    "pln": 200, "ron": 200, "rub": 50, "sek": 300, "sgd": 50, "thb": 1000, "zar": 50,
}  # fmt: skip
_DIGITS = {"cop": 10, "huf": 10, "idr": 12, "inr": 9, "jpy": 10, "lbp": 11}
_USUAL_DIGITS = 8


def check_amount(amount: int, currency: str, param: str = "amount") -> None:
    """Refuse an amount that cannot be charged.

    Raises
    ------
    ApiError
        Unknown currency; too small, too large, or not a multiple of what the currency has.
    """
    if currency not in SUPPORTED:
        raise invalid_request(
            f"Invalid currency: {currency[:10]}. Stripe currently supports these currencies: "
            + ", ".join(sorted(SUPPORTED)),
            param="currency",
        )
    if amount < 1:
        raise invalid_request(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=param,
        )
    least = LEAST.get(currency, 1)
    if amount < least:
        raise invalid_request(
            f"Amount must be at least {display(least, currency)}",
            code="amount_too_small",
            param=param,
        )
    if amount > most(currency):
        raise invalid_request(
            f"Amount must be no more than {display(most(currency), currency)}",
            code="amount_too_large",
            param=param,
        )
    step = 10 if currency in THREE_DECIMAL else 100 if currency in WHOLE_HUNDREDTHS else 1
    if amount % step:
        raise invalid_request(
            f"Invalid amount for {currency}: it must be a multiple of {step}.",
            code="invalid_charge_amount",
            param=param,
        )


def most(currency: str) -> int:
    """Return the greatest amount of a card payment."""
    return int(10 ** _DIGITS.get(currency, _USUAL_DIGITS) - 1)


def display(amount: int, currency: str) -> str:
    """Write an amount for a message."""
    if currency in ZERO_DECIMAL:
        return f"{amount} {currency}"
    places = 3 if currency in THREE_DECIMAL else 2
    whole, part = divmod(amount, 10**places)
    return f"{whole}.{part:0{places}} {currency}"
