"""A customer, an integrator and a look at Stripe, over HTTP as they would be."""

import base64
import hashlib
import hmac
import json
import struct
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import boto3
import httpx
import stripe
from billfold.adapters.stripe_gateway import API_VERSION

from tests.events_schema import require_published

T = TypeVar("T")
Stack = dict[str, Any]
PASSWORD = "correct-Horse-7-battery"
REGION = "us-east-1"


def until(look: Callable[[], T | None], what: str, seconds: float = 20) -> T:
    """Wait for something that happens on its own, with a deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def aws(stack: Stack, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=stack["aws_endpoint_url"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@dataclass
class Customer:
    """Someone at the portal."""

    stack: Stack
    email: str
    customer_id: str
    password: str = PASSWORD
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.stack["portal_url"], timeout=40)

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        answer = self.http.request(
            method,
            path,
            json=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        return answer.status_code, answer.json() if answer.content else {}

    def login(self) -> "Customer":
        status, body = self.call(
            "POST", "/v1/auth/login", {"email": self.email, "password": self.password}
        )
        assert status == 200, body
        self.http.headers["Authorization"] = f"Bearer {body['access_token']}"
        return self

    def add_card(self, number: str = "4242424242424242", nickname: str | None = None) -> str:
        status, card = self.try_card(number, nickname, confirmed=True)
        assert status == 201, card
        return str(card["card_id"])

    def try_card(
        self, number: str, nickname: str | None = None, *, confirmed: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """Add a card; ``confirmed`` takes the bank's step where the bank wants it."""
        status, setup = self.call("POST", "/v1/cards/setup")
        assert status == 201, setup
        answer = self.confirm_setup(setup, number)
        if confirmed and answer.json()["status"] == "requires_action":
            step = f"{self.stack['stripe_control_url']}/3ds/{setup['setup_intent']}"
            httpx.post(step, json={"result": "complete"}).raise_for_status()
        return self.call(
            "POST", "/v1/cards", {"setup_intent": setup["setup_intent"], "nickname": nickname}
        )

    def confirm_setup(self, setup: dict[str, Any], number: str) -> httpx.Response:
        """Do what Stripe.js does with the card's number: give it to Stripe alone."""
        return httpx.post(
            f"{self.stack['stripe_url']}/v1/setup_intents/{setup['setup_intent']}/confirm",
            auth=(setup["publishable_key"], ""),
            data={
                "client_secret": setup["client_secret"],
                "payment_method_data[type]": "card",
                **card_fields("payment_method_data[card]", number),
            },
        )

    def cvc_token(self, cvc: str = "123") -> str:
        answer = httpx.post(
            f"{self.stack['stripe_url']}/v1/tokens",
            auth=(self.stack["stripe_publishable_key"], ""),
            data={"cvc_update[cvc]": cvc},
        )
        return str(answer.json()["id"])

    def one_time_card(self, number: str = "4242424242424242") -> str:
        answer = httpx.post(
            f"{self.stack['stripe_url']}/v1/payment_methods",
            auth=(self.stack["stripe_publishable_key"], ""),
            data={"type": "card", **card_fields("card", number)},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def pay(
        self, invoice: dict[str, Any], source: dict[str, str], key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        return self.call(
            "POST",
            f"/v1/invoices/{invoice['invoice_id']}/payments",
            {**invoice["amount_due"], "source": source},
            Idempotency_Key=key or str(uuid.uuid4()),
        )

    def stored(self, card_id: str) -> dict[str, str]:
        return {"card_id": card_id, "cvc_token": self.cvc_token()}

    def cards(self) -> list[dict[str, Any]]:
        status, body = self.call("GET", "/v1/cards")
        assert status == 200, body
        return list(body["data"])

    def invoice(self, number: str) -> dict[str, Any]:
        """Wait for an invoice that is on its way over the bus."""

        def look() -> dict[str, Any] | None:
            _, body = self.call("GET", "/v1/invoices?limit=100")
            return next((i for i in body["data"] if i["number"] == number), None)

        return until(look, f"invoice {number}")

    def charges(self) -> list[stripe.Charge]:
        """Look up at Stripe what this customer was really charged."""
        client = stripe.StripeClient(
            self.stack["stripe_secret_key"],
            base_addresses={"api": self.stack["stripe_url"]},
            stripe_version=API_VERSION,
        )
        customers = client.v1.customers.list(params={"limit": 100}).auto_paging_iter()
        return [
            charge
            for customer in customers
            if customer.metadata and self.customer_id in customer.metadata.to_dict().values()
            for charge in client.v1.charges.list(params={"customer": customer.id, "limit": 100})
            if charge.status == "succeeded"
        ]

    def refund(self, charge: str, amount: int) -> None:
        """Give back a part of a charge, as the business does in Stripe's dashboard."""
        client = stripe.StripeClient(
            self.stack["stripe_secret_key"],
            base_addresses={"api": self.stack["stripe_url"]},
            stripe_version=API_VERSION,
        )
        client.v1.refunds.create(params={"charge": charge, "amount": amount})


def card_fields(prefix: str, number: str) -> dict[str, str]:
    return {
        f"{prefix}[number]": number,
        f"{prefix}[exp_month]": "12",
        f"{prefix}[exp_year]": "2034",
        f"{prefix}[cvc]": "123",
    }


def totp(secret: str) -> str:
    """Show what an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"


def outputs(stack: Stack) -> dict[str, str]:
    """Give what the deployment tells about itself."""
    [deployed] = aws(stack, "cloudformation").describe_stacks()["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in deployed["Outputs"]}


def put_event(stack: Stack, kind: str, *details: dict[str, Any]) -> None:
    """Tell the bus something, as an integrator does; up to ten things at once."""
    bus = outputs(stack)["EventBusName"]
    answer = aws(stack, "events").put_events(
        Entries=[
            {
                "EventBusName": bus,
                "Source": "crm",
                "DetailType": kind,
                "Detail": json.dumps(detail),
            }
            for detail in details
        ]
    )
    assert answer["FailedEntryCount"] == 0


class Integrator:
    """Listens on the bus: a rule of its own and a queue behind it."""

    def __init__(self, stack: Stack) -> None:
        self._events, self._sqs = aws(stack, "events"), aws(stack, "sqs")
        self._bus = outputs(stack)["EventBusName"]
        self._name = f"integrator-{uuid.uuid4().hex[:8]}"
        self._queue = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]
        told = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        pattern = json.dumps({"source": ["billfold"]})
        self._events.put_rule(EventBusName=self._bus, Name=self._name, EventPattern=pattern)
        target = {"Id": "queue", "Arn": told["Attributes"]["QueueArn"]}
        self._events.put_targets(EventBusName=self._bus, Rule=self._name, Targets=[target])

    def listen(self) -> list[dict[str, Any]]:
        """Give the events that have come since."""
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        heard = []
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            require_published(event["detail-type"], event["detail"])
            heard.append(event)
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return heard

    def close(self) -> None:
        self._events.remove_targets(EventBusName=self._bus, Rule=self._name, Ids=["queue"])
        self._events.delete_rule(EventBusName=self._bus, Name=self._name)
        self._sqs.delete_queue(QueueUrl=self._queue)


def user_pool(stack: Stack) -> str:
    return outputs(stack)["UserPoolId"]


def new_customer(stack: Stack, *, autopay: bool = False) -> Customer:
    """Register a customer over the bus and give the log-in a password."""
    customer_id = f"cust-{uuid.uuid4().hex[:12]}"
    customer = Customer(stack, f"{customer_id}@example.com", customer_id)
    put_event(
        stack,
        "CustomerRegistered",
        {
            "customer_id": customer_id,
            "email": customer.email,
            "name": "Test Customer",
            "autopay": autopay,
        },
    )
    cognito, pool = aws(stack, "cognito-idp"), user_pool(stack)

    def made() -> bool:
        try:
            cognito.admin_get_user(UserPoolId=pool, Username=customer_id)
        except cognito.exceptions.UserNotFoundException:
            return False
        return True

    until(made, "the log-in")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=customer_id, Password=PASSWORD, Permanent=True
    )
    customer.login()
    until(lambda: customer.call("GET", "/v1/account")[0] == 200, "the account")
    return customer


def new_invoice(
    customer: Customer, amount: int = 12050, currency: str = "USD", due_in: int = 14
) -> dict[str, Any]:
    """Issue an invoice over the bus and give it as the customer sees it."""
    number = f"INV-{uuid.uuid4().hex[:12]}"
    today = datetime.now(UTC).date()
    put_event(
        customer.stack,
        "InvoiceIssued",
        invoice_detail(customer, number, amount, currency, today, today + timedelta(days=due_in)),
    )
    return customer.invoice(number)


def invoice_detail(
    customer: Customer, number: str, amount: int, currency: str, issued_on: date, due_on: date
) -> dict[str, Any]:
    return {
        "number": number,
        "customer_id": customer.customer_id,
        "currency": currency,
        "issued_on": min(issued_on, due_on).isoformat(),
        "due_on": due_on.isoformat(),
        "lines": [{"description": "Web hosting", "quantity": 1, "amount": amount}],
    }
