"""Every key and index of the table, and nowhere else (docs/data-model.md).

All that belongs to a customer is in the customer's partition: whose it is follows from the key,
never from an attribute. Sort keys sort by age because identifiers do.
"""

import hashlib
from datetime import UTC, date, datetime
from typing import Final

OPEN_INVOICES: Final = "open_invoices"
"""Local index on ``open_sort``: invoices that are neither paid nor void, by due date."""
INVOICE_PAYMENTS: Final = "invoice_payments"
"""Local index on ``invoice_sort``: the payments of an invoice."""
DUE: Final = "due"
"""Global index on ``due_shard, due_sort``: open invoices of all customers, by due date."""
LEASES: Final = "leases"
"""Global index on ``lease_shard, lease_until``: what somebody has begun and must be finished (a
payment in flight, an entry of the outbox, a parked event, a change of an invoice), by the end of
its lease."""
LEDGER_DAYS: Final = "ledger_days"
"""Global index on ``ledger_day, sk``: the ledger of all customers, by the UTC day of the charge."""

DUE_SHARDS: Final = 16
LEDGER_SHARDS: Final = 4
LEASE_SHARDS: Final = 4
"""Few, since the reconciler asks each of them every minute, also when nothing is in flight."""
ACCOUNT: Final = "ACCOUNT#"
INVOICE: Final = "INVOICE#"
PAYMENT: Final = "PAYMENT#"
ENTRY: Final = "ENTRY#"
CHANGE: Final = "CHANGE#"
PARKED: Final = "PARKED#"

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


def report(day: date) -> Key:
    """The comparison of a UTC day with Stripe."""
    return {"pk": "REPORT", "sk": day.isoformat()}


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


def due_sort(due_on: date, customer_id: str, invoice_id: str) -> str:
    """Range key of DUE."""
    return f"{due_on.isoformat()}#{customer_id}#{invoice_id}"


def due_shard(invoice_id: str) -> str:
    """Hash key of DUE, e.g. ``DUE#07``."""
    return f"DUE#{_spread(invoice_id, DUE_SHARDS):02d}"


def due_shards() -> list[str]:
    """All hash keys of DUE."""
    return [f"DUE#{number:02d}" for number in range(DUE_SHARDS)]


def owner_of_invoice(key: Key) -> tuple[str, str]:
    """Read customer and invoice from the key of an invoice."""
    return key["pk"].removeprefix(_customer("")), key["sk"].removeprefix(INVOICE)


def lease_shard(identifier: str) -> str:
    """Hash key of LEASES, e.g. ``LEASE#03``."""
    return f"LEASE#{_spread(identifier, LEASE_SHARDS):02d}"


def lease_shards() -> list[str]:
    """All hash keys of LEASES."""
    return [f"LEASE#{number:02d}" for number in range(LEASE_SHARDS)]


def ledger_day(charge: str, charged_at: datetime) -> str:
    """Hash key of LEDGER_DAYS: the UTC day of the charge and a shard, e.g. ``2026-11-23#02``."""
    return f"{charged_at.astimezone(UTC).date().isoformat()}#{_spread(charge, LEDGER_SHARDS):02d}"


def ledger_days(day: date) -> list[str]:
    """All hash keys of LEDGER_DAYS of a UTC day."""
    return [f"{day.isoformat()}#{number:02d}" for number in range(LEDGER_SHARDS)]


def _spread(identifier: str, shards: int) -> int:
    return hashlib.sha256(identifier.encode()).digest()[0] % shards
