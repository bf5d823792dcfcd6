"""The page at the root: useful, read only, without secrets, readable for everybody."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from local.stripe_emulator.tests.running import Emulator
from local.stripe_emulator.tests.test_later_events import charged


@pytest.fixture
def used(emulator: Emulator) -> Emulator:
    emulator.stripe.v1.customers.create({"metadata": {"customer_id": "<b>cust-1</b>"}})
    charge = charged(emulator)
    emulator.control("disputes", charge=charge)
    emulator.stripe.v1.refunds.create({"charge": charged(emulator), "amount": 50})
    emulator.intent(metadata={"invoice_id": "inv_7"})
    emulator.control("faults", path="/v1/charges", kind="429", count=3)
    return emulator


def test_it_shows_what_there_is(used: Emulator, page: Page) -> None:
    page.goto(f"{used.url}/?refresh=0")
    expect(page.get_by_role("heading", name="Payment intents")).to_be_visible()
    for text in ("12.00 usd", "invoice_id inv_7", "disputed", "refunded 0.50 usd", "429"):
        expect(page.get_by_text(text).first).to_be_visible()
    expect(page.get_by_text("<b>cust-1</b>")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_everybody_can_read_it(used: Emulator, page: Page, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{used.url}/?refresh=0")
    assert Axe().run(page).response["violations"] == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, "it must not scroll sideways"


def test_it_refreshes_unless_told_not_to(used: Emulator) -> None:
    assert 'http-equiv="refresh"' in used.operator.get("/").text
    assert 'http-equiv="refresh"' not in used.operator.get("/?refresh=0").text


def test_no_secret_is_on_it_or_behind_its_links(used: Emulator) -> None:
    intent = used.intent()
    assert "_secret_" not in used.operator.get("/").text
    behind = used.operator.get(f"/_control/objects/{intent.id}")
    assert behind.json()["id"] == intent.id
    assert "_secret_" not in behind.text
    assert used.operator.get("/_control/objects/pi_no").status_code == 400
