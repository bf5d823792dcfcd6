"""What happens later: disputes, refunds that fail after all, the card networks' updater."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator

pytestmark = pytest.mark.behaviour


def charged(emulator: Emulator, method: str = "pm_card_visa") -> str:
    return str(emulator.intent(payment_method=method, confirm=True).latest_charge)


def events(emulator: Emulator, prefix: str) -> list[str]:
    """Give the types that begin so, the oldest first."""
    return [kind for kind in emulator.event_types()[::-1] if kind.startswith(prefix)]


@pytest.mark.parametrize(
    ("result", "more"), [("won", ["charge.dispute.funds_reinstated"]), ("lost", [])]
)
def test_a_dispute_is_opened_and_decided(emulator: Emulator, result: str, more: list[str]) -> None:
    charge = charged(emulator)
    made = emulator.control("disputes", charge=charge, reason="product_not_received")
    client = emulator.stripe.v1.disputes
    dispute = client.retrieve(made["id"])
    assert (dispute.status, dispute.reason) == ("needs_response", "product_not_received")
    assert (dispute.amount, dispute.charge) == (1200, charge)
    assert emulator.stripe.v1.charges.retrieve(charge).disputed
    assert emulator.stripe.v1.charges.retrieve(charge).status == "succeeded"
    assert emulator.control(f"disputes/{dispute.id}", result=result)["status"] == result
    assert [one.id for one in client.list({"charge": charge}).data] == [dispute.id]
    assert events(emulator, "charge.dispute") == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        *more,
    ]


def test_an_inquiry_moves_no_money(emulator: Emulator) -> None:
    made = emulator.control("disputes", charge=charged(emulator), inquiry=True)
    assert made["status"] == "warning_needs_response"
    assert emulator.control(f"disputes/{made['id']}", result="lost")["status"] == "warning_closed"
    assert "charge.dispute.funds_withdrawn" not in events(emulator, "charge.dispute")


def test_a_loss_can_be_accepted_and_a_dispute_has_metadata(emulator: Emulator) -> None:
    made = emulator.control("disputes", charge=charged(emulator))
    client = emulator.stripe.v1.disputes
    assert client.update(made["id"], {"metadata": {"case": "7"}}).metadata.to_dict() == {
        "case": "7"
    }
    assert client.close(made["id"]).status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        client.close(made["id"])


def test_what_cannot_be_disputed(emulator: Emulator) -> None:
    disputed, refunded = charged(emulator), charged(emulator)
    emulator.control("disputes", charge=disputed)
    emulator.stripe.v1.refunds.create({"charge": refunded})
    for given in ({"charge": disputed}, {"charge": refunded}, {"charge": "ch_no"}, {},
                  {"charge": disputed, "reason": "mood"}):  # fmt: skip
        answer = emulator.operator.post("/_control/disputes", json=given)
        assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    ("method", "reason", "status"),
    [
        ("pm_card_createDispute", "fraudulent", "needs_response"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "needs_response"),
        ("pm_card_createDisputeInquiry", "general", "warning_needs_response"),
    ],
)
def test_cards_that_are_disputed_by_themselves(
    emulator: Emulator, method: str, reason: str, status: str
) -> None:
    charge = charged(emulator, method)
    [dispute] = emulator.stripe.v1.disputes.list({"charge": charge}).data
    assert (dispute.reason, dispute.status) == (reason, status)
    expanded = emulator.stripe.v1.disputes.retrieve(dispute.id, {"expand": ["charge"]})
    assert isinstance(expanded.charge, stripe.Charge)


def test_a_refund_fails_days_later(emulator: Emulator) -> None:
    charge = charged(emulator)
    refund = emulator.stripe.v1.refunds.create({"charge": charge, "amount": 500})
    assert emulator.control(f"refunds/{refund.id}", result="failed")["status"] == "failed"
    after = emulator.stripe.v1.charges.retrieve(charge)
    assert (after.amount_refunded, after.refunded) == (0, False)
    failed = emulator.stripe.v1.refunds.retrieve(refund.id)
    assert failed.failure_reason == "unknown"
    assert {"refund.failed", "charge.refund.updated"} <= set(emulator.event_types())
    again = emulator.operator.post(f"/_control/refunds/{refund.id}", json={"result": "failed"})
    assert again.status_code == 400


def test_a_pending_refund_succeeds(emulator: Emulator) -> None:
    charge = charged(emulator, "pm_card_pendingRefund")
    refund = emulator.stripe.v1.refunds.create({"charge": charge})
    assert refund.status == "pending"
    emulator.control(f"refunds/{refund.id}", result="succeeded")
    assert emulator.stripe.v1.refunds.retrieve(refund.id).status == "succeeded"


def last_event(emulator: Emulator, kind: str) -> dict[str, Any]:
    [event] = emulator.stripe.v1.events.list({"type": kind, "limit": 1}).data
    return dict(event.to_dict())


def test_an_expired_card_declines_until_the_updater_mends_it(emulator: Emulator) -> None:
    customer = emulator.customer()
    method = emulator.saved_card(customer)
    emulator.control("clock", advance=20 * 366 * 86400)
    client = emulator.stripe.v1.payment_intents
    with pytest.raises(stripe.CardError) as declined:
        client.confirm(emulator.intent(customer=customer).id, {"payment_method": method})
    assert declined.value.code == "expired_card"
    year = 1970 + emulator.look("clock")["now"] // 31_556_952 + 3
    emulator.control(f"payment_methods/{method}/update", exp_month=5, exp_year=year, last4="9999")
    paid = client.confirm(emulator.intent(customer=customer).id, {"payment_method": method})
    assert paid.status == "succeeded"
    event = last_event(emulator, "payment_method.automatically_updated")
    previous = event["data"]["previous_attributes"]["card"]
    assert (previous["exp_month"], previous["last4"]) == (12, "4242")
    assert event["data"]["object"]["card"]["last4"] == "9999"


def test_an_update_by_the_api_is_told_apart(emulator: Emulator) -> None:
    method = emulator.saved_card(emulator.customer())
    emulator.stripe.v1.payment_methods.update(method, {"card": {"exp_month": 3, "exp_year": 2041}})
    assert "payment_method.updated" in emulator.event_types()
    assert "payment_method.automatically_updated" not in emulator.event_types()
    answer = emulator.operator.post(f"/_control/payment_methods/{method}/update", json={})
    assert answer.status_code == 400
