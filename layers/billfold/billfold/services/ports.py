"""What the use cases need from outside, as Protocols; ``bootstrap`` wires the real ones."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from billfold.domain.autopay import Schedule
from billfold.domain.autopay_message import Look, Shard
from billfold.domain.continuity import Continuity
from billfold.domain.customer import Customer
from billfold.domain.errors import UnavailableError
from billfold.domain.fact import Actor, Entry
from billfold.domain.invoice import Invoice, PublicInvoiceStatus
from billfold.domain.invoice_change import InvoiceChange
from billfold.domain.limit import Limit
from billfold.domain.mail import Mail
from billfold.domain.money import Money
from billfold.domain.payment import (
    Answer,
    Decline,
    Dispute,
    Obstacle,
    Payment,
    Source,
    Step,
    Succeeded,
)
from billfold.domain.reconciliation import Hour, Line, Progress, Run
from billfold.domain.stripe_event import Owner, Parked, StripeEvent
from billfold.domain.wallet import CardDetails, CardFace, Wallet

T = TypeVar("T")
TimeLeft = Callable[[], float]
"""Seconds until the function is stopped."""


class StaleError(Exception):
    """A conditional write found another state than was read: read again, decide again."""


class EpochSpentError(Exception):
    """The making of this epoch's intent cannot be asked for again: its key has another answer.

    Stripe holds an intent that was made with other parameters, or repeats a server error for a day.
    """


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list; ``last_id`` continues it, None at its end."""

    items: Sequence[T]
    last_id: str | None


class StripeCustomerGoneError(UnavailableError):
    """Stripe knows no such customer: it was deleted, or our key is that of another account."""


class Clock(Protocol):
    """The time, and the day where the business is."""

    def now(self) -> datetime: ...
    def today(self) -> date: ...


class Customers(Protocol):
    """Customers and their wallets.

    ``save`` raises StaleError unless the wallet is still in the version that was read; it writes
    the entry of the change with it.
    ``register`` raises CustomerConflictError where the id stands for somebody else.
    """

    def account(self, customer_id: str) -> tuple[Customer, Wallet]: ...
    def wallet(self, customer_id: str) -> Wallet: ...
    def save(self, wallet: Wallet, entry: Entry | None = None) -> Wallet: ...
    def register(self, customer: Customer, *, autopay: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What Amount Due is made of, and what automatic payment makes of it."""

    invoice_id: str
    number: str
    due_on: date
    amount_due: Money
    look_on: date | None = None
    waits: Obstacle | None = None
    tried_card: str | None = None


class Heartbeat(Protocol):
    """The time that the table was told; ``write`` raises StaleError where somebody else told it."""

    def read(self) -> Continuity: ...
    def write(self, before: Continuity, after: Continuity) -> None: ...


class Invoices(Protocol):
    """Invoices, newest first.

    ``add`` does nothing for an invoice that is there with the same content, and raises
    InvoiceNumberReusedError for other content or UnknownCustomerError.
    ``open`` is read consistently. ``get`` raises NotFoundError, ``by_number`` UnknownInvoiceError.
    ``looks`` gives a page of what automatic payment has to look at until a day, from one of the
    ``shards`` of an index, which may be late. ``look_again`` raises StaleError unless the invoice
    is open, free, and as it was read; ``bring_forward``, which only makes it be looked at earlier,
    also takes one in payment. ``begin_generation`` leaves the intent of an open, free invoice
    behind, and raises StaleError unless it is as it was read.
    """

    def get(self, customer_id: str, invoice_id: str) -> Invoice: ...
    def by_number(self, customer_id: str, number: str) -> Invoice: ...
    def open(self, customer_id: str) -> Sequence[OpenInvoice]: ...
    def add(self, invoice: Invoice) -> None: ...
    def shards(self) -> Sequence[str]: ...
    def looks(
        self, shard: str, *, until: date, limit: int, after: str | None
    ) -> Page[tuple[str, str | None]]: ...
    def look_again(
        self,
        invoice: Invoice,
        *,
        on: date | None,
        waits: Obstacle | None,
        overdue_told: bool,
        entry: Entry | None,
    ) -> None: ...
    def begin_generation(
        self, invoice: Invoice, epoch: int, *, recorded_since: datetime | None = None
    ) -> Invoice: ...
    def bring_forward(self, customer_id: str, owed: OpenInvoice, *, to: date) -> None: ...
    def list(
        self,
        customer_id: str,
        *,
        statuses: Collection[PublicInvoiceStatus],
        today: date,
        limit: int,
        after: str | None,
    ) -> Page[Invoice]: ...


class InvoiceChanges(Protocol):
    """Voids and changed amounts, which hold an invoice's lock as a payment does.

    ``begin`` takes the lock of an open invoice, and ``finish`` changes the invoice and frees it.
    Another amount makes automatic payment forget what it tried and look again on ``look_on``.
    ``refuse`` ends a change whose invoice was paid, or one that never began. Each raises StaleError
    where the change is not under way, or is there already. ``get`` raises NotFoundError.
    """

    def begin(self, change: InvoiceChange, *, lease_until: datetime) -> None: ...
    def finish(self, change: InvoiceChange, *, entry: Entry, look_on: date) -> InvoiceChange: ...
    def refuse(self, change: InvoiceChange, *, entry: Entry, begun: bool) -> InvoiceChange: ...
    def note(self, ended: InvoiceChange) -> None: ...
    def postpone(self, change: InvoiceChange, *, lease_until: datetime) -> InvoiceChange: ...
    def get(self, customer_id: str, change_id: str) -> InvoiceChange: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What an Idempotency-Key was used for."""

    fingerprint: str
    payment_id: str


@dataclass(frozen=True, slots=True)
class Opening:
    """All that the beginning of a payment is decided from, read together."""

    request: Request | None
    invoice: Invoice | None
    wallet: Wallet
    declines: int
    continuity: Continuity


@dataclass(frozen=True, slots=True)
class Overdue:
    """A payment in flight whose lease has run out, and how often it was looked at in vain."""

    payment: Payment
    looks: int


class Payments(Protocol):
    """Payments and the steps of the protocol.

    Each step is one write that raises StaleError unless the payment is in a state that
    TRANSITIONS allows, the invoice's lock is this payment, and epoch and n are what was read.
    Each gives the payment as it then is, and writes the entry that tells it with it. ``get`` raises
    NotFoundError. ``close`` ends a review, also of an invoice that is locked no more.
    ``by_intent`` gives the latest try of an intent. ``reflect`` writes what became
    of a charge, unless the payment is no longer as it was read.
    """

    def get(self, customer_id: str, payment_id: str) -> Payment: ...
    def list(self, customer_id: str, *, limit: int, after: str | None) -> Page[Payment]: ...
    def of_invoice(self, customer_id: str, invoice_id: str) -> Sequence[Payment]: ...
    def open(
        self, customer_id: str, invoice_id: str, idempotency_key: str, now: datetime
    ) -> Opening: ...

    def reserve(
        self, payment: Payment, *, n: int, fingerprint: str, lease_until: datetime
    ) -> Payment: ...
    def write_ahead(
        self, payment: Payment, *, intent: str, n: int, lease_until: datetime
    ) -> Payment: ...
    def doubt(self, payment: Payment, *, lease_until: datetime) -> Payment: ...
    def action(self, payment: Payment, *, lease_until: datetime, entry: Entry) -> Payment: ...
    def settle(self, payment: Payment, succeeded: Succeeded, *, entry: Entry) -> Payment: ...
    def decline(
        self, payment: Payment, decline: Decline, card: CardFace | None, *, entry: Entry
    ) -> Payment: ...
    def end(
        self,
        payment: Payment,
        step: Step,
        *,
        raise_epoch: bool,
        entry: Entry,
        look_on: date | None = None,
    ) -> Payment: ...
    def review(
        self,
        payment: Payment,
        succeeded: Succeeded | None,
        *,
        lease_until: datetime,
        entry: Entry,
    ) -> Payment: ...
    def close(self, payment: Payment, *, entry: Entry, look_on: date | None) -> Payment: ...
    def by_intent(self, customer_id: str, invoice_id: str, intent: str) -> Payment | None: ...
    def reflect(
        self, payment: Payment, *, refunded: int, dispute: Dispute | None, entry: Entry
    ) -> None: ...
    def postpone(self, payment: Payment, *, looks: int, lease_until: datetime) -> None: ...


class Outbox(Protocol):
    """The entries that were written with what they tell.

    ``trail`` is the audit trail, newest first.
    """

    def sent(self, entry: Entry) -> None: ...
    def trail(self, customer_id: str, *, limit: int, after: str | None) -> Page[Entry]: ...


class Bus(Protocol):
    """The event bus; ``send`` raises UnavailableError unless all facts of an entry were taken."""

    def send(self, entry: Entry) -> None: ...


class Parking(Protocol):
    """Events of Stripe that match nothing yet; the same one again is parked once."""

    def park(self, event: StripeEvent, *, until: datetime) -> None: ...
    def postpone(self, parked: Parked, *, until: datetime) -> None: ...
    def forget(self, parked: Parked) -> None: ...
    def give_up(self, parked: Parked) -> None: ...


Expired = Overdue | Entry | Parked | InvoiceChange
"""What the reconciler takes up: a payment, an entry not sent, an event, a change of an invoice."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Something whose lease has run out; ``read`` gives it as the table has it now.

    It gives None where it was finished meanwhile, since an index may be late.
    """

    kind: type[Expired]
    read: Callable[[], Expired | None]


class Leases(Protocol):
    """What was left behind, found by an index."""

    def expired(self, now: datetime) -> Sequence[LeftBehind]: ...


class Limits(Protocol):
    """Counts per subject; ``take`` raises TooManyRequestsError when the limit is reached.

    ``require_below`` raises it without counting. ``count_event`` counts each event once.
    """

    def take(self, limit: Limit, subject: str, now: datetime) -> None: ...
    def give_back(self, limit: Limit, subject: str, now: datetime) -> None: ...
    def require_below(self, limit: Limit, subject: str, now: datetime) -> None: ...
    def count_event(self, limit: Limit, subject: str, event_id: str, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class SetupResult:
    """What became of a SetupIntent; the card's facts are there once it has succeeded."""

    stripe_customer: str | None
    succeeded: bool
    customer_id: str | None = None
    attached: bool = False
    decline: Decline | None = None
    payment_method: str = ""
    fingerprint: str = ""
    brand: str = ""
    last4: str = ""
    exp_month: int = 0
    exp_year: int = 0


@dataclass(frozen=True, slots=True)
class SetupSecret:
    """What the browser needs to give a card to Stripe."""

    setup_intent: str
    publishable_key: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChargeView:
    """A charge as Stripe has it now; ``answer`` is its intent's, None unless money has moved.

    ``refunded`` is what was given back in all, in minor units of ``money``'s currency.
    """

    charge: str
    intent: str | None
    owner: Owner
    money: Money
    charged_at: datetime
    answer: Succeeded | None
    refunded: int = 0
    dispute: Dispute | None = None


@dataclass(frozen=True, slots=True)
class CardView:
    """A PaymentMethod as Stripe has it now.

    ``stripe_customer`` is None where it is attached to nobody, or to one who was deleted;
    ``customer_id`` is ours, by the metadata of that customer.
    """

    details: CardDetails
    stripe_customer: str | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class StripeCustomer:
    """A customer as Stripe has it now; ``customer_id`` is ours, by its metadata."""

    customer_id: str | None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class FoundIntent:
    """A PaymentIntent that Stripe has of an invoice, and its generation."""

    intent: str
    generation: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A charge in a list of Stripe's, by itself or for a refund or a dispute.

    ``at`` is when the listed object was made. ``owner`` is None for what is not ours; ``view`` is
    None for that, and for what says it is ours and cannot be read.
    """

    charge: str
    at: datetime
    owner: Owner | None = None
    view: ChargeView | None = None


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """The newest part of a window of time: everything in it ``since`` a moment, newest first."""

    items: Sequence[T]
    since: datetime


class Fenceable(Protocol):
    """A payment or a change of an invoice: what has an intent to cancel."""

    @property
    def intent(self) -> str | None: ...


class Gateway(Protocol):
    """Stripe. Every call that changes something carries our own idempotency key.

    Calls about cards and the making of an intent raise UnavailableError when Stripe is down.
    ``confirm``, ``retrieve`` and ``cancel`` never raise for what Stripe or the network does: they
    give an Answer, since there a lost reply is a state of the protocol and not an error.
    ``create_payment_intent`` raises EpochSpentError as well, and like ``create_setup_intent``
    StripeCustomerGoneError. ``look``, ``card``, ``customer`` and ``charge`` raise NotFoundError and
    UnavailableError; ``find_intents`` searches for those of an invoice, and lists those of a Stripe
    customer that were made ``since``; the owner of a card and of a charge is told by the metadata
    that we gave, None for what is not ours. ``charges``, ``refunds`` and ``disputes`` give the
    newest of those made from ``start`` until before ``end``; of charges those that succeeded.
    """

    def create_customer(self, customer_id: str) -> str: ...
    def create_setup_intent(self, stripe_customer: str, customer_id: str) -> SetupSecret: ...
    def setup_result(self, setup_intent: str) -> SetupResult: ...
    def cancel_setup(self, setup_intent: str) -> None: ...
    def detach(self, payment_method: str) -> None: ...
    def create_payment_intent(self, payment: Payment, stripe_customer: str) -> str: ...
    def confirm(
        self, payment: Payment, source: Source | None, payment_method: str | None
    ) -> Answer: ...
    def retrieve(self, payment: Payment) -> Answer: ...
    def cancel(self, fenceable: Fenceable) -> Answer: ...
    def look(self, intent: str) -> Answer: ...
    def find_intents(
        self,
        customer_id: str,
        invoice_id: str,
        stripe_customer: str | None,
        *,
        since: datetime,
    ) -> Sequence[FoundIntent]: ...
    def card(self, payment_method: str) -> CardView: ...
    def customer(self, stripe_customer: str) -> StripeCustomer: ...
    def charge(self, charge: str) -> ChargeView | None: ...
    def charges(self, start: datetime, end: datetime) -> Stretch[Listed]: ...
    def refunds(self, start: datetime, end: datetime) -> Stretch[Listed]: ...
    def disputes(self, start: datetime, end: datetime) -> Stretch[Listed]: ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """A session at the log-in; ``refresh_token`` is None where the old one stays valid."""

    expires_in: int
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A further question before the log-in is complete."""

    name: str
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TotpSecret:
    """What an authenticator app needs."""

    secret: str = field(repr=False)


class Identity(Protocol):
    """Cognito: log-ins, passwords and second factors.

    Raises InvalidCredentialsError, SessionExpiredError, InvalidCodeError, WeakPasswordError,
    TooManyRequestsError and UnavailableError. ``answer`` raises SessionExpiredError unless the
    challenge was given to this address. ``send_reset_code`` raises nothing that concerns one
    account. ``create_login`` raises UnavailableError wherever a later try may help.
    """

    def login(self, email: str, password: str) -> Tokens | Challenge: ...
    def answer(self, email: str, challenge: Challenge, answer: str) -> Tokens | Challenge: ...
    def refresh(self, refresh_token: str) -> Tokens: ...
    def revoke(self, refresh_token: str) -> None: ...
    def send_reset_code(self, email: str) -> None: ...
    def reset_password(self, email: str, code: str, new_password: str) -> None: ...
    def change_password(self, access_token: str, current: str, new: str) -> None: ...
    def has_totp(self, access_token: str) -> bool: ...
    def begin_totp(self, access_token: str) -> TotpSecret: ...
    def confirm_totp(self, access_token: str, code: str) -> None: ...
    def remove_totp(self, access_token: str) -> None: ...
    def create_login(self, customer: Customer) -> None: ...


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A charge as we have it: the counterpart of ``ChargeView``."""

    charge: str
    customer_id: str
    payment_id: str
    invoice_id: str
    money: Money
    charged_at: datetime


class Ledger(Protocol):
    """The charges that moved money, and what became of them since.

    ``rows`` reads an index, which may be late, of one UTC hour; ``open_disputes`` another one, and
    gives customers and charges of one ``hour``, which is nothing but a share of all. The others
    read the table: ``find_many`` by customer and charge, ``payments`` those of rows.
    """

    def rows(self, start: datetime, end: datetime) -> Stretch[LedgerRow]: ...
    def find(self, customer_id: str, charge: str) -> LedgerRow | None: ...
    def find_many(self, charges: Sequence[tuple[str, str]]) -> Sequence[LedgerRow]: ...
    def payments(self, rows: Sequence[LedgerRow]) -> Sequence[Payment]: ...
    def open_disputes(
        self, hour: int, *, limit: int, after: str | None
    ) -> Page[tuple[str, str]]: ...


class Reconciliations(Protocol):
    """The runs that hold Stripe against the ledger, with their progress and their lines.

    ``latest`` is the run that stands for a day. ``begin`` puts a run in the place of the one that
    was read, ``advance`` goes on from the progress that was read and keeps the lines found by it,
    ``complete`` ends a run that stands for its day; each raises StaleError otherwise.
    """

    def latest(self, day: date) -> Run | None: ...
    def begin(self, run: Run, *, instead_of: Run | None) -> None: ...
    def progress(self, hour: Hour) -> Progress: ...
    def hours(self, run: Run) -> Mapping[int, Progress]: ...
    def advance(
        self, hour: Hour, before: Progress, after: Progress, lines: Sequence[Line]
    ) -> Progress: ...
    def complete(self, run: Run, *, differences: int, now: datetime) -> None: ...
    def lines(self, run: Run, *, limit: int, after: str | None) -> Page[Line]: ...


class ReconciliationQueue(Protocol):
    """From the schedule to the worker; ``send`` raises UnavailableError unless all were taken."""

    def send(self, hours: Sequence[Hour]) -> None: ...


class Webhooks(Protocol):
    """Stripe's deliveries; ``read`` raises InvalidSignatureError.

    It gives None for what we do not listen to.
    """

    def read(self, payload: str, signature: str) -> StripeEvent | None: ...


class EventQueue(Protocol):
    """From the webhook to its worker; ``send`` raises UnavailableError."""

    def send(self, event: StripeEvent) -> None: ...


class AutopayQueues(Protocol):
    """From the schedule to the dispatcher, and on to the charger, one customer after the other.

    ``waiting`` tells about how many messages the charger has before it. All raise UnavailableError,
    unless all messages were taken.
    """

    def dispatch(self, shards: Sequence[Shard]) -> None: ...
    def charge(self, looks: Sequence[Look]) -> None: ...
    def waiting(self) -> int: ...


class Mailer(Protocol):
    """Mail; ``send`` raises UnavailableError unless it was taken."""

    def send(self, customer: Customer, mail: Mail) -> None: ...


class Mailed(Protocol):
    """Which facts their customers were written about, by the event's id."""

    def has(self, event_id: str) -> bool: ...
    def note(self, event_id: str, now: datetime) -> None: ...


class DeadLetters(Protocol):
    """Where messages go that no retry can help, with the reason."""

    def send(self, body: str, reason: str) -> None: ...


class Ports(Protocol):
    """All of them; each is built when it is first used.

    ``actor`` is who acts through these ports; ``committed`` are the entries written through them
    and not sent yet.
    """

    @property
    def actor(self) -> Actor: ...
    @property
    def committed(self) -> list[Entry]: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def invoices(self) -> Invoices: ...
    @property
    def invoice_changes(self) -> InvoiceChanges: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def parking(self) -> Parking: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def reconciliations(self) -> Reconciliations: ...
    @property
    def reconciliation_queue(self) -> ReconciliationQueue: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def event_queue(self) -> EventQueue: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def continuity(self) -> Heartbeat: ...
    @property
    def gateway(self) -> Gateway: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def mailer(self) -> Mailer: ...
    @property
    def mailed(self) -> Mailed: ...
    @property
    def schedule(self) -> Schedule: ...
    @property
    def autopay_queues(self) -> AutopayQueues: ...
