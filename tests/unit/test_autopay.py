"""Automatic payment from due to overdue, on ports in memory."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from billfold.domain.autopay import next_try
from billfold.domain.autopay_message import Look
from billfold.domain.decline import explain
from billfold.domain.errors import (
    AmountNotChargeableError,
    CardDeclinedError,
    InvalidInputError,
)
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.invoice_change import ChangeState
from billfold.domain.money import Money
from billfold.domain.payment import (
    ActionRequired,
    Blame,
    Canceled,
    Declined,
    NotBegun,
    Obstacle,
    Payment,
    Refused,
    State,
    StoredCard,
    Unknown,
    WantsMethod,
)
from billfold.domain.stripe_event import StripeEvent
from billfold.domain.wallet import CardDetails
from billfold.services import (
    account,
    autopay,
    autopay_dispatch,
    cards,
    invoice_changes,
    invoices,
    outbox,
    payments,
    stripe_events,
)
from billfold.services.autopay import Outcome, Result
from billfold.services.payments import Order
from billfold.services.ports import CardView
from billfold.services.reconcile import reconcile

from tests.builders import a_card, a_customer, an_invoice
from tests.fakes import FakePorts
from tests.fakes.payments import FakePayments

DUE = date(2026, 10, 31)
POOR = Declined(explain("card_declined", "insufficient_funds"))
STOLEN = Declined(explain("card_declined", "stolen_card"))
PRESENT = Declined(explain("authentication_required", None))
INVOICE = an_invoice(due_on=DUE)
_runs = count(1)


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.clock.at = datetime(2026, 10, 20, 12, tzinfo=UTC)
    made.customers.register(a_customer(), autopay=True)
    wallet = made.customers.wallet("cust-1").add(a_card(1)).add(a_card(2))
    # A run has taken place since the cards were added.
    made.gateway.attach(
        made.customers.save(replace(wallet.with_stripe_customer("cus_cust-1"), offered=False))
    )
    invoices.issue(INVOICE, made)
    return made


def run(ports: FakePorts, day: date | None = None) -> Counter[str]:
    """Run as the functions do, to the end of the queues; count what became of each message."""
    ended: Counter[str] = Counter()
    autopay_dispatch.start(f"run-{next(_runs)}", ports, day=day, ahead=True)
    while ports.autopay_queues.shards or ports.autopay_queues.looks:
        while ports.autopay_queues.shards:
            autopay_dispatch.dispatch(ports.autopay_queues.shards.pop(0), ports, lambda: 60)
        while ports.autopay_queues.looks:
            ended[look(ports, ports.autopay_queues.looks.pop(0)).outcome.value] += 1
    return ended


def look(ports: FakePorts, at: Look | None = None) -> Result:
    at = at or Look("cust-1", ports.clock.today(), "by hand", INVOICE.invoice_id)
    result = autopay.look(at, ports, lambda: 29)
    outbox.flush(ports)
    return result


def on(ports: FakePorts, day: int) -> None:
    ports.clock.at = datetime(DUE.year, DUE.month, DUE.day, 12, tzinfo=UTC) + timedelta(days=day)


def answers(ports: FakePorts, *given: object) -> None:
    ports.gateway.confirms = list(given)  # type: ignore[arg-type]


def stored(ports: FakePorts) -> Invoice:
    return ports.invoices.get("cust-1", INVOICE.invoice_id)


def confirms(ports: FakePorts) -> int:
    return sum(name == "confirm" for name, _ in ports.gateway.calls)


def told(ports: FakePorts) -> list[str]:
    kinds = ports.bus.kinds
    ports.bus.sent.clear()
    return kinds


def test_from_due_to_overdue(ports: FakePorts) -> None:
    """Every day has its run, and each thing is told once."""
    answers(ports, *[POOR] * 9)
    story: dict[int, list[str]] = {}
    for day in range(-5, 12):
        on(ports, day)
        run(ports)
        run(ports)
        if kinds := told(ports):
            story[day] = kinds
    assert story == {
        -3: ["AutopayUpcoming"],
        0: ["PaymentFailed"],
        1: ["PaymentFailed"],
        3: ["PaymentFailed"],
        5: ["PaymentFailed"],
        7: ["PaymentFailed", "InvoiceOverdue"],
    }
    assert confirms(ports) == 5
    assert stored(ports).look_on is None
    assert run(ports) == Counter()


def test_a_decline_tells_of_the_next_try(ports: FakePorts) -> None:
    answers(ports, *[POOR] * 5)
    retries = []
    for day in (0, 1, 3, 5, 7):
        on(ports, day)
        run(ports)
        facts = [fact for entry in ports.bus.sent for fact in entry.facts]
        retries += [f.detail["retry_on"] for f in facts if f.kind == "PaymentFailed"]
        ports.bus.sent.clear()
    assert retries == ["2026-11-01", "2026-11-03", "2026-11-05", "2026-11-07", None]


def test_what_is_due_is_charged_to_the_card_that_is_primary_then(ports: FakePorts) -> None:
    second = ports.customers.wallet("cust-1").cards[1].card_id
    cards.make_primary("cust-1", second, ports)
    on(ports, 0)
    assert run(ports)["charged"] == 1
    [payment] = ports.payments.of_invoice("cust-1", INVOICE.invoice_id)
    assert (payment.card_id, payment.state) == (second, State.SUCCEEDED)
    assert stored(ports).status is InvoiceStatus.PAID
    assert run(ports) == Counter()


def test_messages_may_come_twice_or_late(ports: FakePorts) -> None:
    on(ports, 0)
    assert look(ports) == Result(Outcome.CHARGED, "succeeded")
    for day in (0, 3):
        on(ports, day)
        assert look(ports) == Result(Outcome.SKIPPED, "paid")
    assert confirms(ports) == 1


def test_a_message_that_came_again_after_a_decline_tries_nothing(ports: FakePorts) -> None:
    answers(ports, POOR, POOR)
    on(ports, 0)
    assert look(ports).outcome is Outcome.DECLINED
    assert look(ports) == Result(Outcome.SKIPPED, "tried")
    assert confirms(ports) == 1


def test_a_message_of_yesterday_is_answered_as_of_today(ports: FakePorts) -> None:
    answers(ports, POOR)
    on(ports, 3)
    look(ports, Look("cust-1", DUE, "late", INVOICE.invoice_id))
    assert stored(ports).tried == DUE + timedelta(days=3)


@pytest.mark.parametrize("change", ["void", "off", "cardless"])
def test_what_has_changed_since_is_not_charged(ports: FakePorts, change: str) -> None:
    on(ports, 0)
    if change == "void":
        invoice_changes.void("cust-1", INVOICE.invoice_id, ports)
    elif change == "off":
        account.set_autopay("cust-1", ports, enabled=False)
    else:
        for card in ports.customers.wallet("cust-1").cards:
            cards.delete("cust-1", card.card_id, ports)
    look(ports)
    assert confirms(ports) == 0


def test_another_amount_is_what_is_charged(ports: FakePorts) -> None:
    invoice_changes.change_amount("cust-1", INVOICE.invoice_id, Money("USD", 99), ports)
    on(ports, 0)
    look(ports)
    [payment] = ports.payments.of_invoice("cust-1", INVOICE.invoice_id)
    assert payment.money == Money("USD", 99)


def test_a_card_refused_for_good_is_never_tried_again_for_any_invoice(ports: FakePorts) -> None:
    other = an_invoice("INV-2", due_on=DUE, amounts=[700])
    invoices.issue(other, ports)
    answers(ports, STOLEN)
    on(ports, 0)
    assert run(ports) == Counter({"declined": 1, "waiting": 1})
    assert told(ports) == ["PaymentFailed", "AutopayPaused"]
    assert ports.customers.wallet("cust-1").cards[0].refused
    for day in range(1, 8):
        on(ports, day)
        run(ports)
    assert confirms(ports) == 1
    assert told(ports) == ["InvoiceOverdue", "InvoiceOverdue"]


def test_a_refusal_of_a_person_keeps_the_schedule_away_too(ports: FakePorts) -> None:
    on(ports, 0)
    answers(ports, STOLEN)
    card = ports.customers.wallet("cust-1").cards[0].card_id
    order = Order("cust-1", INVOICE.invoice_id, INVOICE.total, StoredCard(card, None), "key-00001")
    with pytest.raises(CardDeclinedError):
        payments.pay(order, ports, lambda: 29)
    assert look(ports) == Result(Outcome.WAITING, "card_refused")
    assert confirms(ports) == 1


def test_a_charge_that_the_bank_took_ends_the_refusal(ports: FakePorts) -> None:
    """Its owner has spoken to the bank, and paid another invoice by hand: the schedule goes on."""
    other = an_invoice("INV-2", due_on=DUE, amounts=[700])
    invoices.issue(other, ports)
    answers(ports, STOLEN)
    on(ports, 0)
    assert run(ports) == Counter({"declined": 1, "waiting": 1})
    card = ports.customers.wallet("cust-1").cards[0].card_id
    order = Order("cust-1", other.invoice_id, other.total, StoredCard(card, None), "key-00001")
    payments.pay(order, ports, lambda: 29)
    wallet = ports.customers.wallet("cust-1")
    assert wallet.cards[0].refused is None
    assert next_try(stored(ports), wallet, ports.clock.today()) == DUE + timedelta(days=7)
    for day in range(1, 8):
        on(ports, day)
        run(ports)
    assert stored(ports).status is InvoiceStatus.PAID
    assert confirms(ports) == 3


def test_a_new_primary_card_takes_part_in_the_next_run(ports: FakePorts) -> None:
    """Also between two slots, and after the invoice was given up."""
    answers(ports, STOLEN)
    on(ports, 0)
    run(ports)
    on(ports, 2)
    assert run(ports) == Counter()
    cards.make_primary("cust-1", ports.customers.wallet("cust-1").cards[1].card_id, ports)
    assert run(ports) == Counter({"wallet": 1, "charged": 1})


def test_another_card_is_tried_also_on_the_day_of_the_first(ports: FakePorts) -> None:
    """Once for each choice, however many runs follow; back at the first is a choice as well."""
    answers(ports, POOR, POOR, POOR)
    on(ports, 0)
    run(ports)
    first, second = ports.customers.wallet("cust-1").cards
    for card, tries in ((second, 2), (first, 3)):
        cards.make_primary("cust-1", card.card_id, ports)
        assert run(ports)["declined"] == 1
        assert run(ports)["declined"] == 0
        assert confirms(ports) == tries


def test_making_the_same_card_primary_again_gives_it_a_new_try(ports: FakePorts) -> None:
    """Its owner has spoken to the bank."""
    answers(ports, STOLEN)
    on(ports, 0)
    run(ports)
    cards.make_primary("cust-1", ports.customers.wallet("cust-1").cards[0].card_id, ports)
    on(ports, 1)
    assert run(ports)["charged"] == 1


def test_turning_it_on_offers_what_is_due_and_only_that(ports: FakePorts) -> None:
    account.set_autopay("cust-1", ports, enabled=False)
    later = an_invoice("INV-2", due_on=DUE + timedelta(days=90), amounts=[700])
    invoices.issue(later, ports)
    on(ports, 30)
    assert run(ports)["overdue"] == 1
    assert run(ports) == Counter()
    account.set_autopay("cust-1", ports, enabled=True)
    assert run(ports) == Counter({"wallet": 1, "charged": 1})
    assert stored(ports).status is InvoiceStatus.PAID
    assert ports.invoices.get("cust-1", later.invoice_id).status is InvoiceStatus.OPEN


def _again(ports: FakePorts) -> None:
    account.set_autopay("cust-1", ports, enabled=False)
    account.set_autopay("cust-1", ports, enabled=True)


def _renewed(ports: FakePorts) -> None:
    wallet = ports.customers.wallet("cust-1")
    known = wallet.cards[0].details
    ports.customers.save(wallet.renew(replace(known, exp_year=known.exp_year + 3)))


def _reissued(ports: FakePorts) -> None:
    wallet = ports.customers.wallet("cust-1")
    ports.customers.save(
        wallet.renew(replace(wallet.cards[0].details, fingerprint="another", last4="0001"))
    )


OFFERS = pytest.mark.parametrize("offer", [_again, _renewed, _reissued])


@OFFERS
@pytest.mark.parametrize("day", [0, 2, 7, 30])
def test_the_same_card_has_one_try_of_its_own_when_it_is_offered_anew(
    ports: FakePorts, offer: Callable[[FakePorts], None], day: int
) -> None:
    """Its slot is spent, or all are: whoever asks for automatic payment now is not left waiting."""
    answers(ports, *[POOR] * 9)
    for ran in range(day + 1):
        on(ports, ran)
        run(ports)
    tries = confirms(ports)
    offer(ports)
    assert run(ports)["declined"] == 1
    assert run(ports)["declined"] == 0
    assert confirms(ports) == tries + 1


@OFFERS
def test_an_offer_that_stripe_did_not_take_stands(
    ports: FakePorts, offer: Callable[[FakePorts], None]
) -> None:
    """Also for what was given up, which is looked at no more by itself."""
    answers(ports, *[POOR] * 5, NotBegun(), Canceled())
    for day in range(30):
        on(ports, day)
        run(ports)
    offer(ports)
    ended = [run(ports) for _ in range(3)]
    assert [one["charged"] for one in ended].count(1) == 1
    assert stored(ports).status is InvoiceStatus.PAID


def test_an_offer_reaches_what_a_person_was_just_paying(ports: FakePorts) -> None:
    answers(ports, *[POOR] * 5, ActionRequired("secret"), Canceled())
    for day in range(30):
        on(ports, day)
        run(ports)
    wallet = ports.customers.wallet("cust-1")
    order = Order(
        "cust-1", INVOICE.invoice_id, INVOICE.total, StoredCard(wallet.cards[0].card_id, None), "k"
    )
    waiting = payments.pay(order, ports, lambda: 29).payment
    _again(ports)
    assert run(ports) == Counter({"wallet": 1, "skipped": 1})
    ports.gateway.looks = [Canceled()]
    payments.cancel("cust-1", waiting.payment_id, ports)
    assert run(ports)["charged"] == 1


@pytest.mark.parametrize("change", ["off", "another card"])
@pytest.mark.parametrize("step", ["reserve", "write_ahead"])
def test_a_charge_that_is_not_wished_for_any_more_when_it_begins_is_none(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch, change: str, step: str
) -> None:
    """Up to the last write before money is asked for, which itself requires wish and card."""
    on(ports, 0)
    real = getattr(FakePayments, step)
    second = ports.customers.wallet("cust-1").cards[1].card_id

    def late(self: FakePayments, payment: Payment, **known: Any) -> Payment:
        if change == "off":
            account.set_autopay("cust-1", ports, enabled=False)
        else:
            cards.make_primary("cust-1", second, ports)
        monkeypatch.setattr(FakePayments, step, real)
        written: Payment = real(self, payment, **known)
        return written

    monkeypatch.setattr(FakePayments, step, late)
    assert look(ports) == Result(Outcome.SKIPPED, "autopay_changed")
    assert confirms(ports) == 0
    assert not ports.customers.wallet("cust-1").holds
    # With another card it takes part in the next run.
    assert run(ports)["charged"] == (change == "another card")


def test_the_first_card_offers_what_is_due(ports: FakePorts) -> None:
    for card in ports.customers.wallet("cust-1").cards:
        cards.delete("cust-1", card.card_id, ports)
    on(ports, 0)
    run(ports)
    ports.customers.save(ports.customers.wallet("cust-1").add(a_card(3)))
    assert run(ports)["charged"] == 1


def test_the_bank_wants_its_customer_and_the_schedule_waits(ports: FakePorts) -> None:
    answers(ports, PRESENT)
    on(ports, 0)
    run(ports)
    assert told(ports) == ["AutopayUpcoming", "PaymentFailed", "PaymentActionRequired"][1:]
    for day in range(1, 7):
        on(ports, day)
        run(ports)
    assert (confirms(ports), told(ports)) == (1, [])
    on(ports, 7)
    run(ports)
    assert told(ports) == ["InvoiceOverdue"]


def test_tries_of_people_never_spend_the_schedule(ports: FakePorts) -> None:
    answers(ports, *[POOR] * 9)
    on(ports, 0)
    card = ports.customers.wallet("cust-1").cards[0].card_id
    for number in range(4):
        order = Order(
            "cust-1", INVOICE.invoice_id, INVOICE.total, StoredCard(card, None), f"key-{number:05}"
        )
        with pytest.raises(CardDeclinedError):
            payments.pay(order, ports, lambda: 29)
    for day in (0, 1, 3, 5, 7):
        on(ports, day)
        assert look(ports).outcome is Outcome.DECLINED


def test_the_schedule_does_not_lock_people_out(ports: FakePorts) -> None:
    """Declines of automatic payments are no guesses at card numbers."""
    numbers = [f"INV-{number}" for number in range(2, 10)]
    for number in numbers:
        invoices.issue(an_invoice(number, due_on=DUE), ports)
    answers(ports, *[POOR] * 9)
    on(ports, 0)
    assert run(ports)["declined"] == 9
    card = ports.customers.wallet("cust-1").cards[1].card_id
    order = Order("cust-1", INVOICE.invoice_id, INVOICE.total, StoredCard(card, None), "key-00001")
    assert payments.pay(order, ports, lambda: 29).payment.state is State.SUCCEEDED


def test_while_stripe_is_down_nothing_is_lost_and_nothing_is_spent(ports: FakePorts) -> None:
    on(ports, 0)
    ports.gateway.down = True
    for _ in range(3):
        assert run(ports)["later"] == 1
    ports.gateway.down = False
    answers(ports, NotBegun(), NotBegun())
    assert look(ports).outcome is Outcome.LATER
    assert look(ports).outcome is Outcome.LATER
    assert run(ports)["charged"] == 1
    keys = [p.idempotency_key for p in ports.payments.of_invoice("cust-1", INVOICE.invoice_id)]
    assert len(set(keys)) == len(keys) == 6
    assert sum(p.state is State.SUCCEEDED for p in ports.store.payments.values()) == 1


def test_another_amount_after_a_try_that_stripe_never_took_is_charged(ports: FakePorts) -> None:
    """The slot's first attempt was an order over the amount of before."""
    on(ports, 0)
    answers(ports, NotBegun())
    assert look(ports).outcome is Outcome.LATER
    ports.gateway.looks = [Canceled()]
    invoice_changes.change_amount("cust-1", INVOICE.invoice_id, Money("USD", 99), ports)
    assert look(ports).outcome is Outcome.CHARGED
    assert [row.money for row in ports.store.ledger.values()] == [Money("USD", 99)]


def test_an_outage_on_the_last_day_does_not_make_it_overdue(ports: FakePorts) -> None:
    answers(ports, *[POOR] * 4)
    for day in (0, 1, 3, 5):
        on(ports, day)
        run(ports)
    told(ports)
    on(ports, 7)
    answers(ports, NotBegun())
    assert run(ports)["later"] == 1
    assert "InvoiceOverdue" not in told(ports)
    on(ports, 9)
    assert run(ports)["charged"] == 1


def test_an_unknown_outcome_is_left_to_the_reconciler(ports: FakePorts) -> None:
    answers(ports, Unknown())
    on(ports, 0)
    assert look(ports) == Result(Outcome.UNKNOWN, "unknown")
    assert look(ports) == Result(Outcome.SKIPPED, "in_flight")
    ports.clock.forward(timedelta(minutes=2))
    ports.gateway.looks = [WantsMethod(), Canceled()]
    reconcile(ports, lambda: 60)
    # Nothing was charged, and the bank has said nothing: the slot is tried again.
    assert look(ports).outcome is Outcome.CHARGED
    assert confirms(ports) == 2


def test_a_try_whose_answer_is_lost_is_not_made_again_on_the_same_day(ports: FakePorts) -> None:
    """The bank may have said no: fifteen runs a day must not ask it fifteen times."""
    answers(ports, *[Unknown()] * 30)
    for day in (0, 1):
        on(ports, day)
        for _ in range(15):
            run(ports)
            ports.clock.at += timedelta(minutes=5)
            ports.gateway.looks = [WantsMethod(POOR.decline), Canceled()]
            reconcile(ports, lambda: 300)
    assert confirms(ports) == 2
    answers(ports)
    on(ports, 2)
    assert run(ports)["charged"] == 1


def test_a_source_that_stripe_refuses_is_told_and_not_tried_every_hour(ports: FakePorts) -> None:
    answers(ports, Refused(Blame.CARD))
    ports.gateway.looks = [WantsMethod()]
    on(ports, 0)
    assert run(ports)["declined"] == 1
    assert told(ports) == ["PaymentCanceled", "AutopayPaused"]
    assert run(ports) == Counter()


@pytest.mark.parametrize("blame", [Blame.NOTHING, Blame.CARD])
def test_a_card_that_stripe_no_longer_has_is_tried_once_and_asked_for_again(
    ports: FakePorts, blame: Blame
) -> None:
    """Without this it was tried fifteen times a day for twelve days, and nobody was told."""
    first, second = ports.customers.wallet("cust-1").cards
    ports.gateway.take_away(first.payment_method)
    on(ports, 0)
    answers(ports, Refused(blame))
    assert run(ports)["declined"] == 1
    assert told(ports) == [
        "PaymentCanceled",
        "CardRemoved",
        "PrimaryCardChanged",
        "CardsDetached",
    ]
    # The next card has a try of its own.
    answers(ports, POOR)
    assert run(ports)["declined"] == 1
    assert confirms(ports) == 2
    ports.gateway.take_away(second.payment_method)
    on(ports, 1)
    answers(ports, Refused(blame))
    run(ports)
    assert told(ports)[-2:] == ["CardsDetached", "InvoiceOverdue"]
    assert ports.customers.wallet("cust-1").cards == ()
    for day in range(1, 12):
        on(ports, day)
        for _ in range(15):
            run(ports)
    assert confirms(ports) == 3
    assert told(ports) == []


def test_a_refusal_that_names_nothing_is_no_mark_on_a_card_that_is_there(ports: FakePorts) -> None:
    on(ports, 0)
    answers(ports, Refused(Blame.NOTHING))
    assert run(ports)["later"] == 1
    assert ports.customers.wallet("cust-1").cards[0].refused is None
    assert run(ports)["charged"] == 1


def test_a_card_of_another_stripe_customer_than_its_intents_is_charged_with_a_new_one(
    ports: FakePorts,
) -> None:
    """The intent served an earlier try; its Stripe customer was deleted, and the card is new."""
    on(ports, 0)
    answers(ports, POOR)
    run(ports)
    on(ports, 1)
    answers(ports, Refused(Blame.CARD))
    ports.gateway.looks = [WantsMethod(), Canceled()]
    assert run(ports)["charged"] == 1
    assert ports.customers.wallet("cust-1").cards[0].refused is None
    assert stored(ports).epoch == 1


def test_a_customer_deleted_at_stripe_has_no_card(ports: FakePorts) -> None:
    ports.gateway.delete_customer("cus_cust-1")
    on(ports, 0)
    assert run(ports)["declined"] == 1
    assert told(ports) == [
        "PaymentCanceled",
        "CardRemoved",
        "CardRemoved",
        "PrimaryCardChanged",
        "CardsDetached",
    ]
    wallet = ports.customers.wallet("cust-1")
    assert (wallet.cards, wallet.stripe_customer, wallet.autopay) == ((), None, True)
    on(ports, 1)
    run(ports)
    assert confirms(ports) == 0
    assert told(ports) == ["InvoiceOverdue"]


def test_a_request_of_ours_that_stripe_refuses_is_no_mark_on_a_card(ports: FakePorts) -> None:
    on(ports, 0)
    answers(ports, Refused(), Refused())
    assert [run(ports)["later"] for _ in range(2)] == [1, 1]
    assert ports.customers.wallet("cust-1").cards[0].refused is None
    assert told(ports) == ["PaymentCanceled", "PaymentCanceled"]
    assert run(ports)["charged"] == 1


def test_what_can_never_be_begun_is_overdue_in_the_end(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Say a customer who was deleted at Stripe: each slot has its attempts, and the last is one."""
    monkeypatch.setattr(autopay, "ATTEMPTS", 4)
    ports.gateway.down = True
    for day in range(12):
        on(ports, day)
        for _ in range(15):
            run(ports)
    assert stored(ports).look_on is None
    assert [kind for kind in told(ports) if kind != "PaymentCanceled"] == ["InvoiceOverdue"]
    assert len(ports.store.payments) == 4 * 5


def test_what_stands_in_the_way_on_the_last_day_is_told_too(ports: FakePorts) -> None:
    answers(ports, *[POOR] * 4)
    for day in (0, 1, 3, 5):
        on(ports, day)
        run(ports)
    told(ports)
    wallet = ports.customers.wallet("cust-1")
    short = replace(wallet.cards[0], exp_year=2026, exp_month=10, notice=0)
    ports.customers.save(replace(wallet, cards=(short, wallet.cards[1])))
    on(ports, 7)
    run(ports)
    run(ports)
    assert told(ports) == ["AutopayPaused", "InvoiceOverdue"]


def taken_in_once(ports: FakePorts, amount: Money) -> None:
    """An invoice of older rules, which took in what cannot be charged."""
    key = ("cust-1", INVOICE.invoice_id)
    ports.store.invoices[key] = replace(stored(ports), amount_due=amount)


@pytest.mark.parametrize("amount", [Money("USD", 49), Money("IQD", 5000), Money("KWD", 1001)])
def test_what_no_card_can_be_charged_is_overdue_at_once(ports: FakePorts, amount: Money) -> None:
    """Nobody is told that it will be charged, no try is spent on it, and Stripe is not asked."""
    taken_in_once(ports, amount)
    for day in range(-3, 0):
        on(ports, day)
        run(ports)
    assert told(ports) == []
    on(ports, 0)
    assert run(ports) == Counter({"overdue": 1})
    [overdue] = ports.bus.details("InvoiceOverdue")
    assert overdue["reason"] == "not_chargeable"
    assert stored(ports).look_on is None
    for day in range(1, 9):
        on(ports, day)
        assert not run(ports)
    assert ports.gateway.calls == []


def test_what_stripe_will_never_charge_is_overdue_at_once(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Say less than the minimum of the currency in which the account is paid out."""

    def too_small(*_: object) -> str:
        raise AmountNotChargeableError

    monkeypatch.setattr(ports.gateway, "create_payment_intent", too_small)
    on(ports, 0)
    assert run(ports) == Counter({"overdue": 1})
    [overdue] = ports.bus.details("InvoiceOverdue")
    assert overdue["reason"] == "not_chargeable"
    assert stored(ports).look_on is None
    assert stored(ports).lock is None
    on(ports, 1)
    assert not run(ports)


def test_what_no_card_can_be_charged_is_not_shown_as_the_next_charge(ports: FakePorts) -> None:
    taken_in_once(ports, Money("USD", 49))
    [owed] = ports.invoices.open("cust-1")
    wallet = ports.customers.wallet("cust-1")
    assert next_try(owed, wallet, DUE) is None


def test_an_expired_primary_card_is_told_and_not_tried(ports: FakePorts) -> None:
    wallet = ports.customers.wallet("cust-1")
    old = replace(wallet.cards[0], exp_year=2026, exp_month=9, notice=0)
    ports.customers.save(replace(wallet, cards=(old, wallet.cards[1])))
    on(ports, 0)
    run(ports)
    assert told(ports) == ["AutopayPaused"]
    assert confirms(ports) == 0
    assert stored(ports).waits is Obstacle.CARD_EXPIRED


def test_the_networks_updater_brings_it_back(ports: FakePorts) -> None:
    """An expired card is renewed: nobody is told that it expires, and it is charged."""
    wallet = ports.customers.wallet("cust-1")
    old = replace(wallet.cards[0], exp_year=2026, exp_month=9, notice=0)
    ports.customers.save(replace(wallet, cards=(old, wallet.cards[1])))
    on(ports, 0)
    run(ports)
    told(ports)
    details = CardDetails(old.payment_method, "fp_new", "9999", 9, 2031)
    ports.gateway.cards[old.payment_method] = CardView(details, "cus_cust-1", "cust-1")
    event = StripeEvent(
        "evt_1", "payment_method.automatically_updated", payment_method=old.payment_method
    )
    assert stripe_events.take(event, ports)
    card = ports.customers.wallet("cust-1").cards[0]
    assert (card.last4, card.exp_year, card.fingerprint) == ("9999", 2031, "fp_new")
    assert run(ports)["charged"] == 1
    assert "CardExpiring" not in told(ports)


def test_expiry_is_told_sixty_thirty_and_seven_days_before_and_when_it_came(
    ports: FakePorts,
) -> None:
    wallet = ports.customers.wallet("cust-1")
    short = replace(wallet.cards[0], exp_year=2027, exp_month=1)
    ports.customers.save(replace(wallet, cards=(short, wallet.cards[1]), offered=False))
    invoice_changes.void("cust-1", INVOICE.invoice_id, ports)
    outbox.flush(ports)
    ports.bus.sent.clear()
    story = {}
    ports.clock.at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    for _ in range(90):
        run(ports)
        facts = [fact for entry in ports.bus.sent for fact in entry.facts]
        if facts:
            [one] = facts
            story[ports.clock.today().isoformat()] = (one.kind.value, one.detail.get("days"))
        ports.bus.sent.clear()
        ports.clock.forward(timedelta(days=1))
    assert story == {
        "2026-12-03": ("CardExpiring", 60),
        "2027-01-02": ("CardExpiring", 30),
        "2027-01-25": ("CardExpiring", 7),
        "2027-02-01": ("CardExpired", None),
    }


def test_notices_that_were_missed_are_one(ports: FakePorts) -> None:
    """No run for a month: only the nearest is told."""
    wallet = ports.customers.wallet("cust-1")
    short = replace(wallet.cards[0], exp_year=2026, exp_month=11)
    ports.customers.save(replace(wallet, cards=(short, wallet.cards[1]), offered=False))
    ports.clock.at = datetime(2026, 11, 27, 12, tzinfo=UTC)
    look(ports, Look("cust-1", ports.clock.today(), "run"))
    look(ports, Look("cust-1", ports.clock.today(), "run"))
    [entry] = ports.bus.sent
    assert [fact.detail["days"] for fact in entry.facts] == [7]


def test_a_run_is_not_for_a_day_to_come(ports: FakePorts) -> None:
    with pytest.raises(InvalidInputError) as refused:
        autopay_dispatch.start("run", ports, day=ports.clock.today() + timedelta(days=1))
    assert refused.value.extra["field"] == "day"
    assert ports.autopay_queues.shards == []


def test_a_run_that_was_interrupted_goes_on_where_it_was(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autopay_dispatch, "PAGE", 2)
    for number in range(9):
        invoices.issue(an_invoice(f"MORE-{number}", due_on=DUE), ports)
    on(ports, 0)
    autopay_dispatch.start("run", ports)
    hops = 0
    while ports.autopay_queues.shards:
        hops += 1
        # There is time for one page only.
        autopay_dispatch.dispatch(ports.autopay_queues.shards.pop(0), ports, lambda: 5)
    invoice_ids = [look.invoice_id for look in ports.autopay_queues.looks if look.invoice_id]
    assert len(invoice_ids) == len(set(invoice_ids)) == 10
    assert hops > 5


def test_a_run_adds_nothing_to_a_backlog(ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is asked for once, however long it takes to charge."""
    monkeypatch.setattr(autopay_dispatch, "BACKLOG", 2)
    for number in range(5):
        invoices.issue(an_invoice(f"MORE-{number}", due_on=DUE), ports)
    on(ports, 0)
    autopay_dispatch.start("first", ports)
    while ports.autopay_queues.shards:
        autopay_dispatch.dispatch(ports.autopay_queues.shards.pop(0), ports, lambda: 60)
    assert autopay_dispatch.start("second", ports).has_backlog
    assert ports.autopay_queues.shards == []
    while len(ports.autopay_queues.looks) > 2:
        look(ports, ports.autopay_queues.looks.pop(0))
    assert not autopay_dispatch.start("third", ports).has_backlog
    assert ports.autopay_queues.shards


def test_the_same_run_begun_twice_sends_its_messages_once(ports: FakePorts) -> None:
    on(ports, 0)
    for _ in range(2):
        autopay_dispatch.start("run", ports)
    while ports.autopay_queues.shards:
        autopay_dispatch.dispatch(ports.autopay_queues.shards.pop(0), ports, lambda: 60)
    assert [one.invoice_id for one in ports.autopay_queues.looks if one.invoice_id] == [
        INVOICE.invoice_id
    ]


# Another amount


def another_amount(ports: FakePorts, amount: int) -> None:
    ports.gateway.looks = [Canceled()]
    change = invoice_changes.change_amount(
        "cust-1", INVOICE.invoice_id, Money("USD", amount), ports
    )
    assert change.state is ChangeState.DONE
    outbox.flush(ports)
    told(ports)


def given_up(ports: FakePorts) -> None:
    answers(ports, *[POOR] * 5)
    for day in (0, 1, 3, 5, 7):
        on(ports, day)
        run(ports)
    assert told(ports)[-1] == "InvoiceOverdue"
    assert stored(ports).look_on is None


def test_what_was_given_up_is_tried_once_more_over_another_amount(ports: FakePorts) -> None:
    given_up(ports)
    on(ports, 20)
    another_amount(ports, 99)
    answers(ports, POOR)
    assert run(ports) == Counter({"declined": 1})
    assert told(ports) == ["PaymentFailed"]
    assert not run(ports)
    another_amount(ports, 98)
    assert run(ports) == Counter({"charged": 1})
    assert [row.money for row in ports.store.ledger.values()] == [Money("USD", 98)]


def test_the_same_amount_again_is_tried_and_not_taken_for_the_decline_of_before(
    ports: FakePorts,
) -> None:
    given_up(ports)
    before = INVOICE.amount_due.amount
    for amount in (99, before, 99, before):
        another_amount(ports, amount)
        answers(ports, POOR)
        assert run(ports) == Counter({"declined": 1})
        assert not run(ports)
    assert confirms(ports) == 9


def test_another_amount_within_the_schedule_is_tried_at_once_and_then_by_the_schedule(
    ports: FakePorts,
) -> None:
    answers(ports, POOR, POOR)
    on(ports, 1)
    run(ports)
    on(ports, 2)
    another_amount(ports, 99)
    assert run(ports) == Counter({"declined": 1})
    assert stored(ports).look_on == DUE + timedelta(days=3)
    on(ports, 3)
    assert run(ports) == Counter({"charged": 1})


def test_another_amount_is_announced_if_there_is_time(ports: FakePorts) -> None:
    on(ports, -3)
    run(ports)
    on(ports, -2)
    told(ports)
    another_amount(ports, 99)
    run(ports)
    [upcoming] = ports.bus.details("AutopayUpcoming")
    assert (upcoming["amount"], upcoming["on"]) == (99, DUE.isoformat())
    assert stored(ports).look_on == DUE


def test_another_amount_long_before_it_is_due_is_announced_on_its_day(ports: FakePorts) -> None:
    on(ports, -10)
    another_amount(ports, 99)
    assert stored(ports).look_on == DUE - timedelta(days=3)


def test_over_another_amount_the_bank_may_not_want_its_customer(ports: FakePorts) -> None:
    on(ports, 0)
    answers(ports, PRESENT)
    run(ports)
    assert stored(ports).waits is Obstacle.NEEDS_CONFIRMATION
    another_amount(ports, 99)
    assert run(ports) == Counter({"charged": 1})


def test_no_other_amount_brings_a_refused_card_back(ports: FakePorts) -> None:
    on(ports, 0)
    answers(ports, STOLEN)
    run(ports)
    another_amount(ports, 99)
    for day in (0, 1, 7, 9):
        on(ports, day)
        run(ports)
    assert confirms(ports) == 1
    assert stored(ports).look_on is None


def test_an_amount_that_a_card_can_be_charged_ends_what_no_card_could(ports: FakePorts) -> None:
    taken_in_once(ports, Money("USD", 49))
    on(ports, 0)
    run(ports)
    assert stored(ports).look_on is None
    another_amount(ports, 50)
    assert run(ports) == Counter({"charged": 1})
