"""Handlers in process, on ports in memory."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from billfold import bootstrap
from billfold.domain import ids
from billfold.entrypoints import observability

from tests.builders import a_card, a_customer, a_setup, an_invoice
from tests.fakes import FakePorts

EVENTS = Path(__file__).resolve().parents[2] / "events"
CARD_ID = "card_01K8ZZZZZZZZZZZZZZZZZZZZZZ"
CUSTOMER_ID = "cust-1001"


@dataclass
class FakeContext:
    """What Lambda tells a handler about its invocation."""

    function_name: str = "billfold"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:billfold"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    left: float = 29.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left * 1000)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_POOL_ID", "us-east-1_Example01")
    monkeypatch.setenv("USER_POOL_CLIENT_ID", "1example23456789")
    monkeypatch.setenv("BUSINESS_TIMEZONE", "Europe/Berlin")
    monkeypatch.setenv("SUPPORT_EMAIL", "support@example.com")


@pytest.fixture
def ports() -> Iterator[FakePorts]:
    """A customer with two cards and an open invoice, as the events suppose."""
    made = FakePorts()
    customer = replace(a_customer(), customer_id=CUSTOMER_ID)
    made.customers.register(customer, autopay=True)
    wallet = made.customers.wallet(CUSTOMER_ID)
    wallet = wallet.add(replace(a_card(1), card_id=CARD_ID)).add(a_card(2))
    made.customers.save(wallet.with_stripe_customer(f"cus_{CUSTOMER_ID}"))
    made.invoices.add(an_invoice("INV-2026-0001", customer_id=CUSTOMER_ID))
    made.gateway.setups["seti_0003"] = a_setup(3, CUSTOMER_ID)
    bootstrap.use(made)
    yield made
    bootstrap.use(None)


@pytest.fixture
def logs() -> Iterator[StringIO]:
    """All that the functions log; Powertools keeps the stream it found when it was made."""
    observability.logger()
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    assert handlers
    written = StringIO()
    before = [handler.setStream(written) for handler in handlers]
    yield written
    for handler, stream in zip(handlers, before, strict=True):
        handler.setStream(stream)


@pytest.fixture
def event() -> Callable[[str], dict[str, Any]]:
    def load(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
        return loaded

    return load


INVOICE_ID = ids.invoice_id("INV-2026-0001", an_invoice().issued_on)
