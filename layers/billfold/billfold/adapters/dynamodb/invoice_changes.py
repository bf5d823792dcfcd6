"""Voids and changed amounts, which hold an invoice's lock as a payment does."""

from datetime import date, datetime
from typing import Any

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.outbox import put_entry
from billfold.adapters.dynamodb.table import Item, Put, Table, Update, changed
from billfold.domain.errors import NotFoundError
from billfold.domain.fact import Entry
from billfold.domain.invoice_change import ChangeState, InvoiceChange, Wanted
from billfold.domain.money import Money


class DynamoInvoiceChanges:
    """Repository of changes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, customer_id: str, change_id: str) -> InvoiceChange:
        """Read a change.

        Raises
        ------
        NotFoundError
        """
        item = self._table.get(keys.change(customer_id, change_id))
        if item is None:
            raise NotFoundError
        return to_change(item)

    def begin(self, change: InvoiceChange, *, lease_until: datetime) -> None:
        """Take the lock of an open invoice that is as it was read."""
        intent = "#intent = :intent" if change.intent else "attribute_not_exists(#intent)"
        self._table.transact(
            [
                Update(
                    keys.invoice(change.customer_id, change.invoice_id),
                    "SET #lock = :lock",
                    condition=(
                        "#status = :open AND attribute_not_exists(#lock) AND #epoch = :epoch"
                        f" AND #amount_due = :amount AND {intent}"
                    ),
                    values={
                        "lock": change.change_id,
                        "open": "open",
                        "epoch": change.epoch,
                        "amount": change.before.amount,
                        **({"intent": change.intent} if change.intent else {}),
                    },
                ),
                Put(_item(change, lease_until), condition="attribute_not_exists(pk)"),
            ]
        )

    def finish(self, change: InvoiceChange, *, entry: Entry, look_on: date) -> InvoiceChange:
        """Change the invoice and free it; its intent is left behind with its epoch."""
        done = change.ended(ChangeState.DONE)
        after: dict[str, Any] = {"epoch": change.epoch + 1, "n": 0, "lock": None, "intent": None}
        if change.wanted.amount_due is None:
            after |= {"status": "void", "amount_due": 0, "open_sort": None}
            after |= keys.due(None, change.customer_id)
        else:
            after["amount_due"] = change.wanted.amount_due.amount
            after |= dict.fromkeys(("tried", "tried_card", "tried_mandate", "waits"))
            after |= keys.due(look_on, change.customer_id, change.invoice_id)
        expression, values = changed(after)
        self._table.transact(
            [
                Update(
                    keys.invoice(change.customer_id, change.invoice_id),
                    expression,
                    condition="#lock = :lock AND #epoch = :epoch_before AND #status = :open",
                    values={
                        **values,
                        "lock": change.change_id,
                        "epoch_before": change.epoch,
                        "open": "open",
                    },
                ),
                _put_ended(done),
                put_entry(entry),
            ]
        )
        return done

    def refuse(self, change: InvoiceChange, *, entry: Entry, begun: bool) -> InvoiceChange:
        """Leave the invoice as it is: it was paid before it could be changed, or never open.

        One that never began must not end another of the same name, which holds a lock.
        """
        refused = change.ended(ChangeState.REFUSED)
        put = _put_ended(refused) if begun else _put_new(refused)
        self._table.transact([put, put_entry(entry)])
        return refused

    def note(self, ended: InvoiceChange) -> None:
        """Remember a change that had nothing to do.

        Raises
        ------
        StaleError
            There is one of this name.
        """
        self._table.write(_put_new(ended))

    def postpone(self, change: InvoiceChange, *, lease_until: datetime) -> InvoiceChange:
        """Fence again later."""
        looks = change.looks + 1
        self._table.write(
            Update(
                keys.change(change.customer_id, change.change_id),
                "SET #lease_until = :lease_until, #looks = :looks",
                condition="#state = :fencing",
                values={
                    "lease_until": lease_until.isoformat(),
                    "looks": looks,
                    "fencing": ChangeState.FENCING.value,
                },
            )
        )
        return change


def _put_ended(change: InvoiceChange) -> Put:
    return Put(
        _item(change, None),
        condition="#state = :fencing",
        values={"fencing": ChangeState.FENCING.value},
    )


def _put_new(change: InvoiceChange) -> Put:
    return Put(_item(change, None), condition="attribute_not_exists(pk)")


def _item(change: InvoiceChange, lease_until: datetime | None) -> Item:
    wanted = change.wanted
    item = {
        **keys.change(change.customer_id, change.change_id),
        "change_id": change.change_id,
        "customer_id": change.customer_id,
        "invoice_id": change.invoice_id,
        "invoice_number": change.invoice_number,
        "epoch": change.epoch,
        "intent": change.intent,
        "currency": change.before.currency,
        "before": change.before.amount,
        "due_on": change.due_on.isoformat(),
        "amount_due": wanted.amount_due.amount if wanted.amount_due else None,
        "amount_due_currency": wanted.amount_due.currency if wanted.amount_due else None,
        "reason": wanted.reason,
        "command_id": wanted.command_id,
        "created_at": change.created_at.isoformat(),
        "state": change.state.value,
        "looks": change.looks,
    }
    if lease_until:
        item["lease_shard"] = keys.lease_shard(change.change_id)
        item["lease_until"] = lease_until.isoformat()
    return item


def to_change(item: Item) -> InvoiceChange:
    """Read a change back."""
    amount_due = None
    if "amount_due" in item:
        amount_due = Money(item["amount_due_currency"], item["amount_due"])
    return InvoiceChange(
        change_id=item["change_id"],
        customer_id=item["customer_id"],
        invoice_id=item["invoice_id"],
        invoice_number=item["invoice_number"],
        epoch=item["epoch"],
        intent=item.get("intent"),
        before=Money(item["currency"], item["before"]),
        due_on=date.fromisoformat(item["due_on"]),
        wanted=Wanted(amount_due, item.get("reason"), item.get("command_id")),
        created_at=datetime.fromisoformat(item["created_at"]),
        state=ChangeState(item["state"]),
        looks=item["looks"],
    )
