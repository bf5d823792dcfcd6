"""The Stripe adapter against the emulator: every way a call can end, in the protocol's words."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import stripe
from billfold.adapters import stripe_gateway
from billfold.adapters.stripe_answers import read_confirm_error, read_retrieve_error
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.domain import ids
from billfold.domain.currency import TABLE
from billfold.domain.errors import AmountNotChargeableError, NotFoundError, UnavailableError
from billfold.domain.money import Money
from billfold.domain.payment import (
    ActionRequired,
    Blame,
    Canceled,
    Declined,
    NotBegun,
    OneTimeCard,
    Payment,
    Refused,
    State,
    StoredCard,
    Succeeded,
    Trigger,
    Unknown,
    Unreachable,
    WantsConfirmation,
    WantsMethod,
)
from billfold.domain.wallet import CardFace
from billfold.services.ports import (
    CardView,
    EpochSpentError,
    StripeCustomer,
    StripeCustomerGoneError,
)

from tests.builders import NOON
from tests.emulator import PUBLISHABLE_KEY, SECRET_KEY, Emulator
from tests.emulator import running as start


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with start(tmp_path_factory.mktemp("stripe") / "stripe.db") as started:
        yield started


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.control("reset")
    return running


@pytest.fixture
def gateway(emulator: Emulator) -> StripeGateway:
    return StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, emulator.url)


@pytest.fixture
def customer(gateway: StripeGateway) -> str:
    return gateway.create_customer("cust-1")


DUE = Money("USD", 12050)


def a_payment(money: Money = DUE, trigger: Trigger = Trigger.MANUAL) -> Payment:
    return Payment(
        payment_id=ids.new(ids.PAYMENT, NOON),
        customer_id="cust-1",
        invoice_id=ids.new(ids.INVOICE, NOON),
        epoch=0,
        trigger=trigger,
        money=money,
        state=State.CONFIRMING,
        created_at=NOON,
        idempotency_key="key-00001",
        n=1,
    )


@pytest.fixture
def payment(gateway: StripeGateway, customer: str) -> Payment:
    made = a_payment()
    return replace(made, intent=gateway.create_payment_intent(made, customer))


def stored(emulator: Emulator, gateway: StripeGateway, customer: str, number: str) -> str:
    setup = gateway.create_setup_intent(customer, "cust-1")
    method = str(emulator.card(number)["id"])
    emulator.confirm_setup(setup.setup_intent, setup.client_secret, method)
    return method


# Cards


def test_a_customer_can_be_made_after_a_server_error(
    emulator: Emulator, gateway: StripeGateway
) -> None:
    # Stripe keeps a 500 for its key for a day; the next try must not be answered from it.
    emulator.control("faults", path="/v1/customers", kind="500_after_commit")
    with pytest.raises(UnavailableError):
        gateway.create_customer("cust-1")
    assert gateway.create_customer("cust-1").startswith("cus_")


def test_an_intent_whose_making_failed_at_stripe_needs_a_new_epoch(
    emulator: Emulator, gateway: StripeGateway, customer: str
) -> None:
    payment = replace(a_payment(), invoice_id=ids.new(ids.INVOICE, NOON))
    emulator.control("faults", path="/v1/payment_intents", kind="500_after_commit")
    for _ in range(2):
        with pytest.raises(EpochSpentError):
            gateway.create_payment_intent(payment, customer)
    assert gateway.create_payment_intent(replace(payment, epoch=1), customer)


def test_a_setup_brings_a_card(emulator: Emulator, gateway: StripeGateway, customer: str) -> None:
    setup = gateway.create_setup_intent(customer, "cust-1")
    assert setup.publishable_key == PUBLISHABLE_KEY
    assert setup.client_secret not in repr(setup)
    before = gateway.setup_result(setup.setup_intent)
    assert (before.succeeded, before.decline, before.stripe_customer) == (False, None, customer)
    method = str(emulator.card("4242424242424242")["id"])
    emulator.confirm_setup(setup.setup_intent, setup.client_secret, method)
    result = gateway.setup_result(setup.setup_intent)
    assert (result.succeeded, result.attached, result.payment_method) == (True, True, method)
    assert (result.brand, result.last4, result.exp_month, result.exp_year) == (
        "visa",
        "4242",
        12,
        2034,
    )
    gateway.detach(method)
    gateway.detach(method)
    assert not gateway.setup_result(setup.setup_intent).attached


def test_the_same_number_has_the_same_fingerprint(
    emulator: Emulator, gateway: StripeGateway, customer: str
) -> None:
    results = []
    for number in ("4242424242424242", "4242424242424242", "5555555555554444"):
        setup = gateway.create_setup_intent(customer, "cust-1")
        method = str(emulator.card(number)["id"])
        emulator.confirm_setup(setup.setup_intent, setup.client_secret, method)
        results.append(gateway.setup_result(setup.setup_intent).fingerprint)
    assert results[0] == results[1] != results[2]


def test_a_setup_that_the_bank_declines(
    emulator: Emulator, gateway: StripeGateway, customer: str
) -> None:
    setup = gateway.create_setup_intent(customer, "cust-1")
    method = str(emulator.card("4000000000009995")["id"])
    emulator.confirm_setup(setup.setup_intent, setup.client_secret, method)
    result = gateway.setup_result(setup.setup_intent)
    assert not result.succeeded
    assert result.decline is not None
    assert result.decline.reason == "insufficient_funds"


def test_an_unknown_setup_is_not_found(gateway: StripeGateway) -> None:
    with pytest.raises(NotFoundError):
        gateway.setup_result("seti_unknown")


def test_whose_a_card_is(emulator: Emulator, gateway: StripeGateway, customer: str) -> None:
    method = stored(emulator, gateway, customer, "4242424242424242")
    seen = gateway.card(method)
    assert (seen.stripe_customer, seen.customer_id) == (customer, "cust-1")
    assert (seen.details.payment_method, seen.details.last4) == (method, "4242")
    gateway.detach(method)
    assert gateway.card(method) == CardView(seen.details)
    with pytest.raises(NotFoundError):
        gateway.card("pm_unknown")


def test_a_customer_who_was_deleted_is_told_from_one_of_another_account(
    emulator: Emulator, gateway: StripeGateway, customer: str
) -> None:
    method = stored(emulator, gateway, customer, "4242424242424242")
    assert gateway.customer(customer) == StripeCustomer("cust-1")
    emulator.delete(f"customers/{customer}")
    assert gateway.customer(customer) == StripeCustomer(None, deleted=True)
    assert gateway.card(method).stripe_customer is None
    with pytest.raises(NotFoundError):
        gateway.customer("cus_OfAnotherAccount")


@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "another account's"])
def test_nothing_is_made_for_a_customer_whom_stripe_does_not_know(
    emulator: Emulator, gateway: StripeGateway, customer: str, *, deleted: bool
) -> None:
    gone = customer if deleted else "cus_OfAnotherAccount"
    if deleted:
        emulator.delete(f"customers/{customer}")
    with pytest.raises(StripeCustomerGoneError):
        gateway.create_setup_intent(gone, "cust-1")
    made = a_payment()
    with pytest.raises(StripeCustomerGoneError):
        gateway.create_payment_intent(made, gone)
    # With another one the same epoch is good.
    assert gateway.create_payment_intent(made, gateway.create_customer("cust-1"))


# Payments


def test_a_stored_card_is_charged_the_amount(
    emulator: Emulator, gateway: StripeGateway, customer: str, payment: Payment
) -> None:
    method = stored(emulator, gateway, customer, "4242424242424242")
    source = StoredCard("card_1", emulator.cvc_token())
    answer = gateway.confirm(payment, source, method)
    assert isinstance(answer, Succeeded)
    assert (answer.intent, answer.money) == (payment.intent, payment.money)
    assert answer.card == CardFace("visa", "4242")
    assert gateway.confirm(payment, source, method) == answer
    assert gateway.retrieve(payment) == answer
    assert gateway.cancel(payment) == answer
    confirm_key = f"confirm:{payment.invoice_id}:0:1"
    assert emulator.keys("/confirm")[-2:] == [confirm_key, confirm_key]


@pytest.mark.parametrize(
    ("money", "sent"),
    [(Money("JPY", 500), 500), (Money("KWD", 12340), 12340), (Money("ISK", 500), 50000)],
    ids=str,
)
def test_the_amount_that_stripe_sees(
    emulator: Emulator, gateway: StripeGateway, customer: str, money: Money, sent: int
) -> None:
    made = a_payment(money)
    made = replace(made, intent=gateway.create_payment_intent(made, customer))
    method = str(emulator.card("4242424242424242")["id"])
    answer = gateway.confirm(made, OneTimeCard(method), None)
    assert isinstance(answer, Succeeded)
    assert answer.money == money
    [charge] = httpx.get(f"{emulator.url}/_control/charges").json()["data"]
    assert charge["amount"] == sent


def test_a_one_time_card_is_charged_and_attached_to_nobody(
    emulator: Emulator, gateway: StripeGateway, payment: Payment
) -> None:
    method = str(emulator.card("5555555555554444")["id"])
    answer = gateway.confirm(payment, OneTimeCard(method), None)
    assert isinstance(answer, Succeeded)
    assert answer.card == CardFace("mastercard", "4444")
    kept = httpx.get(f"{emulator.url}/v1/payment_methods/{method}", auth=(SECRET_KEY, "")).json()
    assert kept["customer"] is None


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "generic_decline"),
        ("4000000000009979", "generic_decline"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
        ("4000000000006975", "card_velocity_exceeded"),
    ],
)
def test_declines_in_words_for_the_customer(
    emulator: Emulator, gateway: StripeGateway, payment: Payment, number: str, reason: str
) -> None:
    method = str(emulator.card(number)["id"])
    answer = gateway.confirm(payment, OneTimeCard(method), None)
    assert isinstance(answer, Declined)
    assert answer.decline.reason == reason
    assert answer.decline.advice
    assert answer.card is not None
    assert answer.card.last4 == number[-4:]
    looked = gateway.retrieve(payment)
    assert isinstance(looked, WantsMethod)
    assert looked.decline is not None


def test_the_banks_step(emulator: Emulator, gateway: StripeGateway, payment: Payment) -> None:
    method = str(emulator.card("4000002760003184")["id"])
    asked = gateway.confirm(payment, OneTimeCard(method), None)
    assert isinstance(asked, ActionRequired)
    assert asked.client_secret not in repr(asked)
    assert gateway.retrieve(payment) == asked
    emulator.control(f"3ds/{payment.intent}", result="complete")
    assert isinstance(gateway.retrieve(payment), WantsConfirmation)
    assert isinstance(gateway.confirm(replace(payment, n=2), None, None), Succeeded)


def test_the_banks_step_failed(
    emulator: Emulator, gateway: StripeGateway, payment: Payment
) -> None:
    method = str(emulator.card("4000002760003184")["id"])
    gateway.confirm(payment, OneTimeCard(method), None)
    emulator.control(f"3ds/{payment.intent}", result="fail")
    looked = gateway.retrieve(payment)
    assert isinstance(looked, WantsMethod)
    assert looked.decline is not None
    assert looked.decline.reason == "authentication_failed"


def test_a_bank_that_wants_the_customer_off_session(
    emulator: Emulator, gateway: StripeGateway, customer: str
) -> None:
    made = a_payment(trigger=Trigger.AUTOPAY)
    made = replace(made, intent=gateway.create_payment_intent(made, customer))
    setup = gateway.create_setup_intent(customer, "cust-1")
    method = str(emulator.card("4000002760003184")["id"])
    emulator.confirm_setup(setup.setup_intent, setup.client_secret, method)
    emulator.control(f"3ds/{setup.setup_intent}", result="complete")
    assert gateway.setup_result(setup.setup_intent).succeeded
    declined = gateway.confirm(made, StoredCard("card_1", None), method)
    assert isinstance(declined, Declined)
    assert declined.decline.reason == "authentication_required"
    assert declined.decline.needs_confirmation
    assert isinstance(gateway.retrieve(made), WantsMethod)


def test_a_card_that_the_bank_declines_later(
    emulator: Emulator, gateway: StripeGateway, customer: str, payment: Payment
) -> None:
    method = stored(emulator, gateway, customer, "4000000000000341")
    source = StoredCard("card_1", emulator.cvc_token())
    declined = gateway.confirm(payment, source, method)
    assert isinstance(declined, Declined)
    assert not declined.decline.needs_confirmation


def test_a_fence(emulator: Emulator, gateway: StripeGateway, payment: Payment) -> None:
    assert gateway.cancel(payment) == Canceled()
    method = str(emulator.card("4242424242424242")["id"])
    assert gateway.confirm(payment, OneTimeCard(method), None) == Refused(Blame.REQUEST)
    assert gateway.retrieve(payment) == Canceled()


# What Stripe refuses, and what it names


@pytest.mark.parametrize("method", ["pm_unknown", "tok_visa_nonsense"])
def test_an_unusable_source(gateway: StripeGateway, payment: Payment, method: str) -> None:
    assert gateway.confirm(payment, OneTimeCard(method), None) == Refused(Blame.CARD)
    assert isinstance(gateway.retrieve(payment), WantsMethod)


def test_a_card_that_was_used_or_detached_is_not_named(
    emulator: Emulator, gateway: StripeGateway, customer: str, payment: Payment
) -> None:
    used = OneTimeCard(str(emulator.card("4000000000000002")["id"]))
    assert isinstance(gateway.confirm(payment, used, None), Declined)
    again = replace(payment, n=2)
    assert gateway.confirm(again, used, None) == Refused(Blame.NOTHING)
    method = stored(emulator, gateway, customer, "4242424242424242")
    gateway.detach(method)
    gone = gateway.confirm(replace(payment, n=3), StoredCard("card_1", None), method)
    assert gone == Refused(Blame.NOTHING)
    assert isinstance(gateway.retrieve(payment), WantsMethod)


def test_a_security_code_is_good_once(
    emulator: Emulator, gateway: StripeGateway, customer: str, payment: Payment
) -> None:
    method = stored(emulator, gateway, customer, "4000000000000341")
    source = StoredCard("card_1", emulator.cvc_token())
    assert isinstance(gateway.confirm(payment, source, method), Declined)
    for n, token in enumerate((source.cvc_token, "cvctok_unknown"), 2):
        typed = StoredCard("card_1", token)
        refused = gateway.confirm(replace(payment, n=n), typed, method)
        assert refused == Refused(Blame.SECURITY_CODE)
    assert isinstance(gateway.retrieve(payment), WantsMethod)


def test_a_card_of_another_customer_than_the_intents(
    emulator: Emulator, gateway: StripeGateway, payment: Payment
) -> None:
    method = stored(emulator, gateway, gateway.create_customer("cust-1"), "4242424242424242")
    answer = gateway.confirm(payment, StoredCard("card_1", None), method)
    assert answer == Refused(Blame.CARD)


@pytest.mark.parametrize(
    ("code", "param", "blame"),
    [
        (None, None, Blame.NOTHING),
        (None, "payment_method", Blame.CARD),
        ("resource_missing", "payment_method", Blame.CARD),
        ("payment_method_unexpected_state", None, Blame.CARD),
        ("payment_method_unsupported_type", "payment_method", Blame.CARD),
        ("token_already_used", None, Blame.SECURITY_CODE),
        ("resource_missing", "payment_method_options[card][cvc_token]", Blame.SECURITY_CODE),
        ("resource_missing", "customer", Blame.STRIPE_CUSTOMER),
        # These begin like a card's, and are ours or Stripe's.
        ("payment_method_types_no_longer_supported", "payment_method_types", Blame.REQUEST),
        ("payment_method_not_available", None, Blame.REQUEST),
        ("payment_method_unactivated", None, Blame.REQUEST),
        ("parameter_invalid_empty", "payment_method", Blame.REQUEST),
        ("parameter_unknown", "payment_method_options[card][unknown]", Blame.REQUEST),
        ("resource_missing", "intent", Blame.REQUEST),
        ("payment_intent_unexpected_state", None, Blame.REQUEST),
    ],
)
def test_a_refusal_is_blamed_by_its_exact_words(
    code: str | None, param: str | None, blame: Blame
) -> None:
    error = stripe.InvalidRequestError("words", param, code, http_status=400)  # type: ignore[no-untyped-call]
    assert read_confirm_error(error) == Refused(blame)


@pytest.mark.parametrize(
    "money", [Money("USD", 49), Money("USD", 10**8), Money("KWD", 1001), Money("HUF", 17400)]
)
def test_an_amount_that_no_card_can_be_charged(
    gateway: StripeGateway, customer: str, money: Money
) -> None:
    with pytest.raises(AmountNotChargeableError):
        gateway.create_payment_intent(a_payment(money), customer)


def test_a_currency_that_the_account_does_not_take(
    gateway: StripeGateway, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which ones it takes depends on its country."""
    monkeypatch.setitem(TABLE, "VES", TABLE["USD"])
    with pytest.raises(AmountNotChargeableError):
        gateway.create_payment_intent(a_payment(Money("VES", 5000)), customer)


def test_an_epoch_has_one_intent(gateway: StripeGateway, customer: str) -> None:
    made = a_payment()
    first = gateway.create_payment_intent(made, customer)
    assert gateway.create_payment_intent(made, customer) == first
    with pytest.raises(EpochSpentError):
        gateway.create_payment_intent(replace(made, money=Money("USD", 999)), customer)
    assert gateway.create_payment_intent(replace(made, epoch=1), customer) != first


# Failures


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("429", NotBegun),
        ("lock_timeout", NotBegun),
        ("500", Unknown),
        ("500_after_commit", Unknown),
        ("drop_after_commit", Unknown),
        ("timeout", Unknown),
    ],
)
def test_how_a_confirm_can_fail(
    emulator: Emulator,
    gateway: StripeGateway,
    payment: Payment,
    kind: str,
    expected: type,
) -> None:
    method = str(emulator.card("4242424242424242")["id"])
    emulator.fault("*/confirm", kind, seconds=0.2)
    assert isinstance(gateway.confirm(payment, OneTimeCard(method), None), expected)
    committed = kind in {"500_after_commit", "drop_after_commit"}
    assert isinstance(gateway.retrieve(payment), Succeeded if committed else WantsMethod)


def test_a_confirm_is_sent_once(
    emulator: Emulator, gateway: StripeGateway, payment: Payment
) -> None:
    emulator.fault("*/confirm", "500", count=5)
    gateway.confirm(payment, OneTimeCard(str(emulator.card("4242424242424242")["id"])), None)
    assert len(emulator.keys("/confirm")) == 1


def test_a_confirm_does_not_wait_for_ever(
    emulator: Emulator, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_gateway, "SECONDS", 0.2)
    hurried = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, emulator.url)
    emulator.fault("*/confirm", "timeout", seconds=3)
    method = str(emulator.card("4242424242424242")["id"])
    assert hurried.confirm(payment, OneTimeCard(method), None) == Unknown()


def test_a_wrong_key_begins_nothing(emulator: Emulator, payment: Payment) -> None:
    stranger = StripeGateway("sk_test_wrong", PUBLISHABLE_KEY, emulator.url)
    assert stranger.confirm(payment, OneTimeCard("pm_1"), None) == NotBegun()
    with pytest.raises(UnavailableError):
        stranger.create_customer("cust-1")


def test_stripe_that_is_not_there(payment: Payment) -> None:
    nowhere = StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, "http://127.0.0.1:9")
    assert nowhere.confirm(payment, OneTimeCard("pm_1"), None) == Unknown()
    assert nowhere.retrieve(payment) == Unreachable()
    assert nowhere.cancel(payment) == Unreachable()
    for call in (
        lambda: nowhere.create_customer("cust-1"),
        lambda: nowhere.create_setup_intent("cus_1", "cust-1"),
        lambda: nowhere.setup_result("seti_1"),
        lambda: nowhere.detach("pm_1"),
        lambda: nowhere.create_payment_intent(payment, "cus_1"),
    ):
        with pytest.raises(UnavailableError):
            call()


def test_a_key_that_may_not_see_all_does_not_say_that_nothing_happened() -> None:
    """The confirm may be executed, and its charge be what the key may not read."""
    error = stripe.PermissionError("rak_charge_read", http_status=403)
    assert read_confirm_error(error) == Refused(Blame.REQUEST)
    assert read_retrieve_error(error) == Unreachable()
