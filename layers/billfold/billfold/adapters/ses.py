"""Mail through SES."""

from email.utils import formataddr
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from billfold.domain.customer import Customer
from billfold.domain.errors import UnavailableError
from billfold.domain.mail import Letterhead, Mail, html, text

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SesMailer:
    """Sends from one address of a verified identity."""

    def __init__(self, client: "SESV2Client", sender: str, head: Letterhead) -> None:
        self._client = client
        self._sender = sender
        self._head = head

    def send(self, customer: Customer, mail: Mail) -> None:
        """Send a mail as text and as HTML.

        Raises
        ------
        UnavailableError
            It was not taken. SES tells nothing about the recipient here: that it bounces is heard
            of later, by whoever listens to the identity.
        """
        charset = "UTF-8"
        try:
            self._client.send_email(
                # SES takes a name beyond ASCII as an encoded word only.
                FromEmailAddress=formataddr((self._head.business, self._sender)),
                Destination={"ToAddresses": [customer.email]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": charset},
                        "Body": {
                            "Text": {
                                "Data": text(mail, customer.name, self._head),
                                "Charset": charset,
                            },
                            "Html": {
                                "Data": html(mail, customer.name, self._head),
                                "Charset": charset,
                            },
                        },
                    }
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError from error
