"""The Stripe emulator: as a process of a test's own, and what a browser and a test do to one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

ROOT: Final = Path(__file__).resolve().parents[1]
SECRET_KEY: Final = "sk_test_emulator"
PUBLISHABLE_KEY: Final = "pk_test_emulator"


class Emulator:
    """A running emulator; nothing here goes through the product."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, auth=(SECRET_KEY, ""), timeout=30)

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """List a page of objects, newest first, with the secret key."""
        answer = self._http.get(path, params=query).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def every(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """List all objects there are, newest first, page by page: a page holds ten by default."""
        found: list[dict[str, Any]] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            answer = self._http.get(path, params={"limit": 100, **query, **after})
            page = answer.raise_for_status().json()
            found += page["data"]
            if not page["has_more"]:
                return found

    def one(self, path: str) -> dict[str, Any]:
        """Retrieve one object with the secret key."""
        found: dict[str, Any] = self._http.get(path).raise_for_status().json()
        return found

    def post(self, path: str, **form: Any) -> dict[str, Any]:
        """Make or change an object with the secret key."""
        answer = self._http.post(f"/v1/{path}", data=form)
        assert answer.status_code == 200, answer.text
        given: dict[str, Any] = answer.json()
        return given

    def delete(self, path: str) -> None:
        """Delete an object in the dashboard."""
        self._http.delete(f"/v1/{path}").raise_for_status()

    # Control

    def control(self, route: str, **body: Any) -> None:
        self._http.post(f"/_control/{route}", json=body).raise_for_status()

    def fault(self, path: str, kind: str, **more: Any) -> None:
        """Let the next request to a path fail."""
        self.control("faults", path=path, kind=kind, **more)

    def no_faults(self) -> None:
        self._http.delete("/_control/faults").raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """Give what the emulator was asked, newest first."""
        return self.get("/_control/requests")

    def forget_requests(self) -> None:
        self._http.delete("/_control/requests").raise_for_status()

    def bank_says(self, intent: str, result: str) -> httpx.Response:
        """Take the bank's step."""
        return self._http.post(f"/_control/3ds/{intent}", json={"result": result})

    def keys(self, path: str) -> list[str | None]:
        """Give the idempotency keys of the requests whose path ends so."""
        return [row["idempotency_key"] for row in self.requests() if row["path"].endswith(path)]

    # The browser

    def card(self, number: str = "4242424242424242") -> dict[str, Any]:
        """Type a card that is attached to nobody."""
        answer = self._http.post(
            "/v1/payment_methods",
            auth=(PUBLISHABLE_KEY, ""),
            data={
                "type": "card",
                "card[number]": number,
                "card[exp_month]": "12",
                "card[exp_year]": "2034",
                "card[cvc]": "123",
            },
        )
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def cvc_token(self) -> str:
        answer = self._http.post(
            "/v1/tokens", auth=(PUBLISHABLE_KEY, ""), data={"cvc_update[cvc]": "123"}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def confirm_setup(self, setup: str, secret: str, method: str) -> httpx.Response:
        """Give a card to Stripe as Stripe.js does."""
        return self._http.post(
            f"/v1/setup_intents/{setup}/confirm",
            auth=(PUBLISHABLE_KEY, ""),
            data={"client_secret": secret, "payment_method": method},
        )


@contextmanager
def running(database: Path) -> Iterator[Emulator]:
    """Start an emulator on a free port; it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.stripe_emulator", "--port", "0", "--db", str(database)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    emulator = Emulator(process.stdout.readline().split()[-1])
    try:
        yield emulator
    finally:
        emulator.close()
        process.terminate()
        process.communicate(timeout=10)
