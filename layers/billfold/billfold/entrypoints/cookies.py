"""The refresh cookie: out of reach of scripts, sent to /v1/auth of this site alone."""

from typing import Final

from aws_lambda_powertools.shared.cookies import Cookie, SameSite
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

NAME: Final = "billfold_refresh"
PATH: Final = "/v1/auth"
SECONDS: Final = 7 * 24 * 3600
"""RefreshTokenValidity in template.yaml."""


def refresh(token: str) -> Cookie:
    """Make the cookie that keeps a session."""
    return Cookie(
        name=NAME,
        value=token,
        path=PATH,
        secure=True,
        http_only=True,
        max_age=SECONDS,
        same_site=SameSite.STRICT_MODE,
    )


def forget() -> Cookie:
    """Make the cookie that takes the other one away."""
    return Cookie(
        name=NAME,
        value="",
        path=PATH,
        secure=True,
        http_only=True,
        max_age=0,
        same_site=SameSite.STRICT_MODE,
    )


def read_refresh(event: APIGatewayProxyEventV2) -> str | None:
    """Find the refresh token among a request's cookies.

    API Gateway moves them into the event's ``cookies``; a gateway that leaves them in the header
    (the emulator does) is understood as well.
    """
    for cookie in event.cookies or event.headers.get("cookie", "").split(";"):
        name, _, value = cookie.partition("=")
        if name.strip() == NAME and value:
            return value
    return None
