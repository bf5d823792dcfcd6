"""Paying, step by step, against repositories in memory and a Stripe that says what it is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billfold.domain.decline import explain
from billfold.domain.errors import (
    AmountChangedError,
    AmountNotChargeableError,
    BillfoldError,
    CardDeclinedError,
    CardGoneError,
    CardInUseError,
    CardUsedError,
    IdempotencyKeyReusedError,
    InvoiceNotPayableError,
    NotChargedError,
    NotFoundError,
    NothingBegunError,
    PaymentInProgressError,
    PaymentNotWaitingError,
    SecurityCodeUsedError,
    SourceUnusableError,
    TooManyRequestsError,
    UnavailableError,
    UnknownStripeCustomerError,
)
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.limit import DECLINES
from billfold.domain.money import Money
from billfold.domain.payment import (
    ActionRequired,
    Answer,
    Blame,
    Canceled,
    Declined,
    NotBegun,
    OneTimeCard,
    Payment,
    Processing,
    Refused,
    Source,
    State,
    Status,
    StoredCard,
    Succeeded,
    Unknown,
    WantsConfirmation,
    WantsMethod,
)
from billfold.domain.wallet import CardFace
from billfold.services import cards, outbox, payments
from billfold.services.payments import Order, Outcome
from billfold.services.ports import SetupSecret, StripeCustomerGoneError
from billfold.services.reconcile import reconcile

from tests.builders import NOON, a_card, a_customer, a_setup, an_invoice
from tests.fakes import FakePorts
from tests.fakes.wallets_and_invoices import FakeCustomers

INVOICE = an_invoice()
DUE = INVOICE.amount_due


def unavailable(*_: object, **__: object) -> None:
    raise UnavailableError


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=False)
    wallet = made.customers.wallet("cust-1").add(a_card(1)).add(a_card(2))
    made.gateway.attach(made.customers.save(wallet.with_stripe_customer("cus_cust-1")))
    made.invoices.add(INVOICE)
    return made


def stored(ports: FakePorts, position: int = 0) -> StoredCard:
    return StoredCard(ports.customers.wallet("cust-1").cards[position].card_id, "cvctok_1234")


def pay(
    ports: FakePorts,
    *,
    key: str = "key-00001",
    source: StoredCard | OneTimeCard | None = None,
    shown: Money = DUE,
    invoice: Invoice = INVOICE,
    seconds: float = 29,
) -> Outcome:
    order = Order("cust-1", invoice.invoice_id, shown, source or stored(ports), key)
    return payments.pay(order, ports, lambda: seconds)


def invoice_now(ports: FakePorts) -> Invoice:
    return ports.invoices.get("cust-1", INVOICE.invoice_id)


def calls(ports: FakePorts, name: str) -> list[str]:
    return [about for called, about in ports.gateway.calls if called == name]


def test_paying_settles_the_invoice(ports: FakePorts) -> None:
    paid = pay(ports).payment
    assert (paid.status, paid.n, paid.card) == (Status.SUCCEEDED, 1, CardFace("visa", "4242"))
    assert invoice_now(ports).status is InvoiceStatus.PAID
    assert calls(ports, "confirm") == [f"{INVOICE.invoice_id}:0:1"]
    assert not ports.customers.wallet("cust-1").holds
    assert list(ports.store.ledger) == [paid.charge]


def test_a_one_time_card_holds_nothing_and_is_not_stored(ports: FakePorts) -> None:
    before = ports.customers.wallet("cust-1").cards
    paid = pay(ports, source=OneTimeCard("pm_once")).payment
    assert paid.card_id is None
    assert ports.customers.wallet("cust-1").cards == before
    assert "pm_once" not in repr(ports.store)


def test_intent_is_on_disk_before_stripe_is_called(ports: FakePorts) -> None:
    seen: list[tuple[State, bool]] = []
    gateway = ports.gateway

    def confirm(payment: Payment, source: Source | None, payment_method: str | None) -> Answer:
        stored_now = ports.payments.get("cust-1", payment.payment_id)
        seen.append((stored_now.state, invoice_now(ports).lock == payment.payment_id))
        return gateway.success(payment)

    gateway.confirm = confirm  # type: ignore[method-assign]
    pay(ports)
    assert seen == [(State.CONFIRMING, True)]


def test_a_replay_gives_the_same_payment_and_charges_nothing(ports: FakePorts) -> None:
    first, again = pay(ports), pay(ports)
    assert first == again
    assert len(calls(ports, "confirm")) == 1


def test_typing_the_security_code_again_is_the_same_request(ports: FakePorts) -> None:
    card = stored(ports)
    first = pay(ports, source=card)
    assert pay(ports, source=StoredCard(card.card_id, "cvctok_other")) == first


@pytest.mark.parametrize("other", ["amount", "card", "kind"])
def test_a_key_is_for_one_request(ports: FakePorts, other: str) -> None:
    pay(ports)
    with pytest.raises(IdempotencyKeyReusedError):
        pay(
            ports,
            shown=Money("USD", 1) if other == "amount" else DUE,
            source=OneTimeCard("pm_once") if other == "kind" else stored(ports, other == "card"),
        )


def test_a_paid_invoice_is_not_paid_again(ports: FakePorts) -> None:
    pay(ports)
    with pytest.raises(InvoiceNotPayableError):
        pay(ports, key="key-00002")
    assert len(calls(ports, "confirm")) == 1


def test_what_no_card_can_be_charged_is_said_before_stripe_is_asked(ports: FakePorts) -> None:
    little = Money("USD", 49)
    key = ("cust-1", INVOICE.invoice_id)
    ports.store.invoices[key] = replace(ports.store.invoices[key], amount_due=little)
    with pytest.raises(AmountNotChargeableError):
        pay(ports, shown=little)
    assert not ports.gateway.calls
    assert ports.invoices.get(*key).lock is None


def test_another_amount_than_was_shown(ports: FakePorts) -> None:
    with pytest.raises(AmountChangedError) as changed:
        pay(ports, shown=Money("USD", 12049))
    assert changed.value.extra["amount_due"] == {"amount": 12050, "currency": "USD"}
    assert not ports.gateway.calls


def test_unknown_invoice_and_unknown_card(ports: FakePorts) -> None:
    with pytest.raises(NotFoundError):
        pay(ports, invoice=an_invoice("INV-404"))
    with pytest.raises(NotFoundError):
        pay(ports, source=StoredCard("card_404", None))
    assert not ports.gateway.calls
    assert invoice_now(ports) == INVOICE


def test_a_decline_says_why_and_leaves_the_invoice_payable(ports: FakePorts) -> None:
    ports.gateway.confirms = [Declined(explain("card_declined", "insufficient_funds"))]
    with pytest.raises(CardDeclinedError) as declined:
        pay(ports)
    assert declined.value.extra["decline_reason"] == "insufficient_funds"
    assert invoice_now(ports).status is InvoiceStatus.OPEN
    with pytest.raises(CardDeclinedError):
        pay(ports)
    paid = pay(ports, key="key-00002", source=stored(ports, 1)).payment
    assert (paid.status, paid.n) == (Status.SUCCEEDED, 2)
    assert len(calls(ports, "create_payment_intent")) == 1


def test_declines_are_limited_and_tries_are_not(ports: FakePorts) -> None:
    ports.gateway.confirms = [Declined(explain("card_declined", None))] * DECLINES.most
    for n in range(DECLINES.most):
        with pytest.raises(CardDeclinedError):
            pay(ports, key=f"key-0000{n}")
    with pytest.raises(TooManyRequestsError) as limited:
        pay(ports, key="key-00009")
    assert limited.value.retry_after > 0
    ports.clock.forward(DECLINES.window)
    assert pay(ports, key="key-00009").payment.status is Status.SUCCEEDED


@pytest.mark.parametrize("answer", [Unknown(), Processing(), WantsMethod(), WantsConfirmation()])
def test_an_unknown_outcome_keeps_the_lock(ports: FakePorts, answer: Answer) -> None:
    ports.gateway.confirms = [answer]
    unknown = pay(ports).payment
    assert (unknown.state, unknown.status) == (State.UNKNOWN, Status.PROCESSING)
    assert invoice_now(ports).lock == unknown.payment_id
    with pytest.raises(PaymentInProgressError) as held:
        pay(ports, key="key-00002")
    assert held.value.extra["payment"].payment_id == unknown.payment_id
    with pytest.raises(CardInUseError):
        cards.delete("cust-1", stored(ports).card_id, ports)
    assert pay(ports).payment == unknown
    assert len(calls(ports, "confirm")) == 1


def later(ports: FakePorts) -> None:
    """Let the reconciler see to what was left; nothing is."""
    outbox.flush(ports)
    ports.clock.forward(timedelta(minutes=2))
    reconcile(ports, lambda: 60.0)
    assert ports.store.parked == {}


def refuses(ports: FakePorts, blame: Blame) -> None:
    ports.gateway.confirms, ports.gateway.looks = [Refused(blame)], [WantsMethod()]


def test_an_unusable_card_is_looked_up_before_it_is_let_go(ports: FakePorts) -> None:
    refuses(ports, Blame.CARD)
    with pytest.raises(SourceUnusableError) as told:
        pay(ports)
    assert told.value.code == "source_unusable"
    assert invoice_now(ports).status is InvoiceStatus.OPEN
    assert len(calls(ports, "retrieve")) == 1
    assert len(ports.customers.wallet("cust-1").cards) == 2


@pytest.mark.parametrize("blame", [Blame.NOTHING, Blame.CARD])
def test_a_stored_card_that_stripe_no_longer_has_leaves_the_wallet(
    ports: FakePorts, blame: Blame
) -> None:
    source = stored(ports)
    first, second = ports.customers.wallet("cust-1").cards
    ports.gateway.take_away(first.payment_method)
    refuses(ports, blame)
    for _ in range(2):
        with pytest.raises(CardGoneError) as told:
            pay(ports, source=source)
        assert told.value.code == "card_gone"
    assert ports.customers.wallet("cust-1").cards == (second,)
    assert invoice_now(ports).status is InvoiceStatus.OPEN
    later(ports)
    # The customer has it on the screen: no mail.
    assert ports.bus.kinds == ["PaymentCanceled", "CardRemoved", "PrimaryCardChanged"]
    assert pay(ports, key="key-00002").payment.status is Status.SUCCEEDED


def test_a_lost_card_is_dropped_though_the_store_failed_on_the_way(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = ports.customers.wallet("cust-1").cards[0]
    ports.gateway.take_away(card.payment_method)
    refuses(ports, Blame.NOTHING)
    with monkeypatch.context() as patch:
        patch.setattr(FakeCustomers, "save", unavailable)
        with pytest.raises(CardGoneError):
            pay(ports)
    assert card in ports.customers.wallet("cust-1").cards
    later(ports)
    assert card not in ports.customers.wallet("cust-1").cards


def test_a_one_time_card_that_was_used_must_be_entered_again(ports: FakePorts) -> None:
    refuses(ports, Blame.NOTHING)
    with pytest.raises(CardUsedError) as told:
        pay(ports, source=OneTimeCard("pm_used"))
    assert told.value.code == "card_used"
    assert invoice_now(ports).status is InvoiceStatus.OPEN


def test_a_security_code_that_was_used_must_be_typed_again(ports: FakePorts) -> None:
    refuses(ports, Blame.SECURITY_CODE)
    for _ in range(2):
        with pytest.raises(SecurityCodeUsedError):
            pay(ports)
    assert len(ports.customers.wallet("cust-1").cards) == 2
    assert pay(ports, key="key-00002").payment.status is Status.SUCCEEDED


@pytest.mark.parametrize("blame", [Blame.REQUEST, Blame.NOTHING])
def test_what_is_ours_is_no_fault_of_a_stored_card(
    ports: FakePorts, caplog: pytest.LogCaptureFixture, blame: Blame
) -> None:
    refuses(ports, blame)
    with pytest.raises(NothingBegunError):
        pay(ports)
    assert "request refused by Stripe" in caplog.text
    assert len(ports.customers.wallet("cust-1").cards) == 2
    assert invoice_now(ports).status is InvoiceStatus.OPEN


def test_an_intent_that_served_an_earlier_try_is_not_used_after_a_refusal(
    ports: FakePorts,
) -> None:
    """It may be what is wrong: its Stripe customer was deleted since."""
    ports.gateway.confirms = [Declined(explain("card_declined", None))]
    with pytest.raises(CardDeclinedError):
        pay(ports)
    refuses(ports, Blame.NOTHING)
    ports.gateway.looks.append(Canceled())
    for _ in range(2):
        with pytest.raises(CardUsedError):
            pay(ports, key="key-00002", source=OneTimeCard("pm_1"))
    assert (invoice_now(ports).epoch, invoice_now(ports).intent) == (1, None)
    paid = pay(ports, key="key-00003", source=OneTimeCard("pm_2")).payment
    assert (paid.epoch, paid.n, paid.status) == (1, 1, Status.SUCCEEDED)


def test_a_key_of_another_account_takes_no_card_away(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told of every card and every customer that there is none."""
    ports.gateway.cards.clear()
    ports.gateway.unknown_customers.add("cus_cust-1")
    with pytest.raises(NothingBegunError):
        pay(ports)
    with pytest.raises(UnavailableError):
        cards.begin_setup("cust-1", ports)
    wallet = ports.customers.wallet("cust-1")
    assert (len(wallet.cards), wallet.stripe_customer) == (2, "cus_cust-1")
    assert "customer unknown to stripe" in caplog.text


# A customer who was deleted at Stripe


def test_paying_with_a_one_time_card_makes_a_new_stripe_customer(ports: FakePorts) -> None:
    ports.gateway.delete_customer("cus_cust-1")
    paid = pay(ports, source=OneTimeCard("pm_1")).payment
    assert paid.status is Status.SUCCEEDED
    wallet = ports.customers.wallet("cust-1")
    assert (wallet.cards, wallet.stripe_customer) == ((), "cus_cust-1_again")


def test_paying_with_a_card_that_went_with_its_customer(ports: FakePorts) -> None:
    ports.gateway.delete_customer("cus_cust-1")
    with pytest.raises(CardGoneError):
        pay(ports)
    assert ports.customers.wallet("cust-1").cards == ()
    assert invoice_now(ports).lock is None
    later(ports)
    assert ports.bus.kinds.count("CardsDetached") == 1
    assert pay(ports, key="key-00002", source=OneTimeCard("pm_1")).payment.charge


def test_adding_a_card_makes_a_new_stripe_customer(ports: FakePorts) -> None:
    ports.gateway.delete_customer("cus_cust-1")
    setup = cards.begin_setup("cust-1", ports)
    made = ports.customers.wallet("cust-1").stripe_customer or ""
    assert made == "cus_cust-1_again"
    ports.gateway.setups[setup.setup_intent] = replace(a_setup(3), stripe_customer=made)
    wallet, card = cards.add("cust-1", setup.setup_intent, None, ports)
    assert wallet.cards == (card,)


def test_two_who_find_the_customer_deleted_make_one_new_customer(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports.gateway.delete_customer("cus_cust-1")
    create = ports.gateway.create_setup_intent

    def quicker(stripe_customer: str, customer_id: str) -> SetupSecret:
        monkeypatch.undo()
        cards.begin_setup("cust-1", ports)
        return create(stripe_customer, customer_id)

    monkeypatch.setattr(ports.gateway, "create_setup_intent", quicker)
    assert cards.begin_setup("cust-1", ports)
    assert calls(ports, "create_customer") == ["cust-1"]
    later(ports)


def test_a_card_in_payment_when_its_customer_is_deleted_leaves_later(ports: FakePorts) -> None:
    ports.gateway.confirms = [Unknown()]
    payment = pay(ports).payment
    held, _ = ports.customers.wallet("cust-1").cards
    ports.gateway.delete_customer("cus_cust-1")
    cards.begin_setup("cust-1", ports)
    assert ports.customers.wallet("cust-1").cards == (held,)
    ports.clock.forward(timedelta(minutes=2))
    ports.gateway.looks = [ports.gateway.success(payment)]
    reconcile(ports, lambda: 60.0)
    ports.clock.forward(timedelta(minutes=6))
    reconcile(ports, lambda: 60.0)
    assert ports.customers.wallet("cust-1").cards == ()
    assert ports.store.parked == {}


def test_a_refusal_may_hide_a_success(ports: FakePorts) -> None:
    ports.gateway.confirms = [Refused()]
    intent = f"pi_{INVOICE.invoice_id[-6:]}_0"
    ports.gateway.looks = [Succeeded(intent, "ch_1", DUE, None, NOON)]
    assert pay(ports).payment.status is Status.SUCCEEDED


def test_a_refusal_that_cannot_be_looked_up_is_unknown(ports: FakePorts) -> None:
    ports.gateway.confirms, ports.gateway.looks = [Refused()], [Unknown()]
    assert pay(ports).payment.state is State.UNKNOWN


def test_stripe_down_before_the_confirm_begins_nothing(ports: FakePorts) -> None:
    ports.gateway.down = True
    with pytest.raises(UnavailableError):
        pay(ports)
    assert invoice_now(ports).status is InvoiceStatus.OPEN
    ports.gateway.down = False
    with pytest.raises(NotChargedError):
        pay(ports)
    assert pay(ports, key="key-00002").payment.status is Status.SUCCEEDED


def test_stripe_that_did_not_begin_frees_the_invoice(ports: FakePorts) -> None:
    ports.gateway.confirms = [NotBegun()]
    with pytest.raises(UnavailableError):
        pay(ports)
    assert invoice_now(ports).lock is None
    with pytest.raises(NotChargedError):
        pay(ports)


def test_a_confirm_is_not_begun_without_time_for_its_answer(ports: FakePorts) -> None:
    with pytest.raises(UnavailableError):
        pay(ports, seconds=11.9)
    assert not calls(ports, "confirm")
    assert invoice_now(ports).status is InvoiceStatus.OPEN


def test_an_intent_that_stripe_gave_up_is_left_behind(ports: FakePorts) -> None:
    ports.gateway.confirms = [Canceled()]
    with pytest.raises(NotChargedError):
        pay(ports)
    assert (invoice_now(ports).epoch, invoice_now(ports).intent) == (1, None)
    paid = pay(ports, key="key-00002").payment
    assert (paid.epoch, paid.n) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        Succeeded("pi_other", "ch_1", DUE, None, NOON),
        Succeeded(f"pi_{INVOICE.invoice_id[-6:]}_0", "ch_1", Money("USD", 1), None, NOON),
    ],
    ids=["intent", "amount"],
)
def test_a_charge_that_disagrees_needs_a_person(ports: FakePorts, wrong: Succeeded) -> None:
    ports.gateway.confirms = [wrong]
    reviewed = pay(ports).payment
    assert (reviewed.state, reviewed.status) == (State.REVIEW, Status.PROCESSING)
    assert invoice_now(ports).lock == reviewed.payment_id


# The bank's step


@pytest.fixture
def waiting(ports: FakePorts) -> Payment:
    ports.gateway.confirms = [ActionRequired("pi_secret")]
    outcome = pay(ports)
    assert outcome.client_secret == "pi_secret"
    return outcome.payment


def test_the_secret_is_given_again_to_its_owner(ports: FakePorts, waiting: Payment) -> None:
    ports.gateway.looks = [ActionRequired("pi_secret")] * 2
    again = payments.get("cust-1", waiting.payment_id, ports)
    assert (again.payment.status, again.client_secret) == (Status.REQUIRES_ACTION, "pi_secret")
    assert pay(ports).client_secret == "pi_secret"
    with pytest.raises(NotFoundError):
        payments.get("cust-2", waiting.payment_id, ports)


def test_confirm_after_the_bank_charges_with_its_own_key(
    ports: FakePorts, waiting: Payment
) -> None:
    ports.gateway.looks = [WantsConfirmation()]
    done = payments.confirm("cust-1", waiting.payment_id, ports, lambda: 29).payment
    assert (done.status, done.n) == (Status.SUCCEEDED, 2)
    assert calls(ports, "confirm")[-1].endswith(":0:2")
    again = payments.confirm("cust-1", waiting.payment_id, ports, lambda: 29).payment
    assert again == done


def test_confirm_before_the_bank_is_done_waits(ports: FakePorts, waiting: Payment) -> None:
    ports.gateway.looks = [ActionRequired("pi_secret")]
    outcome = payments.confirm("cust-1", waiting.payment_id, ports, lambda: 29)
    assert (outcome.payment, outcome.client_secret) == (waiting, "pi_secret")


def test_a_failed_step_is_a_decline(ports: FakePorts, waiting: Payment) -> None:
    ports.gateway.looks = [WantsMethod()]
    with pytest.raises(CardDeclinedError) as declined:
        payments.confirm("cust-1", waiting.payment_id, ports, lambda: 29)
    assert declined.value.extra["decline_reason"] == "authentication_failed"
    assert invoice_now(ports).status is InvoiceStatus.OPEN


def test_giving_up_fences_so_that_another_card_can_be_used(
    ports: FakePorts, waiting: Payment
) -> None:
    ports.gateway.looks = [Canceled()]
    given_up = payments.cancel("cust-1", waiting.payment_id, ports).payment
    assert given_up.status is Status.CANCELED
    assert payments.cancel("cust-1", waiting.payment_id, ports).payment == given_up
    assert pay(ports, key="key-00002", source=stored(ports, 1)).payment.epoch == 1


def test_giving_up_too_late_finds_the_money(ports: FakePorts, waiting: Payment) -> None:
    ports.gateway.looks = [Succeeded(waiting.intent or "", "ch_1", DUE, None, NOON)]
    assert payments.cancel("cust-1", waiting.payment_id, ports).payment.status is Status.SUCCEEDED


def test_only_a_waiting_payment_is_given_up(ports: FakePorts) -> None:
    paid = pay(ports).payment
    with pytest.raises(PaymentNotWaitingError):
        payments.cancel("cust-1", paid.payment_id, ports)


def test_our_own_store_failing_after_the_confirm_is_no_answer(ports: FakePorts) -> None:
    def settle(*_: object, **__: object) -> Payment:
        raise UnavailableError

    repository = ports.payments
    repository.settle = settle  # type: ignore[method-assign]
    broken = _With(ports, repository)
    order = Order("cust-1", INVOICE.invoice_id, DUE, stored(ports), "key-00001")
    outcome = payments.pay(order, broken, lambda: 29)
    assert outcome.payment.status is Status.PROCESSING
    assert invoice_now(ports).lock == outcome.payment.payment_id


class _With(FakePorts):
    """The same ports with one of them broken."""

    def __init__(self, ports: FakePorts, repository: object) -> None:
        super().__init__(ports.store, ports.clock, ports.gateway)
        self._repository = repository

    @property
    def payments(self):  # type: ignore[no-untyped-def] # noqa: ANN202
        return self._repository


def test_every_refusal_has_a_stable_code() -> None:
    def family(kind: type[BillfoldError]) -> list[type[BillfoldError]]:
        return [kind, *(k for sub in kind.__subclasses__() for k in family(sub))]

    # One that only says the same more precisely keeps its family's code.
    public = [kind for kind in family(BillfoldError) if not kind.__name__.startswith("_")]
    precise = {NothingBegunError, StripeCustomerGoneError, UnknownStripeCustomerError}
    codes = [kind.code for kind in public if kind not in precise]
    assert len(codes) == len(set(codes))
    assert {kind.code for kind in precise} == {UnavailableError.code}
