"""The reconciliation's function, driven by its events."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from billfold.domain.errors import InvalidInputError
from billfold.domain.reconciliation import HOURS, Line, Progress, Run, Verdict

from functions.reconciliation import app
from tests.builders import NOON
from tests.fakes import FakePorts
from tests.functions.conftest import FakeContext

Event = Callable[[str], dict[str, Any]]
CONTEXT: Any = FakeContext(left=200.0)
RUN = FakeContext().aws_request_id


@pytest.fixture
def night(ports: FakePorts) -> FakePorts:
    ports.clock.at = datetime(2026, 10, 21, 3, 30, tzinfo=UTC)
    return ports


def test_the_schedule_asks_for_every_hour_of_the_days_left(night: FakePorts, event: Event) -> None:
    told = app.handler(event("reconciliation/scheduled"), CONTEXT)
    assert told == {"run": RUN, "days": [f"2026-10-{day}" for day in range(14, 21)]}
    assert len(night.reconciliation_queue.sent) == 7 * HOURS


def test_a_day_is_begun_by_hand(night: FakePorts, event: Event) -> None:
    assert app.handler(event("reconciliation/by-hand"), CONTEXT)["days"] == ["2026-10-19"]
    assert len(night.reconciliation_queue.sent) == HOURS
    with pytest.raises(InvalidInputError):
        app.handler({"day": "2026-10-22"}, CONTEXT)


def test_an_hour_is_done_and_the_report_says_so(night: FakePorts, event: Event) -> None:
    app.handler(event("reconciliation/by-hand"), CONTEXT)
    sent = event("reconciliation/hour")
    assert app.handler(sent, CONTEXT) == {"batchItemFailures": []}
    told = app.handler(event("reconciliation/report"), CONTEXT)
    assert (told["complete"], told["differences"], told["after"]) == (False, 0, None)
    assert "no differences so far, 1 of 24 hours done" in told["report"]


def test_a_report_is_read_to_its_end(night: FakePorts, event: Event) -> None:
    run = Run(datetime(2026, 10, 19, tzinfo=UTC).date(), RUN, NOON)
    night.reconciliations.begin(run, instead_of=None)
    night.store.lines[run.day, RUN] = [
        Line(Verdict.NOT_AT_STRIPE, f"ch_{n}", "cust-1", "inv_1", "none", "5 USD")
        for n in range(app.WRITES + 1)
    ]
    asked = event("reconciliation/report")
    first = app.handler(asked, CONTEXT)
    rest = app.handler({**asked, "after": first["after"]}, CONTEXT)
    text = first["report"] + rest["report"]
    assert [f"| ch_{n} |" in text for n in range(app.WRITES + 1)] == [True] * (app.WRITES + 1)
    assert text.count("# Stripe and ledger") == 1
    assert rest["after"] is None


def test_a_report_that_was_never_made_is_empty(night: FakePorts, event: Event) -> None:
    told = app.handler(event("reconciliation/report"), CONTEXT)
    assert (told["complete"], told["report"]) == (False, "")


def test_trouble_at_stripe_brings_the_message_again(night: FakePorts, event: Event) -> None:
    app.handler(event("reconciliation/by-hand"), CONTEXT)
    night.gateway.down = True
    sent = event("reconciliation/hour")
    failed = app.handler(sent, CONTEXT)["batchItemFailures"]
    assert failed == [{"itemIdentifier": sent["Records"][0]["messageId"]}]
    hour = night.reconciliation_queue.sent[12]
    assert night.reconciliations.progress(hour) == Progress()


def test_what_names_no_hour_is_put_aside(night: FakePorts, event: Event) -> None:
    assert app.handler(event("reconciliation/malformed"), CONTEXT)["batchItemFailures"] == []
    [(_, reason)] = night.dead_letters.sent
    assert reason.startswith("malformed")
