"""What the dashboard shows of the database: tables of texts, the newest row first."""

import time
from dataclasses import dataclass, field

from local.stripe_emulator import faults, request_log
from local.stripe_emulator.calls import JsonObject
from local.stripe_emulator.currencies import display
from local.stripe_emulator.store import Record, Transaction
from local.stripe_emulator.webhooks import newest_deliveries

ROWS = 50


@dataclass(frozen=True)
class Link:
    """The id of an object, which leads to its JSON."""

    id: str


@dataclass(frozen=True)
class Badge:
    """A word about how something stands: `good`, `bad`, or `open`."""

    text: str
    mood: str = "open"


@dataclass(frozen=True)
class Short:
    """A text that is read as one word, as an amount."""

    text: str


# A cell may hold several of these; a number is a moment.
Item = str | Short | Link | Badge | float
Cell = Item | list[Item] | None


@dataclass(frozen=True)
class Table:
    """A section of the page; the first column names the row."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    total: int
    notes: list[str] = field(default_factory=list)


def status(text: str) -> Badge:
    """Give a status of Stripe's its mood."""
    if text in ("succeeded", "delivered", "won", "warning_closed"):
        return Badge(text, "good")
    if text in ("failed", "canceled", "given_up", "lost", "deleted"):
        return Badge(text, "bad")
    return Badge(text)


def customers(tx: Transaction) -> Table:
    """Show customers."""
    rows: list[list[Cell]] = [
        [
            [Link(one.id), status("deleted")] if one.body.get("deleted") else Link(one.id),
            one.body.get("name"),
            one.body.get("email"),
            _moment(one.body),
        ]
        for one in _newest(tx, "customer")
    ]
    columns = ("Customer", "Name", "Email", "Created")
    return Table("customers", "Customers", columns, rows, _count(tx, "customer"))


def setup_intents(tx: Transaction) -> Table:
    """Show SetupIntents."""
    rows: list[list[Cell]] = [
        [
            Link(one.id),
            status(one.body["status"]),
            _link(one.body["customer"]),
            _link(one.body["payment_method"]),
            _failure(one.body["last_setup_error"]),
            _moment(one.body),
        ]
        for one in _newest(tx, "setup_intent")
    ]
    columns = ("Setup intent", "Status", "Customer", "Payment method", "Error", "Created")
    return Table("setup_intents", "Setup intents", columns, rows, _count(tx, "setup_intent"))


def payment_intents(tx: Transaction) -> Table:
    """Show PaymentIntents."""
    rows: list[list[Cell]] = [
        [
            Link(one.id),
            status(one.body["status"]),
            Short(_amount(one.body["amount"], one.body)),
            next((v for k, v in one.body["metadata"].items() if k.endswith("invoice_id")), None),
            _link(one.body["customer"]),
            _failure(one.body["last_payment_error"]),
            _moment(one.body),
        ]
        for one in _newest(tx, "payment_intent")
    ]
    columns = ("Payment intent", "Status", "Amount", "Invoice", "Customer", "Error", "Created")
    total = _count(tx, "payment_intent")
    return Table("payment_intents", "Payment intents", columns, rows, total)


def charges(tx: Transaction) -> Table:
    """Show charges, with what became of their money."""
    rows: list[list[Cell]] = []
    for one in _newest(tx, "charge"):
        card = one.body["payment_method_details"]["card"]
        rows.append(
            [
                Link(one.id),
                status(one.body["status"]),
                Short(_amount(one.body["amount"], one.body)),
                Short(f"{card['brand']} •••• {card['last4']}"),
                _marks(tx, one.body),
                _link(one.body["payment_intent"]),
                _moment(one.body),
            ]
        )
    columns = ("Charge", "Status", "Amount", "Card", "Marks", "Payment intent", "Created")
    return Table("charges", "Charges", columns, rows, _count(tx, "charge"))


def webhooks(tx: Transaction) -> Table:
    """Show deliveries, and how many there are of each state."""
    states, deliveries = newest_deliveries(tx, ROWS)
    rows: list[list[Cell]] = [
        [
            Link(one["event"]),
            one["type"],
            status(one["state"]),
            str(one["attempts"]),
            _http_status(one["last_status"]),
            one["due"] if one["state"] == "pending" else None,
        ]
        for one in deliveries
    ]
    words = {"delivered": "delivered", "pending": "pending", "given_up": "failed for good"}
    notes = [", ".join(f"{states.get(state, 0)} {word}" for state, word in words.items())]
    columns = ("Event", "Type", "State", "Attempts", "Last answer", "Due")
    return Table("webhooks", "Webhooks", columns, rows, sum(states.values()), notes)


def armed_faults(tx: Transaction, late: int) -> Table:
    """Show the faults that wait for a request, and how many requests are late."""
    waiting = faults.armed(tx)[::-1]
    rows: list[list[Cell]] = [
        [fault.kind, fault.method, fault.path, str(fault.remaining), f"{fault.seconds:g} s"]
        for fault in waiting[:ROWS]
    ]
    notes = [f"{late} late {'request waits' if late == 1 else 'requests wait'} to be executed"]
    columns = ("Kind", "Method", "Path", "Times left", "Wait")
    return Table("faults", "Faults", columns, rows, len(waiting), notes)


def requests(tx: Transaction) -> Table:
    """Show the last requests to the API."""
    rows: list[list[Cell]] = [
        [
            f"{one['method']} {one['path']}",
            _http_status(one["status"]),
            _circumstances(one),
            one["key_kind"],
            one["idempotency_key"],
            one["at"],
        ]
        for one in request_log.newest(tx, ROWS)
    ]
    columns = ("Request", "Status", "Marks", "API key", "Idempotency key", "Received")
    return Table("requests", "Requests", columns, rows, request_log.count(tx))


def _newest(tx: Transaction, kind: str) -> list[Record]:
    return tx.select("kind = ?", (kind,), f"ORDER BY seq DESC LIMIT {ROWS}")


def _count(tx: Transaction, kind: str) -> int:
    row = tx.sql.execute("SELECT count(*) FROM objects WHERE kind = ?", (kind,)).fetchone()
    return int(row[0])


def _link(identifier: str | None) -> Link | None:
    return Link(identifier) if identifier else None


def _moment(body: JsonObject) -> float | None:
    return float(body["created"]) if "created" in body else None


def _amount(amount: int, body: JsonObject) -> str:
    return display(amount, body["currency"]).upper()


def _failure(error: JsonObject | None) -> str | None:
    if error is None:
        return None
    return str(error.get("decline_code") or error.get("code") or error["type"])


def _marks(tx: Transaction, body: JsonObject) -> list[Item]:
    marks: list[Item] = []
    if body["failure_code"]:
        marks.append(Badge(body["outcome"]["reason"] or body["failure_code"], "bad"))
    elif not body["captured"]:
        marks.append(Badge("released" if body["refunded"] else "not captured"))
    if body["captured"] and body["amount_refunded"]:
        marks.append(Badge(f"refunded {_amount(body['amount_refunded'], body)}"))
    if body["disputed"]:
        (dispute,) = tx.select("kind = 'dispute' AND charge = ?", (body["id"],), "LIMIT 1")
        mood = {"won": "good", "warning_closed": "good"}.get(dispute.body["status"], "bad")
        marks += [Badge(f"disputed: {dispute.body['status']}", mood), Link(dispute.id)]
    return marks


def _http_status(answered: int | None) -> Badge | None:
    if answered is None:
        return None
    if answered == 0:
        return Badge("no answer", "bad")
    return Badge(str(answered), "good" if answered < 300 else "bad")


def _circumstances(request: JsonObject) -> list[Item]:
    marks: list[Item] = []
    if request["replayed"]:
        marks.append(Badge("replayed"))
    if request["fault"]:
        marks.append(Badge(f"fault: {request['fault']}", "bad"))
    return marks


def local_time(moment: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Write a moment of the emulator's clock, in UTC."""
    return time.strftime(form, time.gmtime(moment))
