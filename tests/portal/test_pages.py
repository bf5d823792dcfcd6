"""What is shown: the dashboard, invoices in pages and by filter, receipts, and every state."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.client import Customer, new_invoice, until
from tests.portal.conftest import Bill, NewCustomer
from tests.portal.recorder import Recorder

pytestmark = pytest.mark.e2e
VISA = "4242424242424242"
LogIn = Callable[[Customer], Page]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_the_dashboard_says_what_is_due_and_what_comes_next(
    log_in: LogIn, customer: NewCustomer
) -> None:
    bills = [Bill(12050, due_in=3), Bill(700, due_in=-2), Bill(9800, "JPY"), Bill(12500, "KWD")]
    page = log_in(customer(cards=[VISA], invoices=bills, autopay=True))
    main = page.get_by_role("main")
    for amount in ("$127.50", "¥9,800", "KWD 12.500"):
        expect(main.get_by_role("link", name=amount)).to_be_visible()
    expect(main.get_by_text("4 open invoices")).to_be_visible()
    expect(main.get_by_text("1 overdue")).to_be_visible()
    upcoming = page.get_by_role("region", name="Next automatic payment")
    expect(upcoming).to_contain_text(re.compile(r"\$7\.00 on .+ with Visa ending in 4242"))


def test_nothing_due_and_no_card_say_what_to_do(log_in: LogIn, customer: NewCustomer) -> None:
    page = log_in(customer())
    expect(page.get_by_text("Nothing is due.")).to_be_visible()
    expect(page.get_by_text("Automatic payment is off.")).to_be_visible()
    expect(page.get_by_role("link", name="Add Card")).to_be_visible()
    page.goto("/billing/invoices")
    expect(page.get_by_role("heading", name="No invoices yet")).to_be_visible()
    page.goto("/payments")
    expect(page.get_by_role("heading", name="No payments yet")).to_be_visible()


def test_invoices_by_filter_and_page_in_the_address(
    log_in: LogIn, customer: NewCustomer
) -> None:
    someone = customer(invoices=[Bill(1000 + n, due_in=n - 3) for n in range(22)])
    page = log_in(someone)
    page.goto("/billing/invoices")
    rows = page.get_by_role("row")
    expect(rows).to_have_count(21)
    page.get_by_role("link", name="Older").click()
    expect(rows).to_have_count(3)
    expect(page).to_have_url(re.compile("cursor="))
    page.reload()
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="Newest").click()
    expect(rows).to_have_count(21)
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Overdue").click()
    expect(page).to_have_url(re.compile(r"status=overdue$"))
    expect(rows).to_have_count(4)
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Paid").click()
    expect(page.get_by_role("heading", name="No invoice fits this filter")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(4)


def test_an_invoice_with_lines_a_number_to_copy_and_its_payments(
    log_in: LogIn, customer: NewCustomer, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    someone = customer()
    invoice = new_invoice(someone)
    assert someone.pay(invoice, {"payment_method": someone.one_time_card()})[0] == 201
    page = log_in(someone)
    page.goto("/billing/invoices")
    page.get_by_role("link", name=invoice["number"]).click()
    heading(page, f"Invoice {invoice['number']}")
    expect(page.get_by_role("cell", name="Web hosting")).to_be_visible()
    expect(page.get_by_role("link", name="Pay", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Copy Number").click()
    expect(page.get_by_text("Copied.")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == invoice["number"]
    expect(page.get_by_role("table").last).to_contain_text("One-time payment")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("cell", name="Web hosting")).to_be_visible()


def test_refunds_are_shown_over_the_payment(log_in: LogIn, customer: NewCustomer) -> None:
    someone = customer()
    invoice = new_invoice(someone)
    assert someone.pay(invoice, {"payment_method": someone.one_time_card()})[0] == 201
    someone.refund(someone.charges()[0].id, 2050)
    page = log_in(someone)
    page.goto("/payments")
    expect(page.get_by_role("table")).to_contain_text("Paid")

    def shown() -> bool:
        page.reload()
        page.get_by_role("table").wait_for()
        return page.get_by_text("$20.50 refunded").is_visible()

    until(shown, "the refund")


def test_automatic_payment_is_turned_on_and_off(log_in: LogIn, customer: NewCustomer) -> None:
    someone = customer(cards=[VISA])
    page = log_in(someone)
    page.get_by_role("link", name="Account", exact=True).click()
    switch = page.get_by_role("switch", name="Automatic payment")
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    assert someone.call("GET", "/v1/account")[1]["autopay"]["enabled"] is True
    switch.click()
    expect(switch).not_to_be_checked()


def test_without_a_card_automatic_payment_says_what_is_missing(
    log_in: LogIn, customer: NewCustomer
) -> None:
    page = log_in(customer())
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_text("Add a card first")).to_be_visible()
    expect(page.get_by_role("switch")).to_be_disabled()


def test_an_address_that_is_wrong_says_so(
    log_in: LogIn, customer: NewCustomer, recorder: Recorder
) -> None:
    page = log_in(customer())
    page.goto("/nowhere")
    heading(page, "There is nothing here")
    recorder.provokes(404, "/v1/invoices/inv_*")
    page.goto("/billing/invoices/inv_01M85DMB00H97A2Y8767H1C7JF")
    expect(page.get_by_role("link", name="Go to the dashboard")).to_be_visible()


def test_a_server_that_is_gone_and_back(
    log_in: LogIn, customer: NewCustomer, recorder: Recorder
) -> None:
    someone = customer(cards=[VISA])
    page = log_in(someone)
    recorder.provokes(0, "/v1/cards")
    page.route("**/v1/cards", lambda route: route.abort())
    page.get_by_role("link", name="Credit cards", exact=True).first.click()
    expect(page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The portal cannot be reached.")
    page.unroute("**/v1/cards")
    alert.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Visa ending in 4242")).to_be_attached()


def test_being_offline_is_said(
    log_in: LogIn, customer: NewCustomer, context: BrowserContext
) -> None:
    page = log_in(customer())
    context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    context.set_offline(False)
    expect(page.get_by_text("You are offline.")).to_be_hidden()
    expect(page.get_by_text("You are online again.")).to_be_attached()
