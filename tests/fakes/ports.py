"""All ports in memory, wired through ``bootstrap.use``."""

from dataclasses import dataclass, field

from billfold.adapters.stripe_webhooks import StripeWebhooks
from billfold.domain.autopay import Schedule
from billfold.domain.fact import Actor, Entry
from billfold.services.ports import (
    Identity,
)

from tests.fakes.books import FakeLedger, FakeReconciliationQueue, FakeReconciliations
from tests.fakes.left_behind import (
    FakeContinuity,
    FakeInvoiceChanges,
    FakeLeases,
    FakeMailed,
    FakeOutbox,
    FakeParking,
)
from tests.fakes.outside import (
    FakeAutopayQueues,
    FakeBus,
    FakeDeadLetters,
    FakeEventQueue,
    FakeGateway,
    FakeMailer,
)
from tests.fakes.payments import FakePayments
from tests.fakes.store import FakeClock, Store
from tests.fakes.wallets_and_invoices import FakeCustomers, FakeInvoices, FakeLimits


@dataclass
class FakePorts:
    """Everything in memory; ``identity`` is given where a test logs in."""

    store: Store = field(default_factory=Store)
    clock: FakeClock = field(default_factory=FakeClock)
    gateway: FakeGateway = field(default_factory=FakeGateway)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    bus: FakeBus = field(default_factory=FakeBus)
    event_queue: FakeEventQueue = field(default_factory=FakeEventQueue)
    webhooks: StripeWebhooks = field(default_factory=lambda: StripeWebhooks(("whsec_test",)))
    schedule: Schedule = field(default_factory=Schedule)
    autopay_queues: FakeAutopayQueues = field(default_factory=FakeAutopayQueues)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    reconciliation_queue: FakeReconciliationQueue = field(default_factory=FakeReconciliationQueue)
    committed: list[Entry] = field(default_factory=list)
    actor: Actor = Actor.CUSTOMER
    logins: Identity | None = None

    @property
    def invoice_changes(self) -> FakeInvoiceChanges:
        return FakeInvoiceChanges(self.store)

    @property
    def outbox(self) -> FakeOutbox:
        return FakeOutbox(self.store)

    @property
    def parking(self) -> FakeParking:
        return FakeParking(self.store)

    @property
    def mailed(self) -> FakeMailed:
        return FakeMailed(self.store)

    @property
    def leases(self) -> FakeLeases:
        return FakeLeases(self.store)

    @property
    def ledger(self) -> FakeLedger:
        return FakeLedger(self.store)

    @property
    def reconciliations(self) -> FakeReconciliations:
        return FakeReconciliations(self.store)

    @property
    def customers(self) -> FakeCustomers:
        return FakeCustomers(self.store)

    @property
    def invoices(self) -> FakeInvoices:
        return FakeInvoices(self.store)

    @property
    def payments(self) -> FakePayments:
        return FakePayments(self.store)

    @property
    def continuity(self) -> FakeContinuity:
        return FakeContinuity(self.store)

    @property
    def limits(self) -> FakeLimits:
        return FakeLimits(self.store)

    @property
    def identity(self) -> Identity:
        assert self.logins is not None, "this test gave no identity"
        return self.logins
