"""Stripe through its own SDK: no retries inside it, and our own idempotency keys always."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast
from uuid import uuid4

import stripe

from billfold.adapters import stripe_lists
from billfold.adapters.stripe_answers import (
    never_chargeable,
    owner_of,
    read_charge,
    read_confirm_error,
    read_intent,
    read_retrieve_error,
    to_stripe_amount,
)
from billfold.adapters.stripe_cards import read_card, read_customer, read_setup
from billfold.adapters.stripe_deadline import DeadlineClient
from billfold.domain.errors import AmountNotChargeableError, NotFoundError, UnavailableError
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
from billfold.services.ports import (
    CardView,
    ChargeView,
    EpochSpentError,
    Fenceable,
    FoundIntent,
    Listed,
    SetupResult,
    SetupSecret,
    Stretch,
    StripeCustomer,
    StripeCustomerGoneError,
)

if TYPE_CHECKING:
    from stripe import Charge
    from stripe.params import (
        PaymentIntentConfirmParams,
        PaymentIntentCreateParams,
        SetupIntentCreateParams,
    )

SECONDS: Final = CONFIRM_SECONDS
# docs/adr/0013: what to do before it is moved. The SDK's own is newer, and so are the types of its
# parameters: `payment_method_types` has to be cast.
API_VERSION: Final = "2026-06-24.dahlia"


class StripeGateway:
    """The card gateway."""

    def __init__(self, secret_key: str, publishable_key: str, api_base: str) -> None:
        self._publishable_key = publishable_key
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=DeadlineClient(SECONDS),
            max_network_retries=0,
            stripe_version=API_VERSION,
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

        Raises
        ------
        StripeCustomerGoneError, UnavailableError
        """
        with _customer_there(), _available():
            setup = self._client.v1.setup_intents.create(
                params=cast(
                    "SetupIntentCreateParams",
                    {
                        "customer": stripe_customer,
                        "payment_method_types": ["card"],
                        "usage": "off_session",
                        "metadata": {CUSTOMER_ID: customer_id},
                    },
                )
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
        return read_setup(setup)

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
        UnavailableError, EpochSpentError, StripeCustomerGoneError
        AmountNotChargeableError
            Stripe charges this amount, or this currency, to no card.
        """
        key = f"pi:{payment.invoice_id}:{payment.epoch}"
        try:
            with _customer_there(), _available():
                intent = self._client.v1.payment_intents.create(
                    params=cast(
                        "PaymentIntentCreateParams",
                        {
                            "amount": to_stripe_amount(payment.money),
                            "currency": payment.money.currency.lower(),
                            "customer": stripe_customer,
                            "confirmation_method": "manual",
                            "payment_method_types": ["card"],
                            "metadata": {
                                INVOICE_ID: payment.invoice_id,
                                CUSTOMER_ID: payment.customer_id,
                                INTENT_GENERATION: str(payment.epoch),
                            },
                        },
                    ),
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
            if never_chargeable(error):
                raise AmountNotChargeableError from error
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

        Raises
        ------
        UnavailableError
        """
        with _asked():
            return stripe_lists.intents(
                self._client, Owner(customer_id, invoice_id), stripe_customer, since
            )

    def card(self, payment_method: str) -> CardView:
        """Look at a card, and at whose it is.

        Raises
        ------
        NotFoundError, UnavailableError
        """
        with _found():
            found = self._client.v1.payment_methods.retrieve(
                payment_method, params={"expand": ["customer"]}
            )
        return read_card(found)

    def customer(self, stripe_customer: str) -> StripeCustomer:
        """Look at a Stripe customer: one that was deleted is still told of.

        Raises
        ------
        NotFoundError
            There has never been one in the account that our key is of.
        UnavailableError
        """
        with _found():
            found = self._client.v1.customers.retrieve(stripe_customer)
        return read_customer(found)

    def charge(self, charge: str) -> ChargeView | None:
        """Look at a charge: its intent, what was refunded, and how a dispute stands.

        None is what is not ours; nothing else of it is read.

        Raises
        ------
        NotFoundError, UnavailableError
        """
        with _found():
            found = self._client.v1.charges.retrieve(charge, params={"expand": ["payment_intent"]})
            owner = owner_of(found)
            return self._view(found, owner) if owner else None

    def charges(self, start: datetime, end: datetime) -> Stretch[Listed]:
        """Return the newest charges of a window that succeeded.

        Raises
        ------
        UnavailableError
        """
        with _available():
            return stripe_lists.charges(self._client, start, end, self._view)

    def refunds(self, start: datetime, end: datetime) -> Stretch[Listed]:
        """Return the charges of the newest refunds of a window, whatever became of them.

        Raises
        ------
        UnavailableError
        """
        with _available():
            return stripe_lists.refunds(self._client, start, end, self._view)

    def disputes(self, start: datetime, end: datetime) -> Stretch[Listed]:
        """Return the charges of the newest disputes of a window.

        Raises
        ------
        UnavailableError
        """
        with _available():
            return stripe_lists.disputes(self._client, start, end, self._view)

    def _view(self, charge: "Charge", owner: Owner) -> ChargeView:
        dispute = None
        if charge.disputed:
            disputes = self._client.v1.disputes.list({"charge": charge.id, "limit": 1})
            dispute = disputes.data[0].status if disputes.data else None
        return read_charge(charge, owner, dispute)


def _answered(error: BaseException | None) -> bool:
    """Tell whether Stripe itself answered with a server error."""
    return isinstance(error, stripe.APIError) and (error.http_status or 0) >= 500


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
def _customer_there() -> Iterator[None]:
    """Tell a customer whom Stripe does not know from a request that is wrong in another way."""
    try:
        yield
    except stripe.InvalidRequestError as error:
        if (error.code, error.param) == ("resource_missing", "customer"):
            raise StripeCustomerGoneError from error
        raise


@contextmanager
def _available() -> Iterator[None]:
    """Let through what Stripe says about the request; the rest means "not now"."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.IdempotencyError, stripe.CardError):
        raise
    except stripe.StripeError as error:
        raise UnavailableError from error
