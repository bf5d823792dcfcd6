"""Amounts: minor units, exponents, sums per currency, and what Stripe is sent."""

import pytest
from billfold.adapters.stripe_answers import from_stripe_amount, to_stripe_amount
from billfold.domain.currency import TABLE
from billfold.domain.errors import InvalidInputError
from billfold.domain.money import CURRENCIES, Money, exponent, totals
from hypothesis import given
from hypothesis import strategies as st

currencies = st.sampled_from(sorted(CURRENCIES))
moneys = st.builds(Money, currencies, st.integers(-(10**9), 10**9))


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("USD", 2), ("KWD", 3)])
def test_exponents(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money("JPY", 500), "500 JPY"),
        (Money("USD", 12050), "120.50 USD"),
        (Money("USD", 5), "0.05 USD"),
        (Money("KWD", -1230), "-1.230 KWD"),
    ],
)
def test_money_reads_as_people_write_it(money: Money, text: str) -> None:
    assert str(money) == text


@pytest.mark.parametrize("currency", ["usd", "XXX", "US", ""])
def test_unknown_currencies_are_refused(currency: str) -> None:
    with pytest.raises(InvalidInputError):
        Money(currency, 1)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="cannot add"):
        Money("USD", 1) + Money("EUR", 1)


@given(st.lists(moneys))
def test_totals_lose_nothing_and_do_not_depend_on_order(amounts: list[Money]) -> None:
    summed = totals(amounts)
    assert summed == totals(reversed(amounts))
    assert [m.currency for m in summed] == sorted({m.currency for m in amounts})
    for money in summed:
        parts = [m.amount for m in amounts if m.currency == money.currency]
        assert money.amount == sum(parts)


@pytest.mark.parametrize(
    ("money", "sent"),
    [
        (Money("JPY", 500), 500),
        (Money("USD", 12050), 12050),
        (Money("KWD", 12340), 12340),
        (Money("ISK", 5), 500),
        (Money("UGX", 1000), 100000),
        (Money("MGA", 1000), 10),
    ],
)
def test_the_number_that_stripe_is_sent(money: Money, sent: int) -> None:
    assert to_stripe_amount(money) == sent


@given(st.sampled_from(sorted(TABLE)), st.integers(0, 10**12))
def test_amounts_survive_the_way_from_stripe_and_back(currency: str, steps: int) -> None:
    amount = steps * TABLE[currency].step
    money = from_stripe_amount(amount, currency.lower())
    assert money.currency == currency
    assert to_stripe_amount(money) == amount


def test_a_fraction_of_a_whole_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="whole"):
        from_stripe_amount(550, "isk")
    with pytest.raises(ValueError, match="whole"):
        to_stripe_amount(Money("MGA", 150))
