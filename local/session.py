"""A browser with a customer's session, for what looks at the portal: screenshots, benchmarks."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from local.browser import installed


@contextmanager
def browser(
    profile: Path, arguments: Sequence[str] = (), **options: Any
) -> Iterator[BrowserContext]:
    """Start Chromium on a profile of its own."""
    # Root must do without its sandbox.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=installed(), args=[*sandbox, *arguments], **options
        )
        yield context
        context.close()


def log_in(context: BrowserContext, stack: dict[str, Any], login: dict[str, str]) -> None:
    """Log in as a person does; the browser keeps the session."""
    page = context.new_page()
    page.goto(f"{stack['portal_url']}/login")
    fill_in(page, login["email"], login["password"])
    page.get_by_role("heading", level=1, name="Dashboard").wait_for()
    page.close()


def fill_in(page: Page, email: str, password: str) -> None:
    """Fill in the log-in form and send it."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()
