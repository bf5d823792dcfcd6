"""WCAG 2.2 AA by axe, with findings that can be read."""

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe(page: Page, within: str | None = None) -> None:
    """Fail with a list of what is wrong on the page, or within a part of it."""
    options = {
        "runOnly": {"type": "tag", "values": TAGS},
        "resultTypes": ["violations"],
        # Stripe's frames are of another origin, with tests of their own.
        "iframes": False,
    }
    found = Axe().run(page, within, options).response["violations"]
    assert not found, f"axe on {page.url}\n" + "\n".join(map(_readable, found))


def _readable(violation: dict[str, Any]) -> str:
    nodes = "".join(
        f"\n    {' '.join(map(str, node['target']))}\n      {_indented(node['failureSummary'])}"
        for node in violation["nodes"]
    )
    return f"  {violation['id']} ({violation['impact']}): {violation['help']}{nodes}"


def _indented(summary: str) -> str:
    return summary.strip().replace("\n", "\n      ")
