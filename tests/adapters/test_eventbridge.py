"""What goes on the bus is what docs/events.schema.json says."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from billfold.adapters.eventbridge import EventBus
from billfold.domain import fact, ids
from billfold.domain.decline import explain
from billfold.domain.errors import (
    InvalidInputError,
    InvoiceNotPayableError,
    UnavailableError,
)
from billfold.domain.fact import Actor, Entry, Kind
from billfold.domain.invoice_change import InvoiceChange, Wanted
from billfold.domain.money import Money
from billfold.domain.payment import Payment, Slot, State, Trigger
from billfold.domain.wallet import CardFace, Wallet
from botocore.stub import Stubber

from tests.builders import NOON, a_card, an_invoice
from tests.events_schema import kinds, require_published

PAYMENT = Payment(
    payment_id=ids.new(ids.PAYMENT, NOON),
    customer_id="cust-1",
    invoice_id=an_invoice().invoice_id,
    epoch=0,
    trigger=Trigger.AUTOPAY,
    money=Money("USD", 12050),
    state=State.SUCCEEDED,
    created_at=NOON,
    idempotency_key="key-00001",
    invoice_number="INV-1",
    card=CardFace("visa", "4242"),
    charge="ch_1",
)
WALLET = Wallet("cust-1").add(a_card(1)).add(a_card(2))
INVOICE = {"invoice_id": PAYMENT.invoice_id, "number": "INV-1", "money": PAYMENT.money}
CHANGE = InvoiceChange(
    change_id=ids.change_id("crm-1"),
    customer_id="cust-1",
    invoice_id=PAYMENT.invoice_id,
    invoice_number="INV-1",
    epoch=0,
    intent=None,
    before=PAYMENT.money,
    due_on=NOON.date(),
    wanted=Wanted(),
    created_at=NOON,
)
FACTS = (
    *fact.payment_succeeded(PAYMENT),
    *fact.payment_failed(PAYMENT, explain("authentication_required", None)),
    *fact.payment_failed(replace(PAYMENT, card=None), explain("card_declined", None)),
    *fact.payment_failed(
        replace(PAYMENT, slot=Slot(NOON.date(), NOON.date())), explain("card_declined", None)
    ),
    fact.payment_canceled(PAYMENT, "fence"),
    fact.payment_needs_review(PAYMENT),
    fact.payment_refunded(PAYMENT, 50),
    fact.payment_disputed(PAYMENT, "open"),
    fact.payment_disputed(PAYMENT, None),
    fact.invoice_fact(Kind.INVOICE_OVERDUE, **INVOICE, due_on="2026-10-31", reason="tried"),  # type: ignore[arg-type]
    fact.invoice_changed(CHANGE),
    fact.invoice_changed(replace(CHANGE, wanted=Wanted(Money("USD", 700), "Agreed.", "crm-1"))),
    fact.invoice_change_refused(CHANGE, InvoiceNotPayableError()),
    fact.invoice_change_refused(
        replace(CHANGE, wanted=Wanted(Money("EUR", 700), "Agreed.", "crm-1")),
        InvalidInputError("An invoice keeps its currency.", field="currency"),
    ),
    fact.autopay_upcoming(an_invoice(), a_card(), NOON.date()),
    fact.autopay_paused(an_invoice(), a_card(), "card_refused", NOON.date()),
    fact.autopay_paused(an_invoice(), a_card(), "card_expired", None),
    fact.card_expiry(a_card(), 60),
    fact.card_expiry(a_card(), 0),
    *fact.wallet_changes(Wallet("cust-1"), WALLET),
    *fact.wallet_changes(WALLET, replace(WALLET, cards=(), primary=None, autopay=True)),
    *fact.wallet_changes(WALLET, WALLET.lose("pm_0001"), fact.Removal.DETACHED),
    fact.cards_detached(WALLET, WALLET.lose("pm_0001")),
    fact.cards_detached(WALLET, WALLET.lose("pm_0001").lose("pm_0002")),
)


@pytest.fixture
def stubbed() -> tuple[EventBus, Stubber]:
    client = boto3.client(
        "events", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    return EventBus(client, "billfold-test"), Stubber(client)


def entry(*facts: fact.Fact) -> Entry:
    return Entry(ids.new(ids.ENTRY, NOON), "cust-1", NOON, Actor.STRIPE, facts)


def test_every_kind_is_published_and_every_published_kind_exists() -> None:
    assert kinds() == {kind.value for kind in Kind} == {one.kind.value for one in FACTS}


@pytest.mark.parametrize("one", FACTS, ids=[f"{i}-{f.kind.value}" for i, f in enumerate(FACTS)])
def test_each_event_is_as_published(stubbed: tuple[EventBus, Stubber], one: fact.Fact) -> None:
    bus, stubber = stubbed
    sent: dict[str, Any] = {}
    told = entry(one)
    bus._client.meta.events.register(
        "provide-client-params.events.PutEvents", lambda params, **_: sent.update(params)
    )
    stubber.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    with stubber:
        bus.send(told)
    [event] = sent["Entries"]
    assert (event["Source"], event["EventBusName"]) == ("billfold", "billfold-test")
    detail = json.loads(event["Detail"])
    require_published(event["DetailType"], detail)
    assert detail["event_id"] == f"{told.entry_id}.0"


def test_what_the_bus_did_not_take_is_not_sent(stubbed: tuple[EventBus, Stubber]) -> None:
    bus, stubber = stubbed
    stubber.add_response(
        "put_events", {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    )
    stubber.add_client_error("put_events", "ThrottlingException")
    with stubber:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                bus.send(entry(FACTS[0]))
