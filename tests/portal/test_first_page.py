"""What everybody gets: the first page, under the policy, on every width, and a session that lasts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.client import Customer
from tests.portal.accessibility import axe
from tests.portal.conftest import Bill, NewCustomer

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("width", [320, 1280])
def test_the_first_page_is_accessible_and_fits(portal: Page, width: int) -> None:
    portal.set_viewport_size({"width": width, "height": 800})
    expect(portal.get_by_role("heading", level=1)).to_be_visible()
    axe(portal)
    assert portal.evaluate("() => document.documentElement.scrollWidth") <= width


def test_a_session_outlives_the_tab(
    customer: NewCustomer, log_in: Callable[[Customer], Page]
) -> None:
    page = log_in(customer(cards=["4242424242424242"], invoices=[Bill(), Bill(9800, "JPY")]))
    renewed = page.evaluate(
        "async () => (await fetch('/v1/auth/refresh', { method: 'POST' })).json()"
    )
    account = page.evaluate(
        "async (token) => (await fetch('/v1/account',"
        " { headers: { Authorization: `Bearer ${token}` } })).json()",
        renewed["access_token"],
    )
    assert account["open_invoices"] == 2
    assert account["primary_card"]["last4"] == "4242"
    assert not page.evaluate("() => document.cookie")
