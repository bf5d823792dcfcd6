"""Payments as items, and each step of the protocol as one transaction.

The invoice is the one item that decides: its condition names the lock, epoch, n and state that
the step was decided on. The payment's own item, the hold on the card and the memory of the request
follow in the same transaction.

    step         invoice                             payment  wallet  request  more
    reserve      open, no lock, amount as shown      put      +hold   put
    write ahead  lock, epoch, n; -> n+1, intent      put      wished
    doubt        lock, epoch, n                      put
    action       lock, epoch, n                      put
    settle       intent, amount, open or paying      put      -hold   expires  ledger
    decline      lock, epoch, n                      put      -hold   expires  count
    end          lock, epoch, n; epoch+1 if fenced   put      -hold   expires
    review       (its copy of the payment)           put                       ledger, if charged
    close        lock, epoch, n; epoch+1             put      -hold   expires
    reflect      (its copy of the payment)           put

All that leave a payment for somebody else to hear of put an entry into the outbox as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.continuity import to_continuity
from billfold.adapters.dynamodb.customers import to_wallet
from billfold.adapters.dynamodb.invoices import to_invoice
from billfold.adapters.dynamodb.limits import count_up
from billfold.adapters.dynamodb.outbox import put_entry
from billfold.adapters.dynamodb.payment_items import from_payment, to_payment
from billfold.adapters.dynamodb.payment_writes import found, let_go, payment_item, put_ledger
from billfold.adapters.dynamodb.table import Check, Put, Table, Update, Write, changed, unchanged
from billfold.domain import autopay
from billfold.domain.errors import NotFoundError
from billfold.domain.fact import Entry
from billfold.domain.limit import DECLINES
from billfold.domain.payment import (
    TRANSITIONS,
    Decline,
    Dispute,
    Payment,
    State,
    Step,
    Succeeded,
)
from billfold.domain.wallet import CardFace
from billfold.services.ports import Opening, Page, Request, StaleError

_WISHED: Final = "#autopay = :on AND #primary = :card"
"""Of a wallet: automatic payment is wished for, with this card."""


class DynamoPayments:
    """Repository of payments."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, customer_id: str, payment_id: str) -> Payment:
        """Read a payment of this customer.

        Raises
        ------
        NotFoundError
        """
        item = self._table.get(keys.payment(customer_id, payment_id))
        if item is None:
            raise NotFoundError
        return to_payment(item)

    def list(self, customer_id: str, *, limit: int, after: str | None) -> Page[Payment]:
        """Read a page, newest first, in one call."""
        items, last = self._table.query(
            keys.account(customer_id),
            prefix=keys.PAYMENT,
            newest_first=True,
            limit=limit,
            after=keys.payment(customer_id, after) if after else None,
        )
        payments = [to_payment(item) for item in items]
        return Page(payments, last.removeprefix(keys.PAYMENT) if last else None)

    def of_invoice(self, customer_id: str, invoice_id: str) -> Sequence[Payment]:
        """Read all tries to pay an invoice, newest first."""
        items, _ = self._table.query(
            keys.account(customer_id),
            prefix=f"{invoice_id}#",
            sort_name="invoice_sort",
            index=keys.INVOICE_PAYMENTS,
            newest_first=True,
        )
        return [to_payment(item) for item in items]

    def open(
        self, customer_id: str, invoice_id: str, idempotency_key: str, now: datetime
    ) -> Opening:
        """Read all that the beginning of a payment is decided from, in one call."""
        request, invoice, wallet, declines, told = self._table.get_many(
            [
                keys.request(customer_id, idempotency_key),
                keys.invoice(customer_id, invoice_id),
                keys.wallet(customer_id),
                keys.limit(DECLINES.name, customer_id, DECLINES.window_start(now)),
                keys.continuity(),
            ]
        )
        return Opening(
            request=Request(request["fingerprint"], request["payment_id"]) if request else None,
            invoice=to_invoice(invoice) if invoice else None,
            wallet=to_wallet(customer_id, wallet),
            declines=declines["count"] if declines else 0,
            continuity=to_continuity(told),
        )

    def reserve(
        self, payment: Payment, *, n: int, fingerprint: str, lease_until: datetime
    ) -> Payment:
        """Step 1: take the lock of an open invoice, hold the card, remember the request.

        An automatic payment also requires that it is wished for now, and the card the primary one.
        """
        request = {
            **keys.request(payment.customer_id, payment.idempotency_key),
            "fingerprint": fingerprint,
            "payment_id": payment.payment_id,
        }
        writes: list[Write] = [
            Update(
                keys.invoice(payment.customer_id, payment.invoice_id),
                "SET #status = :paying, #lock = :lock, #last_payment = :payment",
                condition=(
                    "#status = :open AND attribute_not_exists(#lock) AND #epoch = :epoch"
                    " AND #n = :n AND #amount_due = :amount AND #currency = :currency"
                ),
                values={
                    "paying": "paying",
                    "open": "open",
                    "lock": payment.payment_id,
                    "epoch": payment.epoch,
                    "n": n,
                    "amount": payment.money.amount,
                    "currency": payment.money.currency,
                    "payment": from_payment(payment),
                },
            ),
            Put(payment_item(payment, lease_until), condition="attribute_not_exists(pk)"),
            Put(request, condition="attribute_not_exists(pk)"),
        ]
        if payment.card_id:
            wished = f" AND {_WISHED}" if payment.slot else ""
            writes.append(
                Update(
                    keys.wallet(payment.customer_id),
                    "SET #holds.#payment = :card ADD #version :one",
                    condition=f"attribute_exists(#cards.#card){wished}",
                    values={
                        "card": payment.card_id,
                        "one": 1,
                        **({"on": True} if payment.slot else {}),
                    },
                    names={"payment": payment.payment_id, "card": payment.card_id},
                )
            )
        self._table.transact(writes)
        return payment

    def write_ahead(
        self, payment: Payment, *, intent: str, n: int, lease_until: datetime
    ) -> Payment:
        """Steps 2 and 3: bind the intent if none is bound, and note that confirm n may be sent.

        The last write before money is asked for: an automatic payment still has to be wished for.
        """
        wished = Check(
            keys.wallet(payment.customer_id),
            _WISHED,
            values={"on": True, "card": payment.card_id},
        )
        return self._step(
            Step.WRITE_AHEAD,
            payment,
            replace(payment, intent=intent, n=n),
            set_={"intent": intent, "n": n},
            condition="(attribute_not_exists(#intent) OR #intent = :intent) AND #n = :n_before",
            values={"n_before": n - 1},
            lease_until=lease_until,
            more=[wished] if payment.slot else [],
        )

    def doubt(self, payment: Payment, *, lease_until: datetime) -> Payment:
        """Step 8: nobody knows; the lock stays."""
        return self._step(
            Step.DOUBT, payment, payment, lease_until=lease_until, **_own_try(payment)
        )

    def action(self, payment: Payment, *, lease_until: datetime, entry: Entry) -> Payment:
        """Step 7: the bank wants the customer's step, until the deadline."""
        return self._step(
            Step.ACTION,
            payment,
            payment,
            lease_until=lease_until,
            more=[put_entry(entry)],
            **_own_try(payment),
        )

    def settle(self, payment: Payment, succeeded: Succeeded, *, entry: Entry) -> Payment:
        """Step 5: paid. The lock may be gone, since money that has moved is the truth."""
        after = replace(payment, charge=succeeded.charge, card=succeeded.card or payment.card)
        now = entry.at
        return self._step(
            Step.SETTLE,
            payment,
            after,
            set_={
                "status": "paid",
                "amount_due": 0,
                "paid_at": now.isoformat(),
                "lock": None,
                "open_sort": None,
                **keys.due(None, payment.customer_id),
            },
            condition=(
                "#intent = :own AND #status IN (:open, :paying) AND #amount_due = :amount"
                " AND #currency = :currency"
            ),
            values={
                "own": succeeded.intent,
                "open": "open",
                "paying": "paying",
                "amount": succeeded.money.amount,
                "currency": succeeded.money.currency,
            },
            locked=False,
            more=[
                put_ledger(payment, succeeded, now),
                put_entry(entry),
                *let_go(payment, now, taken=True),
            ],
        )

    def decline(
        self, payment: Payment, decline: Decline, card: CardFace | None, *, entry: Entry
    ) -> Payment:
        """Step 6: the invoice is open again and its intent serves the next try."""
        now = entry.at
        return self._step(
            Step.DECLINE,
            payment,
            replace(payment, decline=decline, card=payment.card or card),
            set_={"status": "open", "lock": None, **_spent(payment, decline)},
            more=[
                # The schedule has a limit of its own: this one is for people who try out numbers.
                *([] if payment.slot else [count_up(DECLINES, payment.customer_id, now)]),
                put_entry(entry),
                *let_go(payment, now, refused=decline.reason if decline.final else None),
            ],
            **_own_try(payment),
        )

    def end(
        self,
        payment: Payment,
        step: Step,
        *,
        raise_epoch: bool,
        entry: Entry,
        look_on: date | None = None,
    ) -> Payment:
        """Steps 8 and 9 without a charge; a fenced intent is left behind with its epoch.

        ``look_on`` is when automatic payment looks again, where that changes.
        """
        ids = (payment.customer_id, payment.invoice_id)
        fenced = _left_behind(payment) if raise_epoch else {}
        if raise_epoch and step is Step.RELEASE:
            # Stripe did not know the intent, or had another for its key: something is not as we
            # remember it, so Stripe is asked before the next one is made.
            fenced["recorded_since"] = None
        # Stripe would refuse this card again: of a slot that is as good as the bank's word.
        refused = payment.slot is not None and step is Step.REFUSE
        return self._step(
            step,
            payment,
            payment,
            set_={
                "status": "open",
                "lock": None,
                **fenced,
                **(_spent(payment, None) if refused else {}),
                **(keys.due(look_on, *ids) if look_on else {}),
            },
            more=[
                put_entry(entry),
                *let_go(payment, entry.at, refused="source_unusable" if refused else None),
            ],
        )

    def review(
        self,
        payment: Payment,
        succeeded: Succeeded | None,
        *,
        lease_until: datetime,
        entry: Entry,
    ) -> Payment:
        """Keep lock and hold for a person to look at; money that has moved is in the ledger.

        It is looked at again and again, so that the alarm goes on until it is over.
        """
        after = replace(payment, state=TRANSITIONS[Step.REVIEW].target)
        if payment.state not in TRANSITIONS[Step.REVIEW].sources:
            raise StaleError
        writes: list[Write] = [
            Update(
                keys.payment(payment.customer_id, payment.payment_id),
                "SET #state = :after, #found = :found, #lease_shard = :lease_shard,"
                " #lease_until = :lease_until",
                # Of the try that was read: the invoice's copy must not tell of an older one.
                condition="#state = :before AND #n = :n",
                values={
                    "before": payment.state.value,
                    "n": payment.n,
                    "after": after.state.value,
                    "found": found(succeeded),
                    "lease_shard": keys.lease_shard(payment.payment_id),
                    "lease_until": lease_until.isoformat(),
                },
            ),
            *self._copy(payment, after),
            put_entry(entry),
        ]
        if succeeded:
            writes.append(put_ledger(payment, succeeded, entry.at))
        self._table.transact(writes)
        return after

    def close(self, payment: Payment, *, entry: Entry, look_on: date | None) -> Payment:
        """End a review, and free the invoice if the payment still holds it.

        Its intent is left behind with its epoch, as one that was fenced.
        """
        ids = (payment.customer_id, payment.invoice_id)
        invoice = self._table.get(keys.invoice(*ids))
        more = [put_entry(entry), *let_go(payment, entry.at)]
        if invoice and invoice.get("lock") == payment.payment_id:
            freed = {"status": "open", "lock": None, **_left_behind(payment)}
            due = keys.due(look_on, *ids) if look_on else {}
            return self._step(Step.CLOSE, payment, payment, set_={**freed, **due}, more=more)
        after = replace(payment, state=TRANSITIONS[Step.CLOSE].target)
        ended = Put(
            payment_item(after, None),
            condition="#state = :review",
            values={"review": State.REVIEW.value},
        )
        self._table.transact([ended, *self._copy(payment, after), *more])
        return after

    def by_intent(self, customer_id: str, invoice_id: str, intent: str) -> Payment | None:
        """Find the latest try of an intent; nearly always it is the invoice's latest."""
        item = self._table.get(keys.invoice(customer_id, invoice_id))
        if item is None:
            return None
        last = to_invoice(item).last_payment
        if last and last.intent == intent:
            return last
        tries = self.of_invoice(customer_id, invoice_id)
        return next((payment for payment in tries if payment.intent == intent), None)

    def reflect(
        self, payment: Payment, *, refunded: int, dispute: Dispute | None, entry: Entry
    ) -> None:
        """Write what became of a charge over what was read, also on its invoice's copy."""
        after = replace(payment, refunded=refunded, dispute=dispute)
        before = {
            "refunded": payment.refunded or None,
            "dispute": payment.dispute.value if payment.dispute else None,
        }
        self._table.transact(
            [
                Put(
                    payment_item(after, None),
                    condition=f"#state = :state AND #charge = :charge AND {unchanged(before)}",
                    values={
                        "state": payment.state.value,
                        "charge": payment.charge,
                        **{name: value for name, value in before.items() if value is not None},
                    },
                ),
                *self._copy(payment, after),
                put_entry(entry),
            ]
        )

    def _copy(self, before: Payment, after: Payment) -> Sequence[Write]:
        """Keep the invoice's copy equal, where this is the latest try."""
        invoice = keys.invoice(before.customer_id, before.invoice_id)
        item = self._table.get(invoice)
        last = to_invoice(item).last_payment if item else None
        if last is None or last.payment_id != before.payment_id:
            return []
        return [
            Update(
                invoice,
                "SET #last_payment = :after",
                condition="#last_payment = :before",
                values={"after": from_payment(after), "before": from_payment(last)},
            )
        ]

    def postpone(self, payment: Payment, *, looks: int, lease_until: datetime) -> None:
        """Look again later; nothing is known, so nothing but the lease changes."""
        self._table.write(
            Update(
                keys.payment(payment.customer_id, payment.payment_id),
                "SET #lease_until = :lease_until, #looks = :looks",
                condition="#state = :state AND attribute_exists(#lease_until)",
                values={
                    "lease_until": lease_until.isoformat(),
                    "looks": looks,
                    "state": payment.state.value,
                },
            )
        )

    def _step(
        self,
        step: Step,
        before: Payment,
        after: Payment,
        *,
        set_: Mapping[str, Any] | None = None,
        condition: str = "",
        values: Mapping[str, Any] | None = None,
        locked: bool = True,
        lease_until: datetime | None = None,
        more: Sequence[Write] = (),
    ) -> Payment:
        after = replace(after, state=TRANSITIONS[step].target)
        states = _states(step)
        expression, values_set = changed({**(set_ or {}), "last_payment": from_payment(after)})
        conditions = [
            "#last_payment.#payment_id = :payment_id",
            f"#last_payment.#state IN ({', '.join(f':{name}' for name in states)})",
            "#epoch = :epoch_before",
        ]
        decided: dict[str, Any] = {}
        if locked:
            # What was decided on one try of the intent must not be written over the next one.
            conditions += ["#lock = :payment_id", "#last_payment.#n = :n_decided"]
            decided = {"n_decided": before.n}
        if condition:
            conditions.append(condition)
        invoice = Update(
            keys.invoice(before.customer_id, before.invoice_id),
            expression,
            condition=" AND ".join(conditions),
            values={
                **values_set,
                **states,
                **(values or {}),
                **decided,
                "payment_id": before.payment_id,
                "epoch_before": before.epoch,
            },
        )
        self._table.transact([invoice, Put(payment_item(after, lease_until)), *more])
        return after


def _left_behind(payment: Payment) -> dict[str, Any]:
    """Leave the intent behind with its epoch: the next try makes another one."""
    return {"epoch": payment.epoch + 1, "n": 0, "intent": None}


def _states(step: Step) -> dict[str, str]:
    return {f"source_{state.value}": state.value for state in sorted(TRANSITIONS[step].sources)}


def _spent(payment: Payment, decline: Decline | None) -> dict[str, Any]:
    """Spend the slot of an automatic payment; without a next one it is looked at once more."""
    if payment.slot is None:
        return {}
    waiting = autopay.waits(decline)
    return {
        "tried": payment.slot.on.isoformat(),
        "tried_card": payment.card_id,
        "tried_mandate": payment.slot.mandate,
        "waits": waiting.value if waiting else None,
        **keys.due(
            payment.slot.next_on or payment.slot.on, payment.customer_id, payment.invoice_id
        ),
    }


def _own_try(payment: Payment) -> dict[str, Any]:
    """Require that no later confirm than the payment's own was written ahead."""
    return {"condition": "#n = :own_n", "values": {"own_n": payment.n}}
