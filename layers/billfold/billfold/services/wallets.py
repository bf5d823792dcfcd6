"""Changing a wallet: read, decide by a rule of the wallet, write if nothing has changed."""

from collections.abc import Callable

from billfold.domain.fact import Fact, Removal, wallet_changes
from billfold.domain.wallet import Wallet
from billfold.services import outbox
from billfold.services.ports import Ports
from billfold.services.retry import until_fresh


def change(customer_id: str, rule: Callable[[Wallet], Wallet], ports: Ports) -> Wallet:
    """Apply a rule of the wallet; two changes at once are one after the other."""

    def attempt() -> Wallet:
        wallet = ports.customers.wallet(customer_id)
        changed = rule(wallet)
        return wallet if changed == wallet else save(wallet, changed, ports)

    return until_fresh(attempt)


def save(
    before: Wallet, after: Wallet, ports: Ports, *more: Fact, removal: Removal = Removal.DELETED
) -> Wallet:
    """Write the next version with what there is to tell, and with the cards to detach at Stripe.

    Raises
    ------
    StaleError
    """
    facts = (*wallet_changes(before, after, removal), *more)
    if not facts:
        return ports.customers.save(after)
    kept = {card.payment_method for card in after.cards}
    gone = tuple(c.payment_method for c in before.cards if c.payment_method not in kept)
    detach = gone if removal is Removal.DELETED else ()
    entry = outbox.entry(after.customer_id, *facts, ports=ports, detach=detach)
    saved = ports.customers.save(after, entry)
    ports.committed.append(entry)
    return saved
