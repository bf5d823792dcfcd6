"""When the trouble is over: everything ends, and the whole history is held against the promise."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from billfold.domain.fact import Actor, Kind
from billfold.domain.invoice import Invoice
from billfold.services import compare, stripe_events
from billfold.services.reconcile import reconcile

from tests.proof.crash import history
from tests.proof.machine.processes import quietly
from tests.proof.machine.world import CUSTOMER, Ports, World

DAYS = 12
"""More than the reconciler's patience, so that whatever can end has ended."""


def come_to_rest(world: World, *, every_event_comes: bool) -> None:
    """Let every process end, everything arrive, and the reconciler run until nothing is left."""
    for process in world.processes:
        process.finish()
    while world.late:
        quietly(world.late.pop(0))
    if every_event_comes:
        for event in reversed(world.events()):
            _run(world, event.type, partial(stripe_events.take, event))
    for minutes in (2, 40, *[24 * 60] * DAYS):
        world.forward(timedelta(minutes=minutes))
        _run(world, "reconcile", lambda ports: reconcile(ports, lambda: 60.0))
        if not world.audit.leases.expired(world.time.now() + timedelta(days=400)):
            return


def _run(world: World, name: str, act: Callable[[Ports], object]) -> None:
    world.start(name, act, actor=Actor.RECONCILER).finish()


def violations(world: World, invoices: Sequence[Invoice], *, every_event_comes: bool) -> list[str]:
    """Hold table, answers, bus, report and Stripe's wallet against what Stripe has charged."""
    wrong = []
    if world.audit.leases.expired(world.time.now() + timedelta(days=400)):
        wrong.append("something was left behind for days")
    charges = list(world.stripe().v1.charges.list({"limit": 100}).data)
    for invoice in invoices:
        own = [c for c in charges if c.metadata and c.metadata["invoice_id"] == invoice.invoice_id]
        told = [(one.key, one.answer) for one in world.told if one.invoice is invoice]
        found = history.violations(world.audit, invoice, own, told)
        wrong += [f"{invoice.number}: {what}" for what in found]
        paid = sum(
            fact.kind is Kind.INVOICE_PAID and fact.detail["invoice_id"] == invoice.invoice_id
            for entry in {entry.entry_id: entry for entry in world.heard}.values()
            for fact in entry.facts
        )
        if paid != sum(charge.status == "succeeded" for charge in own):
            wrong.append(f"{invoice.number}: the bus heard {paid} times that it is paid")
    wallet = {card.payment_method for card in world.audit.customers.wallet(CUSTOMER).cards}
    attached = world.attached()
    if wallet - attached:
        wrong.append("a card of the wallet is not at Stripe")
    if every_event_comes and attached - wallet:
        wrong.append("Stripe keeps a card that is not in the wallet")
    return [*wrong, *_report(world)]


def _report(world: World) -> list[str]:
    """Compare each day on which something was charged, as every night does."""
    days = {
        datetime.fromtimestamp(charge["created"], UTC).date()
        for charge in world.charges()
        if charge["status"] == "succeeded"
    }
    reports = [compare.compare(day, world.audit) for day in sorted(days)]
    return [f"{line.difference}: {line.charge}" for one in reports for line in one.lines]
