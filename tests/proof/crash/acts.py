"""What people do: pay, delete a card, change an invoice. Each is a request with an answer."""

from contextlib import suppress

from billfold.domain.fact import Actor
from billfold.domain.invoice_change import ChangeState
from billfold.domain.money import Money
from billfold.domain.payment import Source
from billfold.services import account, cards, invoice_changes, payments
from billfold.services.payments import Order, Outcome

from tests.proof.crash.sites import Process
from tests.proof.crash.wire import Killed, Mode
from tests.proof.crash.world import World
from tests.proof.wishes import About


def pay(world: World, source: Source, key: str = "key-1") -> Outcome | None:
    """Pay what is due; the same key again is the same order, whatever is due by then."""
    shown = world.shown.setdefault(key, world.invoice.amount_due)
    order = Order(world.customer_id, world.invoice_id, shown, source, key)
    return world.ask(lambda ports: payments.pay(order, ports, lambda: 29.0), key=key)


def leave(world: World, source: Source, call: str, mode: Mode, key: str = "key-1") -> None:
    """Let a payer come to harm at a call, before the act begins."""
    world.wire.begin()
    world.wire.fail_at(call, mode)
    with suppress(Killed):
        pay(world, source, key)
    assert world.wire.landed, f"{call} was never reached"
    world.wire.end()
    world.pass_time()


def change(world: World, amount: Money | None) -> None:
    """Void (None), or change what is due."""

    def act(ports: Process) -> ChangeState:
        ids = (world.customer_id, world.invoice_id)
        if amount:
            return invoice_changes.change_amount(*ids, amount, ports).state
        return invoice_changes.void(*ids, ports).state

    if world.ask(act, actor=Actor.BUSINESS) is ChangeState.DONE and amount is None:
        world.history.voided.add(world.invoice_id)


def delete(world: World, card_id: str, payment_method: str) -> None:
    """Delete a card; once that is answered, no charge on it may begin."""

    def act(ports: Process) -> bool:
        cards.delete(world.customer_id, card_id, ports)
        return True

    if world.ask(act):
        world.history.removed[payment_method] = world.charges_on(payment_method)


def opt(world: World, *, enabled: bool) -> None:
    """Turn automatic payment on or off; what is answered counts from then on."""

    def act(ports: Process) -> None:
        with world.wishes.asking(About.SETTING, wish=lambda: not enabled):
            account.set_autopay(world.customer_id, ports, enabled=enabled)

    world.ask(act)


def choose(world: World, card_id: str) -> None:
    """Make a card the primary one; what is answered counts from then on."""

    def act(ports: Process) -> None:
        with world.wishes.asking(About.CARD, card=card_id):
            cards.make_primary(world.customer_id, card_id, ports)

    world.ask(act)
