"""Chromium for the browser tests: the one that is installed, or one that this installs.

``python -m local.browser`` sees to it that there is one. Debian's package brings all that it needs
with it but wants root; else Playwright fetches a build of its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def installed() -> str | None:
    """Give the path of the system's Chromium; None where there is none."""
    given = os.environ.get("BILLFOLD_CHROMIUM")
    if given:
        return given
    return next((path for path in map(shutil.which, _NAMES) if path), None)


def _playwrights_own() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def _run(*command: str) -> bool:
    return subprocess.run(command, check=False).returncode == 0


def _from_debian() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    return (
        _run("apt-get", "update", "-q=2")
        and _run("apt-get", "install", "-q=2", "--no-install-recommends", "chromium")
        and installed() is not None
    )


def main() -> int:
    """Install Chromium unless it is there."""
    if installed() or _playwrights_own():
        return 0
    print("Installing Chromium for the browser tests", flush=True)
    if _from_debian() or _run(sys.executable, "-m", "playwright", "install", "chromium"):
        return 0
    print(
        "billfold: no Chromium; install it, or set BILLFOLD_CHROMIUM=/path/to/it", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
