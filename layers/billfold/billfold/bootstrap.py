"""The only wiring: which adapter serves which port. Each is built when it is first used."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from billfold import settings
from billfold.services.ports import (
    Clock,
    Customers,
    DeadLetters,
    Gateway,
    Identity,
    Invoices,
    Limits,
    Payments,
    Ports,
)

if TYPE_CHECKING:
    from billfold.adapters.dynamodb.table import Table


class Container:
    """The real adapters. Imports are inside, so that a function pays for what it uses alone."""

    @cached_property
    def clock(self) -> Clock:
        """Time in UTC and the business's day."""
        from billfold.adapters.clock import SystemClock

        return SystemClock(settings.read(settings.BusinessSettings).zone)

    @cached_property
    def _table(self) -> "Table":
        from billfold.adapters.dynamodb.table import Table

        name = settings.read(settings.TableSettings).table_name
        return Table(_client("dynamodb"), name)

    @cached_property
    def customers(self) -> Customers:
        """Customers and wallets."""
        from billfold.adapters.dynamodb.customers import DynamoCustomers

        return DynamoCustomers(self._table)

    @cached_property
    def invoices(self) -> Invoices:
        """Invoices."""
        from billfold.adapters.dynamodb.invoices import DynamoInvoices

        return DynamoInvoices(self._table)

    @cached_property
    def payments(self) -> Payments:
        """Payments and the steps of the protocol."""
        from billfold.adapters.dynamodb.payments import DynamoPayments

        return DynamoPayments(self._table)

    @cached_property
    def limits(self) -> Limits:
        """Counts of attempts."""
        from billfold.adapters.dynamodb.limits import DynamoLimits

        return DynamoLimits(self._table)

    @cached_property
    def gateway(self) -> Gateway:
        """Stripe."""
        from billfold.adapters.parameters import stripe_keys
        from billfold.adapters.stripe_gateway import StripeGateway

        where = settings.read(settings.StripeSettings)
        keys = stripe_keys(_client("ssm"), where.stripe_parameter)
        return StripeGateway(keys.secret_key, keys.publishable_key, where.stripe_api_base)

    @cached_property
    def identity(self) -> Identity:
        """Cognito."""
        from billfold.adapters.cognito import CognitoIdentity

        pool = settings.read(settings.PoolSettings)
        return CognitoIdentity(_client("cognito-idp"), pool.user_pool_id, pool.user_pool_client_id)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Where hopeless messages go."""
        from billfold.adapters.sqs import SqsDeadLetters

        queue = settings.read(settings.IntakeSettings).dead_letter_queue_url
        return SqsDeadLetters(_client("sqs"), queue)


def _client(service: str) -> Any:  # noqa: ANN401 - each adapter types its own client
    """Make a client that answers or fails within the function's time."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3}
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]


_ports: Ports | None = None


def ports() -> Ports:
    """Give the adapters of this process."""
    global _ports  # noqa: PLW0603 - one set for the life of a Lambda environment
    if _ports is None:
        _ports = Container()
    return _ports


def use(replacement: Ports | None) -> None:
    """Serve other adapters, in tests; None goes back to the real ones."""
    global _ports  # noqa: PLW0603
    _ports = replacement
