"""Refunds: what becomes of them later. `behaviour` has what real Stripe can show too."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator


def paid(emulator: Emulator, method: str = "pm_card_visa") -> str:
    return emulator.intent(payment_method=method, confirm=True).id


def charge_of(emulator: Emulator, intent: str) -> stripe.Charge:
    return emulator.stripe.v1.charges.list({"payment_intent": intent}).data[0]


def test_what_was_not_captured_cannot_be_refunded(emulator: Emulator) -> None:
    held = emulator.intent(payment_method="pm_card_visa", confirm=True, capture_method="manual")
    cases: list[Any] = [
        {"payment_intent": held.id},
        {"charge": held.latest_charge},
    ]
    for params in cases:
        with pytest.raises(stripe.InvalidRequestError):
            emulator.stripe.v1.refunds.create(params)
    assert emulator.stripe.v1.refunds.list().data == []


def test_a_refund_that_fails_later(emulator: Emulator) -> None:
    intent = paid(emulator, "pm_card_refundFail")
    refund = emulator.stripe.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "succeeded"
    later = emulator.stripe.v1.refunds.retrieve(refund.id)
    assert (later.status, later.failure_reason) == ("failed", "unknown")
    assert charge_of(emulator, intent).amount_refunded == 0
    assert [event.data.object["object"] for event in updates(emulator)] == ["refund"] * 3


def test_a_refund_that_stays_pending(emulator: Emulator) -> None:
    intent = paid(emulator, "pm_card_pendingRefund")
    assert emulator.stripe.v1.refunds.create({"payment_intent": intent}).status == "pending"


def refund_of(emulator: Emulator, method: str, **given: Any) -> tuple[str, str]:
    """Refund a payment, and give its refund and its intent."""
    intent = paid(emulator, method)
    params: Any = {"payment_intent": intent, **given}
    return emulator.stripe.v1.refunds.create(params).id, intent


def updates(emulator: Emulator) -> list[stripe.Event]:
    """Give the events about refunds that were there before, the oldest first."""
    names = ("refund.updated", "charge.refund.updated", "refund.failed")
    events = emulator.stripe.v1.events.list({"limit": 100}).data[::-1]
    return [event for event in events if event.type in names]


@pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_pendingRefund"])
def test_the_bank_sends_a_refund_back(emulator: Emulator, method: str) -> None:
    kept = emulator.stripe.v1.refunds
    refund, intent = refund_of(emulator, method, amount=500)
    before = kept.retrieve(refund).status
    kept.create({"payment_intent": intent, "amount": 700})
    assert charge_of(emulator, intent).refunded
    answer = emulator.control(
        f"refunds/{refund}", result="failed", failure_reason="lost_or_stolen_card"
    )
    assert answer["id"] == refund
    failed = kept.retrieve(refund)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    charge = charge_of(emulator, intent)
    assert (charge.amount_refunded, charge.refunded) == (700, False)
    events = updates(emulator)
    assert [event.type for event in events] == [
        "refund.updated",
        "charge.refund.updated",
        "refund.failed",
    ]
    assert {event.data.object["id"] for event in events} == {refund}
    for event in events[:2]:
        assert event.data.previous_attributes is not None
        previous = event.data.previous_attributes.to_dict()
        assert previous == {"failure_reason": None, "status": before}
    assert kept.create({"payment_intent": intent}).amount == 500


def test_a_pending_refund_succeeds(emulator: Emulator) -> None:
    refund, intent = refund_of(emulator, "pm_card_pendingRefund")
    emulator.control(f"refunds/{refund}", result="succeeded")
    assert emulator.stripe.v1.refunds.retrieve(refund).status == "succeeded"
    assert charge_of(emulator, intent).refunded
    assert [event.type for event in updates(emulator)] == [
        "refund.updated",
        "charge.refund.updated",
    ]


def test_a_chargeback_ends_a_pending_refund(emulator: Emulator) -> None:
    refund, intent = refund_of(emulator, "pm_card_pendingRefund")
    emulator.control("disputes", charge=charge_of(emulator, intent).id)
    ended = emulator.stripe.v1.refunds.retrieve(refund)
    assert (ended.status, ended.failure_reason) == ("failed", "charge_for_pending_refund_disputed")


def test_outcomes_that_make_no_sense(emulator: Emulator) -> None:
    refund, intent = refund_of(emulator, "pm_card_visa")

    def refused(identifier: str, **given: Any) -> int:
        answer = emulator.operator.post(f"/_control/refunds/{identifier}", json=given)
        assert answer.json()["error"]["message"]
        return answer.status_code

    assert refused(refund, result="succeeded") == 400
    assert refused(refund, result="maybe") == 400
    assert refused(refund, result="failed", failure_reason="bored") == 400
    assert refused(refund, result="succeeded", failure_reason="unknown") == 400
    assert refused(refund, result="failed", reason="unknown") == 400
    assert refused("re_no", result="failed") == 404
    assert charge_of(emulator, intent).refunded
    emulator.control(f"refunds/{refund}", result="failed")
    assert refused(refund, result="failed") == 400
    assert charge_of(emulator, intent).amount_refunded == 0
