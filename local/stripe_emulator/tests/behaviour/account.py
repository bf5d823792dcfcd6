"""The account that the tests of behaviour use: the emulator's, or a real one in test mode."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import stripe

from local.stripe_emulator.settings import SECRET_KEY

VARIABLE = "STRIPE_SECRET_KEY"
_OPEN = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
)


class NoTestKeyError(Exception):
    """A key that could charge real cards."""


def key_of_real_stripe(environment: Mapping[str, str]) -> str | None:
    """Give the key of Stripe's test mode; None for the emulator.

    Raises
    ------
    NoTestKeyError
        It is another kind of key.
    """
    key = environment.get(VARIABLE, "")
    if key in ("", SECRET_KEY):
        return None
    if not key.startswith("sk_test_"):
        raise NoTestKeyError(
            f"{VARIABLE} is no test key (sk_test_…). These tests charge cards: they never run with "
            "a live key. Nothing was sent."
        )
    return key


class Account:
    """A client, marks of its own on everything it makes, and the removal of that.

    Parameters
    ----------
    patience
        How many seconds what Stripe does later may take.
    """

    def __init__(self, client: stripe.StripeClient, patience: float = 0) -> None:
        self.stripe = client
        self.run = uuid4().hex
        self._patience = patience
        self._customers: list[str] = []
        self._payments: list[str] = []
        self._setups: list[str] = []

    @property
    def mark(self) -> dict[str, str]:
        """The metadata of everything made here."""
        return {"behaviour_run": self.run}

    def key(self, name: str) -> dict[str, Any]:
        """Give the options with an idempotency key that nobody else has."""
        return {"idempotency_key": f"{self.run}:{name}"}

    def customer(self, **given: Any) -> str:
        """Make a customer."""
        params: Any = {"metadata": self.mark, **given}
        made = self.stripe.v1.customers.create(params).id
        self._customers.append(made)
        return made

    def card(self, token: str = "tok_visa") -> str:
        """Make a PaymentMethod that belongs to nobody."""
        params: Any = {"type": "card", "card": {"token": token}}
        return self.stripe.v1.payment_methods.create(params).id

    def setup(self, **given: Any) -> stripe.SetupIntent:
        """Make a SetupIntent that takes cards."""
        params: Any = {"payment_method_types": ["card"], "metadata": self.mark, **given}
        made = self.stripe.v1.setup_intents.create(params)
        self._setups.append(made.id)
        return made

    def saved_card(self, customer: str, method: str = "pm_card_visa") -> str:
        """Save a card for payments off session."""
        made = self.setup(customer=customer, payment_method=method, confirm=True)
        assert made.status == "succeeded"
        return str(made.payment_method)

    def intent(
        self, options: dict[str, Any] | None = None, /, **given: Any
    ) -> stripe.PaymentIntent:
        """Make a PaymentIntent over 12.00 USD that takes cards."""
        params: Any = {
            "amount": 1200,
            "currency": "usd",
            "payment_method_types": ["card"],
            **given,
            "metadata": {**self.mark, **given.get("metadata", {})},
        }
        try:
            made = self.stripe.v1.payment_intents.create(params, options)  # type: ignore[arg-type]
        except stripe.CardError as error:
            if error.error is not None and error.error.payment_intent is not None:
                self._payments.append(error.error.payment_intent.id)
            raise
        self._payments.append(made.id)
        return made

    def paid(self, method: str = "pm_card_visa", **given: Any) -> stripe.PaymentIntent:
        """Pay."""
        made = self.intent(payment_method=method, confirm=True, **given)
        assert made.status == "succeeded"
        return made

    def charges(self, intent: str) -> list[stripe.Charge]:
        """Give the charges of a PaymentIntent, the newest first."""
        return self.stripe.v1.charges.list({"payment_intent": intent}).data

    def eventually(self, condition: Callable[[], bool]) -> None:
        """Wait for what Stripe does later and tells nobody; the emulator does it at once."""
        end = time.monotonic() + self._patience
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(2)

    def clean_up(self) -> None:
        """Cancel what is open and delete the customers, and so their cards."""
        api = self.stripe.v1
        for identifier in self._payments:
            if api.payment_intents.retrieve(identifier).status in _OPEN:
                api.payment_intents.cancel(identifier)
        for identifier in self._setups:
            if api.setup_intents.retrieve(identifier).status in _OPEN:
                api.setup_intents.cancel(identifier)
        for identifier in self._customers:
            # Some tests delete theirs themselves.
            with suppress(stripe.InvalidRequestError):
                api.customers.delete(identifier)
