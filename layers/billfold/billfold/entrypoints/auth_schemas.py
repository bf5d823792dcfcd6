"""The bodies of /v1/auth."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from billfold.entrypoints.schemas import In, Out

Email = Annotated[
    str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
ChallengeName = Literal["NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA"]


class LoginIn(In):
    """Log in."""

    email: Email
    password: Password = Field(repr=False)


class ChallengeOut(Out):
    """A further question; ``session`` goes back with the answer."""

    name: str
    session: str = Field(repr=False)


class SessionOut(Out):
    """An access token and its life in seconds, or a challenge; the refresh token is a cookie."""

    access_token: str | None = Field(default=None, repr=False)
    expires_in: int | None = None
    challenge: ChallengeOut | None = None


class ChallengeIn(In):
    """Answer a challenge: a new password, or the code of an authenticator app."""

    email: Email
    name: ChallengeName
    # Cognito's own part has 4096 characters at most; user name and seal come on top.
    session: Annotated[str, StringConstraints(min_length=1, max_length=4224)] = Field(repr=False)
    answer: Password = Field(repr=False)


class AskForResetIn(In):
    """Ask for a code."""

    email: Email


class ResetIn(In):
    """Set a new password with the code."""

    email: Email
    code: Annotated[str, StringConstraints(pattern=r"^\S{1,64}$")] = Field(repr=False)
    new_password: Password = Field(repr=False)


class ChangePasswordIn(In):
    """Change the password."""

    current_password: Password = Field(repr=False)
    new_password: Password = Field(repr=False)


class TotpStateOut(Out):
    """Whether the code of an authenticator app is asked for at log-in."""

    enabled: bool


class TotpOut(Out):
    """What an authenticator app needs, as text and as the address behind a QR code."""

    secret: str = Field(repr=False)
    otpauth_url: str = Field(repr=False)


class TotpIn(In):
    """The code that the app shows."""

    code: Code = Field(repr=False)
