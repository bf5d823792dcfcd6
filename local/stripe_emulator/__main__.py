"""Run the emulator: `python -m local.stripe_emulator --port 12111 --db PATH`."""

import argparse
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from local.stripe_emulator.app import create_app
from local.stripe_emulator.settings import CONFIRM_LIMIT, PUBLISHABLE_KEY, SECRET_KEY, Settings

_HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """A server that says when it is ready, and where."""

    def __init__(self, config: uvicorn.Config, port: int) -> None:
        super().__init__(config)
        self._port = port

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"Stripe emulator ready on http://{_HOST}:{self._port}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m local.stripe_emulator", description="A Stripe emulator for development."
    )
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one")
    parser.add_argument("--db", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--webhook-url", help="where to deliver events")
    parser.add_argument("--webhook-secret", default=Settings.webhook_secret)
    parser.add_argument("--secret-key", default=SECRET_KEY)
    parser.add_argument("--publishable-key", default=PUBLISHABLE_KEY)
    parser.add_argument("--confirm-limit", type=int, default=CONFIRM_LIMIT)
    given = parser.parse_args(arguments)
    # The server ends by itself on these and raises them again afterwards: then this is our end.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: sys.exit(0))
    for name in ("secret_key", "publishable_key"):
        if "_test_" not in getattr(given, name):
            parser.error("only test keys are taken")
    settings = Settings(
        secret_key=given.secret_key,
        publishable_key=given.publishable_key,
        confirm_limit=given.confirm_limit,
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
    )
    # Naming the protocol lets asyncio turn off the delay of small packets.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, given.port))
    except OSError as error:
        print(f"Stripe emulator: port {given.port} cannot be taken: {error.strerror}",
              file=sys.stderr)  # fmt: skip
        return 1
    listener.listen(2048)
    config = uvicorn.Config(
        create_app(given.db, settings),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    _Server(config, listener.getsockname()[1]).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
