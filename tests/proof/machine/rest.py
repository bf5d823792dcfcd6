"""When the trouble is over: everything ends, and the whole history is held against the promise."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from billfold.domain.fact import Actor
from billfold.domain.reconciliation import Line
from billfold.services import stripe_events
from billfold.services.reconcile import reconcile

from tests.proof.auditor import Auditor
from tests.proof.crash.wire import in_silence
from tests.proof.history import check, left_behind
from tests.proof.machine.world import CUSTOMER, Ports, World
from tests.proof.reconciling import reconcile as reconcile_hours

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
    if world.restored or not every_event_comes:
        # What nobody told us, and what a restored table has lost, the reconciliation finds.
        _reconciled(world, "repair")
    world.history.every_event_came = True
    for minutes in (2, 40, *[24 * 60] * DAYS):
        world.forward(timedelta(minutes=minutes))
        _run(world, "reconcile", lambda ports: reconcile(ports, lambda: 60.0))
        if not list(left_behind(world.audit, {CUSTOMER})):
            return


def _run(world: World, name: str, act: Callable[[Ports], object]) -> None:
    world.finish(world.start(name, act, actor=Actor.RECONCILER))


def _reconciled(world: World, run: str) -> Sequence[Line]:
    hours = {charge.charged_in for charge in Auditor(world.emulator, CUSTOMER).charges()}
    return reconcile_hours(hours, world.audit, run)


def violations(world: World, *, every_event_comes: bool) -> list[str]:
    """Hold table, answers, bus, report and Stripe's wallet against what Stripe has charged."""
    wrong = [*world.loose_reads]
    wrong += check(world.audit, Auditor(world.emulator, CUSTOMER), world.history)
    wallet = world.audit.customers.wallet(CUSTOMER)
    kept = {card.payment_method for card in wallet.cards}
    attached = world.stripe.cards(wallet.stripe_customer)
    # Where no event told of it, a card is missed when it is charged.
    unheard = set() if every_event_comes else world.taken
    if world.restored:
        # Cards that were added or deleted since the point are as they were at the point.
        attached = kept
    if kept - attached - unheard:
        wrong.append("a card of the wallet is not at Stripe")
    if every_event_comes and attached - kept:
        wrong.append("Stripe keeps a card that is not in the wallet")
    return [*wrong, *(f"{line.verdict}: {line.charge}" for line in _reconciled(world, "check"))]
