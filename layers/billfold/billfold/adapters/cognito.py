"""Cognito: log-ins, passwords and second factors, through the server's own client.

The client has a secret, so every call about a user carries SECRET_HASH, computed over the name that
the same call sends (Amazon Cognito developer guide, "Computing secret hash values"). The secret is
asked for once and kept in memory; it is in no environment variable and in no log.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from billfold.domain.customer import Customer
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
from billfold.services.ports import Challenge, Tokens, TotpSecret

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.literals import ChallengeNameTypeType

_ANSWERS: Final = {
    "NEW_PASSWORD_REQUIRED": "NEW_PASSWORD",
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE",
}
THROTTLED_SECONDS: Final = 60
"""Cognito does not say how long to wait."""
_REFUSALS: Final[dict[str, type[BillfoldError]]] = {
    "CodeMismatchException": InvalidCodeError,
    "EnableSoftwareTokenMFAException": InvalidCodeError,
    "ExpiredCodeException": InvalidCodeError,
    "InvalidPasswordException": WeakPasswordError,
    "PasswordHistoryPolicyViolationException": WeakPasswordError,
    "NotAuthorizedException": InvalidCredentialsError,
    "PasswordResetRequiredException": InvalidCredentialsError,
    "RefreshTokenReuseException": InvalidCredentialsError,
    "UserNotConfirmedException": InvalidCredentialsError,
    "UserNotFoundException": InvalidCredentialsError,
    "InvalidParameterException": InvalidCredentialsError,
}
_THROTTLED: Final = {
    "LimitExceededException",
    "TooManyFailedAttemptsException",
    "TooManyRequestsException",
}


class CognitoIdentity:
    """The user pool's side of a log-in."""

    def __init__(
        self, client: "CognitoIdentityProviderClient", user_pool_id: str, client_id: str
    ) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id

    def login(self, email: str, password: str) -> Tokens | Challenge:
        """Prove a password.

        Raises
        ------
        InvalidCredentialsError
            Also for a user that does not exist, is disabled, or must reset the password first.
        """
        with _translated():
            answer = self._client.admin_initiate_auth(
                UserPoolId=self._pool,
                ClientId=self._client_id,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={
                    "USERNAME": email,
                    "PASSWORD": password,
                    "SECRET_HASH": self._secret_hash(email),
                },
            )
        return _read(answer, email)

    def answer(self, email: str, challenge: Challenge, answer: str) -> Tokens | Challenge:
        """Answer a challenge of ``login``; a wrong code reads as wrong credentials.

        Raises
        ------
        InvalidCredentialsError, SessionExpiredError, WeakPasswordError
        """
        username, _, session = challenge.session.partition("|")
        if not session or challenge.name not in _ANSWERS:
            raise SessionExpiredError
        try:
            with _translated():
                answered = self._client.admin_respond_to_auth_challenge(
                    UserPoolId=self._pool,
                    ClientId=self._client_id,
                    ChallengeName=cast("ChallengeNameTypeType", challenge.name),
                    Session=session,
                    ChallengeResponses={
                        "USERNAME": username,
                        _ANSWERS[challenge.name]: answer,
                        "SECRET_HASH": self._secret_hash(username),
                    },
                )
        except InvalidCodeError as error:
            raise InvalidCredentialsError("The code is not correct.") from error
        except InvalidCredentialsError as error:
            # Cognito answers NotAuthorized for a session that is used up or too old.
            raise SessionExpiredError from error
        return _read(answered, email)

    def refresh(self, refresh_token: str) -> Tokens:
        """Trade a refresh token for new tokens; the old one lives on for the grace period.

        Raises
        ------
        SessionExpiredError
        """
        try:
            with _translated():
                answer = self._client.get_tokens_from_refresh_token(
                    RefreshToken=refresh_token,
                    ClientId=self._client_id,
                    ClientSecret=self._client_secret,
                )
        except InvalidCredentialsError as error:
            raise SessionExpiredError from error
        return _tokens(answer["AuthenticationResult"])

    def revoke(self, refresh_token: str) -> None:
        """End a session at once; one that has ended already stays so."""
        try:
            with _translated():
                self._client.revoke_token(
                    Token=refresh_token,
                    ClientId=self._client_id,
                    ClientSecret=self._client_secret,
                )
        except InvalidCredentialsError:
            return

    def send_reset_code(self, email: str) -> None:
        """Mail a code for a new password; someone who never logged in gets a new invitation.

        Nothing in the outcome tells whether the account exists.
        """
        try:
            with _translated():
                self._client.forgot_password(
                    ClientId=self._client_id,
                    Username=email,
                    SecretHash=self._secret_hash(email),
                )
        except InvalidCredentialsError:
            # "User password cannot be reset in the current state": the invitation is still open.
            self._invite_again(email)

    def reset_password(self, email: str, code: str, new_password: str) -> None:
        """Set a new password with a mailed code, and end all sessions of the account.

        Raises
        ------
        InvalidCodeError
            Also for an account that does not exist.
        WeakPasswordError
        """
        try:
            with _translated():
                self._client.confirm_forgot_password(
                    ClientId=self._client_id,
                    Username=email,
                    ConfirmationCode=code,
                    Password=new_password,
                    SecretHash=self._secret_hash(email),
                )
        except InvalidCredentialsError as error:
            raise InvalidCodeError from error
        with _translated():
            # Whoever knew the old password must not stay logged in.
            self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=email)

    def change_password(self, access_token: str, current: str, new: str) -> None:
        """Change the password of whoever holds the token and knows the current one.

        Raises
        ------
        InvalidCredentialsError, WeakPasswordError
        """
        with _translated():
            self._client.change_password(
                AccessToken=access_token, PreviousPassword=current, ProposedPassword=new
            )

    def begin_totp(self, access_token: str) -> TotpSecret:
        """Give a new secret for an authenticator app."""
        with _own_token(), _translated():
            answer = self._client.associate_software_token(AccessToken=access_token)
        return TotpSecret(answer["SecretCode"])

    def confirm_totp(self, access_token: str, code: str) -> None:
        """Turn the second factor on, once the app has shown that it knows the secret.

        Raises
        ------
        InvalidCodeError
        """
        with _own_token(), _translated():
            self._client.verify_software_token(AccessToken=access_token, UserCode=code)
            self._prefer_totp(access_token, enabled=True)

    def remove_totp(self, access_token: str) -> None:
        """Turn the second factor off."""
        with _own_token(), _translated():
            self._prefer_totp(access_token, enabled=False)

    def create_login(self, customer: Customer) -> None:
        """Make the log-in of a customer, which mails the invitation; again changes nothing.

        Raises
        ------
        CustomerConflictError
            The id or the e-mail address belongs to another log-in.
        """
        # Cognito guards an alias only against other *verified* ones; the look comes first so that
        # the reason is the same either way.
        owner = self._owner(customer.email)
        if owner == customer.customer_id:
            return
        if owner is not None or self._owner(customer.customer_id) is not None:
            raise CustomerConflictError
        try:
            with _translated():
                self._client.admin_create_user(
                    UserPoolId=self._pool,
                    Username=customer.customer_id,
                    DesiredDeliveryMediums=["EMAIL"],
                    ForceAliasCreation=False,
                    UserAttributes=[
                        {"Name": "email", "Value": customer.email},
                        {"Name": "email_verified", "Value": "true"},
                        {"Name": "name", "Value": customer.name},
                    ],
                )
        except _TakenError as error:
            if self._owner(customer.email) != customer.customer_id:
                raise CustomerConflictError from error

    def _owner(self, name: str) -> str | None:
        """Tell which log-in a user name or an e-mail address stands for."""
        try:
            with _translated():
                return self._client.admin_get_user(UserPoolId=self._pool, Username=name)["Username"]
        except InvalidCredentialsError:
            return None

    def _invite_again(self, email: str) -> None:
        try:
            with _translated():
                user = self._client.admin_get_user(UserPoolId=self._pool, Username=email)
                if user["UserStatus"] == "FORCE_CHANGE_PASSWORD":
                    self._client.admin_create_user(
                        UserPoolId=self._pool,
                        Username=user["Username"],
                        MessageAction="RESEND",
                        DesiredDeliveryMediums=["EMAIL"],
                    )
        except InvalidCredentialsError:
            return

    def _prefer_totp(self, access_token: str, *, enabled: bool) -> None:
        self._client.set_user_mfa_preference(
            AccessToken=access_token,
            SoftwareTokenMfaSettings={"Enabled": enabled, "PreferredMfa": enabled},
        )

    @cached_property
    def _client_secret(self) -> str:
        with _translated():
            answer = self._client.describe_user_pool_client(
                UserPoolId=self._pool, ClientId=self._client_id
            )
        return answer["UserPoolClient"]["ClientSecret"]

    def _secret_hash(self, username: str) -> str:
        message = (username + self._client_id).encode()
        digest = hmac.new(self._client_secret.encode(), message, hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


class _TakenError(Exception):
    """The user name or the alias is taken."""


def _read(answer: Any, sent_as: str) -> Tokens | Challenge:  # noqa: ANN401 - two boto3 shapes
    if "ChallengeName" not in answer or not answer["ChallengeName"]:
        return _tokens(answer["AuthenticationResult"])
    # The answer to a challenge must name the real user, not the e-mail alias (Amazon Cognito API
    # reference, AdminRespondToAuthChallenge), so the name travels with the session.
    username = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", sent_as)
    return Challenge(answer["ChallengeName"], f"{username}|{answer['Session']}")


def _tokens(result: Any) -> Tokens:  # noqa: ANN401 - two boto3 shapes
    return Tokens(
        expires_in=result["ExpiresIn"],
        access_token=result["AccessToken"],
        refresh_token=result.get("RefreshToken"),
    )


@contextmanager
def _own_token() -> Iterator[None]:
    """Read a refusal as one of the token, where the token is all that was shown."""
    try:
        yield
    except InvalidCredentialsError as error:
        raise ForbiddenTokenError from error


@contextmanager
def _translated() -> Iterator[None]:
    """Read Cognito's refusals as ours; what is not one of them means "not now"."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"AliasExistsException", "UsernameExistsException"}:
            raise _TakenError from error
        if code in _THROTTLED:
            raise TooManyRequestsError(THROTTLED_SECONDS) from error
        refusal = _REFUSALS.get(code, UnavailableError)
        raise refusal from error
    except ParamValidationError as error:
        # Too long or too short to be right, and never sent.
        raise InvalidCredentialsError from error
    except BotoCoreError as error:
        raise UnavailableError from error
