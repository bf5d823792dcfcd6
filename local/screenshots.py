"""Writes docs/images/*.png: the portal as a customer of the seed sees it, wide and narrow.

``make screenshots`` uses the stack that is up, or a fresh one; after `make reset` they are the same
each time but for the dates.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Error, Page

from local.borrowed import borrowed
from local.failure import StackError
from local.layout import ROOT
from local.session import browser, log_in

IMAGES: Final = ROOT / "docs" / "images"
WIDTHS: Final = {1280: 860, 320: 720}


def stay(_page: Page) -> None:
    """Show the page as it comes."""


def open_pay_panel(page: Page) -> None:
    """Begin to pay the first invoice that can be paid."""
    page.get_by_role("button", name="Actions for Invoice").first.click()
    page.get_by_role("menuitem", name="Pay").click()
    page.frame_locator("iframe[title='Secure CVC input frame']").locator("input").first.wait_for()


VIEWS: Final[dict[str, tuple[str, Callable[[Page], None]]]] = {
    "dashboard": ("/", stay),
    "cards": ("/billing/cards", stay),
    "invoices": ("/billing/invoices", stay),
    "pay": ("/billing/invoices?status=open,overdue", open_pay_panel),
}


def take(page: Page, origin: str, name: str) -> None:
    """Take one view at every width.

    Raises
    ------
    StackError
        It does not come to rest, or has nothing to pay.
    """
    path, act = VIEWS[name]
    try:
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"{origin}{path}", wait_until="networkidle")
            act(page)
            page.screenshot(path=IMAGES / f"{name}-{width}.png", animations="disabled")
    except Error as error:
        raise StackError(f"no screenshot of {name}: {error.message.splitlines()[0]}") from error


def main() -> int:
    """Take them all."""
    try:
        with (
            borrowed() as stack,
            tempfile.TemporaryDirectory() as profile,
            browser(Path(profile), color_scheme="light", locale="en-US") as context,
        ):
            log_in(context, stack, stack["customers"][0])
            page = context.new_page()
            for name in VIEWS:
                take(page, stack["portal_url"], name)
                print(f"  {name}", flush=True)
    except StackError as error:
        print(f"billfold: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
