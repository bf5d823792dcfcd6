"""Disputes: by control call and by test card, answered, closed, in the way of refunds."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests import specification
from local.stripe_emulator.tests.running import Emulator, typed_card

OPENED = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def paid(emulator: Emulator, method: str = "pm_card_visa", **given: Any) -> str:
    """Pay, and give the charge."""
    return str(emulator.intent(payment_method=method, confirm=True, **given).latest_charge)


def disputed(emulator: Emulator, **given: Any) -> Any:
    return emulator.control("disputes", charge=paid(emulator), **given)


def dispute_events(emulator: Emulator) -> list[stripe.Event]:
    """Give the events of disputes, the oldest first."""
    events = emulator.stripe.v1.events.list({"limit": 100}).data[::-1]
    return [event for event in events if event.type.startswith("charge.dispute.")]


def event_types(emulator: Emulator) -> list[str]:
    return [event.type for event in dispute_events(emulator)]


def refused(emulator: Emulator, route: str, given: Any) -> str:
    answer = emulator.operator.post(f"/_control/{route}", json=given)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["message"])


def test_a_dispute_takes_the_money(emulator: Emulator) -> None:
    charge = paid(emulator)
    made = emulator.control("disputes", charge=charge, reason="product_not_received", amount=700)
    dispute = emulator.stripe.v1.disputes.retrieve(
        made["id"], {"expand": ["charge", "payment_intent"]}
    )
    assert (dispute.status, dispute.reason) == ("needs_response", "product_not_received")
    assert (dispute.amount, dispute.currency, dispute.is_charge_refundable) == (700, "usd", False)
    assert isinstance(dispute.charge, stripe.Charge)
    assert isinstance(dispute.payment_intent, stripe.PaymentIntent)
    assert (dispute.charge.id, dispute.charge.disputed) == (charge, True)
    assert dispute.payment_method_details is not None
    assert dispute.payment_method_details.card is not None
    assert dispute.payment_method_details.card.network_reason_code == "13.1"
    assert event_types(emulator) == OPENED
    with pytest.raises(stripe.InvalidRequestError) as error:
        emulator.stripe.v1.refunds.create({"charge": charge})
    assert error.value.code == "charge_disputed"


def test_a_card_disputes_before_the_payment_has_succeeded(emulator: Emulator) -> None:
    paid(emulator, "pm_card_createDispute")
    events = emulator.stripe.v1.events.list({"limit": 100}).data
    in_order = [event.type for event in reversed(events)]
    assert in_order == [
        "payment_intent.created",
        "charge.succeeded",
        *OPENED,
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize(
    ("result", "events"),
    [
        ("won", ["updated", "funds_reinstated", "closed"]),
        ("lost", ["updated", "closed"]),
    ],
)
def test_a_dispute_is_decided(emulator: Emulator, result: str, events: list[str]) -> None:
    dispute = disputed(emulator)
    assert emulator.control(f"disputes/{dispute['id']}", result=result)["status"] == result
    assert emulator.stripe.v1.disputes.retrieve(dispute["id"]).status == result
    assert event_types(emulator) == OPENED + [f"charge.dispute.{event}" for event in events]
    previous = dispute_events(emulator)[2].data.previous_attributes
    assert previous is not None
    assert previous["status"] == "needs_response"
    assert emulator.stripe.v1.charges.retrieve(dispute["charge"]).disputed
    assert "closed already" in refused(emulator, f"disputes/{dispute['id']}", {"result": "won"})


def test_what_cannot_be_disputed(emulator: Emulator) -> None:
    with pytest.raises(stripe.CardError):
        paid(emulator, "pm_card_chargeDeclined")
    declined = emulator.look("charges")["data"][0]["id"]
    held = paid(emulator, capture_method="manual")
    charge = paid(emulator)
    assert "took no money" in refused(emulator, "disputes", {"charge": declined})
    assert "took no money" in refused(emulator, "disputes", {"charge": held})
    assert "No such charge" in refused(emulator, "disputes", {"charge": "ch_no"})
    for amount in (0, -1, 1201):
        assert "1200 usd" in refused(emulator, "disputes", {"charge": charge, "amount": amount})
    wrong: list[Any] = [
        {},
        {"charge": 7},
        {"charge": charge, "reason": "bored"},
        {"charge": charge, "amount": "700"},
        {"charge": charge, "amuont": 700},
    ]
    for given in wrong:
        refused(emulator, "disputes", given)
    assert event_types(emulator) == []
    assert not emulator.stripe.v1.charges.retrieve(charge).disputed
    dispute = emulator.control("disputes", charge=charge)
    assert "disputed already" in refused(emulator, "disputes", {"charge": charge})
    refused(emulator, f"disputes/{dispute['id']}", {"result": "maybe"})
    missing = emulator.operator.post("/_control/disputes/du_no", json={"result": "won"})
    assert missing.status_code == 404


def test_disputes_are_listed(emulator: Emulator) -> None:
    client = emulator.stripe.v1.disputes
    first = disputed(emulator)
    emulator.control("clock", advance=1000)
    second = disputed(emulator)

    def listed(**filters: Any) -> list[str]:
        return [dispute.id for dispute in client.list(filters).data]  # type: ignore[arg-type]

    assert listed() == [second["id"], first["id"]]
    assert listed(charge=first["charge"]) == [first["id"]]
    assert listed(payment_intent=second["payment_intent"]) == [second["id"]]
    assert listed(created={"gt": first["created"] + 10}) == [second["id"]]


def test_the_loss_is_accepted(emulator: Emulator) -> None:
    client = emulator.stripe.v1.disputes
    dispute = disputed(emulator)
    assert client.close(dispute["id"]).status == "lost"
    assert event_types(emulator)[2:] == ["charge.dispute.updated", "charge.dispute.closed"]
    attempts: list[Callable[[], Any]] = [
        lambda: client.close(dispute["id"]),
        lambda: client.update(dispute["id"], {"evidence": {"uncategorized_text": "x"}}),
    ]
    for attempt in attempts:
        with pytest.raises(stripe.InvalidRequestError, match="closed already"):
            attempt()
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.close("du_no")
    assert error.value.http_status == 404


@pytest.mark.parametrize(
    ("text", "result"), [("winning_evidence", "won"), ("losing_evidence", "lost")]
)
def test_evidence_is_staged_and_submitted(emulator: Emulator, text: str, result: str) -> None:
    client = emulator.stripe.v1.disputes
    identifier = disputed(emulator)["id"]
    staged = client.update(
        identifier,
        {"evidence": {"product_description": "a"}, "metadata": {"case": "1"}, "submit": False},
    )
    assert (staged.status, staged.metadata.to_dict()) == ("needs_response", {"case": "1"})
    assert staged.evidence.product_description == "a"
    assert staged.evidence_details.has_evidence
    sent = client.update(identifier, {"evidence": {"uncategorized_text": text}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert client.retrieve(identifier).status == result


@pytest.mark.parametrize(
    ("number", "name", "reason", "status", "case_type"),
    [
        ("4000000000000259", "createDispute", "fraudulent", "needs_response", "chargeback"),
        (
            "4000000000002685",
            "createDisputeProductNotReceived",
            "product_not_received",
            "needs_response",
            "chargeback",
        ),
        (
            "4000000000001976",
            "createDisputeInquiry",
            "fraudulent",
            "warning_needs_response",
            "inquiry",
        ),
    ],
)
def test_cards_that_dispute_by_themselves(
    emulator: Emulator, number: str, name: str, reason: str, status: str, case_type: str
) -> None:
    for charge in (paid(emulator, f"pm_card_{name}"), paid(emulator, emulator.card(number))):
        dispute = emulator.stripe.v1.disputes.list({"charge": charge}).data[0]
        assert (dispute.reason, dispute.status, dispute.amount) == (reason, status, 1200)
        assert dispute.payment_method_details is not None
        assert dispute.payment_method_details.card is not None
        assert dispute.payment_method_details.card.case_type == case_type
    withdrawn = event_types(emulator).count("charge.dispute.funds_withdrawn")
    assert withdrawn == (0 if case_type == "inquiry" else 2)
    types = emulator.event_types()[::-1]
    assert types.index("charge.succeeded") < types.index("charge.dispute.created")


def test_a_disputing_card_waits_for_the_capture(emulator: Emulator) -> None:
    held = emulator.intent(
        payment_method="pm_card_createDispute", confirm=True, capture_method="manual"
    )
    assert emulator.stripe.v1.disputes.list().data == []
    emulator.stripe.v1.payment_intents.capture(held.id, {"amount_to_capture": 500})
    assert [one.amount for one in emulator.stripe.v1.disputes.list().data] == [500]


def test_an_inquiry_takes_nothing_until_it_is_escalated(emulator: Emulator) -> None:
    charge = paid(emulator, "pm_card_createDisputeInquiry")
    inquiry = emulator.stripe.v1.disputes.list({"charge": charge}).data[0].id
    emulator.stripe.v1.refunds.create({"charge": charge, "amount": 100})
    assert "inquiry" in refused(emulator, f"disputes/{inquiry}", {"result": "lost"})
    escalated = emulator.control(f"disputes/{inquiry}", result="escalated")
    assert escalated["status"] == "needs_response"
    assert event_types(emulator)[-1] == "charge.dispute.funds_withdrawn"
    with pytest.raises(stripe.InvalidRequestError):
        emulator.stripe.v1.refunds.create({"charge": charge, "amount": 100})
    assert "chargeback" in refused(emulator, f"disputes/{inquiry}", {"result": "escalated"})
    other = disputed(emulator, inquiry=True)["id"]
    assert emulator.stripe.v1.disputes.close(other).status == "warning_closed"
    assert event_types(emulator)[-2:] == ["charge.dispute.updated", "charge.dispute.closed"]


@pytest.mark.skipif(not specification.present(), reason=specification.ABSENT)
def test_dispute_events_are_as_described(emulator: Emulator) -> None:
    fields = typed_card("5555555555554444")
    method = emulator.public.post("/v1/payment_methods", data=fields).json()["id"]
    dispute = emulator.control("disputes", charge=paid(emulator, method))["id"]
    emulator.control(f"disputes/{dispute}", result="won")
    for event in emulator.secret.get("/v1/events?limit=100").json()["data"]:
        if event["type"].startswith("charge.dispute."):
            subject = event["data"]["object"]
            assert specification.violations("GET", "/v1/disputes/x", 200, subject) == []
