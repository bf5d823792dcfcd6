"""What a newcomer sees and pastes: the portal, the page with curl lines, the inbox."""

import html
import re
import subprocess

import httpx
import pytest

from tests.e2e.client import Stack, new_customer, new_invoice, until

pytestmark = pytest.mark.e2e


def test_the_portal_is_served_and_leads_to_the_api(stack: Stack) -> None:
    page = httpx.get(f"{stack['portal_url']}/billing/cards")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert f"script-src 'self' {stack['stripe_url']};" in policy
    config = httpx.get(f"{stack['portal_url']}/config.json").json()
    assert config["stripe"]["publishable_key"] == stack["stripe_publishable_key"]
    assert httpx.get(config["stripe"]["script"]).status_code == 200
    assert httpx.get(f"{stack['portal_url']}/v1/account").status_code == 401


def test_the_page_shows_the_log_ins(stack: Stack) -> None:
    page = httpx.get(stack["demo_url"]).text
    for login in stack["customers"]:
        assert login["email"] in page
        assert login["password"] in page


def test_the_curl_lines_on_the_page_pay_an_invoice(stack: Stack) -> None:
    payer = new_customer(stack)
    invoice = new_invoice(payer)
    found = re.search(r"<pre>(.*?)</pre>", httpx.get(stack["demo_url"]).text, re.DOTALL)
    assert found
    first = stack["customers"][0]
    lines = html.unescape(found[1])
    lines = lines.replace(first["email"], payer.email).replace(first["password"], payer.password)
    done = subprocess.run(
        ["bash", "-eu", "-c", lines], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert '"status":"succeeded"' in done.stdout
    _, paid = payer.call("GET", f"/v1/invoices/{invoice['invoice_id']}")
    assert paid["status"] == "paid"


def test_the_seed_has_what_the_page_says(stack: Stack) -> None:
    bakery, studio, garage, *_ = stack["customers"]
    url = stack["portal_url"]

    def log_in(login: dict[str, str]) -> httpx.Client:
        body = {"email": login["email"], "password": login["password"]}
        answer = httpx.post(f"{url}/v1/auth/login", json=body).json()
        token = {"Authorization": f"Bearer {answer['access_token']}"}
        return httpx.Client(base_url=url, headers=token, timeout=40)

    with log_in(bakery) as client:
        cards = client.get("/v1/cards").json()["data"]
        assert len(cards) >= 2
        invoices = client.get("/v1/invoices?limit=100").json()["data"]
        assert {"open", "overdue", "paid"} <= {invoice["status"] for invoice in invoices}
        assert {"JPY", "USD"} <= {invoice["total"]["currency"] for invoice in invoices}
    with log_in(studio) as client:
        assert client.get("/v1/cards").json()["data"] == []
        assert client.get("/v1/invoices").json()["data"] == []
    body = {"email": garage["email"], "password": garage["password"]}
    challenged = httpx.post(f"{url}/v1/auth/login", json=body).json()
    assert challenged["challenge"]["name"] == "NEW_PASSWORD_REQUIRED"


def test_mails_are_seen_in_the_inbox(stack: Stack) -> None:
    customer = new_customer(stack)
    customer.call("POST", "/v1/auth/password-reset", {"email": customer.email})

    def look() -> list[str]:
        mails = httpx.get(stack["mail_url"]).json()["data"]
        return [mail["text"] for mail in mails if customer.email in mail["to"]]

    texts = until(lambda: look() if len(look()) == 2 else None, "invitation and code")
    assert any("temporary password" in text for text in texts)
    assert any("654321" in text for text in texts)
