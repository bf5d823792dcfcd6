"""What is delivered: events of Stripe, customers and invoices, facts that are worth a mail."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from billfold.domain.payment import StoredCard
from billfold.services import cards

from tests.proof.crash import functions
from tests.proof.crash.acts import leave, pay
from tests.proof.crash.delivery import Delivery
from tests.proof.crash.pay_paths import CONFIRM, GOOD, INTENTS, POOR
from tests.proof.crash.wire import Mode


@dataclass(frozen=True, slots=True)
class Path:
    """``before`` puts in place what is then delivered; ``least`` is how many calls that takes.

    ``expected`` is what must have come of it where nothing fails.
    """

    name: str
    least: int
    before: Callable[[Delivery], None]
    expected: dict[str, Any]


def _left(card: str) -> Callable[[Delivery], None]:
    """The reply to a confirm was lost: only Stripe's events tell how it ended."""

    def before(world: Delivery) -> None:
        leave(world, StoredCard(world.has_card(card).card_id, None), CONFIRM, Mode.REPLY_LOST)
        world.stripe_posts()

    return before


def _paid(world: Delivery) -> None:
    pay(world, StoredCard(world.has_card(GOOD).card_id, None))


def _refunded(world: Delivery) -> None:
    """Refunded in part, and disputed; the events of the payment itself were heard."""
    _paid(world)
    world.stripe_posts()
    world.deliver()
    world.stripe.gives_back(world.payments[0].charge or "", 2000)
    world.stripe_posts()


def _card_added(world: Delivery) -> None:
    """The browser was closed after Stripe had taken the card."""
    typed = world.stripe.typed()
    setup = world.ask(lambda ports: cards.begin_setup(world.customer_id, ports))
    assert setup
    world.stripe.confirm_setup(setup.setup_intent, setup.client_secret, typed)
    world.stripe_posts()


def _matches_nothing(world: Delivery) -> None:
    """An intent of an invoice of ours, of which we know nothing."""
    made = world.stripe.emulator.post(
        INTENTS.removeprefix("/v1/"),
        amount=100,
        currency="usd",
        **{
            "metadata[billfold_customer_id]": world.customer_id,
            "metadata[billfold_invoice_id]": world.invoice_id,
        },
    )
    world.stripe.emulator.post(f"payment_intents/{made['id']}/cancel")
    world.stripe_posts()


def _fact(name: str) -> Callable[[Delivery], None]:
    """A fact of the examples, about this invoice."""

    def before(world: Delivery) -> None:
        event = json.loads((functions.EVENTS / f"notify/{name}.json").read_text())
        told = json.loads(event["Records"][0]["body"])
        told["detail"] |= {
            "customer_id": world.customer_id,
            "invoice_id": world.invoice_id,
            "invoice_number": world.invoice.number,
        }
        world.put("notify", json.dumps(told))

    return before


def _registered(world: Delivery, **changed: Any) -> None:
    detail = {
        "customer_id": world.newcomer,
        "email": f"{world.newcomer}@example.com",
        "name": "New Customer",
        "autopay": True,
        **changed,
    }
    world.put("register_customer", functions.told("CustomerRegistered", detail))


def _issued(world: Delivery) -> None:
    detail = {
        "number": "NEW-1",
        "customer_id": world.newcomer,
        "currency": "USD",
        "issued_on": "2026-10-20",
        "due_on": "2026-11-03",
        "lines": [{"description": "Hosting", "quantity": 1, "amount": 1990}],
    }
    world.put("issue_invoice", functions.told("InvoiceIssued", detail))


def _invoice_of_newcomer(world: Delivery) -> None:
    _registered(world)
    world.deliver()
    _issued(world)


def _wrong_name(world: Delivery) -> None:
    _registered(world, name="")


def _invoice_without_customer(world: Delivery) -> None:
    """An invoice waits an hour for its customer; the queues keep no order."""
    _issued(world)
    world.round()
    _registered(world)


_OWED: Final = [("NEW-1", "19.90 USD", "2026-10-31")]
PATHS: Final = (
    Path(
        "charged, and told by Stripe",
        16,
        _left(GOOD),
        {"invoice": "paid", "mails": ["Receipt for invoice INV"]},
    ),
    Path("declined, and told by Stripe", 12, _left(POOR), {"invoice": "open", "mails": []}),
    Path("refund and dispute", 20, _refunded, {"payments": [("succeeded", 2000, "open")]}),
    Path("card added by Stripe's event", 8, _card_added, {"cards": ["visa"]}),
    Path("event that matches nothing", 5, _matches_nothing, {"invoice": "open", "payments": []}),
    Path("receipt", 4, _paid, {"mails": ["Receipt for invoice INV"]}),
    Path(
        "automatic payment declined",
        5,
        _fact("failed"),
        {"mails": ["We could not charge your card for invoice INV"]},
    ),
    Path(
        "customer registered",
        4,
        _registered,
        {"log-ins": 1, "invited": 1, "newcomer": ["New Customer", True, []]},
    ),
    Path("customer registered wrongly", 1, _wrong_name, {"newcomer": [], "log-ins": 0}),
    Path(
        "invoice issued",
        1,
        _invoice_of_newcomer,
        {"newcomer": ["New Customer", True, _OWED]},
    ),
    Path(
        "invoice before its customer",
        5,
        _invoice_without_customer,
        {"log-ins": 1, "invited": 1, "newcomer": ["New Customer", True, _OWED]},
    ),
)
