"""What customers are written, once for each fact, and only while it is so."""

import re
from dataclasses import replace
from typing import Any

import pytest
from billfold.domain import fact
from billfold.domain.decline import explain
from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Fact, Kind
from billfold.domain.mail import Letterhead, Mail, html, text
from billfold.domain.mail_catalogue import WRITTEN, compose
from billfold.domain.money import Money
from billfold.domain.payment import Payment, Slot, State, Trigger
from billfold.domain.wallet import CardFace, Wallet
from billfold.services import invoice_changes
from billfold.services.notify import Outcome, Told, notify

from local.template import resources
from tests.builders import NOON, a_card, a_customer, an_invoice
from tests.fakes import FakePorts

INVOICE = an_invoice()
CARD = a_card(1)
HEAD = Letterhead("Müller & Sons", "https://pay.example.com", "help@example.com")
PAYMENT = Payment(
    payment_id="pay_1",
    customer_id="cust-1",
    invoice_id=INVOICE.invoice_id,
    epoch=0,
    trigger=Trigger.AUTOPAY,
    money=Money("JPY", 9800),
    state=State.DECLINED,
    created_at=NOON,
    idempotency_key="key-00001",
    invoice_number=INVOICE.number,
    card=CardFace("visa", "4242"),
    slot=Slot(NOON.date(), NOON.date().replace(day=30)),
)
BOTH = Wallet("cust-1", autopay=True).add(CARD).add(a_card(2))
EMPTY = Wallet("cust-1")
POOR = explain("card_declined", "insufficient_funds")
FACTS: dict[str, Fact] = {
    "receipt": fact.payment_succeeded(replace(PAYMENT, charge="ch_1"))[0],
    "failed": fact.payment_failed(PAYMENT, POOR)[0],
    "failed for good": fact.payment_failed(PAYMENT, explain("card_declined", "lost_card"))[0],
    "confirmation": fact.payment_action_required(PAYMENT),
    "upcoming": fact.autopay_upcoming(INVOICE, CARD, INVOICE.due_on),
    "card expired, invoice due": fact.autopay_paused(INVOICE, CARD, "card_expired", NOON.date()),
    "card refused": fact.autopay_paused(INVOICE, CARD, "card_refused", NOON.date()),
    "card refused at last": fact.autopay_paused(INVOICE, CARD, "card_refused", None),
    "expiring": fact.card_expiry(CARD, 30),
    "expired": fact.card_expiry(CARD, 0),
    "detached": fact.cards_detached(BOTH, BOTH.lose(CARD.payment_method)),
    "all detached": fact.cards_detached(BOTH, replace(EMPTY, autopay=True)),
    "detached, paid by hand": fact.cards_detached(replace(BOTH, autopay=False), EMPTY),
}


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=True)
    made.customers.save(made.customers.wallet("cust-1").add(CARD))
    made.invoices.add(INVOICE)
    return made


def told(one: Fact, number: int = 0) -> Told:
    return Told(one.kind, f"evt_1.{number}", "cust-1", one.detail)


@pytest.mark.parametrize("name", FACTS)
def test_each_fact_is_written_about_once(ports: FakePorts, name: str) -> None:
    assert notify(told(FACTS[name]), ports) is Outcome.SENT
    assert notify(told(FACTS[name]), ports) is Outcome.KNOWN
    [(to, mail)] = ports.mailer.sent
    assert to == "customer-1@example.com"
    assert mail.subject
    assert notify(told(FACTS[name], 1), ports) is Outcome.SENT


@pytest.mark.parametrize("name", FACTS)
def test_text_and_html_say_the_same(name: str) -> None:
    mail = compose(FACTS[name].kind, FACTS[name].detail)
    assert mail
    plain, rich = text(mail, "A < B", HEAD), html(mail, "A < B", HEAD)
    assert "A < B" in plain
    assert "A &lt; B" in rich
    assert "<script" not in rich
    words = re.sub(r"<(title|style).*?</\1>|<[^>]+>", " ", rich)
    for part in (*mail.paragraphs, *(value for _, value in mail.rows)):
        assert part in plain
        assert part.replace("&", "&amp;").replace("'", "&#x27;") in words
    assert mail.button
    assert f"https://pay.example.com{mail.button[1]}" in plain
    assert f'href="https://pay.example.com{mail.button[1]}"' in rich
    # Nothing is loaded from anywhere, and nobody is told more than the last four digits.
    assert "src=" not in rich
    assert not re.search(r"\d{12,}", plain.replace(INVOICE.invoice_id, ""))


def test_a_receipt_has_the_figures(ports: FakePorts) -> None:
    notify(told(FACTS["receipt"]), ports)
    [(_, mail)] = ports.mailer.sent
    assert mail == Mail(
        subject="Receipt for invoice INV-1",
        paragraphs=("Thank you. Your payment has arrived.",),
        rows=(
            ("Invoice", "INV-1"),
            ("Amount", "9800 JPY"),
            ("Paid with", "Visa ending in 4242"),
            ("Payment", "pay_1"),
        ),
        button=("See the invoice", f"/billing/invoices/{INVOICE.invoice_id}"),
    )


def test_a_failure_tells_why_and_when_it_is_tried_again(ports: FakePorts) -> None:
    notify(told(FACTS["failed"]), ports)
    notify(told(FACTS["failed for good"], 1), ports)
    (_, first), (_, second) = ports.mailer.sent
    assert POOR.advice in first.paragraphs
    assert "30 October 2026" in first.paragraphs[1]
    assert "will not try this card again" in second.paragraphs[1]


def test_cards_that_stripe_no_longer_has_are_named_with_what_to_do(ports: FakePorts) -> None:
    after = [BOTH.lose(CARD.payment_method), replace(EMPTY, autopay=True), EMPTY]
    for number, wallet in enumerate(after):
        notify(told(fact.cards_detached(BOTH, wallet), number), ports)
    one, all_, by_hand = [mail for _, mail in ports.mailer.sent]
    assert one.subject == "Please add your card again"
    assert one.paragraphs[0].startswith("Visa ending in 0001 is no longer stored")
    assert "will charge Visa ending in 0002 from now on" in one.paragraphs[1]
    assert all_.paragraphs[0].startswith("Visa ending in 0001 and Visa ending in 0002 are no")
    assert "no card to charge" in all_.paragraphs[1]
    assert by_hand.paragraphs[1] == "To pay with them, please add the cards again."


@pytest.mark.parametrize(
    "one",
    [
        *fact.payment_failed(replace(PAYMENT, trigger=Trigger.MANUAL, slot=None), POOR),
        fact.payment_failed(PAYMENT, explain("authentication_required", None))[0],
        fact.payment_action_required(replace(PAYMENT, trigger=Trigger.ONE_TIME)),
        fact.payment_canceled(PAYMENT, "release"),
    ],
    ids=["seen on the screen", "told as a confirmation", "at the bank now", "nothing happened"],
)
def test_what_needs_no_mail_has_none(ports: FakePorts, one: Fact) -> None:
    assert notify(told(one), ports) is Outcome.NO_MAIL
    assert ports.mailer.sent == []


@pytest.mark.parametrize("name", ["confirmation", "upcoming", "card refused", "failed"])
def test_an_invoice_that_is_over_asks_nobody(ports: FakePorts, name: str) -> None:
    invoice_changes.void("cust-1", INVOICE.invoice_id, ports)
    assert notify(told(FACTS[name]), ports) is Outcome.OVER
    assert ports.mailer.sent == []


@pytest.mark.parametrize("name", ["expiring", "expired"])
@pytest.mark.parametrize("change", ["deleted", "renewed", "another is primary"])
def test_a_card_that_nothing_depends_on_any_more_warns_nobody(
    ports: FakePorts, name: str, change: str
) -> None:
    wallet = ports.customers.wallet("cust-1")
    other = a_card(2)
    after = {
        "deleted": wallet.delete(CARD.card_id),
        "renewed": wallet.renew(replace(CARD.details, exp_year=2033)),
        "another is primary": wallet.add(other).make_primary(other.card_id),
    }
    ports.customers.save(after[change])
    assert notify(told(FACTS[name]), ports) is Outcome.OVER


def test_nobody_is_told_of_a_charge_that_they_called_off(ports: FakePorts) -> None:
    ports.customers.save(ports.customers.wallet("cust-1").set_autopay(enabled=False))
    assert notify(told(FACTS["upcoming"]), ports) is Outcome.OVER


def test_a_mail_that_was_not_taken_is_tried_again(ports: FakePorts) -> None:
    ports.mailer.down = True
    with pytest.raises(UnavailableError):
        notify(told(FACTS["receipt"]), ports)
    ports.mailer.down = False
    assert notify(told(FACTS["receipt"]), ports) is Outcome.SENT


def test_without_an_address_of_the_portal_there_is_no_link() -> None:
    mail = compose(FACTS["receipt"].kind, FACTS["receipt"].detail)
    assert mail
    nowhere = Letterhead("Billing", "", "")
    assert "See the invoice" not in text(mail, "Ann", nowhere)
    assert "href" not in html(mail, "Ann", nowhere)


def test_the_rule_on_the_bus_lets_by_what_is_written_about() -> None:
    pattern: Any = resources()["NotifyRule"]["Properties"]["EventPattern"]
    assert {Kind(name) for name in pattern["detail-type"]} == WRITTEN
