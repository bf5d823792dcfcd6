"""A read of several items is no snapshot: DynamoDB reads each at a time of its own."""

from dataclasses import replace
from typing import Any

import pytest
from billfold.domain.payment import OneTimeCard, Status
from billfold.services import payments
from billfold.services.payments import Order
from billfold.services.ports import Opening

from tests.builders import a_customer, an_invoice
from tests.fakes import FakePorts


def test_a_twin_pays_between_two_items_of_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """BatchGetItem finds no request of this key, then the twin pays, then it finds the invoice."""
    ports = FakePorts()
    ports.customers.register(a_customer(), autopay=False)
    invoice = an_invoice()
    ports.invoices.add(invoice)
    order = Order(
        "cust-1", invoice.invoice_id, invoice.amount_due, OneTimeCard("pm_1"), "key-00001"
    )
    repository = type(ports.payments)
    whole = repository.open

    def torn(*asked: Any) -> Opening:
        before = whole(*asked)
        monkeypatch.setattr(repository, "open", whole)
        twin = payments.pay(order, ports, lambda: 29.0)
        assert twin.payment.status is Status.SUCCEEDED
        return replace(whole(*asked), request=before.request)

    monkeypatch.setattr(repository, "open", torn)
    answered = payments.pay(order, ports, lambda: 29.0)
    assert answered.payment.status is Status.SUCCEEDED
