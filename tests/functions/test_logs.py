"""Canaries: what must never be in a log is sent through every function, and looked for."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

from billfold.domain.decline import explain
from billfold.domain.payment import ActionRequired, Declined
from billfold.entrypoints import observability

from tests.fakes import FakePorts
from tests.functions.test_http_events import STATUS, call
from tests.functions.test_intake_events import issue

Event = Callable[[str], dict[str, Any]]
CANARIES = (
    "access-token-of-the-customer",
    "customer-1@example.com",
    "4242424242424242",
    "cvctok_1PExample",
    "pm_1PExample",
    "pi_1_secret_2",
    "seti_1234_secret_5678",
    "Traceback",
)


def test_no_function_logs_a_secret(ports: FakePorts, event: Event, logs: StringIO) -> None:
    ports.gateway.confirms = [
        Declined(explain("card_declined", None)),
        ActionRequired("pi_1_secret_2"),
    ]
    for name in sorted(STATUS):
        call(name, event(name))
    for name in ("issued", "malformed", "not-json", "unknown-customer"):
        issue(event(f"issue_invoice/{name}"))
    logged = logs.getvalue()
    assert logged.count('"message":"request"') == len(STATUS)
    assert [canary for canary in CANARIES if canary in logged] == []


def test_the_canaries_would_be_seen(ports: FakePorts, event: Event) -> None:
    """The events and answers carry them: a test that cannot fail would prove nothing."""
    ports.gateway.confirms = [ActionRequired("pi_1_secret_2")]
    carried = "".join(json.dumps(event(name)) for name in STATUS)
    carried += "".join(json.dumps(call(name, event(name))) for name in sorted(STATUS))
    missing = [canary for canary in CANARIES if canary not in carried]
    assert missing == ["Traceback"]


def test_a_field_that_is_not_allowed_is_dropped(logs: StringIO) -> None:
    logger = observability.logger()
    logger.info("hello", extra={"email": "someone@example.com", "status": 200})
    try:
        raise KeyError("someone@example.com")  # noqa: TRY301
    except KeyError:
        logger.exception("broken")
    logged = logs.getvalue()
    assert '"status":200' in logged
    assert "KeyError" in logged
    assert "someone@example.com" not in logged
    assert "Traceback" not in logged
