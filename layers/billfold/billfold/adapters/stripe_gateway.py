"""Stripe through its own SDK: no retries inside it, and our own idempotency keys always."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import stripe

from billfold.adapters.stripe_answers import (
    read_charge,
    read_confirm_error,
    read_intent,
    read_retrieve_error,
    to_stripe_amount,
)
from billfold.adapters.stripe_deadline import DeadlineClient
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
)
from billfold.domain.stripe_event import CUSTOMER_ID, INTENT_GENERATION, INVOICE_ID, Owner
from billfold.domain.wallet import CardDetails
from billfold.services.ports import (
    ChargeView,
    EpochSpentError,
    Fenceable,
    FoundIntent,
    SetupResult,
    SetupSecret,
)

if TYPE_CHECKING:
    from stripe import Charge, SetupIntent
    from stripe.params import PaymentIntentConfirmParams

SECONDS: Final = CONFIRM_SECONDS


class StripeGateway:
    """The card gateway."""

    def __init__(self, secret_key: str, publishable_key: str, api_base: str) -> None:
        self._publishable_key = publishable_key
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=DeadlineClient(SECONDS),
            max_network_retries=0,
        )

    def create_customer(self, customer_id: str) -> str:
        """Make the Stripe customer of a wallet; it carries our number and no name."""
        with _available():
            customer = self._client.v1.customers.create(
                params={"metadata": {CUSTOMER_ID: customer_id}},
                # A key of its own: one that is kept would repeat a server error for a day. A
                # customer too many stays unused.
                options={"idempotency_key": f"customer:{customer_id}:{uuid4()}"},
            )
        return customer.id

    def create_setup_intent(self, stripe_customer: str, customer_id: str) -> SetupSecret:
        """Let the browser give a card to Stripe, to be charged off session later.

        The metadata tells a webhook whose card it is.
        """
        with _available():
            setup = self._client.v1.setup_intents.create(
                params={
                    "customer": stripe_customer,
                    "allowed_payment_method_types": ["card"],
                    "usage": "off_session",
                    "metadata": {CUSTOMER_ID: customer_id},
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

    def cancel_setup(self, setup_intent: str) -> None:
        """End a SetupIntent, so that no further card can be tried with it."""
        try:
            with _available():
                self._client.v1.setup_intents.cancel(setup_intent)
        except stripe.InvalidRequestError:
            # It has succeeded or was canceled: nothing can be tried with it.
            return

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
        UnavailableError, EpochSpentError
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
                            INVOICE_ID: payment.invoice_id,
                            CUSTOMER_ID: payment.customer_id,
                            INTENT_GENERATION: str(payment.epoch),
                        },
                    },
                    options={"idempotency_key": key},
                )
        except stripe.IdempotencyError as error:
            raise EpochSpentError from error
        except UnavailableError as error:
            if _answered(error.__cause__):
                # Stripe keeps a 500 for the key and would repeat it for a day.
                raise EpochSpentError from error
            raise
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
        try:
            intent = self._client.v1.payment_intents.confirm(
                payment.intent or "",
                params=params,
                options={"idempotency_key": payment.confirm_key},
            )
        except stripe.StripeError as error:
            return read_confirm_error(error)
        return read_intent(intent)

    def retrieve(self, payment: Payment) -> Answer:
        """Look at the intent of a payment."""
        return self._read(payment.intent or "")

    def _read(self, identifier: str) -> Answer:
        try:
            intent = self._client.v1.payment_intents.retrieve(
                identifier, params={"expand": ["latest_charge"]}
            )
        except stripe.StripeError as error:
            return read_retrieve_error(error)
        return read_intent(intent)

    def cancel(self, fenceable: Fenceable) -> Answer:
        """Fence: cancel the intent, or see what it has become instead.

        Each try has a key of its own: canceling twice is harmless, but a refusal that Stripe
        remembers under a key ("it is processing") would be repeated when it is no longer true.
        """
        identifier = fenceable.intent or ""
        try:
            intent = self._client.v1.payment_intents.cancel(
                identifier,
                params={"expand": ["latest_charge"]},
                options={"idempotency_key": f"cancel:{identifier}:{uuid4()}"},
            )
        except stripe.StripeError:
            return self._read(identifier)
        return read_intent(intent)

    def look(self, intent: str) -> Answer:
        """Look at an intent that an event named.

        Raises
        ------
        NotFoundError, UnavailableError
        """
        with _found():
            found = self._client.v1.payment_intents.retrieve(
                intent, params={"expand": ["latest_charge"]}
            )
        return read_intent(found)

    def find_intents(
        self, customer_id: str, invoice_id: str, stripe_customer: str | None, *, since: datetime
    ) -> Sequence[FoundIntent]:
        """Return the intents that were made for an invoice, as metadata tells.

        Search knows all but the newest, and the list of a customer those alone.

        Raises
        ------
        UnavailableError
        """
        intents = self._client.v1.payment_intents
        query = f"metadata['{INVOICE_ID}']:'{invoice_id}'"
        with _asked():
            found = list(intents.search({"query": query, "limit": 100}).auto_paging_iter())
            if stripe_customer:
                listed = intents.list(
                    {
                        "customer": stripe_customer,
                        "created": {"gte": int(since.timestamp())},
                        "limit": 100,
                    }
                )
                found += listed.auto_paging_iter()
        ours = Owner(customer_id, invoice_id)
        known = {one.id: one.metadata.to_dict() for one in found if one.metadata}
        return [
            FoundIntent(identifier, int(metadata.get(INTENT_GENERATION, 0)))
            for identifier, metadata in known.items()
            if Owner.of(metadata) == ours
        ]

    def card(self, payment_method: str) -> tuple[str | None, CardDetails]:
        """Look at a card that the networks' updater has changed; None is not a customer of ours.

        Raises
        ------
        NotFoundError, UnavailableError
        """
        with _found():
            found = self._client.v1.payment_methods.retrieve(
                payment_method, params={"expand": ["customer"]}
            )
        card = found.card
        if card is None:
            raise NotFoundError
        metadata = getattr(found.customer, "metadata", None)
        details = CardDetails(
            found.id, card.fingerprint or found.id, card.last4, card.exp_month, card.exp_year
        )
        return getattr(metadata, CUSTOMER_ID, None), details

    def charge(self, charge: str) -> ChargeView:
        """Look at a charge: its intent, what was refunded, and how a dispute stands.

        Raises
        ------
        NotFoundError, UnavailableError
        """
        with _found():
            found = self._client.v1.charges.retrieve(charge, params={"expand": ["payment_intent"]})
        return self._view(found)

    def charges(self, start: datetime, end: datetime) -> Iterator[ChargeView]:
        """Give the charges that succeeded from ``start`` until before ``end``.

        Raises
        ------
        UnavailableError
        """
        with _available():
            page = self._client.v1.charges.list(
                params={
                    "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
                    "expand": ["data.payment_intent"],
                    "limit": 100,
                }
            )
            for charge in page.auto_paging_iter():
                if charge.status == "succeeded" and charge.captured:
                    yield self._view(charge)

    def _view(self, charge: "Charge") -> ChargeView:
        intent = charge.payment_intent
        dispute = None
        if charge.disputed:
            with _available():
                disputes = self._client.v1.disputes.list({"charge": charge.id, "limit": 1})
            dispute = disputes.data[0].status if disputes.data else None
        return read_charge(charge, None if isinstance(intent, str) else intent, dispute)


def _answered(error: BaseException | None) -> bool:
    """Tell whether Stripe itself answered with a server error."""
    return isinstance(error, stripe.APIError) and (error.http_status or 0) >= 500


def _read_setup(setup: "SetupIntent") -> SetupResult:
    customer = setup.customer
    stripe_customer = customer if isinstance(customer, str) or customer is None else customer.id
    customer_id = getattr(setup.metadata, CUSTOMER_ID, None)
    method = setup.payment_method
    if setup.status != "succeeded" or method is None or isinstance(method, str):
        error = setup.last_setup_error
        decline = None
        if setup.status == "requires_payment_method" and error:
            decline = explain(getattr(error, "code", None), getattr(error, "decline_code", None))
        return SetupResult(
            stripe_customer, succeeded=False, customer_id=customer_id, decline=decline
        )
    card = method.card
    if card is None:
        return SetupResult(stripe_customer, succeeded=False, customer_id=customer_id)
    return SetupResult(
        stripe_customer,
        succeeded=True,
        customer_id=customer_id,
        attached=method.customer is not None,
        payment_method=method.id,
        fingerprint=card.fingerprint or method.id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )


@contextmanager
def _asked() -> Iterator[None]:
    """As ``_available``, where nothing can be wrong with the request: any refusal is "not now"."""
    try:
        with _available():
            yield
    except stripe.StripeError as error:
        raise UnavailableError from error


@contextmanager
def _found() -> Iterator[None]:
    """As ``_available``, where the only thing that can be wrong with the request is the id."""
    try:
        with _available():
            yield
    except stripe.InvalidRequestError as error:
        raise NotFoundError from error


@contextmanager
def _available() -> Iterator[None]:
    """Let through what Stripe says about the request; the rest means "not now"."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.IdempotencyError, stripe.CardError):
        raise
    except stripe.StripeError as error:
        raise UnavailableError from error
