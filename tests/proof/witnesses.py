"""What is remembered of a history beside our own store: Stripe's charges, answers, and events."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from billfold.domain.errors import (
    BillfoldError,
    CardDeclinedError,
    NotChargedError,
    NotFoundError,
    NothingBegunError,
    SourceUnusableError,
)
from billfold.domain.fact import Entry, Kind
from billfold.domain.invoice import InvoiceStatus
from billfold.domain.money import Money
from billfold.domain.payment import Dispute, Payment, State, Status
from billfold.services.ports import Ports

from tests.proof.wishes import Wish

_NOT_CHARGED: Final = frozenset({Status.DECLINED, Status.CANCELED})


@dataclass(frozen=True, slots=True)
class StripeCharge:
    """A charge that succeeded at Stripe; ``confirm_key`` is that of the request that made it.

    ``refunded`` is what was given back, ``dispute`` how the latest dispute stands.
    """

    charge: str
    intent: str
    customer_id: str
    invoice_id: str
    money: Money
    payment_method: str
    charged_at: datetime
    confirm_key: str | None
    refunded: Money
    dispute: Dispute | None

    @property
    def charged_in(self) -> datetime:
        """The UTC hour in which it was made."""
        return self.charged_at.replace(minute=0, second=0)


@dataclass(frozen=True, slots=True)
class StripeIntent:
    """An intent of ours at Stripe."""

    intent: str
    invoice_id: str
    status: str
    money: Money


class StripeView(Protocol):
    """Stripe as an auditor sees it, by another way than the product's gateway."""

    def charges(self) -> Sequence[StripeCharge]: ...
    def intents(self) -> Sequence[StripeIntent]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """An event on the bus; ``premature`` says what was not yet so when it came there."""

    customer_id: str
    event_id: str
    kind: Kind
    detail: dict[str, Any]
    premature: str | None = None


@dataclass
class History:
    """What was answered and told, beside what the store and Stripe remember by themselves.

    ``charged`` and ``not_charged`` are the payments of which a caller was told so, with the words.
    ``voided`` are the invoices of which a caller was told that they are void. ``removed`` are the
    PaymentMethods of deleted cards, with the charges on them when the DELETE was answered.
    ``wishes`` are what was answered about automatic payment. ``every_event_came`` says that Stripe
    was heard to the end, or that the reconciliation has run since.
    """

    invoices: list[tuple[str, str]] = field(default_factory=list)
    charged: dict[str, str] = field(default_factory=dict)
    not_charged: dict[str, str] = field(default_factory=dict)
    voided: set[str] = field(default_factory=set)
    removed: dict[str, frozenset[str]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    every_event_came: bool = False
    was_restored: bool = False

    def answered(self, payment: Payment) -> None:
        """Note what a caller was shown of a payment."""
        if payment.status in _NOT_CHARGED:
            self.not_charged[payment.payment_id] = f"shown as {payment.state.value}"
        elif payment.state is State.SUCCEEDED:
            self.charged[payment.payment_id] = "shown as succeeded"

    def restored(self, payments: set[str], trail: Sequence[Entry]) -> None:
        """Forget what was answered and told of payments that a restored table does not know."""
        self.was_restored = True
        for answers in (self.charged, self.not_charged):
            for payment_id in answers.keys() - payments:
                del answers[payment_id]
        self.voided.clear()
        self.removed.clear()
        known = {entry.event_id(place) for entry in trail for place in range(len(entry.facts))}
        self.told[:] = [told for told in self.told if told.event_id in known]

    def refused(self, error: BillfoldError, key: str, payments: Sequence[Payment]) -> None:
        """Note what a caller was told instead of a payment.

        ``key`` is the Idempotency-Key of the order, by which an answer belongs to its payment.
        """
        words = f"answered as {error.code}"
        if isinstance(error, CardDeclinedError) and "payment_id" in error.extra:
            self.not_charged[error.extra["payment_id"]] = words
        if isinstance(error, NotChargedError):
            self.not_charged[error.extra["payment"].payment_id] = words
        if isinstance(error, NothingBegunError | SourceUnusableError):
            for payment in payments:
                if payment.idempotency_key == key:
                    self.not_charged[payment.payment_id] = words


class BusEnd:
    """The far end of the bus; each event is compared with the store when it comes."""

    def __init__(self, history: History, ports: Ports) -> None:
        self._history, self._ports = history, ports
        self.calls = 0

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803 - AWS's
        self.calls += 1
        for entry in Entries:
            detail, kind = json.loads(entry["Detail"]), Kind(entry["DetailType"])
            owner = detail["customer_id"]
            early = premature(self._ports, owner, kind, detail)
            self._history.told.append(Told(owner, detail["event_id"], kind, detail, early))
        return {"FailedEntryCount": 0}


class QueuesEnd:
    """The far end of the queues; what comes is kept until somebody takes it."""

    SHARDS, CHARGES, HOURS = "shards", "charges", "hours"

    def __init__(self) -> None:
        self.shards: list[str] = []
        self.looks: list[str] = []
        self.hours: list[str] = []
        self.calls = 0

    def get_queue_attributes(
        self,
        QueueUrl: str,  # noqa: N803 - AWS's
        AttributeNames: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        assert QueueUrl == self.CHARGES
        self.calls += 1
        return {"Attributes": dict.fromkeys(AttributeNames, "0")}

    def send_message_batch(
        self,
        QueueUrl: str,  # noqa: N803 - AWS's
        Entries: list[dict[str, str]],  # noqa: N803
    ) -> dict[str, Any]:
        self.calls += 1
        queues = {self.SHARDS: self.shards, self.CHARGES: self.looks, self.HOURS: self.hours}
        queues[QueueUrl] += [entry["MessageBody"] for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


def premature(ports: Ports, customer_id: str, kind: Kind, detail: dict[str, Any]) -> str | None:
    """Tell, when an event comes to the bus, what of it is not true yet."""
    status = {
        Kind.PAYMENT_SUCCEEDED: Status.SUCCEEDED,
        Kind.PAYMENT_FAILED: Status.DECLINED,
        Kind.PAYMENT_CANCELED: Status.CANCELED,
    }.get(kind)
    try:
        if status:
            now = ports.payments.get(customer_id, detail["payment_id"]).status
            return None if now is status else f"the payment is {now.value}"
        if kind in {Kind.INVOICE_PAID, Kind.INVOICE_VOIDED}:
            wanted = InvoiceStatus.PAID if kind is Kind.INVOICE_PAID else InvoiceStatus.VOID
            state = ports.invoices.get(customer_id, detail["invoice_id"]).status
            return None if state is wanted else f"the invoice is {state.value}"
        if kind is Kind.CARD_REMOVED:
            cards = ports.customers.wallet(customer_id).cards
            return "it is there" if detail["card_id"] in {c.card_id for c in cards} else None
    except NotFoundError:
        return "it is not in the store"
    return None
