"""Cognito: log-ins, passwords and second factors, through the server's own client.

The client has a secret, so every call about a user carries SECRET_HASH, computed over the name that
the same call sends (Amazon Cognito developer guide, "Computing secret hash values").
"""

import logging
from typing import TYPE_CHECKING, Any, Final, cast

from billfold.adapters import cognito_refusals as refusals
from billfold.adapters.cognito_refusals import read_as
from billfold.adapters.cognito_secret import ClientSecret
from billfold.domain.customer import Customer
from billfold.domain.errors import BillfoldError, CustomerConflictError, SessionExpiredError
from billfold.services.ports import Challenge, Tokens, TotpSecret

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.literals import ChallengeNameTypeType

logger = logging.getLogger(__name__)

_ANSWERS: Final = {
    "NEW_PASSWORD_REQUIRED": "NEW_PASSWORD",
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE",
}


class CognitoIdentity:
    """The user pool's side of a log-in."""

    def __init__(
        self, client: "CognitoIdentityProviderClient", user_pool_id: str, client_id: str
    ) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id
        self._secret = ClientSecret(client, user_pool_id, client_id)

    def login(self, email: str, password: str) -> Tokens | Challenge:
        """Prove a password.

        Raises
        ------
        InvalidCredentialsError
            Also for a user that does not exist, is disabled, or must reset the password first.
        """
        with read_as(refusals.LOG_IN):
            answer = self._client.admin_initiate_auth(
                UserPoolId=self._pool,
                ClientId=self._client_id,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={
                    "USERNAME": email,
                    "PASSWORD": password,
                    "SECRET_HASH": self._secret.hash(email),
                },
            )
        return self._outcome(answer, email, email)

    def answer(self, email: str, challenge: Challenge, answer: str) -> Tokens | Challenge:
        """Answer a challenge of ``login``; a wrong code reads as wrong credentials.

        Raises
        ------
        InvalidCredentialsError, WeakPasswordError
        SessionExpiredError
            Also where the challenge was not given to ``email``.
        """
        if challenge.name not in _ANSWERS:
            raise SessionExpiredError
        username, session = self._secret.open(challenge, email)
        with read_as(refusals.CHALLENGE):
            answered = self._client.admin_respond_to_auth_challenge(
                UserPoolId=self._pool,
                ClientId=self._client_id,
                ChallengeName=cast("ChallengeNameTypeType", challenge.name),
                Session=session,
                ChallengeResponses={
                    "USERNAME": username,
                    _ANSWERS[challenge.name]: answer,
                    "SECRET_HASH": self._secret.hash(username),
                },
            )
        return self._outcome(answered, email, username)

    def refresh(self, refresh_token: str) -> Tokens:
        """Trade a refresh token for new tokens; the old one lives on for the grace period.

        Raises
        ------
        SessionExpiredError
        """
        with read_as(refusals.REFRESH):
            answer = self._client.get_tokens_from_refresh_token(
                RefreshToken=refresh_token,
                ClientId=self._client_id,
                ClientSecret=self._secret.value,
            )
        return _tokens(answer["AuthenticationResult"])

    def revoke(self, refresh_token: str) -> None:
        """End a session at once; one that has ended already stays so."""
        try:
            with read_as(refusals.REVOKE):
                self._client.revoke_token(
                    Token=refresh_token,
                    ClientId=self._client_id,
                    ClientSecret=self._secret.value,
                )
        except SessionExpiredError:
            return

    def send_reset_code(self, email: str) -> None:
        """Mail a code for a new password; someone who never logged in gets a new invitation.

        Nothing in the outcome tells whether the account exists: what concerns one account is
        logged, what concerns all of them is raised.

        Raises
        ------
        UnavailableError
        """
        try:
            with read_as(refusals.ASK_FOR_RESET):
                self._client.forgot_password(
                    ClientId=self._client_id,
                    Username=email,
                    SecretHash=self._secret.hash(email),
                )
        except refusals.ResetRefusedError as error:
            if error.invited:
                self._invite_again(email)
            else:
                logger.warning("no reset code sent", extra={"reason": refusals.code_of(error)})

    def reset_password(self, email: str, code: str, new_password: str) -> None:
        """Set a new password with a mailed code, and end all sessions of the account.

        Raises
        ------
        InvalidCodeError
            Also for an account that does not exist.
        WeakPasswordError
        UnavailableError
            Also where the password was set and the sessions could not be ended: asking for another
            code and setting it again ends them.
        """
        with read_as(refusals.RESET):
            self._client.confirm_forgot_password(
                ClientId=self._client_id,
                Username=email,
                ConfirmationCode=code,
                Password=new_password,
                SecretHash=self._secret.hash(email),
            )
        with read_as(refusals.NONE):
            # Whoever knew the old password must not stay logged in.
            self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=email)

    def change_password(self, access_token: str, current: str, new: str) -> None:
        """Change the password of whoever holds the token and knows the current one.

        Raises
        ------
        InvalidCredentialsError, WeakPasswordError, TooManyRequestsError
        """
        with read_as(refusals.CHANGE_PASSWORD):
            self._client.change_password(
                AccessToken=access_token, PreviousPassword=current, ProposedPassword=new
            )

    def has_totp(self, access_token: str) -> bool:
        """Tell whether the code of an authenticator app is asked for at log-in.

        Raises
        ------
        ForbiddenTokenError
        """
        with read_as(refusals.OWN_TOKEN):
            answer = self._client.get_user(AccessToken=access_token)
        return "SOFTWARE_TOKEN_MFA" in answer.get("UserMFASettingList", ())

    def begin_totp(self, access_token: str) -> TotpSecret:
        """Give a new secret for an authenticator app.

        Raises
        ------
        ForbiddenTokenError
        """
        with read_as(refusals.OWN_TOKEN):
            answer = self._client.associate_software_token(AccessToken=access_token)
        return TotpSecret(answer["SecretCode"])

    def confirm_totp(self, access_token: str, code: str) -> None:
        """Turn the second factor on, once the app has shown that it knows the secret.

        Raises
        ------
        InvalidCodeError
            Also where no secret was asked for.
        ForbiddenTokenError
        """
        with read_as(refusals.VERIFY_APP):
            answer = self._client.verify_software_token(AccessToken=access_token, UserCode=code)
        if answer.get("Status") != "SUCCESS":
            raise refusals.wrong_app_code()
        self._prefer_totp(access_token, enabled=True)

    def remove_totp(self, access_token: str) -> None:
        """Turn the second factor off.

        Raises
        ------
        ForbiddenTokenError
        """
        self._prefer_totp(access_token, enabled=False)

    def create_login(self, customer: Customer) -> None:
        """Make the log-in of a customer, which mails the invitation; again changes nothing.

        Raises
        ------
        CustomerConflictError
            The id or the e-mail address belongs to another log-in.
        InvalidInputError
            Cognito can keep no such address or name.
        UnavailableError
            Also where Cognito is too busy: try again.
        """
        # Cognito guards an alias only against other *verified* ones; the look comes first so that
        # the reason is the same either way. The name comes before the alias: should another
        # delivery make the log-in between the two looks, the second one finds it.
        named = self._owner(customer.customer_id)
        owner = self._owner(customer.email)
        if owner == customer.customer_id:
            return
        if owner is not None or named is not None:
            raise CustomerConflictError
        try:
            with read_as(refusals.CREATE):
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
        except refusals.TakenError as error:
            # Another delivery of the same event may have been faster.
            if self._owner(customer.email) != customer.customer_id:
                raise CustomerConflictError from error

    def _owner(self, name: str) -> str | None:
        """Tell which log-in a user name or an e-mail address stands for."""
        try:
            with read_as(refusals.LOOK_UP):
                return self._client.admin_get_user(UserPoolId=self._pool, Username=name)["Username"]
        except refusals.NoSuchLoginError:
            return None

    def _invite_again(self, email: str) -> None:
        """Mail the invitation once more; a disabled log-in gets none."""
        try:
            with read_as(refusals.LOOK_UP):
                user = self._client.admin_get_user(UserPoolId=self._pool, Username=email)
            if user["UserStatus"] != "FORCE_CHANGE_PASSWORD" or not user.get("Enabled", True):
                return
            with read_as(refusals.CREATE):
                self._client.admin_create_user(
                    UserPoolId=self._pool,
                    Username=user["Username"],
                    MessageAction="RESEND",
                    DesiredDeliveryMediums=["EMAIL"],
                )
        except (refusals.NoSuchLoginError, refusals.TakenError, BillfoldError) as error:
            # Accounts without an invitation never come here, so an error would tell them apart.
            logger.warning("no invitation sent", extra={"reason": refusals.code_of(error)})

    def _prefer_totp(self, access_token: str, *, enabled: bool) -> None:
        with read_as(refusals.OWN_TOKEN):
            self._client.set_user_mfa_preference(
                AccessToken=access_token,
                SoftwareTokenMfaSettings={"Enabled": enabled, "PreferredMfa": enabled},
            )

    def _outcome(self, answer: Any, email: str, username: str) -> Tokens | Challenge:  # noqa: ANN401 - two boto3 shapes
        name = answer.get("ChallengeName")
        if not name:
            return _tokens(answer["AuthenticationResult"])
        # The answer to a challenge must name the real user, not the e-mail alias (Amazon Cognito
        # API reference, AdminRespondToAuthChallenge), so the name travels with the session.
        username = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", username)
        return self._secret.seal(name, answer["Session"], username=username, email=email)


def _tokens(result: Any) -> Tokens:  # noqa: ANN401 - two boto3 shapes
    return Tokens(
        expires_in=result["ExpiresIn"],
        access_token=result["AccessToken"],
        refresh_token=result.get("RefreshToken"),
    )
