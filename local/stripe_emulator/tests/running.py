"""A running emulator and its clients."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import stripe

from local.stripe_emulator.settings import API_VERSION, PUBLISHABLE_KEY, SECRET_KEY
from local.stripe_emulator.tests import specification

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams, SetupIntentCreateParams

ROOT = Path(__file__).resolve().parents[3]
OWN_ERRORS = (401, 403, 404)


def check(method: str, url: str, status: int, content: bytes | str) -> None:
    """Hold every answer of the API against Stripe's description."""
    if "/v1/" not in url or not specification.present():
        return
    if status in OWN_ERRORS and "Unrecognized request URL" in str(content):
        return
    problems = specification.violations(method, url, status, json.loads(content))
    assert not problems, problems


class CheckedTransport(stripe.RequestsClient):
    """The SDK's own client, with every answer checked."""

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        content, status, answered = super().request(method, url, headers, post_data)
        check(method, url, status, content)
        return content, status, answered


def _check_response(response: httpx.Response) -> None:
    response.read()
    check(response.request.method, str(response.request.url), response.status_code, response.text)


class Emulator:
    """The process, the SDK's client, raw clients with either key, and the control calls."""

    def __init__(self, db: Path, *options: str) -> None:
        self.db = db
        command = [sys.executable, "-m", "local.stripe_emulator", "--port", "0", "--db", str(db)]
        self.process = subprocess.Popen(
            [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        ready = re.search(r"http://\S+", self.process.stdout.readline())
        assert ready, "the emulator did not start"
        self.url = ready[0]
        self.operator = httpx.Client(base_url=self.url, timeout=30)
        self.stripe = self.sdk()
        self.secret = self.client(SECRET_KEY)
        self.public = self.client(PUBLISHABLE_KEY)

    def sdk(self, key: str = SECRET_KEY, timeout: float = 30) -> stripe.StripeClient:
        return stripe.StripeClient(
            key,
            base_addresses={"api": self.url},
            http_client=CheckedTransport(timeout=timeout),
            max_network_retries=0,
            stripe_version=API_VERSION,
        )

    def client(self, key: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {key}"},
            timeout=30,
            event_hooks={"response": [_check_response]},
        )

    def control(self, route: str, /, **given: Any) -> Any:
        answer = self.operator.post(f"/_control/{route}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, route: str, /, **query: str) -> Any:
        answer = self.operator.get(f"/_control/{route}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def finish_3ds(self, intent: str, result: str = "complete") -> Any:
        return self.control(f"3ds/{intent}", result=result)

    def customer(self) -> str:
        return self.stripe.v1.customers.create().id

    def saved_card(self, customer: str, number: str = "4242424242424242") -> str:
        """Save a card by a SetupIntent, with the bank's step where one is wanted."""
        setup = self.setup(customer=customer, payment_method=self.card(number), confirm=True)
        if setup.status == "requires_action":
            self.finish_3ds(setup.id)
        return str(self.stripe.v1.setup_intents.retrieve(setup.id).payment_method)

    def card(self, number: str = "4242424242424242") -> str:
        """Type a card, as the browser does."""
        answer = self.public.post("/v1/payment_methods", data=typed_card(number))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def cvc_token(self) -> str:
        answer = self.public.post("/v1/tokens", data={"cvc_update[cvc]": "123"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def intent(self, **given: Any) -> stripe.PaymentIntent:
        """Create a PaymentIntent over 12.00 USD that takes cards."""
        return self.stripe.v1.payment_intents.create(
            cast(
                "PaymentIntentCreateParams",
                {
                    "amount": 1200,
                    "currency": "usd",
                    "payment_method_types": ["card"],
                    **given,
                },
            )
        )

    def setup(self, **given: Any) -> stripe.SetupIntent:
        """Create a SetupIntent that takes cards."""
        return self.stripe.v1.setup_intents.create(
            # The types are of a newer version than the emulator's.
            cast("SetupIntentCreateParams", {"payment_method_types": ["card"], **given})
        )

    def event_types(self) -> list[str]:
        return [event.type for event in self.stripe.v1.events.list({"limit": 100}).data]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self._close()

    def stop(self) -> int:
        self.process.terminate()
        status = self.process.wait(10)
        self._close()
        return status

    def _close(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.operator.close()
        self.secret.close()
        self.public.close()

    def memory(self) -> int:
        """Give the resident bytes of the process, where the system tells."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def typed_card(number: str, cvc: str | None = "123", prefix: str = "") -> dict[str, str]:
    """Give the form fields of a card; inside of `prefix` if there is one."""

    def name(*keys: str) -> str:
        first, *rest = [prefix, *keys] if prefix else [*keys]
        return first + "".join(f"[{key}]" for key in rest)

    fields = {
        name("type"): "card",
        name("card", "number"): number,
        name("card", "exp_month"): "12",
        name("card", "exp_year"): "2040",
    }
    if cvc is not None:
        fields[name("card", "cvc")] = cvc
    return fields


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what another process does and nothing announces."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
