"""The dashboard: what it shows, what it keeps to itself, and whether it can be read."""

import re
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import stripe
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from local.stripe_emulator.settings import PUBLISHABLE_KEY, SECRET_KEY
from local.stripe_emulator.tests.running import Emulator, eventually

NUMBER = "4242424242424242"


def dashboard(emulator: Emulator, query: str = "") -> str:
    answer = emulator.operator.get(f"/{query}")
    assert answer.status_code == 200
    return answer.text


def section(page: str, name: str) -> str:
    found = re.search(f'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found
    return found[0]


def row(page: str, name: str, identifier: str) -> str:
    """Give a row of a table as text, cells apart by bars."""
    rows = re.findall("<tr.*?</tr>", section(page, name), re.DOTALL)
    (found,) = [one for one in rows if identifier in one.split("</th>")[0]]
    cells = re.split("</t[hd]>", found)
    return "|".join(re.sub("<[^>]+>", "", cell).strip() for cell in cells)


def fill(emulator: Emulator) -> dict[str, Any]:
    """Make one of everything, and give the ids."""
    api = emulator.stripe.v1
    customer = api.customers.create({"name": "<i>Ada</i>", "email": "ada@example.com"}).id
    method = emulator.saved_card(customer, NUMBER)
    paid = emulator.intent(
        customer=customer, payment_method=method, confirm=True, metadata={"invoice_id": "inv_7"}
    )
    api.refunds.create({"charge": str(paid.latest_charge), "amount": 500})
    emulator.control("disputes", charge=paid.latest_charge)
    held = emulator.intent(payment_method="pm_card_amex", confirm=True, capture_method="manual")
    with pytest.raises(stripe.CardError) as error:
        emulator.intent(payment_method="pm_card_chargeDeclinedInsufficientFunds", confirm=True)
    assert error.value.error is not None
    assert error.value.error.payment_intent is not None
    declined = error.value.error.payment_intent
    return {"customer": customer, "paid": paid, "held": held, "declined": declined}


def test_objects_and_what_became_of_them(emulator: Emulator) -> None:
    made = fill(emulator)
    page = dashboard(emulator)
    customer, paid, declined = made["customer"], made["paid"], made["declined"]
    assert "|&lt;i&gt;Ada&lt;/i&gt;|ada@example.com|" in row(page, "customers", customer)
    assert f"|succeeded|12.00 USD|inv_7|{customer}|" in row(page, "payment_intents", paid.id)
    assert "|insufficient_funds|" in row(page, "payment_intents", declined.id)
    setup = emulator.stripe.v1.setup_intents.list().data[0].id
    assert f"|succeeded|{customer}|" in row(page, "setup_intents", setup)
    charge = row(page, "charges", str(paid.latest_charge))
    assert "|succeeded|12.00 USD|visa •••• 4242|" in charge
    assert "|refunded 5.00 USD disputed: needs_response du_" in charge
    assert "|not captured|" in row(page, "charges", str(made["held"].latest_charge))
    assert "|failed|" in row(page, "charges", str(declined.latest_charge))


def test_zero_decimal_amounts_and_deleted_customers(emulator: Emulator) -> None:
    intent = emulator.intent(amount=5000, currency="jpy")
    customer = emulator.customer()
    emulator.stripe.v1.customers.delete(customer)
    page = dashboard(emulator)
    assert "|5000 JPY|" in row(page, "payment_intents", intent.id)
    assert "deleted" in row(page, "customers", customer)


def test_the_newest_50_come_first(emulator: Emulator) -> None:
    made = [emulator.intent().id for _ in range(51)]
    shown = section(dashboard(emulator), "payment_intents")
    assert "The newest 50 of 51" in shown
    assert re.findall(r'<th scope="row".*?>(pi_\w+)<', shown) == made[:0:-1]


def test_faults_late_requests_and_the_clock(emulator: Emulator) -> None:
    assert "None." in section(dashboard(emulator), "faults")
    emulator.control("faults", path="/v1/customers", kind="late", seconds=60)
    emulator.control("faults", path="/v1/refunds", kind="429", count=3)
    with pytest.raises(httpx.RemoteProtocolError):
        emulator.secret.post("/v1/customers")
    eventually(lambda: emulator.look("faults")["late"] == 1)
    emulator.control("clock", advance=90_000)
    page = dashboard(emulator)
    assert "1 late request waits" in section(page, "faults")
    assert "429|*|/v1/refunds|3|" in row(page, "faults", "429")
    assert re.search("1 d (0:59:59|1:00:0.) h ahead", page)
    assert "fault: late" in row(page, "requests", "POST /v1/customers")
    emulator.control("faults/release")


def test_requests(emulator: Emulator) -> None:
    headers = {"idempotency-key": "<k>"}
    for _ in range(2):
        emulator.secret.post("/v1/customers", headers=headers)
    emulator.public.get("/v1/refunds")
    shown = section(dashboard(emulator), "requests")
    assert "All 3, newest first" in shown
    assert "publishable" not in shown  # the key was refused
    assert ">403<" in shown
    assert shown.count("&lt;k&gt;") == 2
    assert shown.count(">replayed<") == 1
    assert shown.index("/v1/refunds") < shown.index("/v1/customers")


def test_webhooks(tmp_path: Path) -> None:
    # Nobody listens there.
    running = Emulator(tmp_path / "db", "--webhook-url", "http://127.0.0.1:9/hook")
    try:
        running.customer()
        eventually(lambda: running.look("webhooks")["data"][0]["attempts"] == 1)
        shown = section(dashboard(running), "webhooks")
        event = running.stripe.v1.events.list().data[0].id
        assert "0 delivered, 1 pending, 0 failed for good" in shown
        assert "|customer.created|pending|1|no answer|" in row(shown, "webhooks", event)
    finally:
        running.stop()


def test_it_refreshes_unless_told_not_to(emulator: Emulator) -> None:
    assert '<meta http-equiv="refresh"' in dashboard(emulator)
    assert "http-equiv" not in dashboard(emulator, "?refresh=0")


def test_objects_are_shown_without_their_secrets(emulator: Emulator) -> None:
    fill(emulator)
    page = dashboard(emulator)
    links = set(re.findall('href="(/_control/objects/[^"]+)"', page))
    kinds = {link.split("/")[-1].split("_")[0] for link in links}
    assert kinds == {"ch", "cus", "du", "pi", "pm", "seti"}
    events = emulator.secret.get("/v1/events?limit=100").json()["data"]
    links |= {f"/_control/objects/{event['id']}" for event in events}
    texts = [emulator.operator.get(link) for link in links]
    assert {answer.status_code for answer in texts} == {200}
    assert {answer.json()["id"] for answer in texts} == {link.split("/")[-1] for link in links}
    for text in (page, *(answer.text for answer in texts)):
        for secret in ("_secret_", SECRET_KEY, PUBLISHABLE_KEY, "whsec_", NUMBER):
            assert secret not in text
    assert emulator.operator.get("/_control/objects/pi_no").status_code == 404


def test_no_scripts_and_no_inline_styles(emulator: Emulator) -> None:
    fill(emulator)
    answer = emulator.operator.get("/")
    assert "default-src 'none'; style-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script|<style|style=|\son\w+=", answer.text)
    assert "text/css" in emulator.operator.get("/_control/dashboard.css").headers["content-type"]


@pytest.mark.parametrize("width", [320, 700, 1120, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(
    emulator: Emulator, page: Page, width: int, scheme: Literal["light", "dark"]
) -> None:
    fill(emulator)
    emulator.control("faults", path="/v1/payment_intents/*/confirm", kind="drop_after_commit")
    emulator.secret.post("/v1/customers", headers={"idempotency-key": "k" * 255})
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{emulator.url}/?refresh=0")
    expect(page).to_have_title("Stripe emulator")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(246, 247, 249)", "dark": "rgb(18, 22, 29)"}[scheme]
    table = page.get_by_role("table").first
    expect(table.get_by_role("columnheader")).to_have_count(7)
    expect(table.get_by_role("rowheader")).to_have_count(3)
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
