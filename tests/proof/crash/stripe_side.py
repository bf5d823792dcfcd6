"""Stripe as the bank, the business and its deliveries see it."""

import hashlib
import hmac
import json
import time
from typing import Any, Final

from billfold.adapters.stripe_webhooks import StripeWebhooks
from billfold.domain.stripe_event import StripeEvent

from tests.emulator import Emulator

WEBHOOK_SECRET: Final = "whsec_crash"


class StripeSide:
    """What the runs do to an emulator; nothing of this goes over the wire under test."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    @property
    def url(self) -> str:
        return self.emulator.url

    def forget(self) -> None:
        """Forget all that was, so that each run has a Stripe account to itself."""
        self.emulator.control("reset")

    def arrived(self) -> int:
        """Count the requests that Stripe got since ``forget_requests``."""
        return len(self.emulator.requests())

    def forget_requests(self) -> None:
        self.emulator.forget_requests()

    def trouble(self, path: str, kind: str) -> None:
        """Let the next call of a path fail."""
        self.emulator.fault(path, kind, method="POST")

    def no_trouble(self) -> None:
        self.emulator.no_faults()

    def bank_says(self, intent: str, result: str) -> None:
        """Take the bank's step; where the intent is over by now, the bank's page says so."""
        answer = self.emulator.bank_says(intent, result)
        assert answer.status_code in {200, 400}, answer.text

    def customer(self, customer_id: str) -> str:
        made = self.emulator.post("customers", **{"metadata[billfold_customer_id]": customer_id})
        return str(made["id"])

    def attached(self, card: str, customer: str) -> dict[str, Any]:
        return self.emulator.post(f"payment_methods/{card}/attach", customer=customer)

    def cards(self, customer: str | None) -> set[str]:
        """Give the PaymentMethods that are attached to a Stripe customer."""
        if customer is None:
            return set()
        listed = self.emulator.every("/v1/payment_methods", customer=customer)
        return {str(one["id"]) for one in listed}

    def detach(self, payment_method: str) -> None:
        """Detach a card in the dashboard."""
        self.emulator.post(f"payment_methods/{payment_method}/detach")

    def delete_customer(self, customer: str) -> None:
        """Delete a customer in the dashboard, with what is attached."""
        self.emulator.delete(f"customers/{customer}")

    def has_customer(self, customer: str | None) -> bool:
        return customer in {str(one["id"]) for one in self.emulator.every("/v1/customers")}

    def typed(self) -> str:
        """Type a card that is attached to nobody."""
        return str(self.emulator.card()["id"])

    def confirm_setup(self, setup_intent: str, secret: str, card: str) -> None:
        """Give a card to Stripe as the browser does; twice is refused, and changes nothing."""
        answer = self.emulator.confirm_setup(setup_intent, secret, card)
        assert answer.status_code in {200, 400}, answer.text

    def gives_back(self, charge: str, amount: int) -> None:
        """Refund a part of a charge, and let its holder dispute it."""
        self.emulator.post("refunds", charge=charge, amount=amount)
        self.emulator.control("disputes", charge=charge)

    def events(self) -> list[StripeEvent]:
        """Give what Stripe would deliver of this run, read by the product's own reader."""
        reader = StripeWebhooks((WEBHOOK_SECRET,))
        read = [reader.read(payload, signature(payload)) for payload in self.payloads()]
        return [event for event in read if event]

    def payloads(self) -> list[str]:
        """Give what Stripe would post of this run."""
        return [json.dumps(event) for event in self.emulator.every("/v1/events")]


def signature(payload: str) -> str:
    """Sign a delivery as Stripe does now."""
    at = int(time.time())
    signed = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.{payload}".encode(), hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
