"""All routes of the API, and finding the one of a request."""

import re
from typing import Final

from local.stripe_emulator import (
    charges,
    customers,
    dispute_routes,
    event_routes,
    payment_capture,
    payment_intents,
    payment_method_routes,
    refunds,
    setup_intents,
    tokens,
)
from local.stripe_emulator.calls import Endpoint
from local.stripe_emulator.errors import invalid_request, not_modeled
from local.stripe_emulator.unmodeled import is_unmodeled_route

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *charges.ENDPOINTS,
    *customers.ENDPOINTS,
    *dispute_routes.ENDPOINTS,
    *event_routes.ENDPOINTS,
    *payment_capture.ENDPOINTS,
    *payment_intents.ENDPOINTS,
    *payment_method_routes.ENDPOINTS,
    *refunds.ENDPOINTS,
    *setup_intents.ENDPOINTS,
    *tokens.ENDPOINTS,
)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


_ROUTES = [(endpoint, _pattern(endpoint.path)) for endpoint in ENDPOINTS]
# A fixed path wins over one with a name in it: `/search` is no intent.
_ROUTES.sort(key=lambda route: route[0].path.count("{"))


def find_endpoint(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """Find the endpoint of a request and the names in its path.

    Raises
    ------
    ApiError
        There is none.
    """
    for endpoint, pattern in _ROUTES:
        match = pattern.fullmatch(path) if endpoint.method == method else None
        if match:
            return endpoint, match.groupdict()
    if is_unmodeled_route(method, path):
        raise not_modeled(f"{method} {path}")
    raise invalid_request(
        f"Unrecognized request URL ({method}: {path}). Please see https://docs.stripe.com or we "
        "can help at https://support.stripe.com/.",
        status=404,
    )
