"""A delivery of Stripe through the webhook and its worker, signed by Stripe's own library."""

import json
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from billfold.domain.payment import State, Unknown
from billfold.domain.stripe_event import Owner, StripeEvent
from billfold.domain.stripe_message import write
from stripe import WebhookSignature

from functions.stripe_events import app as worker
from functions.stripe_webhook import app as webhook
from tests.fakes import FakePorts
from tests.functions.conftest import CUSTOMER_ID, INVOICE_ID, FakeContext
from tests.functions.test_http_events import call

Event = Callable[[str], dict[str, Any]]
SECRET = "whsec_test"


def delivery(
    event: dict[str, Any], payload: Any, *, secret: str = SECRET, age: int = 0
) -> dict[str, Any]:
    body = payload if isinstance(payload, str) else json.dumps(payload)
    at = int(time.time()) - age
    signature = WebhookSignature._compute_signature(f"{at}.{body}", secret)
    event["headers"]["stripe-signature"] = f"t={at},v1={signature}"
    event["body"] = body
    return event


def of_stripe(kind: str, subject: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    request = {"id": "req_1", "idempotency_key": key}
    return {"id": "evt_1", "type": kind, "data": {"object": subject}, "request": request}


def deliver(event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = webhook.handler(event, FakeContext())  # type: ignore[arg-type]
    return answer["statusCode"], json.loads(answer["body"] or "{}")


def work(event: dict[str, Any], sent: StripeEvent | None = None) -> list[Any]:
    if sent:
        event["Records"][0]["body"] = write(sent)
    failures: list[Any] = worker.handler(event, FakeContext())["batchItemFailures"]  # type: ignore[arg-type]
    return failures


@pytest.mark.parametrize(
    ("kind", "subject", "expected"),
    [
        ("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"}, ("pi_1", None)),
        ("charge.refunded", {"id": "ch_1", "object": "charge"}, (None, "ch_1")),
        ("refund.failed", {"id": "re_1", "object": "refund", "charge": "ch_1"}, (None, "ch_1")),
        (
            "charge.dispute.created",
            {"id": "du_1", "object": "dispute", "charge": "ch_1"},
            (None, "ch_1"),
        ),
    ],
)
def test_what_we_listen_to_is_queued(
    ports: FakePorts,
    event: Event,
    kind: str,
    subject: dict[str, Any],
    expected: tuple[str | None, str | None],
) -> None:
    sent = delivery(event("stripe_webhook/bad-signature"), of_stripe(kind, subject))
    assert deliver(sent)[0] == 202
    [queued] = ports.event_queue.sent
    assert (queued.payment_intent, queued.charge) == expected


def test_a_decline_says_which_confirm_it_answers(ports: FakePorts, event: Event) -> None:
    error = {"code": "card_declined", "decline_code": "insufficient_funds"}
    subject = {"id": "pi_1", "object": "payment_intent", "last_payment_error": error}
    failed = of_stripe("payment_intent.payment_failed", subject, key="confirm:inv_1:0:1")
    deliver(delivery(event("stripe_webhook/bad-signature"), failed))
    [queued] = ports.event_queue.sent
    assert queued.idempotency_key == "confirm:inv_1:0:1"
    assert queued.decline is not None
    assert queued.decline.reason == "insufficient_funds"


def test_the_owner_is_told_by_our_metadata(ports: FakePorts, event: Event) -> None:
    ours = {"billfold_customer_id": "cust-1", "billfold_invoice_id": "inv_1"}
    others = {"customer_id": "77", "invoice_id": "9"}
    for metadata in (ours, others):
        subject = {"id": "pi_1", "object": "payment_intent", "metadata": metadata}
        succeeded = of_stripe("payment_intent.succeeded", subject)
        deliver(delivery(event("stripe_webhook/bad-signature"), succeeded))
    assert [sent.owner for sent in ports.event_queue.sent] == [Owner("cust-1", "inv_1"), None]


def test_a_detached_card_says_whose_it_was(ports: FakePorts, event: Event) -> None:
    subject = {"id": "pm_1", "object": "payment_method", "customer": None}
    gone = of_stripe("payment_method.detached", subject)
    gone["data"]["previous_attributes"] = {"customer": "cus_1"}
    deliver(delivery(event("stripe_webhook/bad-signature"), gone))
    [queued] = ports.event_queue.sent
    assert (queued.payment_method, queued.stripe_customer) == ("pm_1", "cus_1")


def test_a_deleted_customer_says_who_it_was(ports: FakePorts, event: Event) -> None:
    for metadata in ({"billfold_customer_id": "cust-1"}, {}):
        subject = {"id": "cus_1", "object": "customer", "metadata": metadata}
        told = of_stripe("customer.deleted", subject)
        assert deliver(delivery(event("stripe_webhook/bad-signature"), told))[0] == 202
    assert [(e.stripe_customer, e.customer_id) for e in ports.event_queue.sent] == [
        ("cus_1", "cust-1"),
        ("cus_1", None),
    ]


def test_what_we_do_not_listen_to_is_answered_and_forgotten(ports: FakePorts, event: Event) -> None:
    other = of_stripe("product.created", {"id": "prod_1", "object": "product"})
    assert deliver(delivery(event("stripe_webhook/bad-signature"), other))[0] == 202
    assert ports.event_queue.sent == []


@pytest.mark.parametrize(
    "forged", [{"secret": "whsec_other"}, {"age": 301}], ids=["other secret", "old"]
)
def test_a_delivery_that_stripe_did_not_sign_is_refused(
    ports: FakePorts, event: Event, forged: dict[str, Any]
) -> None:
    payload = of_stripe("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"})
    status, body = deliver(delivery(event("stripe_webhook/bad-signature"), payload, **forged))
    assert (status, body["code"]) == (400, "invalid_signature")
    assert ports.event_queue.sent == []


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"type": "payment_intent.succeeded"}'])
def test_signed_nonsense_is_refused(ports: FakePorts, event: Event, payload: str) -> None:
    status, body = deliver(delivery(event("stripe_webhook/bad-signature"), payload))
    assert (status, body["code"]) == (400, "invalid_signature")


def test_a_payment_whose_reply_was_lost_is_settled_by_the_worker(
    ports: FakePorts, event: Event, logs: StringIO
) -> None:
    ports.gateway.confirms = [Unknown()]
    assert call("payments/pay-stored-card", event("payments/pay-stored-card"))[0] == 202
    [payment] = ports.store.payments.values()
    intent = payment.intent or ""
    owner = Owner(CUSTOMER_ID, INVOICE_ID)
    ports.gateway.intents[intent] = ports.gateway.success(payment)
    told = StripeEvent("evt_1", "payment_intent.succeeded", payment_intent=intent, owner=owner)
    for _ in range(2):
        assert work(event("stripe_events/succeeded"), told) == []
    assert ports.payments.get(CUSTOMER_ID, payment.payment_id).state is State.SUCCEEDED
    assert ports.bus.kinds == ["PaymentSucceeded", "InvoicePaid"]
    assert "unhandled" not in logs.getvalue()


def test_a_message_is_tried_again_while_stripe_is_down(ports: FakePorts, event: Event) -> None:
    ports.gateway.down = True
    assert len(work(event("stripe_events/refunded"))) == 1
    assert ports.dead_letters.sent == []


def test_what_matches_nothing_is_parked_and_nonsense_is_put_aside(
    ports: FakePorts, event: Event
) -> None:
    assert work(event("stripe_events/succeeded")) == []
    assert list(ports.store.parked) == ["evt_1TESTsucceeded"]
    assert work(event("stripe_events/malformed")) == []
    [(_, reason)] = ports.dead_letters.sent
    assert reason.startswith("malformed_message")
