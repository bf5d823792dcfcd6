"""Every auth and registration event through its handler."""

import importlib
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from billfold.domain.errors import UnavailableError
from billfold.domain.limit import LOGIN_ACCOUNT, RESET_ACCOUNT, RESET_CODE

from tests.fakes import FakePorts
from tests.fakes_identity import PASSWORD, REFRESH_TOKEN, FakeIdentity
from tests.functions.conftest import EVENTS, FakeContext

Event = Callable[[str], dict[str, Any]]
EMAIL = "customer-1@example.com"
STATUS = {
    "auth/challenge": 200,
    "auth/challenge-foreign-session": 401,
    "auth/challenge-weak-password": 422,
    "auth/change-password": 204,
    "auth/change-password-weak": 422,
    "auth/change-password-wrong-current": 401,
    "auth/login": 200,
    "auth/login-unknown-field": 422,
    "auth/login-unknown-user": 401,
    "auth/login-wrong-password": 401,
    "auth/logout": 204,
    "auth/logout-cross-site": 403,
    "auth/logout-without-cookie": 204,
    "auth/password-reset": 202,
    "auth/password-reset-unknown-user": 202,
    "auth/password-reset-confirm": 204,
    "auth/password-reset-weak-password": 422,
    "auth/password-reset-wrong-code": 422,
    "auth/refresh": 200,
    "auth/refresh-cross-site": 403,
    "auth/refresh-without-cookie": 401,
    "auth/totp-show": 200,
    "auth/totp-begin": 200,
    "auth/totp-begin-id-token": 401,
    "auth/totp-confirm": 204,
    "auth/totp-confirm-wrong-code": 422,
    "auth/totp-end": 204,
}


@pytest.fixture
def identity(ports: FakePorts) -> FakeIdentity:
    made = FakeIdentity()
    ports.logins = made
    return made


def call(event: dict[str, Any]) -> tuple[int, dict[str, Any], list[str]]:
    handler = importlib.import_module("functions.auth.app").handler
    answer = handler(event, FakeContext())
    body = json.loads(answer["body"]) if answer.get("body") else {}
    return answer["statusCode"], body, answer.get("cookies") or []


def with_body(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**event, "body": json.dumps({**json.loads(event["body"]), **changes})}


@pytest.mark.parametrize("name", sorted(STATUS))
def test_every_event_has_its_answer(identity: FakeIdentity, event: Event, name: str) -> None:
    status, body, _ = call(event(name))
    assert status == STATUS[name], body
    if status >= 400:
        assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)


def test_no_event_is_forgotten() -> None:
    assert {f"auth/{path.stem}" for path in EVENTS.glob("auth/*.json")} == set(STATUS)


def test_a_log_in_gives_a_token_and_a_cookie_out_of_reach(
    identity: FakeIdentity, event: Event
) -> None:
    _, body, [cookie] = call(event("auth/login"))
    assert (body["access_token"], body["expires_in"]) == ("access-token-of-the-customer", 300)
    assert REFRESH_TOKEN not in json.dumps(body)
    assert cookie.startswith(f"billfold_refresh={REFRESH_TOKEN};")
    for attribute in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/v1/auth"):
        assert attribute in cookie


def test_the_address_is_written_in_any_case(identity: FakeIdentity, event: Event) -> None:
    assert call(with_body(event("auth/login"), email=EMAIL.upper()))[0] == 200


def test_nothing_tells_whether_an_account_exists(identity: FakeIdentity, event: Event) -> None:
    for name in ("auth/login-wrong-password", "auth/password-reset-wrong-code"):
        known = call(event(name))
        assert call(with_body(event(name), email="nobody@example.com")) == known
    known = call(event("auth/password-reset"))
    assert call(with_body(event("auth/password-reset"), email="nobody@example.com")) == known
    assert identity.mailed == [EMAIL]


def test_challenges_lead_to_a_session(identity: FakeIdentity, event: Event) -> None:
    identity.invited.add(EMAIL)
    _, body, cookies = call(event("auth/login"))
    assert body["challenge"]["name"] == "NEW_PASSWORD_REQUIRED"
    assert body["access_token"] is None
    assert cookies == []
    _, body, [_cookie] = call(event("auth/challenge"))
    assert body["access_token"]
    assert identity.passwords[EMAIL] == "Another-Horse-8"


def test_a_second_factor(identity: FakeIdentity, event: Event) -> None:
    assert call(event("auth/totp-show"))[1] == {"enabled": False}
    assert call(event("auth/totp-confirm"))[0] == 204
    assert call(event("auth/totp-show"))[1] == {"enabled": True}
    _, body, _ = call(event("auth/login"))
    assert body["challenge"]["name"] == "SOFTWARE_TOKEN_MFA"
    asked = {**body["challenge"], "email": EMAIL}
    status, refused, _ = call({**event("auth/challenge"), "body": json.dumps(
        {**asked, "answer": "000000"})})  # fmt: skip
    assert (status, refused["code"]) == (401, "invalid_credentials")
    status, body, _ = call({**event("auth/challenge"), "body": json.dumps(
        {**asked, "answer": "123456"})})  # fmt: skip
    assert (status, bool(body["access_token"])) == (200, True)


def test_the_app_gets_what_it_needs(identity: FakeIdentity, event: Event) -> None:
    _, body, _ = call(event("auth/totp-begin"))
    assert body["otpauth_url"] == (
        f"otpauth://totp/Billfold:cust-1001?secret={body['secret']}&issuer=Billfold"
    )


def test_logging_out_ends_the_session_and_takes_the_cookie(
    identity: FakeIdentity, event: Event
) -> None:
    _, _, [cookie] = call(event("auth/logout"))
    assert cookie.startswith("billfold_refresh=;")
    assert "Max-Age=0" in cookie
    assert call(event("auth/refresh"))[0] == 401
    assert call(event("auth/refresh-without-cookie"))[1]["code"] == "session_expired"


def test_a_kept_refresh_token_keeps_its_cookie(identity: FakeIdentity, event: Event) -> None:
    _, body, cookies = call(event("auth/refresh"))
    assert (body["access_token"], cookies) == ("access-token-renewed", [])


def test_a_cookie_left_in_the_header_is_understood(identity: FakeIdentity, event: Event) -> None:
    sent = event("auth/refresh")
    sent["headers"]["cookie"] = "; ".join(sent.pop("cookies"))
    assert call(sent)[0] == 200


def test_wrong_passwords_are_limited_and_right_ones_are_not(
    ports: FakePorts, identity: FakeIdentity, event: Event
) -> None:
    for _ in range(3 * LOGIN_ACCOUNT.most):
        assert call(event("auth/login"))[0] == 200
    for _ in range(LOGIN_ACCOUNT.most):
        assert call(event("auth/login-wrong-password"))[0] == 401
    guesses = identity.guesses
    status, body, _ = call(event("auth/login"))
    assert (status, body["code"]) == (429, "too_many_requests")
    assert identity.guesses == guesses
    ports.clock.forward(LOGIN_ACCOUNT.window)
    assert call(event("auth/login"))[0] == 200


def test_an_address_that_tries_many_accounts_is_limited(
    identity: FakeIdentity, event: Event
) -> None:
    statuses = [
        call(with_body(event("auth/login"), email=f"guess-{n}@example.com"))[0] for n in range(101)
    ]
    assert statuses == [401] * 100 + [429]


def test_resets_and_codes_are_limited(identity: FakeIdentity, event: Event) -> None:
    statuses = [call(event("auth/password-reset"))[0] for _ in range(RESET_ACCOUNT.most + 1)]
    assert statuses == [202] * RESET_ACCOUNT.most + [429]
    wrong = [call(event("auth/password-reset-wrong-code"))[0] for _ in range(RESET_CODE.most + 1)]
    assert wrong == [422] * RESET_CODE.most + [429]


def test_retry_after_says_when(identity: FakeIdentity, event: Event) -> None:
    handler = importlib.import_module("functions.auth.app").handler
    for _ in range(RESET_ACCOUNT.most + 1):
        answer = handler(event("auth/password-reset"), FakeContext())
    assert 0 < int(answer["headers"]["Retry-After"]) <= timedelta(hours=1).total_seconds() + 1


@pytest.mark.parametrize("weak", ["short", "alllowercase1", "ALLUPPERCASE1", "NoDigitsAtAll"])
def test_weak_passwords_are_refused_everywhere(
    identity: FakeIdentity, event: Event, weak: str
) -> None:
    for name, field in (
        ("auth/password-reset-confirm", "new_password"),
        ("auth/change-password", "new_password"),
        ("auth/challenge", "answer"),
    ):
        status, body, _ = call(with_body(event(name), **{field: weak}))
        assert (status, body["code"], body["field"]) == (422, "weak_password", field)
    assert identity.passwords[EMAIL] == PASSWORD


BAD: list[Any] = [
    None,
    [],
    {},
    {"email": EMAIL},
    {"email": 5, "password": "x"},
    {"email": "x" * 300 + "@example.com", "password": "x"},
    {"email": EMAIL, "password": "x" * 300},
    {"email": EMAIL, "password": PASSWORD, "remember": True},
    {"email": EMAIL, "name": "OTHER", "session": "s", "answer": "a"},
    {"code": "12345"},
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: json.dumps(bad)[:30])
@pytest.mark.parametrize(
    "name",
    [
        "auth/login",
        "auth/challenge",
        "auth/password-reset",
        "auth/password-reset-confirm",
        "auth/change-password",
        "auth/totp-confirm",
    ],
)
def test_bad_bodies(identity: FakeIdentity, event: Event, name: str, bad: Any) -> None:
    if name == "auth/password-reset" and bad == {"email": EMAIL}:
        return
    status, body, _ = call({**event(name), "body": json.dumps(bad)})
    assert (status, body["code"]) == (422, "invalid_input")
    assert body["field"]
    assert PASSWORD not in json.dumps(body)


def test_no_secret_is_logged(identity: FakeIdentity, event: Event, logs: StringIO) -> None:
    for name in STATUS:
        call(event(name))
    written = logs.getvalue()
    assert written.count('"message":"request"') == len(STATUS)
    for canary in (EMAIL, "Horse", REFRESH_TOKEN, "access-token", "482910", "AYABe", "JBSWY"):
        assert canary not in written


CODES = {
    "auth/challenge-foreign-session": ("session_expired", None),
    "auth/change-password-weak": ("weak_password", "new_password"),
    "auth/change-password-wrong-current": ("invalid_credentials", None),
    "auth/login-unknown-field": ("invalid_input", "remember_me"),
    "auth/login-unknown-user": ("invalid_credentials", None),
    "auth/logout-cross-site": ("cross_site", None),
    "auth/password-reset-weak-password": ("weak_password", "new_password"),
    "auth/refresh-cross-site": ("cross_site", None),
    "auth/totp-begin-id-token": ("invalid_token", None),
    "auth/totp-confirm-wrong-code": ("invalid_code", None),
}


@pytest.mark.parametrize("name", sorted(CODES))
def test_every_refusal_has_its_code(identity: FakeIdentity, event: Event, name: str) -> None:
    _, body, _ = call(event(name))
    assert (body["code"], body.get("field")) == CODES[name]


def test_logging_out_without_a_session_takes_the_cookie_all_the_same(
    identity: FakeIdentity, event: Event
) -> None:
    status, _, [cookie] = call(event("auth/logout-without-cookie"))
    assert (status, "Max-Age=0" in cookie) == (204, True)
    assert identity.sessions == {REFRESH_TOKEN}


def test_another_site_ends_no_session(identity: FakeIdentity, event: Event) -> None:
    call(event("auth/logout-cross-site"))
    assert identity.sessions == {REFRESH_TOKEN}


def test_a_log_out_that_could_not_be_done_says_so_and_keeps_the_cookie(
    identity: FakeIdentity, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts cannot read the cookie, so without it nobody could try again."""

    def down(_: str) -> None:
        raise UnavailableError

    monkeypatch.setattr(identity, "revoke", down)
    status, body, cookies = call(event("auth/logout"))
    assert (status, body["code"], cookies) == (503, "service_unavailable", [])


# Registration


def register(event: dict[str, Any]) -> list[Any]:
    handler = importlib.import_module("functions.register_customer.app").handler
    failures: list[Any] = handler(event, FakeContext())["batchItemFailures"]
    return failures


def test_a_customer_is_registered_once(
    ports: FakePorts, identity: FakeIdentity, event: Event
) -> None:
    for _ in range(2):
        assert register(event("register_customer/registered")) == []
    customer, wallet = ports.customers.account("cust-2001")
    assert (customer.email, wallet.autopay) == ("new-customer@example.com", True)
    assert identity.owners[customer.email] == "cust-2001"
    assert ports.dead_letters.sent == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("malformed", "invalid_input: customer_id"),
        ("not-json", "malformed_event"),
        ("taken-email", "customer_conflict"),
    ],
)
def test_a_registration_that_cannot_be_is_put_aside(
    ports: FakePorts, identity: FakeIdentity, event: Event, name: str, reason: str
) -> None:
    before = repr(ports.store)
    assert register(event(f"register_customer/{name}")) == []
    [(_, why)] = ports.dead_letters.sent
    assert why.startswith(reason)
    assert repr(ports.store) == before
