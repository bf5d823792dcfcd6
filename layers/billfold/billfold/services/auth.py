"""Logging in and out, and passwords; every guess is counted before it is made."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from billfold.domain.errors import (
    BillfoldError,
    InvalidCodeError,
    InvalidCredentialsError,
    SessionExpiredError,
    UnavailableError,
)
from billfold.domain.limit import (
    LOGIN_ACCOUNT,
    LOGIN_ADDRESS,
    RESET_ACCOUNT,
    RESET_ADDRESS,
    RESET_CODE,
    RESET_CODE_ADDRESS,
    Limit,
    network,
)
from billfold.domain.password import require_strong
from billfold.services.ports import Challenge, Ports, Tokens, TotpSecret

logger = logging.getLogger(__name__)

NEW_PASSWORD = "NEW_PASSWORD_REQUIRED"  # noqa: S105 - the name of a challenge


def login(email: str, password: str, address: str, ports: Ports) -> Tokens | Challenge:
    """Prove a password.

    Parameters
    ----------
    address
        Where the request comes from, for the limit.

    Raises
    ------
    InvalidCredentialsError
        The same for a wrong password and for a user that does not exist.
    TooManyRequestsError
    """
    email = email.lower()
    with _guesses(ports, (LOGIN_ADDRESS, network(address)), (LOGIN_ACCOUNT, email)):
        return ports.identity.login(email, password)


def answer(
    email: str, challenge: Challenge, given: str, address: str, ports: Ports
) -> Tokens | Challenge:
    """Answer the challenge of a log-in: a new password, or the code of an authenticator app.

    Raises
    ------
    InvalidCredentialsError, SessionExpiredError, WeakPasswordError, TooManyRequestsError
    """
    if challenge.name == NEW_PASSWORD:
        require_strong(given, field="answer")
    email = email.lower()
    with _guesses(ports, (LOGIN_ADDRESS, network(address)), (LOGIN_ACCOUNT, email)):
        return ports.identity.answer(email, challenge, given)


def ask_for_reset(email: str, address: str, ports: Ports) -> None:
    """Mail a code, if there is such an account; the answer never tells.

    Every request counts, known account or not.

    Raises
    ------
    TooManyRequestsError
    """
    email, now = email.lower(), ports.clock.now()
    ports.limits.take(RESET_ADDRESS, network(address), now)
    ports.limits.take(RESET_ACCOUNT, email, now)
    ports.identity.send_reset_code(email)


def reset(email: str, code: str, new_password: str, address: str, ports: Ports) -> None:
    """Set a new password with a mailed code.

    Raises
    ------
    InvalidCodeError
        The same for a wrong code and for an account that does not exist.
    WeakPasswordError, TooManyRequestsError
    """
    require_strong(new_password)
    email = email.lower()
    with _guesses(ports, (RESET_CODE_ADDRESS, network(address)), (RESET_CODE, email)):
        ports.identity.reset_password(email, code, new_password)


def change_password(
    customer_id: str, access_token: str, current: str, new: str, ports: Ports
) -> None:
    """Change the password of someone who is logged in and knows the current one.

    Raises
    ------
    InvalidCredentialsError, WeakPasswordError, TooManyRequestsError
    """
    require_strong(new)
    with _guesses(ports, (LOGIN_ACCOUNT, customer_id)):
        ports.identity.change_password(access_token, current, new)


def begin_totp(access_token: str, ports: Ports) -> TotpSecret:
    """Give a new secret for an authenticator app; nothing is on until a code has proven it."""
    return ports.identity.begin_totp(access_token)


def confirm_totp(customer_id: str, access_token: str, code: str, ports: Ports) -> None:
    """Turn the second factor on.

    Raises
    ------
    InvalidCodeError, TooManyRequestsError
    """
    with _guesses(ports, (LOGIN_ACCOUNT, customer_id)):
        ports.identity.confirm_totp(access_token, code)


@contextmanager
def _guesses(ports: Ports, *limited: tuple[Limit, str]) -> Iterator[None]:
    """Count a guess before it is made, and take it back unless it was wrong.

    Counting first means that guesses sent at the same moment cannot exceed the limit. Addresses
    come before accounts, so that one that is blocked locks no accounts.
    """
    now = ports.clock.now()
    for limit, subject in limited:
        ports.limits.take(limit, subject, now)
    try:
        yield
    except (InvalidCredentialsError, InvalidCodeError, SessionExpiredError):
        raise
    except BillfoldError:
        _take_back(ports, limited, now)
        raise
    else:
        _take_back(ports, limited, now)


def _take_back(ports: Ports, limited: tuple[tuple[Limit, str], ...], now: datetime) -> None:
    for limit, subject in limited:
        try:
            ports.limits.give_back(limit, subject, now)
        except UnavailableError:
            # A new session or password exists by now. To say otherwise would be worse than one
            # guess too few until the window ends.
            logger.warning("a count stays too high", extra={"reason": limit.name})
