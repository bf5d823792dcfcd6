"""Who is calling: the secret key or the publishable one."""

import base64
import binascii
import hmac

from local.stripe_emulator.calls import Access
from local.stripe_emulator.errors import ApiError, error_object, invalid_request
from local.stripe_emulator.settings import Settings


def read_key(authorization: str | None, in_form: str | None = None) -> str:
    """Give the key of a request, from Bearer or Basic authorization.

    Parameters
    ----------
    in_form
        The `key` parameter, where browsers put the publishable key.

    Raises
    ------
    ApiError
        There is none.
    """
    scheme, _, value = (authorization or "").partition(" ")
    key = in_form or ""
    if scheme.lower() == "bearer":
        key = value.strip()
    elif scheme.lower() == "basic":
        try:
            key = base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if not key:
        raise _unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization "
            "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    return key


def is_publishable(key: str, settings: Settings) -> bool:
    """Tell whether the caller has only the publishable key.

    Raises
    ------
    ApiError
        It is neither key.
    """
    if hmac.compare_digest(key.encode(), settings.secret_key.encode()):
        return False
    if not hmac.compare_digest(key.encode(), settings.publishable_key.encode()):
        raise _unauthorized(f"Invalid API Key provided: {_masked(key)}")
    return True


def require_access(access: Access, *, publishable: bool) -> None:
    """Refuse the publishable key where it is not enough."""
    if publishable and access is Access.SECRET:
        raise invalid_request(
            "This API call cannot be made with a publishable API key. Please use a secret API "
            "key. You can find a list of your API keys at "
            "https://dashboard.stripe.com/account/apikeys.",
            code="secret_key_required",
            status=403,
        )


def _masked(key: str) -> str:
    if len(key) < 16:
        return "*" * len(key)
    return key[:8] + "*" * min(len(key) - 12, 20) + key[-4:]


def _unauthorized(message: str) -> ApiError:
    return ApiError(401, error_object("invalid_request_error", message), executed=False)
