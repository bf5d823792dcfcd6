"""The emulator's own time, which can be moved forward."""

import time

from local.stripe_emulator.store import Transaction

_FACT = "clock_offset"


def now(tx: Transaction) -> float:
    """Tell the time: the machine's, and how far it was moved."""
    return time.time() + float(tx.fact(_FACT, "0"))


def advance(tx: Transaction, seconds: float) -> float:
    """Move the time forward and tell the new one."""
    tx.set_fact(_FACT, str(float(tx.fact(_FACT, "0")) + seconds))
    return now(tx)
