"""Automatic payment on the whole stack: schedule, queues, charger, mails, under the real roles.

A run is for a day, and here it may be a day to come: so weeks pass within seconds.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.autopay import Run
from tests.conftest import a_stack
from tests.e2e.client import (
    Customer,
    Integrator,
    Stack,
    aws,
    invoice_detail,
    new_customer,
    outputs,
    put_event,
    until,
)

pytestmark = pytest.mark.e2e
GOOD, DECLINED_LATER, BANKS_STEP = "4242424242424242", "4000000000000341", "4000002760003184"
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, in a zone with summer time, without other tests' invoices."""
    with a_stack(tmp_path_factory.mktemp("autopay"), BILLFOLD_TIMEZONE="Europe/Berlin") as made:
        yield made


def owing(
    stack: Stack, due_on: date, *, card: str = GOOD, autopay: bool = True
) -> tuple[Customer, dict[str, Any]]:
    """Give a customer with a card and an invoice."""
    debtor = new_customer(stack, autopay=autopay)
    if card:
        debtor.add_card(card)
    number = f"INV-{debtor.customer_id[-12:]}"
    detail = invoice_detail(debtor, number, 12050, "USD", TODAY, due_on)
    put_event(stack, "InvoiceIssued", detail)
    return debtor, debtor.invoice(number)


def run(stack: Stack, day: date | None = None) -> dict[str, str]:
    """Run to the end; give outcome and reason by invoice."""
    one = Run(stack["aws_endpoint_url"], outputs(stack))
    one.begin(day.isoformat() if day else "")
    for _ in one.finish():
        pass
    return {looked.invoice_id: f"{looked.outcome} {looked.reason}" for looked in one.looked()}


def mails(stack: Stack, to: Customer) -> list[str]:
    """Subjects, oldest first, without the invitation."""
    found = httpx.get(stack["mail_url"]).json()["data"]
    mine = [mail for mail in found if to.email in mail["to"]]
    mine.sort(key=lambda mail: str(mail["sent_at"]))
    return [mail["subject"] for mail in mine if "access" not in mail["subject"]]


def shown(debtor: Customer, invoice: dict[str, Any]) -> dict[str, Any]:
    _, body = debtor.call("GET", f"/v1/invoices/{invoice['invoice_id']}")
    return body


def next_autopay(debtor: Customer) -> dict[str, Any] | None:
    _, account = debtor.call("GET", "/v1/account")
    found: dict[str, Any] | None = account["autopay"]["next"]
    return found


def test_the_whole_ladder_from_due_to_overdue(office: Stack) -> None:
    """Over the end of a year: told before, five tries, five mails, and then it is overdue."""
    due = date(TODAY.year + 1, 12, 29)
    debtor, invoice = owing(office, due, card=DECLINED_LATER)
    integrator = Integrator(office)
    story = {}
    for day in range(-4, 10):
        ended = run(office, due + timedelta(days=day)).get(invoice["invoice_id"])
        if ended:
            story[(due + timedelta(days=day)).isoformat()] = ended
    year = due.year
    assert story == {
        f"{year}-12-26": "notified ",
        f"{year}-12-29": "declined generic_decline",
        f"{year}-12-30": "declined generic_decline",
        f"{year + 1}-01-01": "declined generic_decline",
        f"{year + 1}-01-03": "declined generic_decline",
        f"{year + 1}-01-05": "declined generic_decline",
    }
    number = invoice["number"]
    failed = f"We could not charge your card for invoice {number}"
    until(lambda: len(mails(office, debtor)) == 6, "six mails")
    assert Counter(mails(office, debtor)) == {
        f"Invoice {number} will be paid on 29 December {year}": 1,
        failed: 5,
    }
    heard: list[str] = []

    def overdue() -> bool:
        heard.extend(
            event["detail-type"]
            for event in integrator.listen()
            if event["detail"].get("invoice_id") == invoice["invoice_id"]
        )
        return "InvoiceOverdue" in heard

    until(overdue, "the end")
    integrator.close()
    assert Counter(heard) == {"AutopayUpcoming": 1, "PaymentFailed": 5, "InvoiceOverdue": 1}
    assert len(shown(debtor, invoice)["payments"]) == 5
    assert debtor.charges() == []


@pytest.mark.parametrize(
    "due",
    [date(2028, 2, 28), date(2027, 3, 27), date(2027, 10, 30)],
    ids=["leap day", "summer time begins", "summer time ends"],
)
def test_the_calendar_makes_no_day_twice_and_leaves_none_out(office: Stack, due: date) -> None:
    debtor, invoice = owing(office, due, card=DECLINED_LATER)
    tried = []
    for day in range(9):
        on = due + timedelta(days=day)
        if run(office, on).get(invoice["invoice_id"], "").startswith("declined"):
            tried.append((on - due).days)
    assert tried == [0, 1, 3, 5, 7]
    assert len(shown(debtor, invoice)["payments"]) == 5


def test_what_is_due_is_charged_and_a_receipt_is_sent(office: Stack) -> None:
    debtor, invoice = owing(office, TODAY)
    assert next_autopay(debtor) is not None
    assert run(office)[invoice["invoice_id"]] == "charged succeeded"
    after = shown(debtor, invoice)
    assert (after["status"], after["payments"][0]["trigger"]) == ("paid", "autopay")
    assert run(office) == {}
    assert len(debtor.charges()) == 1
    receipt = f"Receipt for invoice {invoice['number']}"
    until(lambda: mails(office, debtor) == [receipt], "the receipt")
    assert next_autopay(debtor) is None


def test_messages_twice_late_and_out_of_date(office: Stack) -> None:
    """The dispatcher runs twice at once, and each message comes three times."""
    debtor, invoice = owing(office, TODAY)
    first, second = (Run(office["aws_endpoint_url"], outputs(office)) for _ in range(2))
    first.begin()
    second.begin()
    queue = outputs(office)["AutopayChargesQueueUrl"]
    for turn in range(3):
        body = {
            "customer_id": debtor.customer_id,
            "invoice_id": invoice["invoice_id"],
            "day": TODAY.isoformat(),
            "run": f"copy-{turn}",
        }
        aws(office, "sqs").send_message(
            QueueUrl=queue,
            MessageBody=json.dumps(body),
            MessageGroupId=debtor.customer_id,
            MessageDeduplicationId=str(turn) + invoice["invoice_id"],
        )
    for one in (first, second):
        for _ in one.finish():
            pass
    assert shown(debtor, invoice)["status"] == "paid"
    assert len(debtor.charges()) == 1


def test_the_bank_wants_its_customer_who_finishes_it(office: Stack) -> None:
    debtor, invoice = owing(office, TODAY, card="")
    card = debtor.add_card(BANKS_STEP)
    assert run(office)[invoice["invoice_id"]] == "declined authentication_required"
    subject = f"Your bank asks you to confirm the payment of invoice {invoice['number']}"
    until(lambda: mails(office, debtor) == [subject], "the mail")
    assert next_autopay(debtor) is None
    assert run(office, TODAY + timedelta(days=1)) == {}
    status, payment = debtor.pay(invoice, debtor.stored(card))
    assert (status, payment["status"]) == (201, "requires_action")
    intent = payment["client_secret"].partition("_secret")[0]
    url = f"{office['stripe_control_url']}/3ds/{intent}"
    httpx.post(url, json={"result": "complete"}).raise_for_status()
    debtor.call("POST", f"/v1/payments/{payment['payment_id']}/confirm")
    assert shown(debtor, invoice)["status"] == "paid"
    assert run(office, TODAY + timedelta(days=8)).get(invoice["invoice_id"]) is None
    assert len(debtor.charges()) == 1


def test_another_card_or_the_wish_takes_part_in_the_next_run(office: Stack) -> None:
    debtor, invoice = owing(office, TODAY, card=DECLINED_LATER)
    assert run(office)[invoice["invoice_id"]].startswith("declined")
    assert run(office) == {}
    other = debtor.add_card(GOOD)
    debtor.call("PUT", "/v1/primary-card", {"card_id": other})
    assert run(office)[invoice["invoice_id"]] == "charged succeeded"
    assert len(debtor.charges()) == 1


def test_opted_out_is_overdue_the_day_after_and_opted_in_is_charged(office: Stack) -> None:
    debtor, invoice = owing(office, TODAY, autopay=False)
    assert run(office)[invoice["invoice_id"]] == "waiting autopay_off"
    tomorrow = run(office, TODAY + timedelta(days=1))
    assert tomorrow[invoice["invoice_id"]] == "overdue autopay_off"
    assert debtor.charges() == []
    debtor.call("PUT", "/v1/autopay", {"enabled": True})
    assert run(office)[invoice["invoice_id"]] == "charged succeeded"


def test_while_stripe_refuses_nothing_is_lost(office: Stack) -> None:
    tomorrow = TODAY + timedelta(days=1)
    debtor, invoice = owing(office, tomorrow)
    run(office)
    fault = {"path": "*/confirm", "kind": "429", "method": "POST", "count": 2}
    httpx.post(f"{office['stripe_control_url']}/faults", json=fault).raise_for_status()
    for expected in ("later service_unavailable", "later service_unavailable", "charged succeeded"):
        assert run(office, tomorrow)[invoice["invoice_id"]] == expected
    assert len(debtor.charges()) == 1


def test_a_mail_that_fails_is_sent_later_and_keeps_no_money_waiting(office: Stack) -> None:
    queue = outputs(office)["NotifyQueueUrl"]
    sqs, ses = aws(office, "sqs"), aws(office, "sesv2")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    ses.delete_email_identity(EmailIdentity="example.com")
    debtor, invoice = owing(office, TODAY)
    assert run(office)[invoice["invoice_id"]] == "charged succeeded"

    def tried() -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return any(int(count) for count in told.values())

    until(tried, "the mail in the queue")
    assert mails(office, debtor) == []
    ses.create_email_identity(EmailIdentity="example.com")
    receipt = f"Receipt for invoice {invoice['number']}"
    until(lambda: mails(office, debtor) == [receipt], "the receipt")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "300"})


@pytest.mark.parametrize("queue", ["AutopayShards", "AutopayCharges", "Notify"])
def test_what_nobody_can_read_is_put_aside_with_a_reason(office: Stack, queue: str) -> None:
    told = outputs(office)
    url = told[f"{queue}QueueUrl"]
    ordered = {"MessageGroupId": "x", "MessageDeduplicationId": "x"}
    more = ordered if url.endswith(".fifo") else {}
    sqs = aws(office, "sqs")
    sqs.send_message(QueueUrl=url, MessageBody='{"hello": "world"}', **more)

    def dead() -> Any:
        found = sqs.receive_message(
            QueueUrl=told[f"{queue}DeadLettersUrl"], MessageAttributeNames=["reason"]
        )
        return found.get("Messages")

    [message] = until(dead, "the dead letter")
    assert "malformed" in message["MessageAttributes"]["reason"]["StringValue"]
    assert message["Body"] == '{"hello": "world"}'


def test_the_schedule_starts_it(office: Stack) -> None:
    debtor, invoice = owing(office, TODAY)
    scheduler = aws(office, "scheduler")
    [name] = [
        one["Name"] for one in scheduler.list_schedules()["Schedules"] if "Autopay" in one["Name"]
    ]
    schedule = scheduler.get_schedule(Name=name)
    kept = {
        key: schedule[key]
        for key in ("Name", "GroupName", "FlexibleTimeWindow", "Target", "State")
        if key in schedule
    }
    soon = datetime.now(UTC) + timedelta(seconds=2)
    scheduler.update_schedule(
        **kept,
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="UTC",
    )
    until(lambda: shown(debtor, invoice)["status"] == "paid", "the run", seconds=60)
    assert len(debtor.charges()) == 1
