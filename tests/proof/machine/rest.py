"""When the trouble is over: everything ends, and the whole history is held against the promise."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from billfold.domain.fact import Actor
from billfold.services import compare, stripe_events
from billfold.services.reconcile import reconcile

from tests.proof.auditor import Auditor
from tests.proof.crash.wire import in_silence
from tests.proof.history import check, left_behind
from tests.proof.machine.world import CUSTOMER, Ports, World

DAYS = 12
"""More than the reconciler's patience, so that whatever can end has ended."""


def come_to_rest(world: World, *, every_event_comes: bool) -> None:
    """Let every process end, everything arrive, and the reconciler run until nothing is left."""
    for process in world.processes:
        world.finish(process)
    while world.late:
        in_silence(world.late.pop(0))
    if every_event_comes:
        for event in reversed(world.stripe.events()):
            _run(world, event.type, partial(stripe_events.take, event))
        world.history.every_event_came = True
    if world.restored:
        # What the table has lost and nobody asks for again, the night finds.
        _nights(world)
    for minutes in (2, 40, *[24 * 60] * DAYS):
        world.forward(timedelta(minutes=minutes))
        _run(world, "reconcile", lambda ports: reconcile(ports, lambda: 60.0))
        if not list(left_behind(world.audit, {CUSTOMER})):
            return


def _run(world: World, name: str, act: Callable[[Ports], object]) -> None:
    world.finish(world.start(name, act, actor=Actor.RECONCILER))


def _nights(world: World) -> list[compare.Report]:
    days = {datetime.fromtimestamp(charge["created"], UTC).date() for charge in world.charges()}
    return [compare.compare(day, world.audit) for day in sorted(days)]


def violations(world: World, *, every_event_comes: bool) -> list[str]:
    """Hold table, answers, bus, report and Stripe's wallet against what Stripe has charged."""
    wrong = [*world.loose_reads]
    wrong += check(world.audit, Auditor(world.emulator, CUSTOMER), world.history)
    wallet = world.audit.customers.wallet(CUSTOMER)
    kept = {card.payment_method for card in wallet.cards}
    attached = world.stripe.cards(wallet.stripe_customer)
    if world.restored:
        # Cards that were added or deleted since the point are as they were at the point.
        attached = kept
    if kept - attached:
        wrong.append("a card of the wallet is not at Stripe")
    if every_event_comes and attached - kept:
        wrong.append("Stripe keeps a card that is not in the wallet")
    lines = [line for report in _nights(world) for line in report.lines]
    return [*wrong, *(f"{line.difference}: {line.charge}" for line in lines)]
