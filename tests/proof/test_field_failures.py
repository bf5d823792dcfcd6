"""Failures that other billing systems have had in the field, each as a test of this one.

The names are those of the public reports; docs/payments.md tells what each was. The real services
and adapters run here, on moto's DynamoDB and the Stripe emulator, as in the crash points.
"""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from billfold.adapters.dynamodb.keys import INVOICE, PAYMENT
from billfold.adapters.stripe_answers import to_stripe_amount
from billfold.domain.errors import (
    BillfoldError,
    CardDeclinedError,
    CardInUseError,
    InvoiceNotPayableError,
    NotFoundError,
    PaymentInProgressError,
    SourceUnusableError,
)
from billfold.domain.fact import Actor
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.limit import DECLINES
from billfold.domain.money import Money
from billfold.domain.payment import OneTimeCard, Payment, Slot, Source, State, StoredCard, Trigger
from billfold.domain.stripe_event import PATIENCE
from billfold.services import account, cards, payments, stripe_events
from billfold.services.payments import Order, Outcome

from tests.builders import an_invoice
from tests.proof.crash.nearby import Arrived, items
from tests.proof.crash.pay_paths import CONFIRMS, GOOD, INTENTS, OTHER, POOR, WANTS_STEP
from tests.proof.crash.sites import Process, Sites
from tests.proof.crash.wire import Call, WiredAws
from tests.proof.crash.world import World

REPLY_LOST, NOT_EXECUTED = "drop_after_commit", "500"
UNKNOWN_CARD = OneTimeCard("pm_1NotOfThisWorld0000000000")


def a_world(sites: Sites, *names: str) -> World:
    world = World(sites)
    for name in names:
        world.has_card(name)
    account.set_autopay(world.customer_id, world.auditor, enabled=True)
    return world


@pytest.fixture
def world(sites: Sites) -> Iterator[World]:
    world = a_world(sites, GOOD, OTHER)
    yield world
    assert world.violations() == []
    world.close()


def typed(world: World) -> OneTimeCard:
    return OneTimeCard(world.stripe.typed())


def stored(world: World) -> StoredCard:
    return StoredCard(world.wallet.cards[0].card_id, None)


def order(world: World, source: Source, key: str, slot: Slot | None = None) -> Order:
    due = world.invoice.total
    return Order(world.customer_id, world.invoice_id, due, source, key, slot)


def outcome(world: World, placed: Order, ports: Process | None = None) -> Outcome:
    """Order in a process of its own; an error is raised, and what is told goes to the bus."""
    return payments.pay(placed, ports or world.process(), lambda: 29.0)


def pay(world: World, source: Source, key: str, confirm: str = "") -> Payment:
    """Pay; ``confirm`` names what befalls the request that confirms."""
    if confirm:
        world.stripe.trouble(CONFIRMS, confirm)
    return outcome(world, order(world, source, key)).payment


def automatic(world: World, slot: str, confirm: str = "", ports: Process | None = None) -> Payment:
    if confirm:
        world.stripe.trouble(CONFIRMS, confirm)
    day = Slot(date.fromisoformat(slot))
    placed = order(world, stored(world), day.key(world.invoice_id), day)
    return outcome(world, placed, ports or world.process(Actor.AUTOPAY)).payment


def a_minute_later(world: World) -> None:
    world.pass_time(timedelta(minutes=1, seconds=1))
    world.reconcile()


def confirms(world: World) -> list[str | None]:
    """Give the keys of all confirms that Stripe was asked for."""
    return world.stripe.emulator.keys("/confirm")


def test_lago_5708_autopay_races_a_person(world: World) -> None:
    """Two intents, two charges, although each had looked first."""
    gate, one_at_a_time = threading.Barrier(8), threading.Lock()
    ended: list[str] = []

    class Turns:
        """Moto serves one call at a time; whose turn it is, is chance."""

        def carry(self, call: Call) -> Any:
            with one_at_a_time:
                return call.execute()

    def run(number: int) -> None:
        table = WiredAws(world.sites.dynamodb, Turns(), lambda: Arrived.count)
        actor = Actor.AUTOPAY if number % 2 else Actor.CUSTOMER
        ports = Process(world, actor, table)
        slot = Slot(date(2026, 10, 31))
        placed = (
            order(world, sources[number], slot.key(world.invoice_id), slot)
            if number % 2
            else order(world, sources[number], f"key-{number:05}")
        )
        gate.wait()
        try:
            ended.append(outcome(world, placed, ports).payment.state)
        except BillfoldError as error:
            ended.append(error.code)

    sources: list[Source] = [stored(world) if n % 2 else typed(world) for n in range(8)]
    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 8
    assert len(confirms(world)) == 1
    hour = world.charged_in
    assert len(world.auditor.ledger.rows(hour, hour + timedelta(hours=1)).items) == 1
    world.come_to_rest()


def test_invoiceninja_11853_a_random_key_protects_nothing(world: World) -> None:
    """The key of a confirm names the invoice and the try, so a repetition is the same request."""
    payment = pay(world, typed(world), "key-00001", REPLY_LOST)
    assert payment.confirm_key == f"confirm:{world.invoice_id}:0:1"
    assert confirms(world) == [payment.confirm_key]
    # Beside the key of what is made there is only the list that was looked at first, with none.
    made = [key for key in world.stripe.emulator.keys(INTENTS) if key]
    assert made == [f"pi:{world.invoice_id}:0"]
    world.come_to_rest()


def test_invoiceninja_7113_charged_every_day_and_never_marked(world: World) -> None:
    automatic(world, "2026-10-31", REPLY_LOST)
    for day in range(1, 5):
        with pytest.raises(PaymentInProgressError):
            automatic(world, f"2026-11-0{day}")
    a_minute_later(world)
    with pytest.raises(InvoiceNotPayableError):
        automatic(world, "2026-11-05")
    assert len(confirms(world)) == 1


def test_killbill_1015_an_unknown_payment_was_given_up_and_then_succeeded(world: World) -> None:
    # It hangs on the way to Stripe, which will have it long after everybody has given it up.
    first = pay(world, typed(world), "key-00001", "late")
    with pytest.raises(PaymentInProgressError):
        pay(world, typed(world), "key-00002")
    # Only Stripe's word lets it go, and the first one can then never succeed.
    a_minute_later(world)
    canceled = [row["path"] for row in world.stripe.emulator.requests()]
    assert f"{INTENTS}/{first.intent}/cancel" in canceled
    second = pay(world, typed(world), "key-00003")
    assert (second.state, second.epoch) == (State.SUCCEEDED, 1)
    world.stripe.emulator.control("faults/release")
    assert len(confirms(world)) == 2
    world.come_to_rest()


def test_akash_console_3449_a_slow_success_was_paid_three_times(world: World) -> None:
    card = typed(world)
    pay(world, card, "key-00001", REPLY_LOST)
    for _ in range(3):
        # The same key shows the same payment; a new one is told to wait.
        assert pay(world, card, "key-00001").state is State.UNKNOWN
        with pytest.raises(PaymentInProgressError):
            pay(world, typed(world), "key-00002")
    assert len(confirms(world)) == 1
    world.come_to_rest()


def test_statamic_cargo_190_the_webhook_came_before_the_record(world: World) -> None:
    pay(world, typed(world), "key-00001", REPLY_LOST)
    # Neither payment nor invoice is written yet, and Stripe's event comes.
    written = raw(world, INVOICE) + raw(world, PAYMENT)
    assert len(written) == 2
    for item in written:
        key = {name: item[name] for name in ("pk", "sk")}
        world.sites.dynamodb.delete_item(TableName=world.table, Key=key)
    [event] = [e for e in world.stripe.events() if e.type == "payment_intent.succeeded"]
    assert not stripe_events.take(event, world.process(Actor.STRIPE))
    # Without its lease, so that nobody but the event can settle it.
    leases = {"lease_shard", "lease_until"}
    put(world, [{n: v for n, v in item.items() if n not in leases} for item in written])
    world.pass_time(PATIENCE[0] + timedelta(seconds=1))
    world.reconcile()
    assert world.invoice.status is InvoiceStatus.PAID


def raw(world: World, prefix: str) -> list[dict[str, Any]]:
    found = items(world.table, prefix=prefix)
    keys = [{"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}} for item in found]
    read = world.sites.dynamodb.get_item
    return [read(TableName=world.table, Key=key, ConsistentRead=True)["Item"] for key in keys]


def put(world: World, found: list[dict[str, Any]]) -> None:
    for item in found:
        world.sites.dynamodb.put_item(TableName=world.table, Item=item)


def test_polar_10811_manual_tries_are_told_from_automatic_ones(sites: Sites) -> None:
    """And only declines count for the limit, not tries."""
    world = a_world(sites, POOR)
    for number in range(DECLINES.most + 2):
        with pytest.raises(SourceUnusableError):
            pay(world, UNKNOWN_CARD, f"key-{number:05}")
    with pytest.raises(CardDeclinedError):
        automatic(world, "2026-10-31")
    triggers = [payment.trigger for payment in world.payments]
    assert triggers.count(Trigger.AUTOPAY) == 1
    assert triggers.count(Trigger.ONE_TIME) == DECLINES.most + 2
    world.come_to_rest()
    assert world.violations() == []


def test_ubuntu_9640_the_banks_step_of_an_automatic_payment_can_be_finished(
    sites: Sites,
) -> None:
    world = a_world(sites, WANTS_STEP)
    ports = world.process(Actor.AUTOPAY)
    with pytest.raises(CardDeclinedError):
        automatic(world, "2026-10-31", ports=ports)
    [declined] = world.payments
    assert declined.decline is not None
    assert declined.decline.needs_confirmation
    kinds = [fact.kind.value for entry in ports.committed for fact in entry.facts]
    assert kinds == ["PaymentFailed", "PaymentActionRequired"]
    finished = pay(world, stored(world), "key-00001")
    assert finished.state is State.REQUIRES_ACTION
    world.stripe.bank_says(finished.intent or "", "complete")
    ids = (world.customer_id, finished.payment_id)
    confirmed = payments.confirm(*ids, world.process(), lambda: 29.0)
    assert confirmed.payment.state is State.SUCCEEDED
    world.come_to_rest()
    assert world.violations() == []


def test_opencollective_1894_a_removed_card_was_charged(world: World) -> None:
    card = stored(world)
    method = world.wallet.cards[0].payment_method
    pay(world, card, "key-00001", NOT_EXECUTED)
    with pytest.raises(CardInUseError):
        cards.delete(world.customer_id, card.card_id, world.process())
    a_minute_later(world)
    cards.delete(world.customer_id, card.card_id, world.process())
    with pytest.raises(NotFoundError):
        pay(world, card, "key-00002")
    # Nor by the way around the wallet, while Stripe still knows it.
    assert method in world.stripe.cards(world.wallet.stripe_customer)
    with pytest.raises(SourceUnusableError):
        pay(world, OneTimeCard(method), "key-00003")
    assert len(confirms(world)) == 1
    world.come_to_rest()


@pytest.mark.parametrize(
    ("money", "sent"),
    [
        (Money("JPY", 500), 500),
        (Money("USD", 500), 500),
        (Money("KWD", 5000), 5000),
        (Money("ISK", 5), 500),
    ],
)
def test_invoiceplane_1677_yen_times_one_hundred(money: Money, sent: int) -> None:
    assert to_stripe_amount(money) == sent


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 500), ("USD", 500), ("KWD", 5000)])
def test_invoiceplane_1677_what_stripe_charges_is_what_was_due(
    world: World, currency: str, amount: int
) -> None:
    number = f"{currency}-{world.sites.runs}"
    invoice = an_invoice(
        number, customer_id=world.customer_id, currency=currency, amounts=(amount,)
    )
    world.auditor.invoices.add(invoice)
    world.history.invoices.append((world.customer_id, invoice.invoice_id))
    due, source = invoice.amount_due, typed(world)
    outcome(world, Order(world.customer_id, invoice.invoice_id, due, source, "key-00001"))
    [charge] = world.stripe.emulator.get("/v1/charges", limit=10)
    assert (charge["amount_captured"], charge["currency"]) == (amount, currency.lower())
    world.come_to_rest()


def test_woocommerce_payments_323_a_used_one_time_card_leaves_the_invoice_payable(
    world: World,
) -> None:
    used = typed(world)
    another = an_invoice(f"USED-{world.sites.runs}", customer_id=world.customer_id)
    world.auditor.invoices.add(another)
    world.history.invoices.append((world.customer_id, another.invoice_id))
    due = another.amount_due
    outcome(world, Order(world.customer_id, another.invoice_id, due, used, "key-00000"))
    with pytest.raises(SourceUnusableError):
        pay(world, used, "key-00001")
    assert world.invoice.lock is None
    assert pay(world, typed(world), "key-00002").state is State.SUCCEEDED
    world.come_to_rest()


def test_stripe_forgets_keys_after_a_day_and_nothing_depends_on_them(world: World) -> None:
    card = typed(world)
    pay(world, card, "key-00001", REPLY_LOST)
    world.pass_time(timedelta(hours=25))
    world.stripe.emulator.control("clock", advance=25 * 3600)
    world.reconcile()
    # Resolved by looking at the intent, not by sending the confirm again.
    assert len(confirms(world)) == 1
    assert pay(world, card, "key-00001").state is State.SUCCEEDED
