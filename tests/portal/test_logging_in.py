"""Log in, stay logged in, log out, and get back in."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from local.session import fill_in
from tests.e2e.client import Customer, Stack, aws, totp, until, user_pool
from tests.portal.conftest import Bill, NewCustomer
from tests.portal.recorder import Recorder

pytestmark = pytest.mark.e2e
NEW_PASSWORD = "quite-Another-8-battery"


def log_in_as(page: Page, customer: Customer, password: str | None = None) -> None:
    fill_in(page, customer.email, password or customer.password)


def test_a_wrong_password_says_no_more_than_that(
    page: Page, customer: NewCustomer, recorder: Recorder
) -> None:
    recorder.provokes(401, "/v1/auth/login")
    page.goto("/")
    log_in_as(page, customer(), "wrong-Horse-7-battery")
    expect(page.get_by_role("alert")).to_have_text("The e-mail address or password is not correct.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_one_comes_back_to_where_one_was(page: Page, customer: NewCustomer) -> None:
    page.goto("/billing/invoices?status=paid")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    log_in_as(page, customer())
    expect(page.get_by_role("heading", level=1, name="Invoices")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/billing/invoices\?status=paid$"))


def test_the_way_back_never_leads_to_another_site(page: Page, customer: NewCustomer) -> None:
    page.goto("/login?next=//evil.example/")
    log_in_as(page, customer())
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()


def test_a_reload_stays_logged_in(log_in: Callable[[Customer], Page], customer: NewCustomer) -> None:
    page = log_in(customer())
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()


def test_a_temporary_password_is_replaced(
    page: Page, customer: NewCustomer, stack: Stack
) -> None:
    someone = customer()
    aws(stack, "cognito-idp").admin_set_user_password(
        UserPoolId=user_pool(stack),
        Username=someone.customer_id,
        Password="Temporary-6-battery",
        Permanent=False,
    )
    page.goto("/")
    log_in_as(page, someone, "Temporary-6-battery")
    expect(page.get_by_role("heading", level=1, name="Choose a new password")).to_be_visible()
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()


def test_a_second_factor_is_set_up_asked_for_and_turned_off(
    log_in: Callable[[Customer], Page], customer: NewCustomer
) -> None:
    someone = customer()
    page = log_in(someone)
    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    secret = page.get_by_text("Or type this key").locator(".numbers").inner_text()
    page.get_by_label("Code", exact=True).fill(totp(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("Your authenticator app is set up.").first).to_be_visible()
    page.get_by_role("button", name="Log out").click()

    log_in_as(page, someone)
    expect(page.get_by_role("heading", level=1, name="Enter your code")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(totp(secret))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1, name="Account")).to_be_visible()
    page.get_by_role("button", name="Stop asking for a code").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("The authenticator app is no longer asked for.").first).to_be_visible()


def test_a_forgotten_password_is_reset_by_mail(
    page: Page, customer: NewCustomer, stack: Stack
) -> None:
    someone = customer()
    page.goto("/login")
    page.get_by_role("link", name="Reset Password").click()
    page.get_by_label("E-mail address").fill(someone.email)
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_text("If there is an account for")).to_be_visible()

    def code() -> str | None:
        mails = httpx.get(stack["mail_url"], headers={"accept": "application/json"}).json()["data"]
        mine = [mail["text"] for mail in mails if someone.email in mail["to"]]
        found = [re.search(r"\b\d{6}\b", body) for body in mine]
        return next((match[0] for match in found if match), None)

    page.get_by_label("Code from the e-mail").fill(until(code, "the mail with the code"))
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    log_in_as(page, someone, NEW_PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()


def test_reset_never_tells_whether_the_account_exists(page: Page) -> None:
    page.goto("/reset-password")
    page.get_by_label("E-mail address").fill("nobody@example.com")
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_text("If there is an account for nobody@example.com")).to_be_visible()


def test_the_password_is_changed(
    log_in: Callable[[Customer], Page], customer: NewCustomer, recorder: Recorder
) -> None:
    recorder.provokes(401, "/v1/auth/password")
    someone = customer()
    page = log_in(someone)
    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_label("Current password").fill("wrong-Horse-7-battery")
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Account")).to_be_visible()
    page.get_by_label("Current password").fill(someone.password)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.").last).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    log_in_as(page, someone, NEW_PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Account")).to_be_visible()


def test_logging_out_reaches_every_tab(
    log_in: Callable[[Customer], Page],
    customer: NewCustomer,
    context: BrowserContext,
) -> None:
    page = log_in(customer(invoices=[Bill()]))
    other = context.new_page()
    other.goto("/billing/invoices")
    expect(other.get_by_role("heading", level=1, name="Invoices")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1, name="Log in")).to_be_visible()
    expect(other.get_by_role("heading", level=1, name="Log in")).to_be_visible()
    # And the cookie is worth nothing any more.
    other.goto("/billing/invoices")
    expect(other.get_by_role("heading", level=1, name="Log in")).to_be_visible()


def test_a_session_that_has_ended_leads_back_afterwards(
    log_in: Callable[[Customer], Page], customer: NewCustomer, stack: Stack, recorder: Recorder
) -> None:
    recorder.provokes(401, "/v1/auth/refresh")
    someone = customer()
    page = log_in(someone)
    page.goto("/billing/cards")
    expect(page.get_by_role("heading", level=1, name="Credit cards")).to_be_visible()
    aws(stack, "cognito-idp").admin_user_global_sign_out(
        UserPoolId=user_pool(stack), Username=someone.customer_id
    )
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Log in")).to_be_visible()
    log_in_as(page, someone)
    expect(page.get_by_role("heading", level=1, name="Credit cards")).to_be_visible()
