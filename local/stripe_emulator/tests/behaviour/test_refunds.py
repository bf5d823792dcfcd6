"""Refunds: full, in parts, too much."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.behaviour.account import Account


def metadata_of(refund: stripe.Refund) -> dict[str, Any]:
    assert refund.metadata is not None
    return refund.metadata.to_dict()


def test_parts_up_to_the_whole(account: Account) -> None:
    intent = account.paid().id
    client = account.stripe.v1.refunds
    part = client.create({"payment_intent": intent, "amount": 500, "metadata": {"a": "1"}})
    assert (part.amount, part.status) == (500, "succeeded")
    (charge,) = account.charges(intent)
    assert (charge.amount_refunded, charge.refunded) == (500, False)
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.create({"charge": charge.id, "amount": 701})
    assert error.value.param == "amount"
    rest = client.create({"charge": charge.id, "reason": "requested_by_customer"})
    assert rest.amount == 700
    assert account.charges(intent)[0].refunded
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.create({"charge": charge.id})
    assert error.value.code == "charge_already_refunded"
    assert [one.id for one in client.list({"charge": charge.id}).data] == [rest.id, part.id]
    assert metadata_of(client.retrieve(part.id)) == {"a": "1"}
    assert metadata_of(client.update(part.id, {"metadata": {"b": "2"}})) == {"a": "1", "b": "2"}
    expanded = account.stripe.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert expanded.refunds is not None
    assert len(expanded.refunds.data) == 2


def test_what_cannot_be_refunded(account: Account) -> None:
    paid = account.paid()
    cases: list[Any] = [
        {"payment_intent": account.intent().id},
        {"charge": "ch_no"},
        {"payment_intent": paid.id, "amount": 0},
        {},
    ]
    for params in cases:
        with pytest.raises(stripe.InvalidRequestError):
            account.stripe.v1.refunds.create(params)
    assert account.stripe.v1.refunds.list({"payment_intent": paid.id}).data == []
