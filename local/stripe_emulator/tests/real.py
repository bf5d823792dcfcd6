"""Real Stripe in test mode, behind the same face as the running emulator.

What needs the emulator's control calls, or a card typed in a browser, is left out there.
"""

from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest
import stripe

from local.stripe_emulator.card_table import BY_NUMBER

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams


class RealStripe:
    """Stripe's test mode; customers that were made are deleted at the end."""

    def __init__(self, secret_key: str) -> None:
        if not secret_key.startswith(("sk_test_", "rk_test_")):
            pytest.exit("STRIPE_SECRET_KEY must be a test key; a live key is refused", 4)
        self._key = secret_key
        self._customers: list[str] = []
        self.stripe = self.sdk()

    def sdk(self, key: str = "", timeout: float = 30) -> stripe.StripeClient:
        return stripe.StripeClient(
            key or self._key,
            http_client=stripe.RequestsClient(timeout=timeout),
            max_network_retries=2,
        )

    def customer(self) -> str:
        self._customers.append(self.stripe.v1.customers.create().id)
        return self._customers[-1]

    def card(self, number: str = "4242424242424242") -> str:
        token = f"tok_{BY_NUMBER[number].name}"
        made = self.stripe.v1.payment_methods.create({"type": "card", "card": {"token": token}})
        return made.id

    def saved_card(self, customer: str, number: str = "4242424242424242") -> str:
        setup = self.stripe.v1.setup_intents.create(
            {
                "customer": customer,
                "allowed_payment_method_types": ["card"],
                "payment_method": self.card(number),
                "confirm": True,
            }
        )
        if setup.status == "requires_action":
            pytest.skip("the bank's step needs a person at real Stripe")
        return str(setup.payment_method)

    def intent(self, **given: Any) -> stripe.PaymentIntent:
        return self.stripe.v1.payment_intents.create(
            cast(
                "PaymentIntentCreateParams",
                {
                    "amount": 1200,
                    "currency": "usd",
                    "allowed_payment_method_types": ["card"],
                    **given,
                },
            )
        )

    def event_types(self) -> list[str]:
        return [event.type for event in self.stripe.v1.events.list({"limit": 100}).data]

    def control(self, *_: Any, **__: Any) -> NoReturn:
        pytest.skip("left out at real Stripe: it needs the emulator's control calls")

    look = finish_3ds = cvc_token = control

    def __getattr__(self, name: str) -> NoReturn:
        pytest.skip(f"left out at real Stripe: it needs the emulator's own {name}")

    def clean_up(self) -> None:
        for customer in self._customers:
            self.stripe.v1.customers.delete(customer)
