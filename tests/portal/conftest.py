"""The portal in a browser, on the embedded stack, with everything watched."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from local.session import fill_in
from tests.e2e.client import Customer, Stack, new_customer, new_invoice
from tests.portal.recorder import Recorder
from tests.portal.stripe_frames import StripeFrames

# Each function of the embedded stack starts a process of its own when it is first called.
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Bill:
    """An invoice to be issued."""

    amount: int = 12050
    currency: str = "USD"
    due_in: int = 14


class NewCustomer(Protocol):
    """Registers a customer with cards and invoices, over the bus and our own API."""

    def __call__(
        self, *, cards: Sequence[str] = (), invoices: Sequence[Bill] = (), autopay: bool = False
    ) -> Customer: ...


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], stack: Stack) -> dict[str, Any]:
    return {
        **browser_context_args,
        "base_url": stack["portal_url"],
        "viewport": {"width": 1280, "height": 900},
        "locale": "en-US",
        "timezone_id": "Europe/Berlin",
    }


@pytest.fixture(autouse=True)
def recorder(context: BrowserContext, stack: Stack) -> Iterator[Recorder]:
    """Watch the whole test; at its end nothing may have happened that must not."""
    made = Recorder(stack["portal_url"], stack["stripe_url"])
    made.watch(context)
    yield made
    assert made.problems() == []


@pytest.fixture
def portal(recorder: Recorder, page: Page) -> Page:
    """The portal's first page, before anybody has logged in."""
    page.goto("/")
    return page


@pytest.fixture
def frames(page: Page, recorder: Recorder) -> StripeFrames:
    return StripeFrames(page, recorder)


@pytest.fixture
def customer(stack: Stack) -> NewCustomer:
    def make(
        *, cards: Sequence[str] = (), invoices: Sequence[Bill] = (), autopay: bool = False
    ) -> Customer:
        made = new_customer(stack, autopay=autopay)
        for number in cards:
            made.add_card(number)
        for bill in invoices:
            new_invoice(made, bill.amount, bill.currency, bill.due_in)
        return made

    return make


@pytest.fixture
def log_in(portal: Page) -> Callable[[Customer], Page]:
    """Log a customer in as a person does."""

    def by_hand(customer: Customer) -> Page:
        portal.goto("/login")
        fill_in(portal, customer.email, customer.password)
        expect(portal.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()
        return portal

    return by_hand
