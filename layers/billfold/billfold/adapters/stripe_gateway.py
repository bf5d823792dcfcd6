"""Stripe through its own SDK: no retries inside it, and our own idempotency keys always."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import stripe

from billfold.adapters.stripe_answers import read_confirm_error, read_intent, to_stripe_amount
from billfold.domain.decline import explain
from billfold.domain.errors import InvoiceNotPayableError, NotFoundError, UnavailableError
from billfold.domain.payment import (
    CONFIRM_SECONDS,
    Answer,
    OneTimeCard,
    Payment,
    Source,
    StoredCard,
    Trigger,
    Unknown,
)
from billfold.services.ports import (
    IntentParametersChangedError,
    SetupResult,
    SetupSecret,
)

if TYPE_CHECKING:
    from stripe import SetupIntent
    from stripe.params import PaymentIntentConfirmParams

SECONDS: Final = CONFIRM_SECONDS


class StripeGateway:
    """The card gateway."""

    def __init__(self, secret_key: str, publishable_key: str, api_base: str) -> None:
        self._publishable_key = publishable_key
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=SECONDS),
            max_network_retries=0,
        )

    def create_customer(self, customer_id: str) -> str:
        """Make the Stripe customer of a wallet; it carries our number and no name."""
        with _available():
            customer = self._client.v1.customers.create(
                params={"metadata": {"customer_id": customer_id}},
                options={"idempotency_key": f"customer:{customer_id}"},
            )
        return customer.id

    def create_setup_intent(self, stripe_customer: str) -> SetupSecret:
        """Let the browser give a card to Stripe, to be charged off session later."""
        with _available():
            setup = self._client.v1.setup_intents.create(
                params={
                    "customer": stripe_customer,
                    "allowed_payment_method_types": ["card"],
                    "usage": "off_session",
                }
            )
        if not setup.client_secret:
            raise UnavailableError
        return SetupSecret(setup.id, self._publishable_key, setup.client_secret)

    def setup_result(self, setup_intent: str) -> SetupResult:
        """Look at a SetupIntent and the card that it brought.

        Raises
        ------
        NotFoundError
            Stripe knows no such SetupIntent.
        """
        try:
            with _available():
                setup = self._client.v1.setup_intents.retrieve(
                    setup_intent, params={"expand": ["payment_method"]}
                )
        except stripe.InvalidRequestError as error:
            raise NotFoundError from error
        return _read_setup(setup)

    def detach(self, payment_method: str) -> None:
        """Take a card from its Stripe customer for good; one that is detached stays so."""
        try:
            with _available():
                self._client.v1.payment_methods.detach(payment_method)
        except stripe.InvalidRequestError:
            # Not attached any more, which is what was wanted.
            return

    def create_payment_intent(self, payment: Payment, stripe_customer: str) -> str:
        """Make the intent of an epoch, unconfirmed, and give its id.

        Every parameter is fixed for the epoch. Manual confirmation means that only this server
        confirms: a leaked client secret cannot move money.

        Raises
        ------
        UnavailableError, IntentParametersChangedError
        InvoiceNotPayableError
            Too small or too large an amount for a card.
        """
        key = f"pi:{payment.invoice_id}:{payment.epoch}"
        try:
            with _available():
                intent = self._client.v1.payment_intents.create(
                    params={
                        "amount": to_stripe_amount(payment.money),
                        "currency": payment.money.currency.lower(),
                        "customer": stripe_customer,
                        "confirmation_method": "manual",
                        "allowed_payment_method_types": ["card"],
                        "metadata": {
                            "invoice_id": payment.invoice_id,
                            "customer_id": payment.customer_id,
                            "epoch": str(payment.epoch),
                        },
                    },
                    options={"idempotency_key": key},
                )
        except stripe.IdempotencyError as error:
            raise IntentParametersChangedError from error
        except stripe.InvalidRequestError as error:
            if error.code in {"amount_too_small", "amount_too_large"}:
                raise InvoiceNotPayableError("A card cannot be charged this amount.") from error
            raise UnavailableError from error
        return intent.id

    def confirm(
        self, payment: Payment, source: Source | None, payment_method: str | None
    ) -> Answer:
        """Send confirm n of an epoch; ``source`` is None after the bank's step.

        Parameters
        ----------
        payment_method
            Stripe's id of the stored card.
        """
        params: PaymentIntentConfirmParams = {"expand": ["latest_charge"]}
        if payment.trigger is Trigger.AUTOPAY:
            params["off_session"] = True
        else:
            params["use_stripe_sdk"] = True
        if isinstance(source, OneTimeCard):
            params["payment_method"] = source.payment_method
        elif isinstance(source, StoredCard):
            if payment_method:
                params["payment_method"] = payment_method
            if source.cvc_token:
                params["payment_method_options"] = {"card": {"cvc_token": source.cvc_token}}
        key = f"confirm:{payment.invoice_id}:{payment.epoch}:{payment.n}"
        try:
            intent = self._client.v1.payment_intents.confirm(
                payment.intent or "",
                params=params,
                options={"idempotency_key": key},
            )
        except stripe.StripeError as error:
            return read_confirm_error(error)
        return read_intent(intent)

    def retrieve(self, payment: Payment) -> Answer:
        """Look at the intent of a payment."""
        try:
            intent = self._client.v1.payment_intents.retrieve(
                payment.intent or "", params={"expand": ["latest_charge"]}
            )
        except stripe.StripeError:
            return Unknown()
        return read_intent(intent)

    def cancel(self, payment: Payment) -> Answer:
        """Fence: cancel the intent, or see what it has become instead."""
        key = f"cancel:{payment.invoice_id}:{payment.epoch}"
        try:
            intent = self._client.v1.payment_intents.cancel(
                payment.intent or "", options={"idempotency_key": key}
            )
        except stripe.StripeError:
            return self.retrieve(payment)
        return read_intent(intent)


def _read_setup(setup: "SetupIntent") -> SetupResult:
    customer = setup.customer
    stripe_customer = customer if isinstance(customer, str) or customer is None else customer.id
    method = setup.payment_method
    if setup.status != "succeeded" or method is None or isinstance(method, str):
        error = setup.last_setup_error
        decline = None
        if setup.status == "requires_payment_method" and error:
            decline = explain(getattr(error, "code", None), getattr(error, "decline_code", None))
        return SetupResult(stripe_customer, succeeded=False, decline=decline)
    card = method.card
    if card is None:
        return SetupResult(stripe_customer, succeeded=False)
    return SetupResult(
        stripe_customer,
        succeeded=True,
        attached=method.customer is not None,
        payment_method=method.id,
        fingerprint=card.fingerprint or method.id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )


@contextmanager
def _available() -> Iterator[None]:
    """Let through what Stripe says about the request; the rest means "not now"."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.IdempotencyError, stripe.CardError):
        raise
    except stripe.StripeError as error:
        raise UnavailableError from error
