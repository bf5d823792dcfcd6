"""Reading a card as typed: digits, expiry and CVC.

The number and the CVC end here: what goes on is a row of the table of test cards and whether a CVC
was given.
"""

import time
from typing import Any, NoReturn

from local.stripe_emulator.card_rows import TestCard
from local.stripe_emulator.card_table import BY_NUMBER
from local.stripe_emulator.declines import DECLINES
from local.stripe_emulator.errors import ApiError, error_object


def read_number(number: str | None) -> TestCard:
    """Find the test card of a number.

    Raises
    ------
    ApiError
        Not a card number; or one that is no documented test card, which test mode declines.
    """
    digits = (number or "").replace(" ", "").replace("-", "")
    if not digits.isascii() or not digits.isdigit() or not 12 <= len(digits) <= 19:
        _refuse("invalid_number", "The card number is not a valid credit card number.", "number")
    if not _luhn(digits):
        _refuse("incorrect_number", "Your card number is incorrect.", "number")
    card = BY_NUMBER.get(digits)
    if card is None:
        raise ApiError(402, DECLINES["test_mode_live_card"].error(param="number"))
    return card


def check_expiry(month: int, year: int, now: int) -> tuple[int, int]:
    """Give month and four-digit year of a card that has not expired."""
    if not 1 <= month <= 12:
        _refuse("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    full_year = year + 2000 if year < 100 else year
    if has_expired(month, full_year, now) or full_year > time.gmtime(now).tm_year + 50:
        _refuse("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year")
    return month, full_year


def has_expired(month: int, year: int, now: int) -> bool:
    """Tell whether a card's last month is over."""
    today = time.gmtime(now)
    return (year, month) < (today.tm_year, today.tm_mon)


def check_cvc(cvc: str | None, brand: str = "") -> bool:
    """Tell whether a CVC was given; one of the wrong form is refused."""
    if cvc is None:
        return False
    lengths = {"amex": (3, 4), "": (3, 4)}.get(brand, (3,))
    if not cvc.isascii() or not cvc.isdigit() or len(cvc) not in lengths:
        _refuse("invalid_cvc", "Your card's security code is invalid.", "cvc")
    return True


def _refuse(code: str, message: str, param: str) -> NoReturn:
    error: dict[str, Any] = error_object("card_error", message, code, param=param)
    raise ApiError(402, error)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
