"""Reading Stripe's SetupIntents, PaymentMethods and customers."""

from typing import TYPE_CHECKING

from billfold.domain.decline import explain
from billfold.domain.errors import NotFoundError
from billfold.domain.stripe_event import CUSTOMER_ID
from billfold.domain.wallet import CardDetails
from billfold.services.ports import CardView, SetupResult, StripeCustomer

if TYPE_CHECKING:
    from stripe import Customer, PaymentMethod, SetupIntent


def read_card(method: "PaymentMethod") -> CardView:
    """Read a PaymentMethod, with its customer.

    Raises
    ------
    NotFoundError
        It is no card.
    """
    card = method.card
    if card is None:
        raise NotFoundError
    details = CardDetails(
        method.id, card.fingerprint or method.id, card.last4, card.exp_month, card.exp_year
    )
    customer = method.customer
    if customer is None or isinstance(customer, str):
        return CardView(details, customer)
    seen = read_customer(customer)
    return CardView(details, None if seen.deleted else customer.id, seen.customer_id)


def read_customer(customer: "Customer") -> StripeCustomer:
    """Read a customer; of one that was deleted nothing is left but that."""
    return StripeCustomer(
        customer_id=getattr(getattr(customer, "metadata", None), CUSTOMER_ID, None),
        deleted=bool(getattr(customer, "deleted", False)),
    )


def read_setup(setup: "SetupIntent") -> SetupResult:
    """Read a SetupIntent, with the PaymentMethod that it brought."""
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
