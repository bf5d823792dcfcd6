"""The business voids and changes invoices over the bus of the embedded stack."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from billfold.adapters.stripe_gateway import API_VERSION

from tests.e2e.client import (
    Customer,
    Integrator,
    Stack,
    aws,
    new_customer,
    new_invoice,
    outputs,
    put_event,
    until,
)

pytestmark = pytest.mark.e2e
VISA, DECLINED_LATER = "4242424242424242", "4000000000000341"


@pytest.fixture
def integrator(stack: Stack) -> Iterator[Integrator]:
    listening = Integrator(stack)
    yield listening
    listening.close()


def command(payer: Customer, kind: str, number: str, **more: Any) -> dict[str, Any]:
    detail = {
        "command_id": f"crm-{uuid.uuid4().hex[:12]}",
        "customer_id": payer.customer_id,
        "number": number,
        "reason": "Agreed on the telephone.",
        **more,
    }
    put_event(payer.stack, kind, detail)
    return detail


def outcome(integrator: Integrator, sent: dict[str, Any]) -> dict[str, Any]:
    """Wait for what the bus is told of a command."""

    def look() -> dict[str, Any] | None:
        for event in integrator.listen():
            if event["detail"].get("command_id") == sent["command_id"]:
                return dict(event)
        return None

    return until(look, f"the outcome of {sent['command_id']}")


def intents(payer: Customer) -> list[stripe.PaymentIntent]:
    client = stripe.StripeClient(
        payer.stack["stripe_secret_key"],
        base_addresses={"api": payer.stack["stripe_url"]},
        stripe_version=API_VERSION,
    )
    found = client.v1.payment_intents.list(params={"limit": 100}).auto_paging_iter()
    return [intent for intent in found if payer.customer_id in intent.metadata.to_dict().values()]


def test_another_amount_and_a_void_are_fenced_told_and_done_once(
    stack: Stack, integrator: Integrator
) -> None:
    payer = new_customer(stack)
    bad, good = payer.add_card(DECLINED_LATER), payer.add_card(VISA)
    invoice = new_invoice(payer, 12050)
    number, path = invoice["number"], f"/v1/invoices/{invoice['invoice_id']}"
    assert payer.pay(invoice, payer.stored(bad))[0] == 402

    lower = command(payer, "ChangeInvoiceAmount", number, amount=9900, currency="USD")
    changed = outcome(integrator, lower)
    assert changed["detail-type"] == "InvoiceAmountChanged"
    told = changed["detail"]
    assert (told["amount"], told["amount_before"], told["actor"]) == (9900, 12050, "business")
    assert told["reason"] == "Agreed on the telephone."
    assert payer.call("GET", path)[1]["amount_due"] == {"amount": 9900, "currency": "USD"}
    assert [intent.status for intent in intents(payer)] == ["canceled"]
    status, body = payer.pay(invoice, payer.stored(good))
    assert (status, body["code"]) == (409, "amount_changed")

    void = command(payer, "VoidInvoice", number)
    assert outcome(integrator, void)["detail-type"] == "InvoiceVoided"
    # Both again, as the bus may: the amount does not come back, and nothing is told.
    put_event(stack, "VoidInvoice", void)
    put_event(stack, "ChangeInvoiceAmount", lower)
    late = command(payer, "ChangeInvoiceAmount", number, amount=5000, currency="USD")
    refused = outcome(integrator, late)
    assert refused["detail-type"] == "InvoiceChangeRefused"
    assert refused["detail"]["code"] == "invoice_not_payable"
    _, shown = payer.call("GET", path)
    assert (shown["status"], shown["amount_due"]["amount"]) == ("void", 0)
    status, body = payer.pay({**invoice, "amount_due": shown["amount_due"]}, payer.stored(good))
    assert status in {409, 422}
    assert payer.charges() == []


def test_a_malformed_command_ends_in_the_dead_letter_queue_with_the_reason(stack: Stack) -> None:
    put_event(stack, "VoidInvoice", {"command_id": "crm-malformed", "number": "INV-1"})
    sqs, url = aws(stack, "sqs"), outputs(stack)["InvoiceCommandsDeadLettersUrl"]

    def look() -> Any:
        received = sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        mine = [m for m in received.get("Messages", []) if "crm-malformed" in m["Body"]]
        return mine[0] if mine else None

    message = until(look, "the dead letter")
    reason = message["MessageAttributes"]["reason"]["StringValue"]
    assert reason.startswith("malformed_event")
    assert "customer_id" in reason
