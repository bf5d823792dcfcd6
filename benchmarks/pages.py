"""What a page of the portal weighs, and what Lighthouse thinks of it."""

import json
import os
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext

from local.failure import StackError
from local.layout import ROOT

CATEGORIES: Final = ("performance", "accessibility", "best-practices")
WEIGHED: Final = {"Document", "Script", "Stylesheet"}
# A single run of a simulated slow telephone on a busy machine says little.
RUNS: Final = 3
KILOBYTE: Final = 1000


@dataclass(frozen=True)
class Page:
    """A page, who sees it, and what it may weigh: kilobytes of HTML, CSS and JavaScript, gzip."""

    name: str
    path: str
    budget: int
    logged_in: bool = True


@dataclass(frozen=True)
class Measured:
    """A page's figures; the scores are Lighthouse's, of 100."""

    page: Page
    kilobytes: float
    scores: dict[str, float]
    complaints: list[str]


def weigh(context: BrowserContext, url: str) -> float:
    """Load a page with nothing cached and add up what came over the wire: bodies, not headers."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    heads: dict[str, float] = {}
    whole: dict[str, float] = {}
    origin = "/".join(url.split("/")[:3])

    def began(event: dict[str, Any]) -> None:
        if event["type"] in WEIGHED and event["response"]["url"].startswith(f"{origin}/"):
            heads[event["requestId"]] = event["response"]["encodedDataLength"]

    session.on("Network.responseReceived", began)
    session.on(
        "Network.loadingFinished",
        lambda event: whole.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(url, wait_until="networkidle")
    page.close()
    return round(sum(whole[request] - head for request, head in heads.items()) / KILOBYTE, 1)


def judge(url: str, port: int, log: Path) -> tuple[dict[str, float], list[str]]:
    """Ask Lighthouse, which uses the browser on a debugging port and so its session.

    Returns
    -------
    The median score of each category, and the audits that cost points.
    """
    reports = [_lighthouse(url, port, log) for _ in range(RUNS)]
    scores = {
        name: statistics.median(report["categories"][name]["score"] * 100 for report in reports)
        for name in CATEGORIES
    }
    return scores, sorted({line for report in reports for line in _complaints(report)})


def _lighthouse(url: str, port: int, log: Path) -> dict[str, Any]:
    command: list[str | Path] = [
        ROOT / ".local" / "node" / "bin" / "node",
        ROOT / "benchmarks" / "node_modules" / "lighthouse" / "cli" / "index.js",
        url,
        f"--port={port}",
        "--hostname=127.0.0.1",
        "--output=json",
        "--quiet",
        "--disable-storage-reset",
        "--no-enable-error-reporting",
        f"--only-categories={','.join(CATEGORIES)}",
    ]
    with log.open("a") as output:
        done = subprocess.run(
            command,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            check=False,
            timeout=180,
        )
    report: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    failed = report.get("runtimeError", {}).get("message")
    if done.returncode or failed or not report:
        raise StackError(f"Lighthouse cannot judge {url}: {failed or f'see {log}'}")
    return report


def _complaints(report: dict[str, Any]) -> list[str]:
    """Name the audits of the categories that must be perfect and are not."""
    return [
        f"{audit['title']} ({name})"
        for name in ("accessibility", "best-practices")
        for reference in report["categories"][name]["auditRefs"]
        if reference["weight"] and (audit := report["audits"][reference["id"]])["score"] == 0
    ]
