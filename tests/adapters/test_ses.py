"""Mail through SES, on a stubbed client."""

from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import boto3
import pytest
from billfold.adapters.ses import SesMailer
from billfold.domain.errors import UnavailableError
from billfold.domain.mail import Letterhead, Mail
from botocore.stub import Stubber

from tests.builders import a_customer

MAIL = Mail("Receipt", ("Thank you.",), (("Amount", "1.00 USD"),), ("See it", "/payments"))


@pytest.fixture
def ses() -> tuple[SesMailer, Stubber, Any]:
    client = boto3.client(
        "sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    head = Letterhead("Example Hosting", "https://pay.example.com", "")
    return SesMailer(client, "billing@example.com", head), Stubber(client), client


def test_a_name_beyond_ascii_is_an_encoded_word() -> None:
    sent: dict[str, Any] = {}
    client = boto3.client(
        "sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.meta.events.register(
        "provide-client-params.sesv2.SendEmail", lambda params, **_: sent.update(params)
    )
    head = Letterhead('Müller & "Söhne"', "https://pay.example.com", "")
    stubber = Stubber(client)
    stubber.add_response("send_email", {"MessageId": "1"})
    with stubber:
        SesMailer(client, "billing@example.com", head).send(a_customer(), MAIL)
    address = sent["FromEmailAddress"]
    assert address.isascii()
    name, sender = parseaddr(address)
    assert sender == "billing@example.com"
    assert str(make_header(decode_header(name))) == 'Müller & "Söhne"'


def test_a_mail_has_text_and_html(ses: tuple[SesMailer, Stubber, Any]) -> None:
    mailer, stubber, client = ses
    sent: dict[str, Any] = {}
    client.meta.events.register(
        "provide-client-params.sesv2.SendEmail", lambda params, **_: sent.update(params)
    )
    stubber.add_response("send_email", {"MessageId": "1"})
    with stubber:
        mailer.send(a_customer(), MAIL)
    assert sent["FromEmailAddress"] == "Example Hosting <billing@example.com>"
    assert sent["Destination"] == {"ToAddresses": ["customer-1@example.com"]}
    body = sent["Content"]["Simple"]["Body"]
    assert "https://pay.example.com/payments" in body["Text"]["Data"]
    assert body["Html"]["Data"].startswith("<!doctype html>")


@pytest.mark.parametrize("code", ["TooManyRequestsException", "MessageRejected"])
def test_what_ses_does_not_take_is_tried_again(
    ses: tuple[SesMailer, Stubber, Any], code: str
) -> None:
    mailer, stubber, _ = ses
    stubber.add_client_error("send_email", code)
    with stubber, pytest.raises(UnavailableError):
        mailer.send(a_customer(), MAIL)
