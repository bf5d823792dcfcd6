"""Fills a fresh stack the way its users would: events on the bus, cards and payments by our API."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import httpx
from botocore.exceptions import ClientError

from local import aws
from local.customer_api import CustomerApi
from local.deploy import Deployment
from local.failure import StackError
from local.seed_data import CUSTOMERS, SeedCustomer
from local.stripe_keys import StripeAccount

# Kept beside the data, so that it is lost and restored with it.
MARK = "/billfold/local/seeded"
EDITION = "2"
DEADLINE_SECONDS = 30


def is_seeded(endpoint: str) -> bool:
    """Tell whether the stack's data has these customers already."""
    try:
        found = aws.client("ssm", endpoint).get_parameter(Name=MARK)
    except ClientError:
        return False
    return bool(found["Parameter"]["Value"] == EDITION)


def seed(deployment: Deployment, origin: str, stripe: StripeAccount) -> None:
    """Register the customers, issue their invoices, add cards and pay.

    Raises
    ------
    StackError
        Something did not happen in time.
    """
    if stripe.control_url:
        # Its data may be of an earlier life of the stack, whose invoices had the same names.
        httpx.post(f"{stripe.control_url}/reset", trust_env=False).raise_for_status()
    today = datetime.now(UTC).date()
    _send(deployment, "CustomerRegistered", [customer.event() for customer in CUSTOMERS])
    sessions = {
        customer: _first_session(deployment, origin, customer)
        for customer in CUSTOMERS
        if _set_password(deployment, customer)
    }
    _send(
        deployment,
        "InvoiceIssued",
        [
            invoice.event(customer.login.customer_id, today)
            for customer in CUSTOMERS
            for invoice in customer.invoices
        ],
    )
    for customer, session in sessions.items():
        _use(customer, session, stripe, today)
        session.close()
    aws.client("ssm", deployment.endpoint).put_parameter(
        Name=MARK, Value=EDITION, Type="String", Overwrite=True
    )


def _send(deployment: Deployment, kind: str, details: Sequence[dict[str, Any]]) -> None:
    """Put events on the bus as an integrator would."""
    answer = aws.client("events", deployment.endpoint).put_events(
        Entries=[
            {
                "EventBusName": deployment.event_bus,
                "Source": "com.example.billing",
                "DetailType": kind,
                "Detail": json.dumps(detail),
            }
            for detail in details
        ]
    )
    if answer["FailedEntryCount"]:
        raise StackError(f"the event bus refused {answer['FailedEntryCount']} {kind} events")


def _set_password(deployment: Deployment, customer: SeedCustomer) -> bool:
    """Give a registered customer the documented password; tell whether it is a lasting one."""
    cognito = aws.client("cognito-idp", deployment.endpoint)
    name = {"UserPoolId": deployment.user_pool, "Username": customer.login.customer_id}

    def registered() -> bool:
        try:
            cognito.admin_get_user(**name)
        except cognito.exceptions.UserNotFoundException:
            return False
        return True

    _wait(registered, f"the log-in of {customer.login.customer_id}")
    lasting = not customer.temporary_password
    cognito.admin_set_user_password(**name, Password=customer.login.password, Permanent=lasting)
    return lasting


def _first_session(deployment: Deployment, origin: str, customer: SeedCustomer) -> CustomerApi:
    """Log in once the customer's record is there: an earlier invoice would wait a minute."""
    session = CustomerApi.log_in(origin, customer.login)
    _wait(session.knows_me, f"the record of {customer.login.customer_id} ({deployment.table})")
    return session


def _use(customer: SeedCustomer, session: CustomerApi, stripe: StripeAccount, today: date) -> None:
    """Add the cards and pay what is to be paid."""
    added = [session.add_card(stripe, card, nickname) for card, nickname in customer.cards]
    _wait(
        lambda: len(session.invoices()) == len(customer.invoices),
        f"the invoices of {customer.login.customer_id}",
    )
    paid = {invoice.name(today) for invoice in customer.invoices if invoice.paid}
    for invoice in session.invoices():
        if invoice["number"] in paid:
            session.pay(stripe, invoice, added[0])


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"{what} did not appear within {DEADLINE_SECONDS} s")
        time.sleep(0.1)
