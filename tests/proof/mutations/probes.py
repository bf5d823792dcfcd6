"""The smallest histories that show whether a guard is there: each gives what went wrong, in words.

A probe is a part of the proof run once: a crash point, a test of the repositories' contract on
DynamoDB, a unit test, or a history of its own under the same checker.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pytest
from _pytest.outcomes import OutcomeException
from billfold.domain.reconciliation import Verdict

from tests.adapters.contract import Payable, Repositories
from tests.builders import a_card, a_customer, an_invoice
from tests.proof.auditor import Auditor
from tests.proof.crash.runs import Point, Then, calls_of, run
from tests.proof.crash.scenarios import SCENARIOS
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World
from tests.proof.reconciling import reconcile as reconcile_hours

Probe = Callable[[Sites], list[str]]
History = Callable[[World], None]
CRASH_POINT: Final = "crash point"
CONTRACT: Final = "contract test"
PROOF: Final = "test of the proof"
UNIT: Final = "unit test"
CHECKER: Final = "history, checker"
WIRE: Final = "wire"


def words_of(probe: Probe, sites: Sites) -> list[str]:
    """Give what a probe has found: violations, or in which words it fell over."""
    try:
        return probe(sites)
    except (Exception, OutcomeException) as error:  # noqa: BLE001 - a test fails in any way
        return [f"{type(error).__name__}: {error}"]
    finally:
        sites.wire.end()
        sites.stripe.no_trouble()


def point(
    path: str, call: str, mode: Mode, then: Then = Then.ALONE, *, nth: int = 1
) -> tuple[str, Probe]:
    """Give the crash point at a call of a path, named by its end."""

    def probe(sites: Sites) -> list[str]:
        [scenario] = [one for one in SCENARIOS if one.name == path]
        places = [at for at, name in enumerate(_calls(path, sites), 1) if name.endswith(call)]
        world = run(Point(scenario, places[nth - 1], mode, then), sites)
        found = world.violations()
        world.close()
        return found

    return f"{CRASH_POINT}: {path}, {call} {mode.value}, {then.value}", probe


@cache
def _calls(path: str, sites: Sites) -> list[str]:
    """Give the calls of a path; asked first while every guard is in its place."""
    [scenario] = [one for one in SCENARIOS if one.name == path]
    return calls_of(scenario, sites)[0]


def contract(test: Callable[..., None], *given: object) -> tuple[str, Probe]:
    """Give a test of the repositories' contract, on DynamoDB."""

    def probe(sites: Sites) -> list[str]:
        # The contract's customer is cust-1, and so would that of the first world be.
        sites.runs += 1
        world = World(sites)
        if "repositories" in test.__annotations__:
            test(world.auditor, *given)
        else:
            test(_payable(world.auditor), *given)
        world.close()
        return []

    return f"{CONTRACT}: {test.__name__}", probe


def _payable(repositories: Repositories) -> Payable:
    repositories.customers.register(a_customer(), autopay=False)
    wallet = repositories.customers.wallet("cust-1").add(a_card(1))
    invoice = an_invoice()
    repositories.invoices.add(invoice)
    return Payable(repositories, invoice, repositories.customers.save(wallet))


def unit(test: Callable[..., None], ports: Any, *given: object) -> tuple[str, Probe]:
    """Give a unit test on ports in memory, which its module's fixture makes."""

    def probe(_: Sites) -> list[str]:
        test(ports.__wrapped__(), *given)
        return []

    return f"{UNIT}: {test.__name__}", probe


def history(play: History) -> tuple[str, Probe]:
    """Give a history: what is played comes to rest, and is checked."""

    def probe(sites: Sites) -> list[str]:
        world = World(sites)
        play(world)
        world.come_to_rest()
        found = world.violations()
        world.close()
        return found

    return f"{CHECKER}: {play.__name__.replace('_', ' ')}", probe


def nightly(play: History, expected: Verdict) -> tuple[str, Probe]:
    """Give a night after what is played: the reconciliation has a line about it."""

    def probe(sites: Sites) -> list[str]:
        world = World(sites)
        play(world)
        hours = {c.charged_in for c in Auditor(sites.stripe.emulator, world.customer_id).charges()}
        lines = reconcile_hours(hours, world.auditor)
        world.close()
        if expected in {line.verdict for line in lines}:
            return []
        return [f"{expected.value}: the reconciliation says nothing of it"]

    return f"{CHECKER}: the night after {play.__name__.replace('_', ' ')}", probe


def proof(test: Callable[..., None], *given: object, **named: object) -> tuple[str, Probe]:
    """Give a test of the proof that is played in one world."""

    def probe(sites: Sites) -> list[str]:
        world = World(sites)
        test(world, *given, **named)
        world.close()
        return []

    return f"{PROOF}: {test.__name__}", probe


def patched(test: Callable[..., None]) -> tuple[str, Probe]:
    """Give a test that puts something else in place of a part of the product."""

    def probe(_: Sites) -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            test(patch)
        return []

    return f"{UNIT}: {test.__name__}", probe


def seen(look: Probe, *, part: str = WIRE) -> tuple[str, Probe]:
    """Give a look at what leaves us for AWS or Stripe, or at what has become of it."""
    return f"{part}: {look.__name__.replace('_', ' ')}", look
