"""What all tests share: which browser they use, and how it is started."""

from typing import Any

import pytest

from local.browser import installed


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the system's Chromium where there is one; root must do without its sandbox."""
    arguments = ["--disable-quic", "--no-sandbox"]
    chosen = {"executable_path": path} if (path := installed()) else {}
    return {**browser_type_launch_args, **chosen, "args": arguments}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests with a browser come last: Playwright keeps an event loop running till the end.

    Whoever runs one of their own afterwards would be refused.
    """
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))
