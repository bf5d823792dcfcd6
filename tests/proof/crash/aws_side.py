"""The rest of AWS, on moto: queues, mail, log-ins, parameters, and how often each was asked."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, cast

import boto3
import pytest
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPool
from moto.ses.models import ses_backends

from local.template import resources
from tests.emulator import PUBLISHABLE_KEY, SECRET_KEY
from tests.proof.crash.nearby import ACCOUNT, REGION
from tests.proof.crash.stripe_side import WEBHOOK_SECRET
from tests.proof.crash.wire import Carrier, WiredAws

PARAMETER: Final = "/billfold/test/stripe"
SENDER: Final = "billing@example.com"
_SERVICES: Final = ("sqs", "sesv2", "cognito-idp", "ssm")


class AwsSide:
    """What all runs share: clients that go over the wire, and how to look at the far ends."""

    def __init__(self, wire: Carrier, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(CognitoIdpUserPool, "_get_user", _by_name_or_alias)
        self.arrived: Counter[str] = Counter()
        self.invited: list[str] = []
        self._direct: dict[str, Any] = {
            service: boto3.client(cast("Any", service)) for service in _SERVICES
        }
        self.wired: dict[str, Any] = {}
        for service in _SERVICES:
            # The wired client is one of its own, so that what we look at is not counted.
            client = boto3.client(cast("Any", service))
            client.meta.events.register("before-send", self._counts(service))
            self.wired[service] = WiredAws(client, wire, self._asked(service))
            if service == "cognito-idp":
                client.meta.events.register("after-call.*.AdminCreateUser", self._invites)
        self.pool = self._make_pool()
        self._direct["sesv2"].create_email_identity(EmailIdentity=SENDER)
        keys = {
            "publishable_key": PUBLISHABLE_KEY,
            "secret_key": SECRET_KEY,
            "webhook_secrets": [WEBHOOK_SECRET],
        }
        self._direct["ssm"].put_parameter(
            Name=PARAMETER, Type="SecureString", Value=json.dumps(keys)
        )

    def _counts(self, service: str) -> Callable[..., None]:
        def count(**_: Any) -> None:
            self.arrived[service] += 1

        return count

    def _asked(self, service: str) -> Callable[[], int]:
        return lambda: self.arrived[service]

    def _invites(self, parsed: dict[str, Any], **_: Any) -> None:
        """Note each invitation that Cognito mails: with every log-in that it makes."""
        if "User" in parsed:
            self.invited.append(parsed["User"]["Username"])

    def _make_pool(self) -> str:
        declared = next(
            one["Properties"]
            for one in resources().values()
            if one["Type"] == "AWS::Cognito::UserPool"
        )
        made = self._direct["cognito-idp"].create_user_pool(
            PoolName="billfold",
            AliasAttributes=declared["AliasAttributes"],
            Policies=declared["Policies"],
        )
        return str(made["UserPool"]["Id"])

    # Queues

    def create_queue(self, name: str) -> str:
        """Make a queue whose messages are visible again at once: in a run no time passes."""
        made = self._direct["sqs"].create_queue(
            QueueName=name, Attributes={"VisibilityTimeout": "0"}
        )
        return str(made["QueueUrl"])

    def delete_queue(self, url: str) -> None:
        self._direct["sqs"].delete_queue(QueueUrl=url)

    def put(self, url: str, body: str) -> None:
        self._direct["sqs"].send_message(QueueUrl=url, MessageBody=body)

    def messages(self, url: str) -> list[dict[str, Any]]:
        """Receive what is in a queue, which stays there until it is deleted."""
        received = self._direct["sqs"].receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(received.get("Messages", ()))

    def done(self, url: str, message: dict[str, Any]) -> None:
        self._direct["sqs"].delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    # Mail and log-ins

    def mails_to(self, address: str) -> Counter[str]:
        """Give the subjects of all mails that SES has taken for an address."""
        return Counter(
            message.subject
            for message in ses_backends[ACCOUNT][REGION].sent_messages
            if address in message.destinations["ToAddresses"]
        )

    def logins(self, address: str) -> list[str]:
        """Give the user names of all log-ins that carry an e-mail address."""
        listed = self._direct["cognito-idp"].list_users(UserPoolId=self.pool)["Users"]
        return [
            user["Username"]
            for user in listed
            if {"Name": "email", "Value": address} in user["Attributes"]
        ]

    def forget(self) -> None:
        """Forget mails and log-ins, which would make each run slower than the last."""
        ses_backends[ACCOUNT][REGION].sent_messages.clear()
        for user in self._direct["cognito-idp"].list_users(UserPoolId=self.pool)["Users"]:
            self._direct["cognito-idp"].admin_delete_user(
                UserPoolId=self.pool, Username=user["Username"]
            )
        self.invited.clear()


def _by_name_or_alias(pool: CognitoIdpUserPool, username: str) -> CognitoIdpUser | None:
    """Find a user as a pool with the alias e-mail does, of which moto knows nothing."""
    named = pool.users.get(username)
    if named:
        return named
    for user in pool.users.values():
        attributes = {one["Name"]: one["Value"] for one in user.attributes}
        if attributes.get("email") == username and attributes.get("email_verified") == "true":
            return user
    return None
