"""The only wiring: which adapter serves which port. Each is built when it is first used."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from billfold import settings
from billfold.domain.autopay import Schedule
from billfold.domain.fact import Actor, Entry
from billfold.services.ports import (
    AutopayQueues,
    Bus,
    Clock,
    Customers,
    DeadLetters,
    EventQueue,
    Gateway,
    Heartbeat,
    Identity,
    InvoiceChanges,
    Invoices,
    Leases,
    Ledger,
    Limits,
    Mailed,
    Mailer,
    Outbox,
    Parking,
    Payments,
    Ports,
    ReconciliationQueue,
    Reconciliations,
    Webhooks,
)

if TYPE_CHECKING:
    from billfold.adapters.dynamodb.table import Table
    from billfold.adapters.parameters import StripeKeys


class Container:
    """The real adapters. Imports are inside, so that a function pays for what it uses alone."""

    def __init__(self) -> None:
        self.committed: list[Entry] = []

    @cached_property
    def actor(self) -> Actor:
        """Who acts in this function, as the template says."""
        return settings.read(settings.ActorSettings).billfold_actor

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
    def invoice_changes(self) -> InvoiceChanges:
        """Voids and changed amounts."""
        from billfold.adapters.dynamodb.invoice_changes import DynamoInvoiceChanges

        return DynamoInvoiceChanges(self._table)

    @cached_property
    def outbox(self) -> Outbox:
        """What happened, to be sent and to be kept."""
        from billfold.adapters.dynamodb.outbox import DynamoOutbox

        return DynamoOutbox(self._table)

    @cached_property
    def parking(self) -> Parking:
        """Events of Stripe that match nothing yet."""
        from billfold.adapters.dynamodb.parking import DynamoParking

        return DynamoParking(self._table)

    @cached_property
    def leases(self) -> Leases:
        """What was left behind."""
        from billfold.adapters.dynamodb.leases import DynamoLeases

        return DynamoLeases(self._table)

    @cached_property
    def ledger(self) -> Ledger:
        """The charges that moved money."""
        from billfold.adapters.dynamodb.ledger import DynamoLedger

        return DynamoLedger(self._table)

    @cached_property
    def reconciliations(self) -> Reconciliations:
        """The runs that hold Stripe against the ledger."""
        from billfold.adapters.dynamodb.reconciliations import DynamoReconciliations

        return DynamoReconciliations(self._table)

    @cached_property
    def reconciliation_queue(self) -> ReconciliationQueue:
        """The queue of the hours to reconcile."""
        from billfold.adapters.sqs import SqsReconciliationQueue

        queue = settings.read(settings.ReconciliationSettings).reconciliation_queue_url
        return SqsReconciliationQueue(_client("sqs"), queue)

    @cached_property
    def bus(self) -> Bus:
        """The event bus."""
        from billfold.adapters.eventbridge import EventBus

        name = settings.read(settings.BusSettings).event_bus_name
        # One short try: what is not sent now is sent by the reconciler, and a customer waits.
        return EventBus(_client("events", seconds=2, tries=1), name)

    @cached_property
    def event_queue(self) -> EventQueue:
        """The queue from the webhook to its worker."""
        from billfold.adapters.sqs import SqsEventQueue

        queue = settings.read(settings.WebhookSettings).stripe_events_queue_url
        return SqsEventQueue(_client("sqs"), queue)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Stripe's deliveries."""
        from billfold.adapters.stripe_webhooks import StripeWebhooks

        return StripeWebhooks(self._stripe_keys.webhook_secrets)

    @cached_property
    def limits(self) -> Limits:
        """Counts of attempts."""
        from billfold.adapters.dynamodb.limits import DynamoLimits

        return DynamoLimits(self._table)

    @cached_property
    def continuity(self) -> Heartbeat:
        """The time that the table is told."""
        from billfold.adapters.dynamodb.continuity import DynamoContinuity

        return DynamoContinuity(self._table)

    @cached_property
    def gateway(self) -> Gateway:
        """Stripe."""
        from billfold.adapters.stripe_gateway import StripeGateway

        base = settings.read(settings.StripeSettings).stripe_api_base
        keys = self._stripe_keys
        return StripeGateway(keys.secret_key, keys.publishable_key, base)

    @cached_property
    def _stripe_keys(self) -> "StripeKeys":
        from billfold.adapters.parameters import stripe_keys

        parameter = settings.read(settings.StripeSettings).stripe_parameter
        return stripe_keys(_client("ssm"), parameter)

    @cached_property
    def identity(self) -> Identity:
        """Cognito."""
        from billfold.adapters.cognito import CognitoIdentity

        pool = settings.read(settings.PoolSettings)
        return CognitoIdentity(_client("cognito-idp"), pool.user_pool_id, pool.user_pool_client_id)

    @cached_property
    def mailer(self) -> Mailer:
        """SES."""
        from billfold.adapters.ses import SesMailer
        from billfold.domain.mail import Letterhead

        mail = settings.read(settings.MailSettings)
        head = Letterhead(mail.business_name, mail.portal_url.rstrip("/"), mail.support_email)
        return SesMailer(_client("sesv2"), mail.sender_email, head)

    @cached_property
    def mailed(self) -> Mailed:
        """Which facts were written about."""
        from billfold.adapters.dynamodb.mailed import DynamoMailed

        return DynamoMailed(self._table)

    @cached_property
    def schedule(self) -> Schedule:
        """When automatic payment tries."""
        return settings.read(settings.ScheduleSettings).schedule

    @cached_property
    def autopay_queues(self) -> AutopayQueues:
        """The queues of automatic payment."""
        from billfold.adapters.sqs import SqsAutopayQueues

        queues = settings.read(settings.AutopaySettings)
        return SqsAutopayQueues(
            _client("sqs"), queues.autopay_shards_queue_url, queues.autopay_charges_queue_url
        )

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Where hopeless messages go."""
        from billfold.adapters.sqs import SqsDeadLetters

        queue = settings.read(settings.IntakeSettings).dead_letter_queue_url
        return SqsDeadLetters(_client("sqs"), queue)


def _client(service: str, *, seconds: int = 3, tries: int = 2) -> Any:  # noqa: ANN401
    """Make a client that answers or fails within the ten seconds of a function."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=1,
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": tries},
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
