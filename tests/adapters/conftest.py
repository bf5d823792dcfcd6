"""DynamoDB from moto: one thread, one service. What races runs on the embedded stack."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from billfold.bootstrap import Container
from moto import mock_aws

from local.template import resources
from tests.adapters.contract import Payable, Repositories
from tests.builders import a_card, a_customer, an_invoice
from tests.fakes import FakePorts


def table_definition() -> dict[str, Any]:
    """Give create_table's arguments for the table that template.yaml deploys."""
    properties = next(
        resource["Properties"]
        for resource in resources().values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    )
    wanted = (
        "AttributeDefinitions",
        "KeySchema",
        "LocalSecondaryIndexes",
        "GlobalSecondaryIndexes",
        "BillingMode",
    )
    return {name: properties[name] for name in wanted}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def dynamodb_ports(aws: None, monkeypatch: pytest.MonkeyPatch) -> Container:
    definition = table_definition()
    boto3.client("dynamodb").create_table(TableName="billfold", **definition)
    monkeypatch.setenv("TABLE_NAME", "billfold")
    return Container()


@pytest.fixture(params=["fake", "dynamodb"])
def repositories(request: pytest.FixtureRequest) -> Iterator[Repositories]:
    if request.param == "fake":
        yield FakePorts()
    else:
        yield request.getfixturevalue("dynamodb_ports")


@pytest.fixture
def payable(repositories: Repositories) -> Payable:
    repositories.customers.register(a_customer(), autopay=False)
    wallet = repositories.customers.wallet("cust-1").add(a_card(1))
    wallet = repositories.customers.save(wallet)
    invoice = an_invoice()
    repositories.invoices.add(invoice)
    return Payable(repositories, invoice, wallet)
