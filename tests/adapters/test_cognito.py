"""The Cognito adapter on a stubbed client: what the emulator of the end-to-end tests cannot do."""

import base64
import hashlib
import hmac
import logging
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
    InvalidInputError,
    SessionExpiredError,
    TooManyRequestsError,
    UnavailableError,
    WeakPasswordError,
)
from billfold.services.ports import Challenge, Tokens
from botocore import xform_name
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from tests.builders import a_customer

HIDDEN = "text that no caller may see"
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
        self.stub.add_client_error(call, code, HIDDEN)
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
CALLS: dict[str, Act] = {
    "AdminInitiateAuth": lambda identity: identity.login(EMAIL, PASSWORD),
    "AdminRespondToAuthChallenge": lambda identity: identity.answer(EMAIL, sealed(), "123456"),
    "GetTokensFromRefreshToken": lambda identity: identity.refresh("token"),
    "RevokeToken": lambda identity: identity.revoke("token"),
    "ForgotPassword": lambda identity: identity.send_reset_code(EMAIL),
    "ConfirmForgotPassword": lambda identity: identity.reset_password(EMAIL, "1", PASSWORD),
    "ChangePassword": lambda identity: identity.change_password("token", "a", "b"),
    "GetUser": lambda identity: identity.has_totp("token"),
    "AssociateSoftwareToken": lambda identity: identity.begin_totp("token"),
    "VerifySoftwareToken": lambda identity: identity.confirm_totp("token", "123456"),
    "SetUserMFAPreference": lambda identity: identity.remove_totp("token"),
    "AdminGetUser": lambda identity: identity.create_login(a_customer()),
    "DescribeUserPoolClient": lambda identity: identity.refresh("token"),
}
WITHOUT_SECRET = {
    "ChangePassword",
    "GetUser",
    "AssociateSoftwareToken",
    "VerifySoftwareToken",
    "SetUserMFAPreference",
    "AdminGetUser",
    "DescribeUserPoolClient",
}
THIS_USER = ("NotAuthorized", "PasswordResetRequired", "UserNotConfirmed", "UserNotFound")
WEAK = ("InvalidPassword", "PasswordHistoryPolicyViolation")
SILENT = None
REFUSED: dict[str, dict[str, type[BillfoldError] | None]] = {
    "AdminInitiateAuth": dict.fromkeys((*THIS_USER, "InvalidParameter"), InvalidCredentialsError),
    "AdminRespondToAuthChallenge": {
        **dict.fromkeys((*THIS_USER, "InvalidParameter"), SessionExpiredError),
        **dict.fromkeys(("MFAMethodNotFound", "SoftwareTokenMFANotFound"), SessionExpiredError),
        **dict.fromkeys(("CodeMismatch", "ExpiredCode"), InvalidCredentialsError),
        **dict.fromkeys(WEAK, WeakPasswordError),
    },
    "GetTokensFromRefreshToken": dict.fromkeys(
        (*THIS_USER, "InvalidParameter", "RefreshTokenReuse"), SessionExpiredError
    ),
    "RevokeToken": dict.fromkeys(("InvalidParameter", "UnsupportedTokenType"), SILENT),
    "ForgotPassword": dict.fromkeys(
        ("InvalidParameter", "CodeDeliveryFailure", "InvalidEmailRoleAccessPolicy",
         "InvalidSmsRoleAccessPolicy", "InvalidSmsRoleTrustRelationship", "LimitExceeded",
         "UserNotFound"),
        SILENT,
    ),
    "ConfirmForgotPassword": {
        **dict.fromkeys(
            (*THIS_USER, "InvalidParameter", "CodeMismatch", "ExpiredCode", "LimitExceeded",
             "TooManyFailedAttempts"),
            InvalidCodeError,
        ),
        **dict.fromkeys(WEAK, WeakPasswordError),
    },
    "ChangePassword": {
        **dict.fromkeys((*THIS_USER, "InvalidParameter"), InvalidCredentialsError),
        **dict.fromkeys(WEAK, WeakPasswordError),
        "LimitExceeded": TooManyRequestsError,
    },
    "GetUser": dict.fromkeys(THIS_USER, ForbiddenTokenError),
    "AssociateSoftwareToken": dict.fromkeys(THIS_USER, ForbiddenTokenError),
    "VerifySoftwareToken": {
        **dict.fromkeys(THIS_USER, ForbiddenTokenError),
        **dict.fromkeys(
            ("CodeMismatch", "EnableSoftwareTokenMFA", "SoftwareTokenMFANotFound"),
            InvalidCodeError,
        ),
    },
    "SetUserMFAPreference": dict.fromkeys(THIS_USER, ForbiddenTokenError),
    "AdminGetUser": {"InvalidParameter": InvalidInputError},
    "DescribeUserPoolClient": {},
}  # fmt: skip
# Both go on to a second call, and have tests of their own.
FURTHER = {("ForgotPassword", "NotAuthorized"), ("AdminGetUser", "UserNotFound")}


def sealed(name: str = "SOFTWARE_TOKEN_MFA") -> Challenge:
    """Give a challenge as a log-in of EMAIL got it."""
    stubbed = Stubbed().knows_its_secret()
    answer = {
        "ChallengeName": name,
        "Session": "s" * 24,
        "ChallengeParameters": {"USER_ID_FOR_SRP": "cust-1"},
    }
    challenge = stubbed.answers("admin_initiate_auth", answer).identity.login(EMAIL, PASSWORD)
    assert isinstance(challenge, Challenge)
    return challenge


def documented() -> list[tuple[str, str]]:
    """List each call with each error that AWS documents for it, and one that it does not."""
    model = Stubbed().client.meta.service_model
    return [
        (call, code)
        for call in CALLS
        for code in sorted(
            {shape.name for shape in model.operation_model(call).error_shapes}
            | {"SomethingNewException"}
        )
        if (call, code.removesuffix("Exception")) not in FURTHER
    ]


@pytest.mark.parametrize(("call", "code"), documented())
def test_how_cognito_refuses(call: str, code: str, caplog: pytest.LogCaptureFixture) -> None:
    stubbed = Stubbed()
    if call not in WITHOUT_SECRET:
        stubbed.knows_its_secret()
    stubbed.fails(xform_name(call), code)
    expected = REFUSED[call].get(code.removesuffix("Exception"), UnavailableError)
    if expected is SILENT:
        CALLS[call](stubbed.identity)
    else:
        with pytest.raises(expected) as refused:
            CALLS[call](stubbed.identity)
        assert type(refused.value) is expected
        assert HIDDEN not in refused.value.text
        assert refused.value.extra.get("field", "password")
    stubbed.stub.assert_no_pending_responses()
    for secret in (HIDDEN, SECRET, EMAIL, PASSWORD, "token"):
        assert secret not in caplog.text


def test_no_table_names_an_error_that_cognito_does_not_have() -> None:
    known = {f"{call} {code.removesuffix('Exception')}" for call, code in documented()}
    shared = {*THIS_USER, "InvalidParameter"}
    named = {f"{call} {code}" for call, codes in REFUSED.items() for code in codes}
    assert {one for one in named - known if one.split()[1] not in shared} == set()


@pytest.mark.parametrize("call", sorted(CALLS))
def test_cognito_that_cannot_be_reached(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stubbed = Stubbed()
    if call not in WITHOUT_SECRET:
        stubbed.knows_its_secret()

    def unreachable(*_: Any, **__: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://example.com")

    monkeypatch.setattr(stubbed.client, xform_name(call), unreachable)
    with pytest.raises(UnavailableError):
        CALLS[call](stubbed.identity)


@pytest.mark.parametrize(
    ("call", "code", "field"),
    [
        ("AdminRespondToAuthChallenge", "InvalidPasswordException", "answer"),
        ("ConfirmForgotPassword", "InvalidPasswordException", "new_password"),
        ("ConfirmForgotPassword", "CodeMismatchException", "code"),
        ("ChangePassword", "InvalidPasswordException", "new_password"),
        ("VerifySoftwareToken", "CodeMismatchException", "code"),
    ],
)
def test_a_refused_field_is_named(call: str, code: str, field: str) -> None:
    stubbed = Stubbed()
    if call not in WITHOUT_SECRET:
        stubbed.knows_its_secret()
    with pytest.raises(BillfoldError) as refused:
        CALLS[call](stubbed.fails(xform_name(call), code).identity)
    assert refused.value.extra == {"field": field}


@pytest.mark.parametrize(
    ("changed", "email"),
    [
        (lambda text: text, "other@example.com"),
        (lambda text: text.replace("cust-1|", "cust-2|"), EMAIL),
        (lambda text: text + "s", EMAIL),
        (lambda text: "cust-1||" + "s" * 24, EMAIL),
        (lambda text: "cust-1|" + "s" * 24, EMAIL),
        (lambda text: "", EMAIL),
        (lambda text: "\u00e9|\u00e9|\u00e9", EMAIL),
    ],
)
def test_a_challenge_that_was_not_given_to_this_address(
    changed: Callable[[str], str], email: str
) -> None:
    """Nothing is sent: the stub would fail for a call that was not laid out."""
    challenge = sealed()
    forged = Challenge(challenge.name, changed(challenge.session))
    with pytest.raises(SessionExpiredError):
        Stubbed().knows_its_secret().identity.answer(email, forged, "123456")


def test_a_challenge_cannot_be_turned_into_another() -> None:
    """A second factor must not be passed by setting a new password."""
    turned = Challenge("NEW_PASSWORD_REQUIRED", sealed("SOFTWARE_TOKEN_MFA").session)
    with pytest.raises(SessionExpiredError):
        Stubbed().knows_its_secret().identity.answer(EMAIL, turned, PASSWORD)


def test_a_challenge_that_this_service_does_not_ask() -> None:
    with pytest.raises(SessionExpiredError):
        Stubbed().knows_its_secret().identity.answer(EMAIL, sealed("SMS_MFA"), "123456")


def test_a_new_password_may_lead_to_the_second_factor() -> None:
    stubbed = Stubbed().knows_its_secret()
    further = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "t" * 24}
    stubbed.answers("admin_respond_to_auth_challenge", further)
    asked = stubbed.identity.answer(EMAIL, sealed("NEW_PASSWORD_REQUIRED"), PASSWORD)
    assert isinstance(asked, Challenge)
    stubbed.stub.add_response(
        "admin_respond_to_auth_challenge",
        {"AuthenticationResult": RESULT},
        {
            "UserPoolId": POOL,
            "ClientId": CLIENT,
            "ChallengeName": "SOFTWARE_TOKEN_MFA",
            "Session": "t" * 24,
            "ChallengeResponses": {
                "USERNAME": "cust-1",
                "SOFTWARE_TOKEN_MFA_CODE": "123456",
                "SECRET_HASH": secret_hash("cust-1"),
            },
        },
    )
    assert isinstance(stubbed.identity.answer(EMAIL, asked, "123456"), Tokens)


def test_an_app_that_was_not_accepted_is_not_preferred() -> None:
    stubbed = Stubbed().answers("verify_software_token", {"Status": "ERROR"})
    with pytest.raises(InvalidCodeError):
        stubbed.identity.confirm_totp("token", "123456")


def test_nothing_shows_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Not the adapter's repr, not its logs; botocore's own debug log stays off in production."""
    caplog.set_level(logging.DEBUG, logger="billfold")
    stubbed = Stubbed().knows_its_secret()
    stubbed.answers("admin_initiate_auth", {"AuthenticationResult": RESULT})
    stubbed.identity.login(EMAIL, PASSWORD)
    assert SECRET not in repr(stubbed.identity) + repr(vars(stubbed.identity)) + caplog.text


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


@pytest.mark.parametrize(
    "user",
    [
        {"UserStatus": "CONFIRMED", "Enabled": True},
        {"UserStatus": "FORCE_CHANGE_PASSWORD", "Enabled": False},
        None,
    ],
    ids=["confirmed", "disabled", "gone"],
)
def test_nobody_else_is_invited_and_nobody_learns_it(
    caplog: pytest.LogCaptureFixture, user: dict[str, Any] | None
) -> None:
    stubbed = Stubbed().knows_its_secret().fails("forgot_password", "NotAuthorizedException")
    if user:
        stubbed.answers("admin_get_user", {"Username": "cust-1", **user})
    else:
        stubbed.fails("admin_get_user", "UserNotFoundException")
    stubbed.identity.send_reset_code(EMAIL)
    stubbed.stub.assert_no_pending_responses()
    # A call that was not laid out would fail, and be logged.
    assert [record.__dict__["reason"] for record in caplog.records] == (
        [] if user else ["UserNotFoundException"]
    )


@pytest.mark.parametrize(
    "code",
    ["CodeDeliveryFailureException", "UnsupportedUserStateException", "TooManyRequestsException"],
)
def test_an_invitation_that_cannot_be_sent_is_logged_and_nobody_learns_it(
    caplog: pytest.LogCaptureFixture, code: str
) -> None:
    stubbed = Stubbed().knows_its_secret().fails("forgot_password", "NotAuthorizedException")
    user = {"Username": "cust-1", "UserStatus": "FORCE_CHANGE_PASSWORD"}
    stubbed.answers("admin_get_user", user).fails("admin_create_user", code)
    stubbed.identity.send_reset_code(EMAIL)
    [record] = caplog.records
    assert record.__dict__["reason"] == code
    assert EMAIL not in caplog.text


def test_mail_that_cannot_be_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    stubbed = Stubbed().knows_its_secret().fails("forgot_password", "CodeDeliveryFailureException")
    stubbed.identity.send_reset_code(EMAIL)
    assert caplog.records[0].__dict__["reason"] == "CodeDeliveryFailureException"


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


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # A queue stands before this: what a later try may help must say so, or customers are lost.
        ("TooManyRequestsException", UnavailableError),
        ("LimitExceededException", UnavailableError),
        ("CodeDeliveryFailureException", UnavailableError),
        ("NotAuthorizedException", UnavailableError),
        ("InternalErrorException", UnavailableError),
        ("InvalidParameterException", InvalidInputError),
    ],
)
def test_a_registration_that_cognito_refuses(code: str, expected: type[BillfoldError]) -> None:
    stubbed = Stubbed()
    for _ in range(2):
        stubbed.fails("admin_get_user", "UserNotFoundException")
    with pytest.raises(expected):
        stubbed.fails("admin_create_user", code).identity.create_login(a_customer())


def test_another_delivery_makes_the_log_in_between_the_two_looks() -> None:
    stubbed = Stubbed().fails("admin_get_user", "UserNotFoundException")
    stubbed.answers("admin_get_user", {"Username": a_customer().customer_id})
    stubbed.identity.create_login(a_customer())
    stubbed.stub.assert_no_pending_responses()


def test_a_registration_delivered_twice_at_once() -> None:
    stubbed = Stubbed()
    for _ in range(2):
        stubbed.fails("admin_get_user", "UserNotFoundException")
    stubbed.fails("admin_create_user", "UsernameExistsException")
    stubbed.answers("admin_get_user", {"Username": a_customer().customer_id})
    stubbed.identity.create_login(a_customer())
    stubbed.stub.assert_no_pending_responses()
