"""The dashboard, and the setting for automatic payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billfold.domain.autopay import next_try, waits_for
from billfold.domain.customer import Customer
from billfold.domain.money import Money, totals
from billfold.domain.payment import Obstacle
from billfold.domain.wallet import Card, Wallet
from billfold.services.ports import OpenInvoice, Ports
from billfold.services.wallets import change


@dataclass(frozen=True, slots=True)
class NextAutopay:
    """What automatic payment will charge next, one currency at a time."""

    on: date
    money: Money
    card: Card


@dataclass(frozen=True, slots=True)
class Account:
    """What a customer sees first."""

    customer: Customer
    wallet: Wallet
    amount_due: Sequence[Money]
    open_invoices: int
    overdue_invoices: int
    next_autopay: NextAutopay | None
    autopay_waits_for: Obstacle | None


def show(customer_id: str, ports: Ports) -> Account:
    """Sum up an account from the wallet and a consistent read of what is open."""
    customer, wallet = ports.customers.account(customer_id)
    owed = ports.invoices.open(customer_id)
    today = ports.clock.today()
    return Account(
        customer=customer,
        wallet=wallet,
        amount_due=totals(invoice.amount_due for invoice in owed),
        open_invoices=len(owed),
        overdue_invoices=sum(invoice.due_on < today for invoice in owed),
        next_autopay=_next_autopay(wallet, owed, today),
        autopay_waits_for=waits_for(owed, wallet, today),
    )


def _next_autopay(wallet: Wallet, owed: Sequence[OpenInvoice], today: date) -> NextAutopay | None:
    """Tell the next day on which something is charged, and how much in one currency."""
    tries = [(next_try(invoice, wallet, today), invoice.amount_due) for invoice in owed]
    days = [on for on, _ in tries if on]
    if not days or not wallet.primary_card:
        return None
    due = totals(amount for on, amount in tries if on == min(days))
    return NextAutopay(min(days), due[0], wallet.primary_card)


def set_autopay(customer_id: str, ports: Ports, *, enabled: bool) -> bool:
    """Turn automatic payment on or off, and tell which it is now.

    Raises
    ------
    NoPrimaryCardError
    """
    return change(customer_id, lambda w: w.set_autopay(enabled=enabled), ports).autopay
