"""The schedule's event through its handler."""

from collections.abc import Callable
from typing import Any

from billfold.domain.payment import Unknown, WantsMethod

from functions.reconcile import app
from tests.fakes import FakePorts
from tests.functions.conftest import FakeContext
from tests.functions.test_http_events import call

Event = Callable[[str], dict[str, Any]]


def test_a_run_tells_what_became_of_what_was_left_behind(ports: FakePorts, event: Event) -> None:
    sent = event("reconcile/scheduled")
    assert app.handler(sent, FakeContext(left=60)) == {}  # type: ignore[arg-type]
    ports.gateway.confirms = [Unknown()]
    assert call("payments/pay-stored-card", event("payments/pay-stored-card"))[0] == 202
    ports.clock.at = ports.clock.at.replace(hour=13)
    ports.gateway.looks = [WantsMethod(), WantsMethod()]
    assert app.handler(sent, FakeContext(left=60)) == {"unknown": 1}  # type: ignore[arg-type]
