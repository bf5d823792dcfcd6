"""The crash points notice: with a guard of the product taken away, the history is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from billfold.adapters import stripe_gateway
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.domain.fact import Entry
from billfold.domain.money import Money
from billfold.domain.payment import Answer, Canceled, Payment, Step
from billfold.services import outbox, settle
from billfold.services.ports import Fenceable, Ports

from tests.proof.crash.pay_paths import CONFIRM
from tests.proof.crash.runs import Point, Then, calls_of, run
from tests.proof.crash.scenarios import SCENARIOS
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import Mode


def _release_the_unknown(payment: Payment, ports: Ports) -> Payment:
    return settle.end(payment, Step.RELEASE, ports)


def _fence_by_word_alone(gateway: StripeGateway, fenceable: Fenceable) -> Answer:
    return Canceled()


def _note_before_sending(written: Entry, ports: Ports) -> None:
    ports.outbox.sent(written)
    ports.bus.send(written)


def _hundredths_always(money: Money) -> int:
    return money.amount * 100


@dataclass(frozen=True)
class Tooth:
    """What is put in a guard's place, where it then hurts, and in which words."""

    owner: object
    name: str
    instead: Callable[..., object]
    path: str
    call: str
    mode: Mode
    words: str


TEETH = [
    Tooth(
        settle,
        "doubt",
        _release_the_unknown,
        "stored card",
        CONFIRM,
        Mode.REPLY_LOST,
        "charged, and the invoice is open",
    ),
    Tooth(
        StripeGateway,
        "cancel",
        _fence_by_word_alone,
        "stored card",
        CONFIRM,
        Mode.VERY_LATE,
        "is not in the ledger",
    ),
    Tooth(
        outbox,
        "deliver",
        _note_before_sending,
        "stored card",
        "update_item",
        Mode.CRASH_BEFORE,
        "was never told",
    ),
    Tooth(
        stripe_gateway,
        "to_stripe_amount",
        _hundredths_always,
        "stored card",
        CONFIRM,
        Mode.REPLY_LOST,
        "due were 12050",
    ),
]


@pytest.mark.parametrize("tooth", TEETH, ids=lambda tooth: tooth.name)
def test_a_guard_that_is_missing_is_noticed(
    tooth: Tooth, sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = next(s for s in SCENARIOS if s.name == tooth.path)
    calls, _ = calls_of(scenario, sites)
    at = 1 + next(place for place, name in enumerate(calls) if name.endswith(tooth.call))
    monkeypatch.setattr(tooth.owner, tooth.name, tooth.instead)
    world = run(Point(scenario, at, tooth.mode, Then.ALONE), sites)
    found = world.violations()
    world.close()
    assert any(tooth.words in violation for violation in found), found
