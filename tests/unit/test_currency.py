"""What Stripe can charge, at each edge that its documentation names.

The numbers here are copied from Stripe's page "Supported currencies", not from the product's table.
"""

import re
from pathlib import Path

import pytest
from billfold.domain.currency import TABLE
from billfold.domain.errors import InvalidInputError
from billfold.domain.money import Money, is_chargeable, require_chargeable

EVENTS_MD = Path(__file__).resolve().parents[2] / "docs" / "events.md"

# "Minimum charge amount by currency", in minor units.
LEAST = {
    "USD": 50,
    "AED": 200,
    "ARS": 50,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "COP": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "IDR": 50,
    "ILS": 50,
    "INR": 50,
    "JPY": 50,
    "KRW": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PHP": 50,
    "PLN": 200,
    "RON": 200,
    "RUB": 50,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "ZAR": 50,
}
# Digits of `amount`, where there may be more than eight.
DIGITS = {"COP": 10, "HUF": 10, "IDR": 12, "INR": 9, "JPY": 10, "LBP": 11}


@pytest.mark.parametrize(("currency", "least"), LEAST.items())
def test_the_least_that_can_be_charged(currency: str, least: int) -> None:
    assert is_chargeable(Money(currency, least))
    assert not is_chargeable(Money(currency, least - 1))


@pytest.mark.parametrize(("currency", "digits"), [*DIGITS.items(), ("USD", 8), ("EUR", 8)])
def test_the_most_that_can_be_charged(currency: str, digits: int) -> None:
    assert is_chargeable(Money(currency, 10**digits - 1))
    assert not is_chargeable(Money(currency, 10**digits))


@pytest.mark.parametrize("currency", ["ISK", "UGX"])
def test_whole_currencies_that_stripe_counts_in_hundredths(currency: str) -> None:
    """Eight digits at Stripe are six of ours."""
    assert is_chargeable(Money(currency, 1))
    assert is_chargeable(Money(currency, 999_999))
    assert not is_chargeable(Money(currency, 1_000_000))


def test_the_ariary_has_minor_units_that_stripe_does_not_charge() -> None:
    assert is_chargeable(Money("MGA", 100))
    assert is_chargeable(Money("MGA", 9_999_999_900))
    assert not is_chargeable(Money("MGA", 9_999_999_999))
    assert not is_chargeable(Money("MGA", 150))
    assert not is_chargeable(Money("MGA", 10_000_000_000))


@pytest.mark.parametrize("currency", ["BHD", "JOD", "KWD", "OMR", "TND"])
def test_three_decimals_are_charged_in_tens(currency: str) -> None:
    assert is_chargeable(Money(currency, 10))
    assert is_chargeable(Money(currency, 99_999_990))
    assert not is_chargeable(Money(currency, 1))
    assert not is_chargeable(Money(currency, 99_999_999))


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_what_is_whole_in_payouts_alone_is_charged_with_decimals(currency: str) -> None:
    assert is_chargeable(Money(currency, 17_545))


def test_every_currency_of_stripe_and_no_other() -> None:
    assert len(TABLE) == 139
    assert {"ANG", "MGA", "RUB", "STD", "XCG"} <= set(TABLE)
    assert not {"BGN", "BTN", "CUP", "GHS", "HRK", "IQD", "IRR", "LYD", "MRU", "STN", "VES"} & set(
        TABLE
    )


@pytest.mark.parametrize("currency", ["IQD", "LYD", "STN"])
def test_what_was_taken_in_once_can_still_be_read(currency: str) -> None:
    assert not is_chargeable(Money(currency, 5000))


@pytest.mark.parametrize(
    ("money", "field", "text"),
    [
        (
            Money("USD", 49),
            "lines",
            "0.49 USD is too little for a card: 0.50 USD at least. Bill it together with more.",
        ),
        (
            Money("IDR", 10**12),
            "lines",
            "10000000000.00 IDR is too much for a card: 9999999999.99 IDR at most. Split it.",
        ),
        (
            Money("KWD", 1001),
            "lines",
            "1.001 KWD cannot be charged: cards are charged in steps of 0.010 KWD. Round it.",
        ),
        (
            Money("MGA", 150),
            "lines",
            "1.50 MGA cannot be charged: cards are charged in steps of 1.00 MGA. Round it.",
        ),
        (
            Money("LYD", 5000),
            "currency",
            "Stripe charges no card in LYD. Use another currency.",
        ),
    ],
)
def test_a_refusal_names_the_field_and_what_to_do(money: Money, field: str, text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        require_chargeable(money, field="lines")
    assert (refused.value.text, refused.value.extra) == (text, {"field": field})


def test_the_documented_table_is_the_one_that_is_used() -> None:
    section = EVENTS_MD.read_text().split("### What can be charged", 1)[1].split("\n#", 1)[0]
    rows = dict(re.findall(r"^\| (at least|at most) \| (.*) \|$", section, re.MULTILINE))
    least = {
        code: int(amount.replace(".", ""))
        for amount, codes in re.findall(r"([\d.]+) ((?:[A-Z]{3} ?)+)", rows["at least"])
        for code in codes.split()
    }
    digits = {
        code: int(count)
        for count, codes in re.findall(r"(\d+) for ((?:[A-Z]{3} ?)+)", rows["at most"])
        for code in codes.split()
    }
    assert (least, digits) == (LEAST, DIGITS)
