"""Refunds: full, partial, too much, failing later."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator


def paid(emulator: Emulator, method: str = "pm_card_visa") -> str:
    return emulator.intent(payment_method=method, confirm=True).id


def metadata_of(refund: stripe.Refund) -> dict[str, Any]:
    assert refund.metadata is not None
    return refund.metadata.to_dict()


def charge_of(emulator: Emulator, intent: str) -> stripe.Charge:
    return emulator.stripe.v1.charges.list({"payment_intent": intent}).data[0]


def test_parts_up_to_the_whole(emulator: Emulator) -> None:
    intent = paid(emulator)
    client = emulator.stripe.v1.refunds
    part = client.create({"payment_intent": intent, "amount": 500, "metadata": {"a": "1"}})
    assert (part.amount, part.status) == (500, "succeeded")
    charge = charge_of(emulator, intent)
    assert (charge.amount_refunded, charge.refunded) == (500, False)
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.create({"charge": charge.id, "amount": 701})
    assert error.value.param == "amount"
    rest = client.create({"charge": charge.id, "reason": "requested_by_customer"})
    assert rest.amount == 700
    assert charge_of(emulator, intent).refunded
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.create({"charge": charge.id})
    assert error.value.code == "charge_already_refunded"
    assert [one.id for one in client.list({"charge": charge.id}).data] == [rest.id, part.id]
    assert metadata_of(client.retrieve(part.id)) == {"a": "1"}
    assert metadata_of(client.update(part.id, {"metadata": {"b": "2"}})) == {"a": "1", "b": "2"}
    expanded = emulator.stripe.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert expanded.refunds is not None
    assert len(expanded.refunds.data) == 2
    assert {"refund.created", "charge.refunded"} <= set(emulator.event_types())


def test_what_cannot_be_refunded(emulator: Emulator) -> None:
    held = emulator.intent(payment_method="pm_card_visa", confirm=True, capture_method="manual")
    cases: list[Any] = [
        {"payment_intent": emulator.intent().id},
        {"payment_intent": held.id},
        {"charge": held.latest_charge},
        {"charge": "ch_no"},
        {"payment_intent": paid(emulator), "amount": 0},
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
    assert "refund.failed" in emulator.event_types()


def test_a_refund_that_stays_pending(emulator: Emulator) -> None:
    intent = paid(emulator, "pm_card_pendingRefund")
    assert emulator.stripe.v1.refunds.create({"payment_intent": intent}).status == "pending"
