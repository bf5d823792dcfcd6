"""What control calls have in common: their bodies, and answers to wrong ones."""

import json
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse

from local.stripe_emulator.errors import ApiError

_Number = TypeVar("_Number", int, float)


class BadControlError(Exception):
    """A control call that makes no sense."""


async def read_body(request: Request) -> dict[str, Any]:
    """Give the JSON object of a control call; nothing sent is an empty one.

    Raises
    ------
    BadControlError
        It is something else.
    """
    text = await request.body()
    try:
        given = json.loads(text or b"{}")
    except ValueError as error:
        raise BadControlError("the body is not JSON") from error
    if not isinstance(given, dict):
        raise BadControlError("the body is not a JSON object")
    return given


def refuse_unknown(given: dict[str, Any], *names: str) -> None:
    """Refuse a body with other names than these, so that a slip of the pen is seen.

    Raises
    ------
    BadControlError
        There is another name.
    """
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise BadControlError(f"unknown: {', '.join(unknown)}; known: {', '.join(names)}")


def at_least(least: int, given: _Number) -> _Number:
    """Give a number that is not less than another.

    Raises
    ------
    ValueError
        It is.
    """
    if not given >= least:
        raise ValueError(f"{given} is less than {least}")
    return given


async def explain_api_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of the API's own kind."""
    if not isinstance(error, ApiError):
        raise error
    return JSONResponse(error.body, error.status)


async def explain_bad_control(_: Request, error: Exception) -> JSONResponse:
    """Answer a control call that makes no sense."""
    return JSONResponse({"error": {"message": str(error)}}, 400)
