"""The paths on which no payer is at work: the wallet, the worker, the reconciliation."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

from billfold.domain.fact import Actor
from billfold.domain.payment import Dispute, StoredCard
from billfold.domain.reconciliation import Hour
from billfold.domain.stripe_event import Owner, StripeEvent
from billfold.services import cards
from billfold.services.ports import SetupSecret

from tests.proof.crash.acts import choose, delete, leave, opt, pay
from tests.proof.crash.pay_paths import CONFIRM, GOOD, OTHER, WANTS_STEP, Act
from tests.proof.crash.wire import Killed, Mode
from tests.proof.crash.world import World
from tests.proof.reconciling import reconcile


def added(world: World) -> Act:
    """The browser gives a card to Stripe between two requests of ours."""
    typed = world.stripe.typed()
    begun: list[SetupSecret] = []

    def act(world: World) -> None:
        if not begun:
            setup = world.ask(lambda ports: cards.begin_setup(world.customer_id, ports))
            if setup is None:
                return
            world.stripe.confirm_setup(setup.setup_intent, setup.client_secret, typed)
            begun.append(setup)
        world.ask(lambda ports: cards.add(world.customer_id, begun[0].setup_intent, "mine", ports))

    return act


def added_twice(world: World) -> Act:
    """The same number again: the wallet refuses it, and Stripe is told to let go of it."""
    world.has_card(GOOD)
    return added(world)


def added_by_event(world: World) -> Act:
    """The browser was closed after Stripe had taken the card: Stripe's event finishes it."""
    typed = world.stripe.typed()
    setup = world.ask(lambda ports: cards.begin_setup(world.customer_id, ports))
    assert setup
    world.stripe.confirm_setup(setup.setup_intent, setup.client_secret, typed)

    def act(world: World) -> None:
        for event in world.stripe.events():
            world.hear(event)

    return act


def has_the_card(world: World) -> None:
    """An event is delivered until it is heard."""
    world.hear_everything()
    assert [card.brand for card in world.wallet.cards].count("visa") == 1, world.wallet


def chosen(world: World) -> Act:
    """Everything about a wallet that can be set."""
    world.has_card(GOOD)
    card_id = world.has_card(OTHER).card_id

    def act(world: World) -> None:
        customer_id = world.customer_id
        choose(world, card_id)
        world.ask(lambda ports: cards.rename(customer_id, card_id, "blue", ports))
        opt(world, enabled=True)
        opt(world, enabled=False)

    return act


def let_go(world: World) -> Act:
    """A card was deleted by a process that died before it told Stripe; the reconciler does."""
    card = world.has_card(GOOD)
    world.wire.begin()
    world.wire.fail_at("detach", Mode.CRASH_BEFORE)
    with suppress(Killed):
        delete(world, card.card_id, card.payment_method)
    assert world.wire.landed, "nobody let go of the card"
    world.wire.end()

    def act(world: World) -> None:
        world.pass_time(timedelta(minutes=2))
        world.reconcile()

    return act


def is_gone(world: World) -> None:
    """No card is left at Stripe that is not in the wallet."""
    wallet = world.wallet
    ours = {card.payment_method for card in wallet.cards}
    assert world.stripe.cards(wallet.stripe_customer) == ours
    assert "visa" not in {card.brand for card in wallet.cards}


def never_at_the_bank(world: World) -> Act:
    """The bank's step is not taken before its deadline."""
    pay(world, StoredCard(world.has_card(WANTS_STEP).card_id, None))

    def act(world: World) -> None:
        world.pass_time(timedelta(minutes=31))
        world.reconcile()

    return act


def worker(card: str) -> Callable[[World], Act]:
    """The reply to a confirm was lost, and Stripe's events tell how it ended."""

    def before(world: World) -> Act:
        leave(world, StoredCard(world.has_card(card).card_id, None), CONFIRM, Mode.REPLY_LOST)

        def act(world: World) -> None:
            for event in world.stripe.events():
                world.hear(event)

        return act

    return before


def refunded(world: World) -> Act:
    """A charge is refunded in part, and disputed; the worker writes both down."""
    pay(world, StoredCard(world.has_card(GOOD).card_id, None))
    world.stripe.gives_back(world.payments[0].charge or "", 2000)
    events = [event for event in world.stripe.events() if event.charge]
    assert {event.type for event in events} >= {"charge.refunded", "charge.dispute.created"}

    def act(world: World) -> None:
        for event in events:
            world.hear(event)

    return act


def shows_refund(world: World) -> None:
    """An event is delivered until it is heard."""
    world.hear_everything()
    [payment] = [payment for payment in world.payments if payment.charge]
    assert (payment.refunded, payment.dispute) == (2000, Dispute.OPEN)


def parked(world: World) -> Act:
    """An event matches nothing: it waits, is looked at again, and is left to a person."""
    owner = Owner(world.customer_id, world.invoice_id)
    strange = StripeEvent(
        "evt_of_nothing", "payment_intent.succeeded", payment_intent="pi_of_nothing", owner=owner
    )

    def act(world: World) -> None:
        world.hear(strange)
        world.pass_time(timedelta(minutes=2))
        world.reconcile()

    return act


def nightly(world: World) -> Act:
    """Nobody has settled a charge when the night comes."""
    leave(world, StoredCard(world.has_card(GOOD).card_id, None), CONFIRM, Mode.CRASH_AFTER)

    hours = [world.charged_in]

    def act(world: World) -> None:
        world.ask(lambda ports: reconcile(hours, ports), actor=Actor.RECONCILER)

    return act


def unheard(world: World) -> Act:
    """A refund and a dispute of which no event comes."""
    pay(world, StoredCard(world.has_card(GOOD).card_id, None))
    world.stripe.gives_back(world.payments[0].charge or "", 2000)
    hours = [world.charged_in]

    def act(world: World) -> None:
        world.ask(lambda ports: reconcile(hours, ports), actor=Actor.RECONCILER)

    return act


def caught_up(world: World) -> None:
    """The message comes again until its hour is done."""
    act = partial(reconcile, [world.charged_in])
    assert world.ask(act, actor=Actor.RECONCILER) is not None
    [payment] = [payment for payment in world.payments if payment.charge]
    assert (payment.refunded, payment.dispute) == (2000, Dispute.OPEN)
    agrees(world)


def agrees(world: World) -> None:
    """The reconciliation of that hour, begun anew, has nothing left to say."""
    act = partial(reconcile, [world.charged_in], run="anew")
    assert world.ask(act, actor=Actor.RECONCILER) == []
    [(day, hour)] = [(world.charged_in.date(), world.charged_in.hour)]
    progress = world.auditor.reconciliations.progress(Hour(day, "anew", hour))
    assert (progress.listing, progress.charges) == (None, 1)
