"""Starts the two emulators and waits until they answer."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from local import aws
from local.data import Data
from local.failure import StackError
from local.layout import LOOPBACK, ROOT, Layout
from local.processes import Child
from local.stripe_keys import API, StripeAccount

START_SECONDS = 30
# Seconds after which the surplus Lambda workers of a burst are given up.
IDLE_WORKER_SECONDS = 15


def start_aws(layout: Layout, data: Data, port: int, stripe: StripeAccount) -> Child:
    """Start the AWS emulator; it saves its state on a clean stop."""
    environment = _environment(layout) | {
        # Without it every reset code is accepted and roles are not enforced.
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(data.aws),
        "LAMBDA_WARM_TTL_SECONDS": str(IDLE_WORKER_SECONDS),
        # Its workers inherit these: glibc gives memory back instead of keeping it for each thread.
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_TRIM_THRESHOLD_": "65536",
    }
    if stripe.url == API:
        environment |= {k: v for k, v in os.environ.items() if k.lower() == "https_proxy"}
        environment["NO_PROXY"] = environment["no_proxy"] = f"{LOOPBACK},localhost"
    command = [sys.executable, "-m", "ministack"]
    return Child("the AWS emulator", command, environment, layout.run / "aws.log")


def start_stripe(
    layout: Layout, data: Data, port: int, stripe: StripeAccount, webhook_url: str
) -> Child:
    """Start the Stripe emulator on its database; it tries again while nobody hears it."""
    command: list[str | Path] = [
        sys.executable, "-m", "local.stripe_emulator",
        "--port", str(port),
        "--db", data.stripe,
        "--secret-key", stripe.secret_key,
        "--publishable-key", stripe.publishable_key,
        "--webhook-url", webhook_url,
        "--webhook-secret", stripe.webhook_secret,
    ]  # fmt: skip
    environment = _environment(layout) | {"PYTHONPATH": str(ROOT)}
    return Child("the Stripe emulator", command, environment, layout.run / "stripe.log")


def wait_for(url: str, child: Child, check: Callable[[], None]) -> None:
    """Wait until ``url`` answers; ``check`` raises when waiting is in vain.

    Raises
    ------
    StackError
        It does not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        check()
        try:
            if httpx.get(url, timeout=2, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise StackError(f"{child.name} does not answer after {START_SECONDS} s: see {child.log}")


def _environment(layout: Layout) -> dict[str, str]:
    """Give children what they need and nothing this machine knows about other accounts."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **aws.ISOLATION,
        # Workers unpack here, so that one folder is all there is to clean.
        "TMPDIR": str(layout.run / "tmp"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
