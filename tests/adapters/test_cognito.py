"""The Cognito adapter on a stubbed client: what the emulator of the end-to-end tests cannot do."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from billfold.adapters.cognito import CognitoIdentity
from billfold.domain.errors import (
    BillfoldError,
    CustomerConflictError,
    ForbiddenTokenError,
    InvalidCodeError,
    InvalidCredentialsError,
    SessionExpiredError,
    TooManyRequestsError,
    UnavailableError,
    WeakPasswordError,
)
from billfold.services.ports import Challenge, Tokens
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from tests.builders import a_customer

SECRET = "client-secret-that-nobody-may-see"
POOL, CLIENT = "us-east-1_Example01", "1example23456789"
EMAIL, PASSWORD = "customer-1@example.com", "Correct-Horse-7"


class Stubbed:
    """The adapter on a client that answers what a test lays out."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "cognito-idp",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.stub = Stubber(self.client)
        self.identity = CognitoIdentity(self.client, POOL, CLIENT)
        self.stub.activate()

    def knows_its_secret(self) -> "Stubbed":
        answer = {"UserPoolClient": {"ClientSecret": SECRET}}
        self.stub.add_response("describe_user_pool_client", answer)
        return self

    def answers(self, call: str, answer: dict[str, Any], expected: Any = None) -> "Stubbed":
        self.stub.add_response(call, answer, expected)
        return self

    def fails(self, call: str, code: str) -> "Stubbed":
        self.stub.add_client_error(call, code, "text that no caller may see")
        return self


def secret_hash(username: str) -> str:
    digest = hmac.new(SECRET.encode(), (username + CLIENT).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


RESULT = {"AccessToken": "access", "ExpiresIn": 300, "RefreshToken": "refresh"}


def test_a_log_in_sends_the_hash_of_the_name_it_sends() -> None:
    expected = {
        "UserPoolId": POOL,
        "ClientId": CLIENT,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {
            "USERNAME": EMAIL,
            "PASSWORD": PASSWORD,
            "SECRET_HASH": secret_hash(EMAIL),
        },
    }
    stubbed = Stubbed().knows_its_secret()
    stubbed.answers("admin_initiate_auth", {"AuthenticationResult": RESULT}, expected)
    tokens = stubbed.identity.login(EMAIL, PASSWORD)
    assert tokens == Tokens(300, "access", "refresh")
    assert "access" not in repr(tokens)
    assert "refresh=" not in repr(tokens)


def test_a_challenge_is_answered_in_the_name_of_the_real_user() -> None:
    session = "s" * 24
    stubbed = Stubbed().knows_its_secret()
    stubbed.answers(
        "admin_initiate_auth",
        {
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeParameters": {"USER_ID_FOR_SRP": "cust-1"},
        },
    )
    challenge = stubbed.identity.login(EMAIL, PASSWORD)
    assert isinstance(challenge, Challenge)
    assert session not in repr(challenge)
    stubbed.answers(
        "admin_respond_to_auth_challenge",
        {"AuthenticationResult": RESULT},
        {
            "UserPoolId": POOL,
            "ClientId": CLIENT,
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeResponses": {
                "USERNAME": "cust-1",
                "NEW_PASSWORD": "Another-Horse-8",
                "SECRET_HASH": secret_hash("cust-1"),
            },
        },
    )
    assert isinstance(stubbed.identity.answer(EMAIL, challenge, "Another-Horse-8"), Tokens)


def test_the_secret_is_asked_for_once() -> None:
    stubbed = Stubbed().knows_its_secret()
    for _ in range(3):
        stubbed.answers("admin_initiate_auth", {"AuthenticationResult": RESULT})
    for _ in range(3):
        stubbed.identity.login(EMAIL, PASSWORD)
    stubbed.stub.assert_no_pending_responses()


def test_refresh_rotates_where_cognito_does() -> None:
    stubbed = Stubbed().knows_its_secret()
    stubbed.answers(
        "get_tokens_from_refresh_token",
        {"AuthenticationResult": RESULT},
        {"RefreshToken": "old", "ClientId": CLIENT, "ClientSecret": SECRET},
    )
    assert stubbed.identity.refresh("old").refresh_token == "refresh"
    kept = {"AccessToken": "access", "ExpiresIn": 300}
    stubbed.answers("get_tokens_from_refresh_token", {"AuthenticationResult": kept})
    assert stubbed.identity.refresh("old").refresh_token is None


Act = Callable[[CognitoIdentity], object]
CHALLENGE = Challenge("SOFTWARE_TOKEN_MFA", "cust-1|" + "s" * 24)
LOGIN: Act = lambda identity: identity.login(EMAIL, PASSWORD)  # noqa: E731
ANSWER: Act = lambda identity: identity.answer(EMAIL, CHALLENGE, "123456")  # noqa: E731
REFRESH: Act = lambda identity: identity.refresh("token")  # noqa: E731
RESET: Act = lambda identity: identity.reset_password(EMAIL, "123456", PASSWORD)  # noqa: E731
CHANGE: Act = lambda identity: identity.change_password("token", "a", "b")  # noqa: E731
TOTP: Act = lambda identity: identity.confirm_totp("token", "123456")  # noqa: E731


@pytest.mark.parametrize(
    ("act", "call", "code", "expected"),
    [
        (LOGIN, "admin_initiate_auth", "NotAuthorizedException", InvalidCredentialsError),
        (LOGIN, "admin_initiate_auth", "UserNotFoundException", InvalidCredentialsError),
        (LOGIN, "admin_initiate_auth", "PasswordResetRequiredException", InvalidCredentialsError),
        (LOGIN, "admin_initiate_auth", "UserNotConfirmedException", InvalidCredentialsError),
        (LOGIN, "admin_initiate_auth", "TooManyRequestsException", TooManyRequestsError),
        (LOGIN, "admin_initiate_auth", "InternalErrorException", UnavailableError),
        (LOGIN, "admin_initiate_auth", "AccessDeniedException", UnavailableError),
        (ANSWER, "admin_respond_to_auth_challenge", "CodeMismatchException",
         InvalidCredentialsError),
        (ANSWER, "admin_respond_to_auth_challenge", "NotAuthorizedException", SessionExpiredError),
        (ANSWER, "admin_respond_to_auth_challenge", "InvalidPasswordException", WeakPasswordError),
        (ANSWER, "admin_respond_to_auth_challenge", "ExpiredCodeException",
         InvalidCredentialsError),
        (REFRESH, "get_tokens_from_refresh_token", "NotAuthorizedException", SessionExpiredError),
        (REFRESH, "get_tokens_from_refresh_token", "RefreshTokenReuseException",
         SessionExpiredError),
        (RESET, "confirm_forgot_password", "CodeMismatchException", InvalidCodeError),
        (RESET, "confirm_forgot_password", "ExpiredCodeException", InvalidCodeError),
        (RESET, "confirm_forgot_password", "UserNotFoundException", InvalidCodeError),
        (RESET, "confirm_forgot_password", "NotAuthorizedException", InvalidCodeError),
        (RESET, "confirm_forgot_password", "InvalidPasswordException", WeakPasswordError),
        (RESET, "confirm_forgot_password", "LimitExceededException", TooManyRequestsError),
        (CHANGE, "change_password", "NotAuthorizedException", InvalidCredentialsError),
        (CHANGE, "change_password", "PasswordHistoryPolicyViolationException", WeakPasswordError),
        (TOTP, "verify_software_token", "EnableSoftwareTokenMFAException", InvalidCodeError),
        (TOTP, "verify_software_token", "NotAuthorizedException", ForbiddenTokenError),
    ],
)  # fmt: skip
def test_how_cognito_refuses(act: Act, call: str, code: str, expected: type[BillfoldError]) -> None:
    stubbed = Stubbed()
    if act not in (CHANGE, TOTP):
        stubbed.knows_its_secret()
    stubbed.fails(call, code)
    with pytest.raises(expected) as refused:
        act(stubbed.identity)
    assert "no caller may see" not in refused.value.text


def test_cognito_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    stubbed = Stubbed()

    def unreachable(*_: Any, **__: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://example.com")

    monkeypatch.setattr(stubbed.client, "describe_user_pool_client", unreachable)
    with pytest.raises(UnavailableError):
        stubbed.identity.login(EMAIL, PASSWORD)


@pytest.mark.parametrize("session", ["", "no-separator", "cust-1|"])
def test_a_session_that_cannot_be_one(session: str) -> None:
    with pytest.raises(SessionExpiredError):
        Stubbed().knows_its_secret().identity.answer(
            EMAIL, Challenge("SOFTWARE_TOKEN_MFA", session), "123456"
        )


def test_a_reset_of_someone_still_invited_sends_the_invitation_again() -> None:
    stubbed = Stubbed().knows_its_secret().fails("forgot_password", "NotAuthorizedException")
    user = {"Username": "cust-1", "UserStatus": "FORCE_CHANGE_PASSWORD"}
    stubbed.answers("admin_get_user", user)
    stubbed.answers(
        "admin_create_user",
        {},
        {
            "UserPoolId": POOL,
            "Username": "cust-1",
            "MessageAction": "RESEND",
            "DesiredDeliveryMediums": ["EMAIL"],
        },
    )
    stubbed.identity.send_reset_code(EMAIL)
    stubbed.stub.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["CONFIRMED", None])
def test_any_other_refusal_of_a_reset_stays_silent(status: str | None) -> None:
    stubbed = Stubbed().knows_its_secret().fails("forgot_password", "UserNotFoundException")
    if status:
        stubbed.answers("admin_get_user", {"Username": "cust-1", "UserStatus": status})
    else:
        stubbed.fails("admin_get_user", "UserNotFoundException")
    stubbed.identity.send_reset_code(EMAIL)
    stubbed.stub.assert_no_pending_responses()


def test_a_reset_ends_all_sessions() -> None:
    stubbed = Stubbed().knows_its_secret().answers("confirm_forgot_password", {})
    stubbed.answers("admin_user_global_sign_out", {}, {"UserPoolId": POOL, "Username": EMAIL})
    stubbed.identity.reset_password(EMAIL, "123456", PASSWORD)
    stubbed.stub.assert_no_pending_responses()


def test_an_alias_that_is_taken_at_the_last_moment() -> None:
    stubbed = Stubbed()
    for _ in range(2):
        stubbed.fails("admin_get_user", "UserNotFoundException")
    stubbed.fails("admin_create_user", "AliasExistsException")
    stubbed.answers("admin_get_user", {"Username": "cust-2"})
    with pytest.raises(CustomerConflictError):
        stubbed.identity.create_login(a_customer())
