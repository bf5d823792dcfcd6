"""What requests under way have in use: idempotency keys and objects."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.stripe_emulator.errors import ApiError, error_object

LOCK_TIMEOUT = error_object(
    "invalid_request_error",
    "This object cannot be accessed right now because another API request or Stripe process is "
    "currently accessing it. If you see this error intermittently, retry the request. If you see "
    "this error frequently and are making multiple concurrent requests to a single object, make "
    "your requests serially or at a lower rate.",
    "lock_timeout",
)


class InUse:
    """Names of which one request has each at a time.

    Parameters
    ----------
    refusal
        The answer to a request whose name another one has.
    """

    def __init__(self, refusal: Callable[[str], ApiError]) -> None:
        self._refusal = refusal
        self._names: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, *names: str) -> Iterator[None]:
        """Hold names while a request is under way.

        Raises
        ------
        ApiError
            Another request has one of them.
        """
        with self._lock:
            for name in names:
                if name in self._names:
                    raise self._refusal(name)
            self._names.update(names)
        try:
            yield
        finally:
            with self._lock:
                self._names.difference_update(names)


def key_in_use(key: str) -> ApiError:
    """Refuse an idempotency key whose request is under way."""
    error = error_object(
        "idempotency_error",
        "There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. Please "
        "try again later.",
        "idempotency_key_in_use",
    )
    return ApiError(409, error, executed=False)


def object_in_use(_identifier: str) -> ApiError:
    """Refuse a change of an object that another request is changing; kept for no key."""
    return ApiError(429, LOCK_TIMEOUT, executed=False)
