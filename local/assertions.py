"""What must be true of a stack before anybody uses it.

The AWS emulator can be green and wrong: without routes, with reset codes that are never checked,
with tokens nobody can verify. Each of these ends the bring-up.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from local import aws
from local.deploy import Deployment
from local.failure import StackError

NAME = "bring-up-check"


@dataclass(frozen=True, slots=True)
class _Probe:
    """A user of the pool that lives as long as the checks."""

    cognito: Any
    pool: str
    client_id: str
    secret_hash: str
    password: str


def require_sound(deployment: Deployment, origin: str) -> int:
    """Check everything and give the number of routes.

    Raises
    ------
    StackError
        With the first thing that is not as it must be.
    """
    routes = _require_routes(deployment)
    with _probe(deployment) as probe:
        _require_checked_codes(probe)
        token = _token(probe)
        _require_verifiable(deployment, token)
        _require_guarded(origin, token)
    return routes


def _require_routes(deployment: Deployment) -> int:
    gateway = aws.client("apigatewayv2", deployment.endpoint)
    count = len(gateway.get_routes(ApiId=deployment.api_id, MaxResults="500")["Items"])
    if not count:
        raise StackError("the deployment made an HTTP API without routes")
    return count


@contextmanager
def _probe(deployment: Deployment) -> Iterator[_Probe]:
    cognito = aws.client("cognito-idp", deployment.endpoint)
    pool, client_id = deployment.user_pool, deployment.user_pool_client
    client = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)
    secret = client["UserPoolClient"]["ClientSecret"].encode()
    digest = hmac.new(secret, (NAME + client_id).encode(), hashlib.sha256).digest()
    password = f"Aa1-{secrets.token_urlsafe(16)}"
    user = {"UserPoolId": pool, "Username": NAME}
    # It exists where a bring-up was killed in the middle.
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(**user, MessageAction="SUPPRESS")
    try:
        cognito.admin_set_user_password(**user, Password=password, Permanent=True)
        yield _Probe(cognito, pool, client_id, base64.b64encode(digest).decode(), password)
    finally:
        cognito.admin_delete_user(**user)


def _require_checked_codes(probe: _Probe) -> None:
    who = {"ClientId": probe.client_id, "Username": NAME, "SecretHash": probe.secret_hash}
    probe.cognito.forgot_password(**who)
    try:
        probe.cognito.confirm_forgot_password(
            **who, ConfirmationCode="000000", Password=probe.password
        )
    except probe.cognito.exceptions.CodeMismatchException:
        return
    raise StackError("the user pool accepts a wrong reset code")


def _token(probe: _Probe) -> str:
    answer = probe.cognito.admin_initiate_auth(
        UserPoolId=probe.pool,
        ClientId=probe.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={
            "USERNAME": NAME,
            "PASSWORD": probe.password,
            "SECRET_HASH": probe.secret_hash,
        },
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


def _require_verifiable(deployment: Deployment, token: str) -> None:
    """Verify the access token against the keys that the pool publishes."""
    head, claims, signature = token.split(".")
    url = f"{deployment.endpoint}/{deployment.user_pool}/.well-known/jwks.json"
    keys = {key["kid"]: key for key in httpx.get(url, trust_env=False).json()["keys"]}
    key = keys.get(json.loads(_decode(head))["kid"])
    if key is None:
        raise StackError("the access token is signed with a key that the user pool does not show")
    exponent, modulus = (int.from_bytes(_decode(key[part]), "big") for part in ("e", "n"))
    try:
        RSAPublicNumbers(exponent, modulus).public_key().verify(
            _decode(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256()
        )
    except InvalidSignature as error:
        raise StackError("the access token's signature is not the user pool's") from error
    if json.loads(_decode(claims))["username"] != NAME:
        raise StackError("the access token does not carry the user name, our customer id")


def _require_guarded(origin: str, token: str) -> None:
    """Ask through the proxy: nobody without a token gets to a function, and one with it does."""
    with httpx.Client(base_url=origin, timeout=40, trust_env=False) as client:
        stranger = client.get("/v1/account").status_code
        known = client.get("/v1/account", headers={"Authorization": f"Bearer {token}"})
    if stranger != 401:
        raise StackError(f"GET /v1/account without a token answered {stranger} instead of 401")
    # The user is no customer of ours, so the function finds nothing.
    if known.status_code != 404:
        raise StackError(
            f"GET /v1/account answered {known.status_code} instead of 404: {known.text[:300]}"
        )


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
