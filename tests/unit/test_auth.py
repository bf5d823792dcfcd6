"""Log-in and passwords: what is counted, what is taken back, and what stays hidden."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from billfold.domain import limit
from billfold.domain.errors import (
    BillfoldError,
    InvalidCodeError,
    InvalidCredentialsError,
    SessionExpiredError,
    TooManyRequestsError,
    UnavailableError,
    WeakPasswordError,
)
from billfold.domain.limit import Limit
from billfold.domain.password import require_strong
from billfold.services import auth
from billfold.services.ports import Challenge, Tokens

from tests.fakes import FakePorts
from tests.fakes_identity import PASSWORD, RESET_CODE, TOTP_CODE, FakeIdentity

EMAIL, ADDRESS = "customer-1@example.com", "203.0.113.7"
NEW = "Another-Horse-8"


@pytest.fixture
def identity() -> FakeIdentity:
    return FakeIdentity()


@pytest.fixture
def ports(identity: FakeIdentity) -> FakePorts:
    made = FakePorts()
    made.logins = identity
    return made


def counted(ports: FakePorts, which: Limit, subject: str) -> int:
    key = (which.name, subject, which.window_start(ports.clock.now()))
    return ports.store.counts.get(key, 0)


def exhaust(ports: FakePorts, which: Limit, subject: str) -> None:
    for _ in range(which.most):
        ports.limits.take(which, subject, ports.clock.now())


def test_a_right_password_leaves_no_count(ports: FakePorts) -> None:
    assert isinstance(auth.login(EMAIL, PASSWORD, ADDRESS, ports), Tokens)
    assert counted(ports, limit.LOGIN_ACCOUNT, EMAIL) == 0
    assert counted(ports, limit.LOGIN_ADDRESS, ADDRESS) == 0


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_a_wrong_password_counts_whether_or_not_there_is_an_account(
    ports: FakePorts, email: str
) -> None:
    with pytest.raises(InvalidCredentialsError) as refused:
        auth.login(email.upper(), "Wrong-Horse-7", ADDRESS, ports)
    assert refused.value.text == InvalidCredentialsError.detail
    assert counted(ports, limit.LOGIN_ACCOUNT, email) == 1
    assert counted(ports, limit.LOGIN_ADDRESS, ADDRESS) == 1


def test_a_blocked_address_cannot_lock_accounts(ports: FakePorts) -> None:
    exhaust(ports, limit.LOGIN_ADDRESS, ADDRESS)
    for _ in range(limit.LOGIN_ACCOUNT.most):
        with pytest.raises(TooManyRequestsError):
            auth.login(EMAIL, "Wrong-Horse-7", ADDRESS, ports)
    assert counted(ports, limit.LOGIN_ACCOUNT, EMAIL) == 0
    assert isinstance(auth.login(EMAIL, PASSWORD, "203.0.113.8", ports), Tokens)


def test_one_network_of_ipv6_counts_as_one_address(ports: FakePorts) -> None:
    """Whoever has one IPv6 address has 2^64 of them."""
    for n in range(limit.LOGIN_ADDRESS.most):
        with pytest.raises(InvalidCredentialsError):
            auth.login(f"guess-{n}@example.com", "x", f"2001:db8:1:2::{n + 1:x}", ports)
    with pytest.raises(TooManyRequestsError):
        auth.login(EMAIL, PASSWORD, "2001:db8:1:2:ffff::1", ports)
    assert isinstance(auth.login(EMAIL, PASSWORD, "2001:db8:1:3::1", ports), Tokens)


def test_guesses_of_the_second_factor_are_counted_for_the_account(
    ports: FakePorts, identity: FakeIdentity
) -> None:
    identity.second_factor.add(EMAIL)
    challenge = auth.login(EMAIL, PASSWORD, ADDRESS, ports)
    assert isinstance(challenge, Challenge)
    for _ in range(limit.LOGIN_ACCOUNT.most):
        # A right password takes its own count back, and no other one.
        assert auth.login(EMAIL, PASSWORD, ADDRESS, ports) == challenge
        with pytest.raises(InvalidCredentialsError):
            auth.answer(EMAIL, challenge, "000000", ADDRESS, ports)
    with pytest.raises(TooManyRequestsError):
        auth.answer(EMAIL, challenge, TOTP_CODE, ADDRESS, ports)
    with pytest.raises(TooManyRequestsError):
        auth.login(EMAIL, PASSWORD, ADDRESS, ports)


def test_a_challenge_is_answered_for_the_address_that_got_it(
    ports: FakePorts, identity: FakeIdentity
) -> None:
    """Else each guess could be counted for another, invented address."""
    identity.second_factor.add(EMAIL)
    challenge = auth.login(EMAIL, PASSWORD, ADDRESS, ports)
    assert isinstance(challenge, Challenge)
    with pytest.raises(SessionExpiredError):
        auth.answer("other@example.com", challenge, TOTP_CODE, ADDRESS, ports)
    assert isinstance(auth.answer(EMAIL.upper(), challenge, TOTP_CODE, ADDRESS, ports), Tokens)


class LimitsThatForgetNothing:
    """DynamoDB takes the count and is gone when it is to be taken back."""

    def __init__(self, ports: FakePorts) -> None:
        self.take = ports.limits.take

    def give_back(self, *_: object) -> None:
        raise UnavailableError


Act = Callable[[FakePorts], object]


@pytest.mark.parametrize(
    "act",
    [
        lambda ports: auth.login(EMAIL, PASSWORD, ADDRESS, ports),
        lambda ports: auth.reset(EMAIL, RESET_CODE, NEW, ADDRESS, ports),
        lambda ports: auth.change_password("cust-1001", "token", PASSWORD, NEW, ports),
    ],
    ids=["login", "reset", "change"],
)
def test_what_has_succeeded_is_not_refused_for_a_count(
    ports: FakePorts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    act: Act,
) -> None:
    monkeypatch.setattr(FakePorts, "limits", LimitsThatForgetNothing(ports))
    act(ports)
    assert "stays" in caplog.text
    assert EMAIL not in caplog.text


@dataclass
class Broken(FakeIdentity):
    """Refuses everything with one error."""

    error: BillfoldError | None = None

    def login(self, email: str, password: str) -> Tokens | Challenge:
        assert self.error
        raise self.error

    def reset_password(self, email: str, code: str, new_password: str) -> None:
        assert self.error
        raise self.error


def test_a_try_that_cognito_never_judged_does_not_count(ports: FakePorts) -> None:
    ports.logins = Broken(error=UnavailableError())
    with pytest.raises(UnavailableError):
        auth.login(EMAIL, PASSWORD, ADDRESS, ports)
    assert counted(ports, limit.LOGIN_ACCOUNT, EMAIL) == 0
    with pytest.raises(UnavailableError):
        auth.reset(EMAIL, RESET_CODE, NEW, ADDRESS, ports)
    assert counted(ports, limit.RESET_CODE, EMAIL) == 0


def test_codes_are_counted_by_account_and_by_address(ports: FakePorts) -> None:
    for n in range(limit.RESET_CODE_ADDRESS.most):
        with pytest.raises(InvalidCodeError):
            auth.reset(f"guess-{n}@example.com", "000000", NEW, ADDRESS, ports)
    with pytest.raises(TooManyRequestsError):
        auth.reset(EMAIL, RESET_CODE, NEW, ADDRESS, ports)
    assert counted(ports, limit.RESET_CODE, EMAIL) == 0
    auth.reset(EMAIL, RESET_CODE, NEW, "203.0.113.8", ports)


def test_asking_for_codes_counts_known_and_unknown_alike(
    ports: FakePorts, identity: FakeIdentity
) -> None:
    for email in (EMAIL, "nobody@example.com"):
        for _ in range(limit.RESET_ACCOUNT.most):
            auth.ask_for_reset(email, ADDRESS, ports)
        with pytest.raises(TooManyRequestsError):
            auth.ask_for_reset(email, ADDRESS, ports)
    assert identity.mailed == [EMAIL] * limit.RESET_ACCOUNT.most


@pytest.mark.parametrize("password", [" Another-Horse-8", "Another-Horse-8 ", "\tAnother-Horse-8"])
def test_a_password_that_cognito_could_not_store_is_refused_by_its_name(password: str) -> None:
    """Cognito calls it an invalid parameter, which would read as a wrong code (ADR 0005)."""
    with pytest.raises(WeakPasswordError) as refused:
        require_strong(password, field="new_password")
    assert refused.value.extra == {"field": "new_password"}
    assert require_strong("Another Horse 8", field="new_password") == "Another Horse 8"


def test_a_weak_password_uses_up_no_try(ports: FakePorts) -> None:
    with pytest.raises(WeakPasswordError):
        auth.reset(EMAIL, RESET_CODE, "short", ADDRESS, ports)
    challenge = Challenge(auth.NEW_PASSWORD, "cust-1001|session")
    with pytest.raises(WeakPasswordError) as refused:
        auth.answer(EMAIL, challenge, "short", ADDRESS, ports)
    assert refused.value.extra == {"field": "answer"}
    assert ports.store.counts == {}


def test_the_totp_codes_of_a_session_are_limited(ports: FakePorts) -> None:
    for _ in range(limit.LOGIN_ACCOUNT.most):
        with pytest.raises(InvalidCodeError):
            auth.confirm_totp("cust-1001", "token", "000000", ports)
    with pytest.raises(TooManyRequestsError):
        auth.confirm_totp("cust-1001", "token", TOTP_CODE, ports)


def test_nothing_is_logged_about_a_log_in(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    auth.login(EMAIL, PASSWORD, ADDRESS, ports)
    assert caplog.text == ""
