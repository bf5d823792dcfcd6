"""Every key and index of the table, and nowhere else (docs/data-model.md).

All that belongs to a customer is in the customer's partition: whose it is follows from the key,
never from an attribute. Sort keys sort by age because identifiers do.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

OPEN_INVOICES: Final = "open_invoices"
"""Local index on ``open_sort``: invoices that are neither paid nor void, by due date."""
INVOICE_PAYMENTS: Final = "invoice_payments"
"""Local index on ``invoice_sort``: the payments of an invoice."""
DUE: Final = "due"
"""Global index on ``due_shard, due_sort``: what automatic payment has to look at (open invoices and
wallets of all customers), by the day on which it does."""
LEASES: Final = "leases"
"""Global index on ``lease_shard, lease_until``: what somebody has begun and must be finished (a
payment in flight, an entry of the outbox, a parked event, a change of an invoice), by the end of
its lease."""
LEDGER_HOURS: Final = "ledger_hours"
"""Global index on ``ledger_hour, charged_sort``: the ledger of all customers, by the time of the
charge. An hour of some 50,000 charges is 14 writes a second, so it needs no shards."""
OPEN_DISPUTES: Final = "open_disputes"
"""Global index on ``dispute_shard, sk``: the payments whose dispute is open."""

DUE_SHARDS: Final = 16
DISPUTE_SHARDS: Final = 24
"""One for each hour of a reconciliation."""
LEASE_SHARDS: Final = 4
"""Few, since the reconciler asks each of them every minute, also when nothing is in flight."""
ACCOUNT: Final = "ACCOUNT#"
INVOICE: Final = "INVOICE#"
PAYMENT: Final = "PAYMENT#"
ENTRY: Final = "ENTRY#"
CHANGE: Final = "CHANGE#"
PARKED: Final = "PARKED#"
HOUR: Final = "HOUR#"
LINES: Final = "LINES#"

Key = dict[str, str]


def _customer(customer_id: str) -> str:
    return f"CUSTOMER#{customer_id}"


def account(customer_id: str) -> str:
    """Partition of a customer; with the sort key prefix ACCOUNT it gives profile and wallet."""
    return _customer(customer_id)


def profile(customer_id: str) -> Key:
    """Who the customer is."""
    return {"pk": _customer(customer_id), "sk": f"{ACCOUNT}PROFILE"}


def wallet(customer_id: str) -> Key:
    """The cards, which is primary, what is held, and the wish for automatic payment."""
    return {"pk": _customer(customer_id), "sk": f"{ACCOUNT}WALLET"}


def invoice(customer_id: str, invoice_id: str) -> Key:
    """An invoice with its lock."""
    return {"pk": _customer(customer_id), "sk": f"{INVOICE}{invoice_id}"}


def invoice_number(number: str) -> Key:
    """The guard that makes an invoice number stand for one invoice."""
    return {"pk": f"NUMBER#{number}", "sk": "NUMBER"}


def payment(customer_id: str, payment_id: str) -> Key:
    """One try to pay an invoice."""
    return {"pk": _customer(customer_id), "sk": f"{PAYMENT}{payment_id}"}


def request(customer_id: str, idempotency_key: str) -> Key:
    """What an Idempotency-Key of this customer was used for."""
    return {"pk": _customer(customer_id), "sk": f"REQUEST#{idempotency_key}"}


def ledger(customer_id: str, charge: str) -> Key:
    """A charge that moved money."""
    return {"pk": _customer(customer_id), "sk": f"LEDGER#{charge}"}


def entry(customer_id: str, entry_id: str) -> Key:
    """What happened: the outbox until it is sent, the audit trail for ever."""
    return {"pk": _customer(customer_id), "sk": f"{ENTRY}{entry_id}"}


def change(customer_id: str, change_id: str) -> Key:
    """A void or a change of the amount of an invoice."""
    return {"pk": _customer(customer_id), "sk": f"{CHANGE}{change_id}"}


def parked(event_id: str) -> Key:
    """An event of Stripe that matches nothing yet."""
    return {"pk": f"{PARKED}{event_id}", "sk": PARKED}


def counted(event_id: str) -> Key:
    """The mark of an event of Stripe that was counted."""
    return {"pk": f"EVENT#{event_id}", "sk": "EVENT"}


def mailed(event_id: str) -> Key:
    """The mark of a fact that its customer was written about."""
    return {"pk": f"MAILED#{event_id}", "sk": "MAILED"}


def continuity() -> Key:
    """The time that the table is told every minute."""
    return {"pk": "CONTINUITY", "sk": "CONTINUITY"}


def reconciliation(day: date) -> Key:
    """The run that stands for a UTC day."""
    return {"pk": "RECONCILIATION", "sk": day.isoformat()}


def reconciliation_run(day: date, run: str) -> str:
    """Partition of a run: its hours, and the lines that they found."""
    return f"RECONCILIATION#{day.isoformat()}#{run}"


def reconciliation_hour(day: date, run: str, hour: int) -> Key:
    """How far an hour of a run has come."""
    return {"pk": reconciliation_run(day, run), "sk": f"{HOUR}{hour:02d}"}


def reconciliation_lines(day: date, run: str, hour: int, version: int, part: int) -> Key:
    """What an hour has found, with one write of its progress."""
    sort = f"{LINES}{hour:02d}#{version:06d}#{part:03d}"
    return {"pk": reconciliation_run(day, run), "sk": sort}


def limit(name: str, subject: str, window_start: datetime) -> Key:
    """A count in one window; the subject is hashed, since it may be an e-mail address."""
    digest = hashlib.sha256(subject.encode()).hexdigest()[:32]
    return {"pk": f"LIMIT#{name}#{digest}", "sk": window_start.strftime("%Y-%m-%dT%H:%M:%SZ")}


def open_sort(due_on: date, invoice_id: str) -> str:
    """Range key of OPEN_INVOICES."""
    return f"{due_on.isoformat()}#{invoice_id}"


def invoice_sort(invoice_id: str, payment_id: str) -> str:
    """Range key of INVOICE_PAYMENTS."""
    return f"{invoice_id}#{payment_id}"


def due(look_on: date | None, customer_id: str, invoice_id: str = "") -> dict[str, str | None]:
    """Give the attributes of DUE: of an invoice, or of the wallet. None takes them out of it."""
    if look_on is None:
        return {"due_shard": None, "due_sort": None}
    return {
        # Of the customer: all of one customer are told to one queue by one reader.
        "due_shard": f"DUE#{_spread(customer_id, DUE_SHARDS):02d}",
        "due_sort": f"{look_on.isoformat()}#{customer_id}#{invoice_id}",
    }


def look_on(item: Mapping[str, Any]) -> date | None:
    """Read the day on which automatic payment looks at an item."""
    return date.fromisoformat(item["due_sort"][:10]) if "due_sort" in item else None


def looked_at(due_sort: str) -> tuple[str, str | None]:
    """Read customer and invoice of an item of DUE; None is the wallet."""
    _, customer_id, invoice_id = due_sort.split("#")
    return customer_id, invoice_id or None


def in_due(shard: str, due_sort: str) -> Key:
    """Give the whole key of an item as DUE has it, from where it is there."""
    customer_id, invoice_id = looked_at(due_sort)
    own = invoice(customer_id, invoice_id) if invoice_id else wallet(customer_id)
    return {**own, "due_shard": shard, "due_sort": due_sort}


def due_shards() -> list[str]:
    """All hash keys of DUE."""
    return [f"DUE#{number:02d}" for number in range(DUE_SHARDS)]


def lease_shard(identifier: str) -> str:
    """Hash key of LEASES, e.g. ``LEASE#03``."""
    return f"LEASE#{_spread(identifier, LEASE_SHARDS):02d}"


def lease_shards() -> list[str]:
    """All hash keys of LEASES."""
    return [f"LEASE#{number:02d}" for number in range(LEASE_SHARDS)]


def ledger_time(charge: str, charged_at: datetime) -> dict[str, str]:
    """Give the attributes of LEDGER_HOURS."""
    return {
        "ledger_hour": ledger_hour(charged_at),
        "charged_sort": f"{charged_second(charged_at)}#{charge}",
    }


def ledger_hour(moment: datetime) -> str:
    """Hash key of LEDGER_HOURS, e.g. ``2026-11-23T14``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def charged_second(moment: datetime) -> str:
    """Begin a range key of LEDGER_HOURS; by itself it sorts before all charges of that second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dispute_shard(charge: str) -> str:
    """Hash key of OPEN_DISPUTES of a charge."""
    return open_disputes(_spread(charge, DISPUTE_SHARDS))


def open_disputes(shard: int) -> str:
    """Hash key of OPEN_DISPUTES, e.g. ``DISPUTE#07``."""
    return f"DISPUTE#{shard:02d}"


def _spread(identifier: str, shards: int) -> int:
    return hashlib.sha256(identifier.encode()).digest()[0] % shards
