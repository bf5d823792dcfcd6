"""The main job over HTTP against the embedded stack: log in, cards, pay."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.client import (
    PASSWORD,
    Customer,
    Stack,
    aws,
    new_customer,
    new_invoice,
    outputs,
    put_event,
    until,
    user_pool,
)

pytestmark = pytest.mark.e2e
VISA, MASTERCARD, AMEX = "4242424242424242", "5555555555554444", "378282246310005"
DECLINED_LATER = "4000000000000341"
NO_FUNDS = "4000000000009995"
RESET_CODE = "654321"  # the emulator's constant


@pytest.fixture(scope="module")
def customer(stack: Stack) -> Customer:
    return new_customer(stack)


# Log-in


def test_a_wrong_password_and_an_unknown_user_look_alike(stack: Stack, customer: Customer) -> None:
    answers = []
    for email in (customer.email, "nobody@example.com"):
        other = Customer(stack, email, "")
        status, body = other.call(
            "POST", "/v1/auth/login", {"email": email, "password": "wrong-Password-123"}
        )
        answers.append((status, {**body, "request_id": ""}))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert answers[0][1]["code"] == "invalid_credentials"


def test_a_forced_new_password(stack: Stack) -> None:
    invited = new_customer(stack)
    temporary = "Temporary-Pass-123"
    aws(stack, "cognito-idp").admin_set_user_password(
        UserPoolId=user_pool(stack),
        Username=invited.customer_id,
        Password=temporary,
        Permanent=False,
    )
    status, body = invited.call(
        "POST", "/v1/auth/login", {"email": invited.email, "password": temporary}
    )
    assert status == 200
    assert body["challenge"]["name"] == "NEW_PASSWORD_REQUIRED"
    answer = {"email": invited.email, **body["challenge"], "answer": "Brand-New-Pass-123"}
    status, body = invited.call("POST", "/v1/auth/challenge", answer)
    assert status == 200, body
    invited.password = "Brand-New-Pass-123"
    invited.login()
    assert invited.call("GET", "/v1/account")[0] == 200


def test_reset_password(stack: Stack) -> None:
    forgetful = new_customer(stack)
    for email in (forgetful.email, "nobody@example.com"):
        assert forgetful.call("POST", "/v1/auth/password-reset", {"email": email})[0] == 202
    confirm: dict[str, Any] = {
        "email": forgetful.email,
        "code": "111111",
        "new_password": "Another-Pass-123",
    }
    status, body = forgetful.call("POST", "/v1/auth/password-reset/confirm", confirm)
    assert (status, body["code"]) == (422, "invalid_code")
    confirm["code"] = RESET_CODE
    assert forgetful.call("POST", "/v1/auth/password-reset/confirm", confirm)[0] == 204
    status, _ = forgetful.call(
        "POST", "/v1/auth/login", {"email": forgetful.email, "password": PASSWORD}
    )
    assert status == 401
    forgetful.password = "Another-Pass-123"
    forgetful.login()


def test_a_session_is_refreshed_and_ends_with_the_log_out(stack: Stack) -> None:
    visitor = new_customer(stack)
    cookie = visitor.http.cookies.jar.__iter__().__next__()
    assert cookie.path == "/v1/auth"
    assert cookie.has_nonstandard_attr("HttpOnly")
    sent = {"Cookie": f"{cookie.name}={cookie.value}"}
    renewed = visitor.http.post("/v1/auth/refresh", headers=sent)
    assert renewed.status_code == 200
    assert renewed.json()["access_token"]
    assert visitor.http.post("/v1/auth/logout", headers=sent).status_code == 204
    refused = visitor.http.post("/v1/auth/refresh", headers=sent)
    assert refused.status_code == 401
    assert refused.json()["code"] == "session_expired"


def test_without_a_token_there_is_nothing(stack: Stack) -> None:
    stranger = Customer(stack, "", "")
    for path in ("/v1/account", "/v1/cards", "/v1/invoices", "/v1/payments"):
        assert stranger.call("GET", path)[0] == 401
    stranger.http.headers["Authorization"] = "Bearer nonsense"
    assert stranger.call("GET", "/v1/cards")[0] == 401


# Cards


def test_three_cards_primary_and_delete(stack: Stack) -> None:
    owner = new_customer(stack)
    first, second, third = (owner.add_card(number) for number in (VISA, MASTERCARD, AMEX))
    listed = owner.cards()
    assert [card["card_id"] for card in listed] == [first, second, third]
    assert [card["brand"] for card in listed] == ["visa", "mastercard", "amex"]
    assert [card["primary"] for card in listed] == [True, False, False]

    assert owner.call("PUT", "/v1/primary-card", {"card_id": third})[0] == 200
    assert [card["primary"] for card in owner.cards()] == [False, False, True]
    status, renamed = owner.call("PATCH", f"/v1/cards/{second}", {"nickname": "Office"})
    assert (status, renamed["nickname"]) == (200, "Office")

    assert owner.call("DELETE", f"/v1/cards/{third}")[0] == 204
    assert [(c["card_id"], c["primary"]) for c in owner.cards()] == [(first, True), (second, False)]
    assert owner.call("DELETE", f"/v1/cards/{first}")[0] == 204
    assert [(c["card_id"], c["primary"]) for c in owner.cards()] == [(second, True)]
    assert owner.call("DELETE", f"/v1/cards/{second}")[0] == 204
    assert owner.cards() == []


def test_the_same_card_is_not_stored_twice(stack: Stack) -> None:
    owner = new_customer(stack)
    owner.add_card(VISA)
    status, body = owner.try_card(VISA)
    assert (status, body["code"]) == (409, "duplicate_card")
    assert len(owner.cards()) == 1


def test_a_setup_that_is_not_confirmed_or_not_mine(stack: Stack, customer: Customer) -> None:
    _, setup = customer.call("POST", "/v1/cards/setup")
    sent = {"setup_intent": setup["setup_intent"]}
    status, body = customer.call("POST", "/v1/cards", sent)
    assert (status, body["code"]) == (409, "setup_incomplete")
    customer.confirm_setup(setup, AMEX)
    other = new_customer(stack)
    status, body = other.call("POST", "/v1/cards", sent)
    assert (status, body["code"]) == (404, "not_found")
    assert other.cards() == []


def test_a_card_that_the_bank_refuses_at_setup(customer: Customer) -> None:
    status, body = customer.try_card("4000000000000002")
    assert (status, body["code"]) == (402, "card_declined")
    assert body["advice"]


def test_one_primary_card_under_any_interleaving(stack: Stack) -> None:
    owner = new_customer(stack)
    cards = [owner.add_card(number) for number in (VISA, MASTERCARD, AMEX)]

    def change(turn: int) -> int:
        card = cards[turn % 3]
        if turn % 4 == 3:
            return owner.call("DELETE", f"/v1/cards/{cards[0]}")[0]
        return owner.call("PUT", "/v1/primary-card", {"card_id": card})[0]

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(change, range(24)))
    assert statuses <= {200, 204, 404}
    left = owner.cards()
    assert [card["card_id"] for card in left] == cards[1:]
    assert sum(card["primary"] for card in left) == 1


# Invoices


def test_amount_due_and_the_list(stack: Stack) -> None:
    debtor = new_customer(stack)
    new_invoice(debtor, 1000)
    new_invoice(debtor, 500, "JPY")
    new_invoice(debtor, 2000, due_in=-3)
    _, account = debtor.call("GET", "/v1/account")
    assert account["amount_due"] == [
        {"amount": 500, "currency": "JPY"},
        {"amount": 3000, "currency": "USD"},
    ]
    assert (account["open_invoices"], account["overdue_invoices"]) == (3, 1)
    _, overdue = debtor.call("GET", "/v1/invoices?status=overdue")
    assert [i["total"]["amount"] for i in overdue["data"]] == [2000]
    _, page = debtor.call("GET", "/v1/invoices?limit=2")
    _, rest = debtor.call("GET", f"/v1/invoices?limit=2&cursor={page['next_cursor']}")
    assert len({i["number"] for i in [*page["data"], *rest["data"]]}) == 3


def test_a_malformed_invoice_ends_in_the_dead_letter_queue_with_the_reason(
    stack: Stack, customer: Customer
) -> None:
    bad = {"number": "INV-MALFORMED", "customer_id": customer.customer_id}
    put_event(stack, "InvoiceIssued", bad)
    sqs, url = aws(stack, "sqs"), outputs(stack)["InvoiceIssuedDeadLettersUrl"]

    def look() -> Any:
        received = sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        mine = [m for m in received.get("Messages", []) if "INV-MALFORMED" in m["Body"]]
        return mine[0] if mine else None

    message = until(look, "the dead letter")
    reason = message["MessageAttributes"]["reason"]["StringValue"]
    assert reason.startswith("malformed_event")
    assert "currency" in reason


# Paying


def test_pay_with_a_stored_card(stack: Stack) -> None:
    payer = new_customer(stack)
    card = payer.add_card(VISA)
    invoice = new_invoice(payer)
    status, payment = payer.pay(invoice, payer.stored(card), "a-key-of-my-own")
    assert (status, payment["status"], payment["card"]["last4"]) == (201, "succeeded", "4242")
    assert payer.pay(invoice, payer.stored(card), "a-key-of-my-own") == (status, payment)

    _, paid = payer.call("GET", f"/v1/invoices/{invoice['invoice_id']}")
    assert (paid["status"], paid["amount_due"]["amount"]) == ("paid", 0)
    assert [p["payment_id"] for p in paid["payments"]] == [payment["payment_id"]]
    _, listed = payer.call("GET", "/v1/payments")
    assert [p["payment_id"] for p in listed["data"]] == [payment["payment_id"]]
    [charge] = payer.charges()
    assert (charge.amount, charge.currency) == (12050, "usd")
    status, body = payer.pay(invoice, payer.stored(card))
    assert (status, body["code"]) == (409, "invoice_not_payable")


def test_a_currency_without_decimals_is_charged_as_it_is(stack: Stack) -> None:
    payer = new_customer(stack)
    invoice = new_invoice(payer, 12050, "JPY")
    status, _ = payer.pay(invoice, payer.stored(payer.add_card(VISA)))
    assert status == 201
    [charge] = payer.charges()
    assert (charge.amount, charge.currency) == (12050, "jpy")


def test_pay_one_time_stores_nothing(stack: Stack) -> None:
    payer = new_customer(stack)
    payer.add_card(VISA)
    before = payer.cards()
    invoice = new_invoice(payer)
    method = payer.one_time_card(MASTERCARD)
    status, payment = payer.pay(invoice, {"payment_method": method})
    assert (status, payment["status"], payment["trigger"]) == (201, "succeeded", "one_time")
    assert payment["card"] == {"brand": "mastercard", "last4": "4444"}
    assert payer.cards() == before
    assert len(payer.charges()) == 1
    table = aws(stack, "dynamodb")
    for name in table.list_tables()["TableNames"]:
        assert method not in str(table.scan(TableName=name)["Items"])


def test_a_decline_then_another_card(stack: Stack) -> None:
    payer = new_customer(stack)
    bad, good = payer.add_card(DECLINED_LATER), payer.add_card(VISA)
    invoice = new_invoice(payer)
    status, body = payer.pay(invoice, payer.stored(bad))
    assert (status, body["code"]) == (402, "card_declined")
    assert body["decline_reason"]
    assert body["advice"]
    status, body = payer.pay(invoice, {"payment_method": payer.one_time_card(NO_FUNDS)})
    assert (status, body["decline_reason"]) == (402, "insufficient_funds")
    assert payer.charges() == []
    status, payment = payer.pay(invoice, payer.stored(good))
    assert (status, payment["status"]) == (201, "succeeded")
    _, paid = payer.call("GET", f"/v1/invoices/{invoice['invoice_id']}")
    assert [p["status"] for p in paid["payments"]] == ["succeeded", "declined", "declined"]
    assert len(payer.charges()) == 1


@pytest.mark.parametrize("keys", ["one key", "a key each"])
def test_twenty_at_once_are_one_charge(stack: Stack, keys: str) -> None:
    payer = new_customer(stack)
    card = payer.add_card(VISA)
    invoice = new_invoice(payer)
    same_key = keys == "one key"
    sources = [payer.stored(card) for _ in range(20)]

    def pay(turn: int) -> tuple[int, dict[str, Any]]:
        key = "the-same-key" if same_key else f"key-number-{turn}"
        return payer.pay(invoice, sources[turn], key)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(pay, range(20)))
    assert {status for status, _ in answers} <= ({201, 202} if same_key else {201, 409})
    assert sum(status == 201 for status, _ in answers) >= 1
    assert len(payer.charges()) == 1
    _, paid = payer.call("GET", f"/v1/invoices/{invoice['invoice_id']}")
    assert paid["status"] == "paid"
    assert len(paid["payments"]) == 1


def test_a_foreign_invoice_is_not_found(stack: Stack, customer: Customer) -> None:
    debtor = new_customer(stack)
    invoice = new_invoice(debtor)
    source = {"payment_method": customer.one_time_card()}
    status, body = customer.pay(invoice, source)
    assert (status, body["code"]) == (404, "not_found")
    assert customer.call("GET", f"/v1/invoices/{invoice['invoice_id']}")[0] == 404
    assert debtor.charges() == []
