"""Customers and wallets as items."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billfold.adapters.dynamodb import keys
from billfold.adapters.dynamodb.outbox import put_entry
from billfold.adapters.dynamodb.table import Item, Put, Table
from billfold.domain.customer import Customer
from billfold.domain.errors import CustomerConflictError, NotFoundError
from billfold.domain.fact import Entry
from billfold.domain.wallet import Card, Wallet
from billfold.services.ports import StaleError


class DynamoCustomers:
    """Repository of customers and their wallets."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def account(self, customer_id: str) -> tuple[Customer, Wallet]:
        """Read profile and wallet in one query.

        Raises
        ------
        NotFoundError
        """
        items, _ = self._table.query(keys.account(customer_id), prefix=keys.ACCOUNT)
        by_key = {item["sk"]: item for item in items}
        profile = by_key.get(keys.profile(customer_id)["sk"])
        if profile is None:
            raise NotFoundError
        customer = Customer(customer_id, profile["email"], profile["name"])
        return customer, to_wallet(customer_id, by_key.get(keys.wallet(customer_id)["sk"]))

    def wallet(self, customer_id: str) -> Wallet:
        """Read a wallet; one that was never written is empty."""
        return to_wallet(customer_id, self._table.get(keys.wallet(customer_id)))

    def save(self, wallet: Wallet, entry: Entry | None = None) -> Wallet:
        """Write the next version of a wallet, and with it the entry that tells the change.

        The condition is what makes the wallet's law hold under any interleaving:

            reader A reads v7 ── decides ── writes v8 if v7   -> done
            reader B reads v7 ── decides ── writes v8 if v7   -> StaleError, reads v8, decides anew

        Raises
        ------
        StaleError
        """
        version = wallet.version + 1
        item = {**keys.wallet(wallet.customer_id), **_from_wallet(wallet), "version": version}
        put = (
            Put(item, condition="#version = :version", values={"version": wallet.version})
            if wallet.version
            else Put(item, condition="attribute_not_exists(pk)")
        )
        if entry:
            self._table.transact([put, put_entry(entry)])
        else:
            self._table.write(put)
        return to_wallet(wallet.customer_id, item)

    def register(self, customer: Customer, *, autopay: bool) -> None:
        """Write profile and first wallet together, once.

        Raises
        ------
        CustomerConflictError
            The id is registered with another name or e-mail address.
        """
        customer_id = customer.customer_id
        profile = {
            **keys.profile(customer_id),
            "customer_id": customer_id,
            "email": customer.email,
            "name": customer.name,
        }
        wallet = _from_wallet(Wallet(customer_id, autopay=autopay))
        new = "attribute_not_exists(pk)"
        try:
            self._table.transact(
                [
                    Put(profile, condition=new),
                    Put({**keys.wallet(customer_id), **wallet, "version": 1}, condition=new),
                ]
            )
        except StaleError:
            if self._table.get(keys.profile(customer_id)) != profile:
                raise CustomerConflictError from None


def to_wallet(customer_id: str, item: Item | None) -> Wallet:
    """Read a wallet item."""
    if item is None:
        return Wallet(customer_id)
    cards: Mapping[str, Item] = item["cards"]
    return Wallet(
        customer_id=customer_id,
        cards=tuple(_to_card(cards[card_id]) for card_id in item["order"]),
        primary=item.get("primary"),
        holds=item["holds"],
        stripe_customer=item.get("stripe_customer"),
        autopay=item["autopay"],
        gone=tuple(item.get("gone", ())),
        offered=bool(item.get("offered")),
        mandate=item.get("mandate", 0),
        version=item["version"],
    )


def _from_wallet(wallet: Wallet) -> dict[str, Any]:
    # The cards are a map, so that a payment's hold can require its card in a condition.
    return {
        "cards": {card.card_id: _from_card(card) for card in wallet.cards},
        "order": [card.card_id for card in wallet.cards],
        "primary": wallet.primary,
        "holds": dict(wallet.holds),
        "stripe_customer": wallet.stripe_customer,
        "autopay": wallet.autopay,
        "gone": list(wallet.gone),
        "offered": wallet.offered or None,
        "mandate": wallet.mandate,
        **keys.due(wallet.look_on, wallet.customer_id),
    }


def _from_card(card: Card) -> Item:
    return {
        "card_id": card.card_id,
        "payment_method": card.payment_method,
        "fingerprint": card.fingerprint,
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "added_at": card.added_at.isoformat(),
        "setup_intent": card.setup_intent,
        "nickname": card.nickname,
        "refused": card.refused,
        "notice": card.notice,
    }


def _to_card(item: Item) -> Card:
    return Card(**{**item, "added_at": datetime.fromisoformat(item["added_at"])})
