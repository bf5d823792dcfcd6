"""Invoices as items."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.outbox import put_entry
from billfold.adapters.dynamodb.payment_items import to_payment
from billfold.adapters.dynamodb.table import Check, Item, Put, Table, Update, changed
from billfold.domain.errors import (
    InvoiceNumberReusedError,
    NotFoundError,
    UnknownCustomerError,
    UnknownInvoiceError,
)
from billfold.domain.fact import Entry
from billfold.domain.invoice import Invoice, InvoiceStatus, Line, PublicInvoiceStatus
from billfold.domain.money import Money
from billfold.domain.payment import Obstacle
from billfold.services.ports import OpenInvoice, Page, StaleError


class DynamoInvoices:
    """Repository of invoices."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, customer_id: str, invoice_id: str) -> Invoice:
        """Read an invoice of this customer.

        Raises
        ------
        NotFoundError
        """
        item = self._table.get(keys.invoice(customer_id, invoice_id))
        if item is None:
            raise NotFoundError
        return to_invoice(item)

    def by_number(self, customer_id: str, number: str) -> Invoice:
        """Read an invoice of this customer by the business's own number.

        Raises
        ------
        UnknownInvoiceError
        """
        known = self._table.get(keys.invoice_number(number))
        if known is None or known["customer_id"] != customer_id:
            raise UnknownInvoiceError
        return self.get(customer_id, known["invoice_id"])

    def open(self, customer_id: str) -> Sequence[OpenInvoice]:
        """Read all that is due from the local index, consistently."""
        items, _ = self._table.query(keys.account(customer_id), index=keys.OPEN_INVOICES)
        return [
            OpenInvoice(
                invoice_id=item["invoice_id"],
                number=item["number"],
                due_on=date.fromisoformat(item["due_on"]),
                amount_due=Money(item["currency"], item["amount_due"]),
                look_on=keys.look_on(item),
                waits=Obstacle(item["waits"]) if "waits" in item else None,
                tried_card=item.get("tried_card"),
            )
            for item in items
        ]

    def list(
        self,
        customer_id: str,
        *,
        statuses: Collection[PublicInvoiceStatus],
        today: date,
        limit: int,
        after: str | None,
    ) -> Page[Invoice]:
        """Read a page, newest first, in one call."""
        filter_, values = _status_filter(statuses, today)
        items, last = self._table.query(
            keys.account(customer_id),
            prefix=keys.INVOICE,
            newest_first=True,
            limit=limit,
            after=keys.invoice(customer_id, after) if after else None,
            filter_=filter_,
            values=values,
        )
        invoices = [to_invoice(item) for item in items]
        return Page(invoices, last.removeprefix(keys.INVOICE) if last else None)

    def shards(self) -> Sequence[str]:
        """Give the shards of what automatic payment has to look at."""
        return keys.due_shards()

    def looks(
        self, shard: str, *, until: date, limit: int, after: str | None
    ) -> Page[tuple[str, str | None]]:
        """Read a page of customers and invoices to look at, earliest day first, in one call."""
        items, more = self._table.before(
            keys.DUE,
            ("due_shard", shard),
            # Nothing equals a day without what follows it.
            ("due_sort", (until + timedelta(days=1)).isoformat()),
            limit=limit,
            after=keys.in_due(shard, after) if after else None,
        )
        looks = [keys.looked_at(item["due_sort"]) for item in items]
        return Page(looks, items[-1]["due_sort"] if items and more else None)

    def look_again(
        self,
        invoice: Invoice,
        *,
        on: date | None,
        waits: Obstacle | None,
        overdue_told: bool,
        entry: Entry | None,
    ) -> None:
        """Write on which day automatic payment looks again, and what there is to tell.

        Raises
        ------
        StaleError
        """
        ids = (invoice.customer_id, invoice.invoice_id)
        expression, values = changed(
            {
                **keys.due(on, *ids),
                "waits": waits.value if waits else None,
                "overdue_told": overdue_told or None,
            }
        )
        as_read, known = _as_read(invoice.look_on, *ids)
        update = Update(
            keys.invoice(*ids),
            expression,
            condition=(
                f"#status = :open AND attribute_not_exists(#lock) AND #epoch = :epoch AND {as_read}"
            ),
            values={
                **values,
                "open": InvoiceStatus.OPEN.value,
                "epoch": invoice.epoch,
                **known,
            },
        )
        if entry:
            self._table.transact([update, put_entry(entry)])
        else:
            self._table.write(update)

    def begin_generation(
        self, invoice: Invoice, epoch: int, *, recorded_since: datetime | None = None
    ) -> Invoice:
        """Leave the intent behind, if any, and note since when all payments are recorded.

        Raises
        ------
        StaleError
        """
        recorded = recorded_since or invoice.recorded_since
        expression, values = changed(
            {
                "epoch": epoch,
                "n": 0,
                "intent": None,
                "recorded_since": recorded.isoformat() if recorded else None,
            }
        )
        as_read = {"epoch_before": invoice.epoch, "n_before": invoice.n}
        self._table.write(
            Update(
                keys.invoice(invoice.customer_id, invoice.invoice_id),
                expression,
                condition=(
                    "#status = :open AND attribute_not_exists(#lock) AND #epoch = :epoch_before"
                    " AND #n = :n_before"
                ),
                values={**values, **as_read, "open": InvoiceStatus.OPEN.value},
            )
        )
        return replace(invoice, epoch=epoch, n=0, intent=None, recorded_since=recorded)

    def bring_forward(self, customer_id: str, owed: OpenInvoice, *, to: date) -> None:
        """Have an invoice that is not paid looked at on ``to``, whoever holds its lock.

        Raises
        ------
        StaleError
        """
        ids = (customer_id, owed.invoice_id)
        expression, values = changed(keys.due(to, *ids))
        as_read, known = _as_read(owed.look_on, *ids)
        self._table.write(
            Update(
                keys.invoice(*ids),
                expression,
                condition=f"#status IN (:open, :paying) AND {as_read}",
                values={
                    **values,
                    "open": InvoiceStatus.OPEN.value,
                    "paying": InvoiceStatus.PAYING.value,
                    **known,
                },
            )
        )

    def add(self, invoice: Invoice) -> None:
        """Write an invoice and the guard of its number, for a customer who exists.

        Raises
        ------
        InvoiceNumberReusedError, UnknownCustomerError
        """
        item = _from_invoice(invoice)
        guard = {
            **keys.invoice_number(invoice.number),
            "customer_id": invoice.customer_id,
            "invoice_id": invoice.invoice_id,
        }
        new = "attribute_not_exists(pk)"
        try:
            self._table.transact(
                [
                    Check(keys.profile(invoice.customer_id), "attribute_exists(pk)"),
                    Put(guard, condition=new),
                    Put(item, condition=new),
                ]
            )
        except StaleError:
            known = self._table.get(keys.invoice_number(invoice.number))
            if known is None:
                raise UnknownCustomerError from None
            if known != guard or not self._same(invoice):
                raise InvoiceNumberReusedError from None

    def _same(self, invoice: Invoice) -> bool:
        known = self.get(invoice.customer_id, invoice.invoice_id)
        return (known.lines, known.total, known.due_on) == (
            invoice.lines,
            invoice.total,
            invoice.due_on,
        )


def _as_read(look_on: date | None, customer_id: str, invoice_id: str) -> tuple[str, dict[str, str]]:
    """Say "nobody has looked since" as a condition and its values."""
    known = keys.due(look_on, customer_id, invoice_id)["due_sort"]
    return (
        ("#due_sort = :known", {"known": known})
        if known
        else (
            "attribute_not_exists(#due_sort)",
            {},
        )
    )


def _status_filter(
    statuses: Collection[PublicInvoiceStatus], today: date
) -> tuple[str, dict[str, str]]:
    """Say "open and overdue" in terms of what is stored; DynamoDB refuses values not used."""
    wanted = set(statuses)
    if not wanted or wanted == set(PublicInvoiceStatus):
        return "", {}
    clauses: list[str] = []
    values: dict[str, str] = {}
    for public, comparison in (
        (PublicInvoiceStatus.OPEN, ">="),
        (PublicInvoiceStatus.OVERDUE, "<"),
    ):
        if public in wanted:
            clauses.append(f"(#status IN (:open, :paying) AND #due_on {comparison} :today)")
            values |= {"open": "open", "paying": "paying", "today": today.isoformat()}
    for public in (PublicInvoiceStatus.PAID, PublicInvoiceStatus.VOID):
        if public in wanted:
            clauses.append(f"#status = :{public.value}")
            values[public.value] = public.value
    return " OR ".join(clauses), values


def _from_invoice(invoice: Invoice) -> Item:
    customer_id, invoice_id = invoice.customer_id, invoice.invoice_id
    return {
        **keys.invoice(customer_id, invoice_id),
        "open_sort": keys.open_sort(invoice.due_on, invoice_id),
        **keys.due(invoice.look_on, customer_id, invoice_id),
        "invoice_id": invoice_id,
        "customer_id": customer_id,
        "number": invoice.number,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "currency": invoice.total.currency,
        "total": invoice.total.amount,
        "amount_due": invoice.amount_due.amount,
        "lines": [
            {"description": x.description, "quantity": x.quantity, "amount": x.amount}
            for x in invoice.lines
        ],
        "status": invoice.status.value,
        "epoch": invoice.epoch,
        "n": invoice.n,
        "recorded_since": invoice.recorded_since.isoformat() if invoice.recorded_since else None,
    }


def to_invoice(item: Item) -> Invoice:
    """Read an invoice item."""
    return Invoice(
        invoice_id=item["invoice_id"],
        customer_id=item["customer_id"],
        number=item["number"],
        issued_on=date.fromisoformat(item["issued_on"]),
        due_on=date.fromisoformat(item["due_on"]),
        total=Money(item["currency"], item["total"]),
        amount_due=Money(item["currency"], item["amount_due"]),
        lines=tuple(Line(**line) for line in item["lines"]),
        status=InvoiceStatus(item["status"]),
        epoch=item["epoch"],
        intent=item.get("intent"),
        n=item["n"],
        lock=item.get("lock"),
        last_payment=to_payment(item["last_payment"]) if "last_payment" in item else None,
        overdue_told=item.get("overdue_told", False),
        look_on=keys.look_on(item),
        tried=date.fromisoformat(item["tried"]) if "tried" in item else None,
        tried_card=item.get("tried_card"),
        tried_mandate=item.get("tried_mandate", 0),
        waits=Obstacle(item["waits"]) if "waits" in item else None,
        recorded_since=(
            datetime.fromisoformat(item["recorded_since"]) if "recorded_since" in item else None
        ),
    )
