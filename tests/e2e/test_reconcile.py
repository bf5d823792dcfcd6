"""Replies that Stripe or the network lost, over HTTP, and the reconciler that finds the truth."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from billfold.adapters.clock import SystemClock
from billfold.bootstrap import Container
from billfold.services.ports import Clock
from billfold.services.reconcile import reconcile

from tests.e2e.client import Customer, Stack, aws, new_customer, new_invoice
from tests.e2e.test_lambda_runtime import environment

pytestmark = pytest.mark.e2e


class LaterClock(SystemClock):
    """The real time, some minutes ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=3)

    def today(self) -> date:
        return super().today()


class Later(Container):
    """The real adapters on the embedded stack, at a time when leases have run out."""

    @property
    def clock(self) -> Clock:
        return LaterClock(ZoneInfo("UTC"))


@pytest.fixture
def later(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Container:
    for name, value in environment(stack, "reconcile").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return Later()


@pytest.fixture(autouse=True)
def _without_webhooks(stack: Stack) -> Iterator[None]:
    """Here Stripe tells nothing by itself, so that the reconciler must find it out."""
    url = f"{stack['stripe_control_url']}/webhooks"
    httpx.post(url, json={"paused": True}).raise_for_status()
    yield
    httpx.post(url, json={"paused": False}).raise_for_status()


def arm(stack: Stack, path: str, kind: str) -> None:
    fault = {"path": path, "kind": kind, "method": "POST", "seconds": 1}
    httpx.post(f"{stack['stripe_control_url']}/faults", json=fault).raise_for_status()


def pay_into_trouble(stack: Stack, kind: str) -> tuple[Customer, dict[str, Any], dict[str, Any]]:
    payer = new_customer(stack)
    card = payer.add_card()
    invoice = new_invoice(payer)
    source = payer.stored(card)
    arm(stack, "*/confirm", kind)
    status, payment = payer.pay(invoice, source, "the-key-of-trouble")
    assert (status, payment["status"]) == (202, "processing")
    assert payer.pay(invoice, source, "the-key-of-trouble")[0] == 202
    status, held = payer.pay(invoice, source, "an-impatient-key")
    assert (status, held["code"]) == (409, "payment_in_progress")
    assert payer.call("DELETE", f"/v1/cards/{card}")[0] == 409
    return payer, invoice, payment


@pytest.mark.parametrize("kind", ["500_after_commit", "drop_after_commit"])
def test_a_success_whose_reply_was_lost_is_found(stack: Stack, later: Container, kind: str) -> None:
    payer, invoice, payment = pay_into_trouble(stack, kind)
    reconcile(later, lambda: 60.0)
    _, found = payer.call("GET", f"/v1/payments/{payment['payment_id']}")
    assert found["status"] == "succeeded"
    _, paid = payer.call("GET", f"/v1/invoices/{invoice['invoice_id']}")
    assert paid["status"] == "paid"
    assert len(payer.charges()) == 1


@pytest.mark.parametrize("kind", ["500", "timeout"])
def test_a_confirm_that_never_happened_is_fenced_and_the_invoice_payable(
    stack: Stack, later: Container, kind: str
) -> None:
    payer, invoice, payment = pay_into_trouble(stack, kind)
    reconcile(later, lambda: 60.0)
    _, found = payer.call("GET", f"/v1/payments/{payment['payment_id']}")
    assert found["status"] == "canceled"
    status, again = payer.pay(invoice, payer.stored(payer.cards()[0]["card_id"]))
    assert (status, again["status"]) == (201, "succeeded")
    assert len(payer.charges()) == 1


def test_a_confirm_that_arrives_after_the_fence_charges_nothing(
    stack: Stack, later: Container
) -> None:
    payer, invoice, payment = pay_into_trouble(stack, "late")
    reconcile(later, lambda: 60.0)
    httpx.post(f"{stack['stripe_control_url']}/faults/release").raise_for_status()
    _, found = payer.call("GET", f"/v1/payments/{payment['payment_id']}")
    charged = len(payer.charges())
    assert (found["status"], charged) in {("canceled", 0), ("succeeded", 1)}
    if not charged:
        assert payer.pay(invoice, payer.stored(payer.cards()[0]["card_id"]))[0] == 201
    assert len(payer.charges()) == 1


def test_the_schedule_runs_the_reconciler(stack: Stack) -> None:
    schedules = aws(stack, "scheduler").list_schedules()["Schedules"]
    targets = [schedule["Target"]["Arn"] for schedule in schedules]
    assert [arn for arn in targets if "Reconcile" in arn]
