"""A browser with a customer's session, for what looks at the portal: screenshots, benchmarks."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from local.browser import installed
from local.failure import StackError

LOG_IN = """async ([email, password]) => {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ email, password });
  return (await fetch('/v1/auth/login', { method: 'POST', headers, body })).status;
}"""


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
    """Begin a session as the portal's own page would; the browser keeps its cookie.

    Raises
    ------
    StackError
    """
    page = context.new_page()
    page.goto(stack["portal_url"])
    status = page.evaluate(LOG_IN, [login["email"], login["password"]])
    page.close()
    if status != 200:
        raise StackError(f"{login['email']} cannot log in: {status}")
