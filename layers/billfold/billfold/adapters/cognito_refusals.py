"""What Cognito's error codes mean, for each call; its texts go no further.

A code that is in no table means that Cognito is down, too busy or set up wrongly: UnavailableError,
with the code as its cause, for whoever operates this. ``TooManyRequestsException`` is one of them:
it is the quota of the whole AWS account, and says nothing about the caller.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from billfold.domain.errors import (
    BillfoldError,
    ForbiddenTokenError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidInputError,
    SessionExpiredError,
    TooManyRequestsError,
    UnavailableError,
    WeakPasswordError,
)

Refusals = Mapping[str, Callable[[], Exception]]


class TakenError(Exception):
    """The user name or the alias is taken."""


class NoSuchLoginError(Exception):
    """No log-in has this name."""


class ResetRefusedError(Exception):
    """The account gets no code; ``invited`` where it has never had a password of its own."""

    def __init__(self, *, invited: bool = False) -> None:
        self.invited = invited
        super().__init__()


USER_LIMIT_SECONDS: Final = 900
"""Cognito counts some calls by user and hour, and does not say how long to wait."""

_INVALID: Final = "InvalidParameterException"
"""The shape of a parameter is wrong; also what botocore finds before it sends anything."""
_NOT_THIS_USER: Final = (
    "NotAuthorizedException",
    "PasswordResetRequiredException",
    "UserNotConfirmedException",
    "UserNotFoundException",
)


def _weak(field: str) -> Refusals:
    refused = partial(WeakPasswordError, field=field)
    return {
        "InvalidPasswordException": refused,
        "PasswordHistoryPolicyViolationException": refused,
    }


LOG_IN: Final[Refusals] = dict.fromkeys((*_NOT_THIS_USER, _INVALID), InvalidCredentialsError)

_WRONG_ANSWER: Final = partial(InvalidCredentialsError, "The code is not correct.")
CHALLENGE: Final[Refusals] = {
    # A session that is used up, too old or another user's is not authorized either.
    **dict.fromkeys((*_NOT_THIS_USER, _INVALID), SessionExpiredError),
    "MFAMethodNotFoundException": SessionExpiredError,
    "SoftwareTokenMFANotFoundException": SessionExpiredError,
    "CodeMismatchException": _WRONG_ANSWER,
    # The code was right and has been used before.
    "ExpiredCodeException": _WRONG_ANSWER,
    **_weak("answer"),
}

REFRESH: Final[Refusals] = {
    **dict.fromkeys((*_NOT_THIS_USER, _INVALID), SessionExpiredError),
    "RefreshTokenReuseException": SessionExpiredError,
}

REVOKE: Final[Refusals] = {
    **REFRESH,
    "UnsupportedTokenTypeException": SessionExpiredError,
}

# All that can come for an account that exists and for no other, since the answer must be the same.
ASK_FOR_RESET: Final[Refusals] = {
    **dict.fromkeys(
        (
            _INVALID,
            "CodeDeliveryFailureException",
            "InvalidEmailRoleAccessPolicyException",
            "InvalidSmsRoleAccessPolicyException",
            "InvalidSmsRoleTrustRelationshipException",
            "LimitExceededException",
            "UserNotFoundException",
        ),
        ResetRefusedError,
    ),
    # "User password cannot be reset in the current state"
    "NotAuthorizedException": partial(ResetRefusedError, invited=True),
}

_WRONG_CODE: Final = partial(InvalidCodeError, field="code")
RESET: Final[Refusals] = {
    **dict.fromkeys((*_NOT_THIS_USER, _INVALID), _WRONG_CODE),
    "CodeMismatchException": _WRONG_CODE,
    "ExpiredCodeException": _WRONG_CODE,
    # Cognito counts the tries of accounts that exist only, so 429 would tell that there is one;
    # our own limit counts all of them.
    "LimitExceededException": _WRONG_CODE,
    "TooManyFailedAttemptsException": _WRONG_CODE,
    **_weak("new_password"),
}

_WRONG_CURRENT: Final = partial(InvalidCredentialsError, "The current password is not correct.")
CHANGE_PASSWORD: Final[Refusals] = {
    **dict.fromkeys((*_NOT_THIS_USER, _INVALID), _WRONG_CURRENT),
    "LimitExceededException": partial(TooManyRequestsError, USER_LIMIT_SECONDS),
    **_weak("new_password"),
}

OWN_TOKEN: Final[Refusals] = dict.fromkeys(_NOT_THIS_USER, ForbiddenTokenError)
"""The token is all that was shown, and it has been revoked or its user is gone."""


def wrong_app_code() -> InvalidCodeError:
    """Make the refusal of a code that an authenticator app does not show now."""
    detail = "The code is not correct. Type the one that the app shows now."
    return InvalidCodeError(detail, field="code")


VERIFY_APP: Final[Refusals] = {
    **OWN_TOKEN,
    "CodeMismatchException": wrong_app_code,
    "EnableSoftwareTokenMFAException": wrong_app_code,
    "SoftwareTokenMFANotFoundException": wrong_app_code,
}

_NOT_REGISTRABLE: Final = partial(
    InvalidInputError, "Cognito takes no log-in with this e-mail address or name.", field="email"
)
LOOK_UP: Final[Refusals] = {
    "UserNotFoundException": NoSuchLoginError,
    _INVALID: _NOT_REGISTRABLE,
}
CREATE: Final[Refusals] = {
    "AliasExistsException": TakenError,
    "UsernameExistsException": TakenError,
    _INVALID: _NOT_REGISTRABLE,
}

NONE: Final[Refusals] = {}
"""Calls in which nothing but the deployment can be wrong."""


@contextmanager
def read_as(refusals: Refusals) -> Iterator[None]:
    """Raise our own errors for Cognito's; each keeps the original as its cause.

    Raises
    ------
    UnavailableError
        For every code that is not in the table, and where Cognito cannot be reached.
    """
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        refusal = refusals.get(code, UnavailableError)()
        raise refusal from error
    except ParamValidationError as error:
        refusal = refusals.get(_INVALID, UnavailableError)()
        raise refusal from error
    except BotoCoreError as error:
        raise UnavailableError from error


def code_of(error: BaseException) -> str:
    """Name what Cognito said, for a log: its code, or the class of our error."""
    response = getattr(error.__cause__, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    return error.code if isinstance(error, BillfoldError) else type(error).__name__
