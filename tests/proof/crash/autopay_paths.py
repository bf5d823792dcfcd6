"""The paths of automatic payment: each act is a run, from the schedule to the last message."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count

from billfold.adapters.dynamodb import keys
from billfold.domain.autopay_message import Look, Shard, read_look, read_shard
from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Actor
from billfold.domain.invoice import InvoiceStatus
from billfold.services import account, autopay, autopay_dispatch

from tests.proof.crash.acts import choose, opt
from tests.proof.crash.pay_paths import GOOD, OTHER, POOR, Act
from tests.proof.crash.sites import Process
from tests.proof.crash.world import World

_runs = count(1)


def run(world: World, days: int) -> None:
    """Run as of so many days after the due date, as the functions do; what is lost stays lost."""
    day = world.invoice.due_on + timedelta(days=days)
    name = f"run-{next(_runs)}"

    def start(ports: Process) -> None:
        autopay_dispatch.start(name, ports, day=day, ahead=True)

    def send_on(shard: Shard) -> Callable[[Process], object]:
        return lambda ports: autopay_dispatch.dispatch(shard, ports, lambda: 60.0)

    def look(at: Look) -> Callable[[Process], object]:
        return lambda ports: autopay.look(at, ports, lambda: 29.0)

    queues = world.queues
    world.ask(start, actor=Actor.AUTOPAY)
    # One of the shards has something; another one each time, so that the others are left alone.
    mine = keys.due(day, world.customer_id)["due_shard"]
    shards = [shard for shard in map(read_shard, queues.shards) if shard.shard == mine]
    queues.shards.clear()
    for shard in shards:
        world.ask(send_on(shard), actor=Actor.AUTOPAY)
    while queues.looks:
        world.ask(look(read_look(queues.looks.pop(0))), actor=Actor.AUTOPAY)


def runs(card: str, *days: int, before: tuple[int, ...] = ()) -> Callable[[World], Act]:
    """Run on these days, with a card of a kind; those ``before`` have gone well."""

    def prepare(world: World) -> Act:
        world.has_card(card)
        account.set_autopay(world.customer_id, world.auditor, enabled=True)
        for day in before:
            run(world, day)

        def act(world: World) -> None:
            for day in days:
                run(world, day)
                world.pass_time()

        return act

    return prepare


def another_card(world: World) -> Act:
    """Declined; another card is made primary, and the next run takes the invoice up."""
    begin = runs(POOR, 0)(world)
    other = world.has_card(OTHER)

    def act(world: World) -> None:
        begin(world)
        choose(world, other.card_id)
        run(world, 0)

    return act


def opted_out(world: World) -> Act:
    """Between the message and the charge the customer opts out."""
    runs(GOOD)(world)

    def act(world: World) -> None:
        opt(world, enabled=False)
        run(world, 0)
        run(world, 1)

    return act


def expired(world: World) -> Act:
    """The primary card has expired: its owner is told, and nothing is tried."""
    begin = runs(GOOD, 0, 7)(world)
    wallet = world.wallet
    [card] = wallet.cards
    world.auditor.customers.save(
        replace(wallet, cards=(replace(card, exp_year=2026, exp_month=9),))
    )
    return begin


def twice(world: World) -> Act:
    """The schedule fires twice, and every message comes again."""
    begin = runs(GOOD, 0)(world)

    def act(world: World) -> None:
        look = Look(
            world.customer_id, world.invoice.due_on, f"again-{next(_runs)}", world.invoice_id
        )
        world.ask(lambda ports: autopay.look(look, ports, lambda: 29.0), actor=Actor.AUTOPAY)
        begin(world)
        world.ask(lambda ports: autopay.look(look, ports, lambda: 29.0), actor=Actor.AUTOPAY)

    return act


def ends(world: World) -> None:
    """However it went: after some more days the invoice is paid, void, or said to be overdue."""
    for day in range(9):
        with suppress(UnavailableError):
            run(world, day)
        world.come_to_rest()
    invoice = world.invoice
    over = invoice.overdue_told and invoice.look_on is None
    assert over or invoice.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}, invoice
