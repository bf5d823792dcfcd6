"""What leaves us for AWS and Stripe, looked at where it leaves."""

from datetime import timedelta
from typing import Any

from billfold.adapters.dynamodb import keys
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.domain.errors import UnavailableError
from billfold.domain.payment import OneTimeCard, Payment, StoredCard
from botocore.exceptions import ClientError

from tests.emulator import PUBLISHABLE_KEY, SECRET_KEY
from tests.proof.crash.acts import leave, opt, pay
from tests.proof.crash.autopay_paths import run as run_autopay
from tests.proof.crash.pay_paths import BUS, CONFIRM, GOOD
from tests.proof.crash.sites import Sites
from tests.proof.crash.wire import Mode
from tests.proof.crash.world import World
from tests.proof.mutations.histories import stored


def what_may_charge_carries_a_key(sites: Sites) -> list[str]:
    """Stripe may get a request twice, whoever sends it again; the SDK's own keys are no help."""
    world = World(sites)
    world.stripe.forget_requests()
    pay(world, stored(world, GOOD))
    asked = [r for r in world.stripe.emulator.requests() if r["method"] == "POST"]
    ours = [r for r in asked if r["path"].startswith("/v1/payment_intents")]
    world.close()
    used = {r["path"].rpartition("/")[2]: r["idempotency_key"] for r in ours}
    wanted = {"payment_intents": "pi:", "confirm": "confirm:"}
    return [
        f"/{path} was sent without our key"
        for path, prefix in wanted.items()
        if not used[path].startswith(f"{prefix}{world.invoice_id}:")
    ]


def a_confirm_is_sent_once(sites: Sites) -> list[str]:
    """Who sends it again is we, with what was written ahead, and not the SDK."""
    world = World(sites)
    gateway = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, sites.stripe.url)
    payment = _unconfirmed(world)
    world.stripe.forget_requests()
    sites.stripe.emulator.fault("*/confirm", "500", count=5)
    gateway.confirm(payment, OneTimeCard(world.stripe.typed()), None)
    sent = len(sites.stripe.emulator.keys("/confirm"))
    world.close()
    return [f"a confirm was sent {sent} times"] if sent != 1 else []


def _unconfirmed(world: World) -> Payment:
    """Give a payment whose confirm was written ahead and never sent."""
    leave(world, stored(world, GOOD), CONFIRM, Mode.CRASH_BEFORE)
    return world.payments[0]


def a_conflict_of_two_transactions_is_no_answer(sites: Sites) -> list[str]:
    """DynamoDB refuses one of two transactions at once, which says nothing about either."""
    world = World(sites)
    source = stored(world, GOOD)
    refused: list[object] = []

    def refuse(model: object, **_: object) -> None:
        if len(refused) < 2:
            refused.append(model)
            error = {"Code": "TransactionConflictException", "Message": "later"}
            raise ClientError({"Error": error}, "TransactWriteItems")  # type: ignore[typeddict-item]

    name = "before-parameter-build.dynamodb.TransactWriteItems"
    sites.dynamodb.meta.events.register(name, refuse)
    try:
        pay(world, source)
    finally:
        sites.dynamodb.meta.events.unregister(name, refuse)
    status = world.invoice.status.value
    world.close()
    return [] if status == "paid" else [f"after two conflicts the invoice is {status}"]


def a_charge_over_another_amount_waits_for_a_person(sites: Sites) -> list[str]:
    """Somebody changes the intent at Stripe and has it charged."""
    world = World(sites)
    card = world.has_card(GOOD)
    leave(world, StoredCard(card.card_id, None), CONFIRM, Mode.CRASH_BEFORE)
    intent = world.payments[0].intent
    world.stripe.emulator.post(f"payment_intents/{intent}", amount=13000)
    world.stripe.emulator.post(
        f"payment_intents/{intent}/confirm", payment_method=card.payment_method
    )
    world.come_to_rest()
    states = [payment.state.value for payment in world.payments]
    world.close()
    return [] if states == ["review"] else [f"another amount made the payment {states}"]


def a_customer_can_be_made_after_a_server_error(sites: Sites) -> list[str]:
    """Stripe repeats what it answered to a key, also "our fault"."""
    world = World(sites)
    sites.stripe.trouble("/v1/customers", "500_after_commit")
    said = []
    for _ in range(2):
        try:
            sites.gateway.create_customer(world.customer_id)
            said.append("made")
        except UnavailableError:
            said.append("unavailable")
    world.close()
    return [] if said == ["unavailable", "made"] else [f"a customer was {said}"]


def an_index_that_lags_decides_nothing(sites: Sites) -> list[str]:
    """The global indexes go on showing what was there long ago."""
    world = World(sites)
    world.has_card(GOOD)
    opt(world, enabled=True)
    lagging = _Lagging(world)
    lagging.keep()
    leave(world, StoredCard(world.wallet.cards[0].card_id, None), BUS, Mode.CRASH_BEFORE)
    lagging.keep()
    world.come_to_rest()
    before = _told(world)
    with lagging:
        world.pass_time(timedelta(days=60))
        world.reconcile()
        run_autopay(world, 0)
        world.reconcile()
    found = world.violations()
    after = _told(world)
    world.close()
    return [*found, *([f"{before} became {after}"] if after != before else [])]


def _told(world: World) -> list[str]:
    return sorted(f"{told.kind.value} {told.event_id}" for told in world.history.told)


class _Lagging:
    """The two indexes of what is to be done, as they once were."""

    def __init__(self, world: World) -> None:
        self._world, self._events = world, world.sites.dynamodb.meta.events
        self._kept: dict[str, list[dict[str, Any]]] = {keys.DUE: [], keys.LEASES: []}
        self._index = ""

    def keep(self) -> None:
        """Remember what is in them now."""
        items = self._world.snapshot()
        self._kept[keys.DUE] += [item for item in items if "due_sort" in item]
        self._kept[keys.LEASES] += [item for item in items if "lease_until" in item]

    def __enter__(self) -> None:
        self._events.register("before-parameter-build.dynamodb.Query", self._asked)
        self._events.register("after-call.dynamodb.Query", self._answered)

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-parameter-build.dynamodb.Query", self._asked)
        self._events.unregister("after-call.dynamodb.Query", self._answered)

    def _asked(self, params: dict[str, Any], **_: Any) -> None:
        self._index = params.get("IndexName", "")

    def _answered(self, parsed: dict[str, Any], **_: Any) -> None:
        if self._index in self._kept:
            parsed["Items"] = self._kept[self._index]
