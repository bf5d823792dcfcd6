"""A customer of the running stack, through our own API and Stripe's, as a browser would do it."""

import uuid
from collections.abc import Mapping
from typing import Any, Self

import httpx

from local.failure import StackError
from local.stack_file import Login
from local.stripe_keys import StripeAccount


class CustomerApi:
    """Calls with a customer's access token."""

    def __init__(self, base: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=base,
            headers={"Authorization": f"Bearer {token}"},
            timeout=40,
            trust_env=False,
        )

    @classmethod
    def log_in(cls, base: str, login: Login) -> Self:
        """Log in with e-mail address and password.

        Raises
        ------
        StackError
            The answer is not an access token.
        """
        answer = httpx.post(
            f"{base}/v1/auth/login",
            json={"email": login.email, "password": login.password},
            timeout=40,
            trust_env=False,
        )
        token = answer.json().get("access_token") if answer.is_success else None
        if not token:
            raise StackError(f"{login.email} cannot log in: {answer.status_code} {answer.text}")
        return cls(base, token)

    def knows_me(self) -> bool:
        """Tell whether the customer's record is there."""
        return self._http.get("/v1/account").status_code == 200

    def invoices(self) -> list[dict[str, Any]]:
        """List invoices, newest first."""
        found: list[dict[str, Any]] = self._call("GET", "/v1/invoices?limit=100")["data"]
        return found

    def cards(self) -> list[dict[str, Any]]:
        """List the cards of the wallet, in the order in which they were added."""
        found: list[dict[str, Any]] = self._call("GET", "/v1/cards")["data"]
        return found

    def add_card(self, stripe: StripeAccount, test_card: str, nickname: str | None) -> str:
        """Give a card to Stripe and store it; give its id."""
        setup = self._call("POST", "/v1/cards/setup")
        intent = setup["setup_intent"]
        stripe_call(
            stripe,
            f"setup_intents/{intent}/confirm",
            {"client_secret": setup["client_secret"], "payment_method": test_card},
        )
        body = {"setup_intent": intent} | ({"nickname": nickname} if nickname else {})
        return str(self._call("POST", "/v1/cards", body)["card_id"])

    def pay(self, stripe: StripeAccount, invoice: dict[str, Any], card_id: str) -> None:
        """Pay an invoice in full with a stored card and its security code."""
        cvc = stripe_call(stripe, "tokens", {"cvc_update[cvc]": "123"})["id"]
        due = invoice["amount_due"]
        payment = self._call(
            "POST",
            f"/v1/invoices/{invoice['invoice_id']}/payments",
            {**due, "source": {"card_id": card_id, "cvc_token": cvc}},
            {"Idempotency-Key": str(uuid.uuid4())},
        )
        if payment["status"] != "succeeded":
            raise StackError(f"paying {invoice['number']} ended as {payment['status']}")

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = self._http.request(method, path, json=body, headers=headers)
        if not answer.is_success:
            raise StackError(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        content: dict[str, Any] = answer.json()
        return content


def stripe_call(stripe: StripeAccount, path: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Call Stripe with the publishable key, as the browser does.

    Raises
    ------
    StackError
        With Stripe's message.
    """
    answer = httpx.post(
        f"{stripe.url}/v1/{path}",
        data=dict(form),
        auth=(stripe.publishable_key, ""),
        timeout=40,
        trust_env=stripe.control_url is None,
    )
    content: dict[str, Any] = answer.json()
    if not answer.is_success:
        message = content.get("error", {}).get("message", answer.text[:300])
        raise StackError(f"Stripe refused {path}: {message}")
    return content
