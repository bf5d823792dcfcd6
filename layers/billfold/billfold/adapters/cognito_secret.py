"""The secret of the user pool's client, and what is proven with it."""

import base64
import hashlib
import hmac
from functools import cached_property
from typing import TYPE_CHECKING

from billfold.adapters.cognito_refusals import NONE, read_as
from billfold.domain.errors import SessionExpiredError
from billfold.services.ports import Challenge

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


class ClientSecret:
    """Asked for when it is first needed, then kept in memory and nowhere else."""

    def __init__(
        self, client: "CognitoIdentityProviderClient", user_pool_id: str, client_id: str
    ) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id

    @cached_property
    def value(self) -> str:
        """The secret itself.

        Raises
        ------
        UnavailableError
        """
        with read_as(NONE):
            answer = self._client.describe_user_pool_client(
                UserPoolId=self._pool, ClientId=self._client_id
            )
        return answer["UserPoolClient"]["ClientSecret"]

    def hash(self, username: str) -> str:
        """Compute SECRET_HASH for a call that sends this name."""
        return self._digest(username + self._client_id)

    def seal(self, name: str, session: str, *, username: str, email: str) -> Challenge:
        """Bind a challenge to the address it is given to.

        Guesses of a second factor are counted by that address, and Cognito does not limit them:
        without the seal each guess could be counted for another address. The real user name rides
        along because the answer must name it.
        """
        seal = self._digest(_sealed(name, session, username, email))
        return Challenge(name, f"{username}|{seal}|{session}")

    def open(self, challenge: Challenge, email: str) -> tuple[str, str]:
        """Give the real user name and Cognito's own session of a sealed challenge.

        Raises
        ------
        SessionExpiredError
            This question was not put to ``email``.
        """
        username, _, rest = challenge.session.partition("|")
        seal, _, session = rest.partition("|")
        expected = self._digest(_sealed(challenge.name, session, username, email))
        if not hmac.compare_digest(seal.encode(), expected.encode()):
            raise SessionExpiredError
        return username, session

    def _digest(self, message: str) -> str:
        digest = hmac.new(self.value.encode(), message.encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


def _sealed(name: str, session: str, username: str, email: str) -> str:
    # Neither a challenge's name nor an address has a line break, so no two readings are possible.
    return f"challenge\n{name}\n{email}\n{username}\n{session}"
