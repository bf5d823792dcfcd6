"""The configurations: each is small enough to be searched to its end."""

import os
from functools import cache
from typing import Final

from tests.proof.law import GUARDS, Guards, Law, widened
from tests.proof.model import Result, explore
from tests.proof.world import Config, Order

PROVE: Final = os.environ.get("BILLFOLD_PROVE") == "1"

PERSON = Order("A")
ONE_TIME = Order("one-time B", stored=False)
AUTOPAY = Order("autopay", automatic=True)
FOUND = Order("found", stored=False)
"""The order of a payment that the table had forgotten; nobody pays it."""
ACTION = frozenset({"requires_action"})


def _cast(
    orders: tuple[Order, ...], others: str, bank: str = "", faults: str = "", twice: str = ""
) -> Config:
    payers = tuple(order.name for order in orders if order is not FOUND) + (
        (twice,) if twice else ()
    )
    return Config(
        orders, payers + tuple(others.split()), frozenset(bank.split()), frozenset(faults.split())
    )


CASTS: Final = {
    "lost replies": _cast((PERSON, ONE_TIME), "reconciler", faults="forget"),
    "stale declines": _cast((PERSON, ONE_TIME), "worker"),
    "webhooks": _cast((PERSON,), "reconciler worker", "requires_action processing", "unreachable"),
    "refusals": _cast((PERSON, ONE_TIME), "reconciler", "canceled", "refused not_begun"),
    "slow bank": _cast((PERSON, ONE_TIME), "reconciler", "processing"),
    "autopay delivered twice": _cast(
        (AUTOPAY,), "reconciler worker", "requires_action", twice="autopay"
    ),
    "autopay twice and a person": _cast((AUTOPAY, PERSON), "reconciler", twice="autopay"),
    "bank's step": _cast((PERSON,), "confirm cancel reconciler", "requires_action"),
    "bank's step, another card": _cast((PERSON, ONE_TIME), "confirm cancel", "requires_action"),
    "no word for a week": _cast((PERSON,), "confirm reconciler", "requires_action", "unreachable"),
    "no word, then a person": _cast(
        (PERSON,), "confirm person reconciler", "requires_action", "unreachable"
    ),
    "opted out": _cast((AUTOPAY, PERSON), "opt_out reconciler"),
    "restored": _cast((PERSON, ONE_TIME, FOUND), "restore", "", "forget"),
    "restored, the bank's step": _cast(
        (PERSON, ONE_TIME, FOUND), "confirm restore", "requires_action", "forget"
    ),
    "restored, another amount": _cast((PERSON, FOUND), "amount restore reconciler", "", "forget"),
    "card deleted": _cast((PERSON,), "delete confirm reconciler", "requires_action", "not_begun"),
    "void": _cast((PERSON, ONE_TIME), "void reconciler"),
    "amount changed": _cast((PERSON, ONE_TIME), "amount reconciler"),
    "amount changed, one payer": _cast((PERSON,), "amount reconciler"),
    "amount changed, then void": _cast((PERSON,), "amount void reconciler"),
}
"""Searched by every run of the tests."""

LARGE: Final = {
    "webhooks and lost replies": _cast((PERSON, ONE_TIME), "reconciler worker", faults="forget"),
    "bank's step twice": _cast(
        (PERSON,), "confirm confirm cancel reconciler", "requires_action", "not_begun"
    ),
    "bank's step and two payers": _cast(
        (PERSON, ONE_TIME), "confirm reconciler", "requires_action", "not_begun"
    ),
    "card deleted, autopay and a person": _cast((PERSON, AUTOPAY), "delete reconciler"),
    "restored, a person and two payers": _cast(
        (PERSON, ONE_TIME, FOUND), "restore", "", "forget", twice="one-time B"
    ),
}
"""Searched where BILLFOLD_PROVE=1."""

WORLDS: Final = {
    "lost replies": 40_049,
    "stale declines": 989,
    "webhooks": 8_105,
    "refusals": 28_043,
    "slow bank": 22_399,
    "autopay delivered twice": 6_714,
    "autopay twice and a person": 72_413,
    "bank's step": 30_905,
    "bank's step, another card": 8_773,
    "no word for a week": 8_890,
    "no word, then a person": 14_896,
    "opted out": 35_999,
    "restored": 8_941,
    "restored, the bank's step": 39_357,
    "restored, another amount": 33_805,
    "card deleted": 22_572,
    "void": 61_555,
    "amount changed": 137_962,
    "amount changed, one payer": 2_016,
    "amount changed, then void": 11_377,
    "webhooks and lost replies": 373_237,
    "bank's step twice": 822_938,
    "bank's step and two payers": 706_319,
    "card deleted, autopay and a person": 43_164,
    "restored, a person and two payers": 107_107,
}
"""How many worlds each cast has, exactly: a behaviour that is lost, or comes in, is noticed.

Whoever changes a number says why in the commit, and in the README where a behaviour went.
"""


SEARCHED: Final[dict[str, Result]] = {}
"""What this run has searched, for the summary at its end."""


def law_without(*guards: str) -> Law:
    """Take guards away, by name: flags, and entries of the table."""
    flags = {guard: False for guard in guards if guard in GUARDS}
    return Law(Guards(**flags), widened(*guards))


@cache
def searched(name: str) -> tuple[Result, frozenset[frozenset[str]]]:
    """Search a cast with every guard in place; give also which guards decided there, together."""
    law = Law()
    result = SEARCHED[name] = explore({**CASTS, **LARGE}[name], law)
    return result, frozenset(law.refusals)
