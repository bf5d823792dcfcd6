"""Amounts at the edges that Stripe's documentation names."""

import pytest

from local.stripe_emulator.currencies import SUPPORTED, check_amount
from local.stripe_emulator.errors import ApiError


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (50, "usd"),
        (99_999_999, "usd"),
        (50, "ars"),
        (50, "krw"),
        (1, "xcg"),
        (99_999_900, "ugx"),
        (99_999_990, "kwd"),
        (999_999_999, "inr"),
        (9_999_999_999, "jpy"),
        (99_999_999_999, "lbp"),
        (999_999_999_999, "idr"),
    ],
)
def test_what_is_charged(amount: int, currency: str) -> None:
    check_amount(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "code", "param"),
    [
        (49, "usd", "amount_too_small", "amount"),
        (49, "ars", "amount_too_small", "amount"),
        (0, "xcg", "parameter_invalid_integer", "amount"),
        (100_000_000, "usd", "amount_too_large", "amount"),
        (1_000_000_000, "inr", "amount_too_large", "amount"),
        (100_000_000_000, "lbp", "amount_too_large", "amount"),
        (150, "isk", "invalid_charge_amount", "amount"),
        (1001, "kwd", "invalid_charge_amount", "amount"),
        (500, "bgn", None, "currency"),
        (500, "ves", None, "currency"),
    ],
)
def test_what_is_refused(amount: int, currency: str, code: str | None, param: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_amount(amount, currency)
    told = refused.value.error
    assert (told.get("code"), told.get("param")) == (code, param)


def test_the_currencies_of_cards() -> None:
    assert len(SUPPORTED) == 139
