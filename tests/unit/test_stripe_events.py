"""What an event of Stripe leads to, in any order, twice, late, or never matched."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.domain.decline import explain
from billfold.domain.errors import TooManyRequestsError
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.limit import FAILED_CARDS
from billfold.domain.payment import (
    ActionRequired,
    Answer,
    Declined,
    Dispute,
    OneTimeCard,
    Payment,
    Processing,
    State,
    Succeeded,
    Unknown,
    WantsMethod,
)
from billfold.domain.stripe_event import PATIENCE, Owner, StripeEvent
from billfold.services import cards, outbox, payments, settle, stripe_events
from billfold.services.payments import Order
from billfold.services.ports import ChargeView
from billfold.services.reconcile import reconcile

from tests.builders import NOON, a_customer, a_setup, an_invoice
from tests.fakes import FakePorts

INVOICE = an_invoice()
DUE = INVOICE.amount_due
OWNER = Owner("cust-1", INVOICE.invoice_id)
NO = explain("card_declined", "insufficient_funds")


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=False)
    wallet = made.customers.wallet("cust-1").with_stripe_customer("cus_cust-1")
    made.customers.save(wallet)
    made.invoices.add(INVOICE)
    return made


def pay(ports: FakePorts, answer: Answer, key: str = "key-00001") -> Payment:
    ports.gateway.confirms = [answer]
    order = Order("cust-1", INVOICE.invoice_id, DUE, OneTimeCard("pm_once"), key)
    payments.pay(order, ports, lambda: 29)
    outbox.flush(ports)
    return now(ports)


def now(ports: FakePorts) -> Payment:
    return next(iter(ports.payments.of_invoice("cust-1", INVOICE.invoice_id)))


def told(kind: str, payment: Payment, key: str | None = None, **more: object) -> StripeEvent:
    event = StripeEvent(
        "evt_1", kind, payment_intent=payment.intent, idempotency_key=key, owner=OWNER
    )
    return replace(event, **more)  # type: ignore[arg-type]


def success(payment: Payment) -> Succeeded:
    return Succeeded(payment.intent or "", "ch_1", DUE, None, NOON)


def charged(payment: Payment, **more: object) -> ChargeView:
    view = ChargeView("ch_1", payment.intent, OWNER, DUE, NOON, success(payment))
    return replace(view, **more)  # type: ignore[arg-type]


def test_a_success_is_settled_whoever_was_first(ports: FakePorts) -> None:
    payment = pay(ports, Unknown())
    ports.gateway.intents[payment.intent or ""] = success(payment)
    for _ in range(3):
        assert stripe_events.take(told("payment_intent.succeeded", payment), ports)
    assert now(ports).state is State.SUCCEEDED
    outbox.flush(ports)
    assert ports.bus.kinds == ["PaymentSucceeded", "InvoicePaid"]


def test_a_decline_is_written_only_for_the_confirm_that_it_answers(ports: FakePorts) -> None:
    payment = pay(ports, Unknown())
    ports.gateway.intents[payment.intent or ""] = WantsMethod(NO)
    for key in (None, "confirm:other:0:1", payment.confirm_key.removesuffix("1") + "0"):
        stripe_events.take(told("payment_intent.payment_failed", payment, key, decline=NO), ports)
        assert now(ports).state is State.UNKNOWN
    own = told("payment_intent.payment_failed", payment, payment.confirm_key, decline=NO)
    stripe_events.take(own, ports)
    assert now(ports).state is State.DECLINED
    assert now(ports).decline == NO
    assert ports.invoices.get("cust-1", INVOICE.invoice_id).status is InvoiceStatus.OPEN


def test_an_old_decline_does_not_touch_the_next_try(ports: FakePorts) -> None:
    with pytest.raises(Exception, match="money"):
        pay(ports, Declined(NO))
    first = now(ports)
    second = pay(ports, Unknown(), "key-00002")
    ports.gateway.intents[first.intent or ""] = WantsMethod(NO)
    old = told("payment_intent.payment_failed", first, first.confirm_key, decline=NO)
    stripe_events.take(old, ports)
    assert ports.payments.get("cust-1", second.payment_id).state is State.UNKNOWN


def test_what_was_seen_before_the_next_try_began_does_not_decline_it(ports: FakePorts) -> None:
    """The look comes after the read: an old look must not be written to a new try."""
    first = pay(ports, Unknown())
    stale = WantsMethod(NO)

    def look(_: str) -> Answer:
        # While Stripe is asked, the first try ends and the second one waits for the bank.
        if now(ports).payment_id == first.payment_id:
            settle.record(first, Declined(NO), ports)
            pay(ports, ActionRequired("secret"), "key-00002")
        return stale

    ports.gateway.look = look  # type: ignore[method-assign, assignment]
    stripe_events.take(told("payment_intent.payment_failed", first), ports)
    assert now(ports).state is State.REQUIRES_ACTION


@pytest.mark.parametrize("look", [WantsMethod(), Processing()])
def test_an_early_event_does_not_disturb_a_confirm_under_way(
    ports: FakePorts, look: Answer
) -> None:
    seen: list[State] = []

    def confirm(payment: Payment, *_: object) -> Answer:
        ports.gateway.intents[payment.intent or ""] = look
        stripe_events.take(told("payment_intent.processing", payment), ports)
        seen.append(now(ports).state)
        return success(payment)

    ports.gateway.confirm = confirm  # type: ignore[method-assign, assignment]
    assert pay(ports, Unknown()).state is State.SUCCEEDED
    assert seen == [State.CONFIRMING]


def test_the_banks_step_is_known_although_the_reply_was_lost(ports: FakePorts) -> None:
    payment = pay(ports, Unknown())
    ports.gateway.intents[payment.intent or ""] = ActionRequired("secret")
    stripe_events.take(told("payment_intent.requires_action", payment), ports)
    assert now(ports).state is State.REQUIRES_ACTION


def test_refunds_and_disputes_lie_over_a_paid_invoice(ports: FakePorts) -> None:
    payment = pay(ports, Unknown())
    refunded = StripeEvent("evt_2", "charge.refunded", charge="ch_1")
    # The refund is told before the success was.
    ports.gateway.charge_views["ch_1"] = charged(payment, refunded=50)
    for _ in range(2):
        assert stripe_events.take(refunded, ports)
    assert (now(ports).state, now(ports).refunded) == (State.SUCCEEDED, 50)
    ports.gateway.charge_views["ch_1"] = charged(payment, refunded=50, dispute=Dispute.OPEN)
    stripe_events.take(StripeEvent("evt_3", "charge.dispute.created", charge="ch_1"), ports)
    ports.gateway.charge_views["ch_1"] = charged(payment, refunded=50, dispute=Dispute.WON)
    stripe_events.take(StripeEvent("evt_4", "charge.dispute.closed", charge="ch_1"), ports)
    outbox.flush(ports)
    invoice = ports.invoices.get("cust-1", INVOICE.invoice_id)
    assert invoice.status is InvoiceStatus.PAID
    assert invoice.last_payment is not None
    assert invoice.last_payment.dispute is Dispute.WON
    assert ports.bus.kinds == [
        "PaymentSucceeded",
        "InvoicePaid",
        "PaymentRefunded",
        "PaymentDisputed",
        "PaymentDisputed",
    ]


@pytest.mark.parametrize("newer", [0, 120])
def test_a_look_that_another_event_overtook_is_not_the_last_word(
    ports: FakePorts, newer: int
) -> None:
    """The refund fails, and its event finds nothing to write; or more is refunded meanwhile."""
    payment = pay(ports, Unknown())
    views, look, looks = ports.gateway.charge_views, ports.gateway.charge, 0
    views["ch_1"] = charged(payment, refunded=50)

    def overtaken(charge: str) -> ChargeView | None:
        nonlocal looks
        looks += 1
        seen = look(charge)
        # The first look says whose it is, the second one settles: it is the third that is written.
        if looks == 3:
            views["ch_1"] = charged(payment, refunded=newer)
            assert stripe_events.take(StripeEvent("evt_3", "refund.failed", charge="ch_1"), ports)
        return seen

    ports.gateway.charge = overtaken  # type: ignore[method-assign]
    assert stripe_events.take(StripeEvent("evt_2", "charge.refunded", charge="ch_1"), ports)
    assert now(ports).refunded == newer


def test_a_lost_addition_of_a_card_is_finished(ports: FakePorts) -> None:
    ports.gateway.setups["seti_0001"] = replace(a_setup(1), customer_id="cust-1")
    event = StripeEvent("evt_1", "setup_intent.succeeded", setup_intent="seti_0001")
    for _ in range(2):
        assert stripe_events.take(event, ports)
    [card] = ports.customers.wallet("cust-1").cards
    # The browser's own request comes late, and brings the nickname.
    _, named = cards.add("cust-1", "seti_0001", "Office", ports)
    assert (named.card_id, named.nickname) == (card.card_id, "Office")


def test_a_card_that_was_deleted_does_not_come_back(ports: FakePorts) -> None:
    ports.gateway.setups["seti_0001"] = replace(a_setup(1), customer_id="cust-1")
    _, card = cards.add("cust-1", "seti_0001", None, ports)
    cards.delete("cust-1", card.card_id, ports)
    # Stripe was not told yet: the card is still attached there.
    event = StripeEvent("evt_1", "setup_intent.succeeded", setup_intent="seti_0001")
    assert stripe_events.take(event, ports)
    assert ports.customers.wallet("cust-1").cards == ()


def test_failed_cards_lock_adding_for_a_day(ports: FakePorts) -> None:
    ports.gateway.setups["seti_0001"] = replace(
        a_setup(1), succeeded=False, customer_id="cust-1", decline=NO
    )
    for number in range(FAILED_CARDS.most):
        cards.begin_setup("cust-1", ports)
        for _ in range(2):
            event = StripeEvent(
                f"evt_{number}", "setup_intent.setup_failed", setup_intent="seti_0001"
            )
            stripe_events.take(event, ports)
    with pytest.raises(TooManyRequestsError):
        cards.begin_setup("cust-1", ports)
    # One SetupIntent could be tried with any number of cards: it is ended at the limit.
    assert ("cancel_setup", "seti_0001") in ports.gateway.calls
    ports.clock.forward(timedelta(days=1))
    cards.begin_setup("cust-1", ports)


@pytest.mark.parametrize("kind", ["payment_intent", "charge", "setup_intent"])
def test_what_is_not_ours_is_ignored(ports: FakePorts, kind: str) -> None:
    ports.gateway.intents["pi_9"] = Unknown()
    ports.gateway.foreign["ch_9"] = NOON
    ports.gateway.setups["seti_9"] = a_setup(9)
    about = {"payment_intent": "pi_9", "charge": "ch_9", "setup_intent": "seti_9"}[kind]
    event = replace(StripeEvent("evt_1", "payment_intent.succeeded"), **{kind: about})  # type: ignore[arg-type]
    assert stripe_events.take(event, ports)
    assert ports.store.parked == {}
    assert ports.customers.wallet("cust-1").cards == ()


def test_an_event_that_matches_nothing_is_looked_at_again_until_it_does(ports: FakePorts) -> None:
    payment = pay(ports, Unknown())
    ports.gateway.intents[payment.intent or ""] = success(payment)
    key = (payment.customer_id, payment.payment_id)
    # As if the write of the payment had not been seen yet.
    hidden = ports.store.payments.pop(key)
    assert not stripe_events.take(told("payment_intent.succeeded", payment), ports)
    ports.store.leases.clear()
    ports.clock.forward(PATIENCE[0] + timedelta(seconds=1))
    assert reconcile(ports, lambda: 60.0) == {"parked": 1}
    ports.store.payments[key] = hidden
    ports.clock.forward(PATIENCE[1] + timedelta(seconds=1))
    assert reconcile(ports, lambda: 60.0) == {"matched": 1}
    assert now(ports).state is State.SUCCEEDED
    assert ports.store.parked == {}


def test_an_event_that_never_matches_is_left_for_a_person(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    event = StripeEvent(
        "evt_1", "payment_intent.succeeded", payment_intent="pi_nowhere", owner=OWNER
    )
    stripe_events.take(event, ports)
    for wait in PATIENCE:
        ports.clock.forward(wait + timedelta(seconds=1))
        reconcile(ports, lambda: 60.0)
    assert "stripe event matches nothing" in caplog.text
    [(_, until)] = ports.store.parked.values()
    assert until is None
    assert reconcile(ports, lambda: 60.0) == {}
