"""The business's commands: every call fails in every way, and each is done and told once.

The queue delivers a command until it was taken, so each run ends with one more delivery of each.
"""

from collections.abc import Callable
from dataclasses import asdict

import pytest
from billfold.domain.fact import Actor
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.invoice_change import Wanted
from billfold.domain.money import Money
from billfold.domain.payment import StoredCard
from billfold.services import invoice_commands
from billfold.services.invoice_commands import Command
from billfold.services.ports import Ports

from tests.proof.crash.acts import pay
from tests.proof.crash.pay_paths import GOOD, POOR, Act
from tests.proof.crash.runs import TALLY, Tally, calls_of, points_of, run
from tests.proof.crash.scenarios import Scenario
from tests.proof.crash.sites import Sites
from tests.proof.crash.world import World
from tests.proof.extent import COUNTED, PROVE, sampled

LOWER, LOWEST = Money("USD", 9900), Money("USD", 5000)
OUTCOMES = {"InvoiceVoided", "InvoiceAmountChanged", "InvoiceChangeRefused"}


def commands(world: World, *wanted: Money | None) -> list[Command]:
    return [
        Command(
            f"crm-{position}",
            world.customer_id,
            world.invoice.number,
            Wanted(amount_due, "Agreed.", f"crm-{position}"),
        )
        for position, amount_due in enumerate(wanted)
    ]


def deliver(world: World, command: Command) -> None:
    def act(ports: Ports) -> None:
        invoice_commands.carry_out(command, ports)

    world.ask(act, actor=Actor.BUSINESS)
    if world.invoice.status is InvoiceStatus.VOID:
        world.history.voided.add(world.invoice_id)


def sent(*wanted: Money | None) -> Callable[[World], Act]:
    """A declined try has left its intent bound; the commands come, and then somebody pays."""

    def before(world: World) -> Act:
        pay(world, StoredCard(world.has_card(POOR).card_id, None), "key-0")
        good = StoredCard(world.has_card(GOOD).card_id, None)
        world.pass_time()

        def act(world: World) -> None:
            for command in commands(world, *wanted):
                deliver(world, command)
                world.pass_time()
            pay(world, good)

        return act

    return before


def each_is_done_once(*wanted: Money | None) -> Callable[[World], None]:
    def after(world: World) -> None:
        for command in commands(world, *wanted):
            deliver(world, command)
            world.come_to_rest()
        before = world.invoice
        for command in commands(world, *wanted):
            deliver(world, command)
        assert world.invoice == before
        trail = world.auditor.outbox.trail(world.customer_id, limit=100, after=None).items
        told = [
            fact.detail["command_id"]
            for entry in trail
            for fact in entry.facts
            if fact.kind.value in OUTCOMES
        ]
        for command in commands(world, *wanted):
            count = told.count(command.command_id)
            assert count == 1 or (
                count == 0 and world.invoice.is_as_wanted(command.wanted.amount_due)
            ), (command, told)

    return after


def scenario(name: str, least: int, *wanted: Money | None) -> Scenario:
    return Scenario(name, least, sent(*wanted), after=each_is_done_once(*wanted))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "path",
    [
        scenario("a void by command", 8, None),
        scenario("two amounts by command, then a void", 20, LOWER, LOWEST, None),
    ],
    ids=lambda path: path.name,
)
def test_every_call_of_a_command_may_fail(
    path: Scenario, sites: Sites, record_property: Callable[[str, object], None]
) -> None:
    tally = Tally(path.name)
    tally.calls, reads = calls_of(path, sites)
    assert len(tally.calls) >= path.least, tally.calls
    for point in sampled(points_of(path, reads, everything=PROVE), path.name):
        COUNTED["points"] += 1
        tally.points += 1
        world = run(point, sites)
        tally.landed += 1
        tally.broken += [f"{point}: {violation}" for violation in world.violations()]
        world.close()
    record_property(TALLY, asdict(tally))
    assert not tally.broken, "\n".join(tally.broken)
