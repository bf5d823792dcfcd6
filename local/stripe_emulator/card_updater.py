"""The card networks' updater: a saved card that was replaced becomes the new card."""

import copy
from typing import Final

from local.stripe_emulator.calls import Call
from local.stripe_emulator.errors import invalid_request
from local.stripe_emulator.fields import changes
from local.stripe_emulator.ids import keyed_fingerprint
from local.stripe_emulator.store import Record

MONTHS: Final = range(1, 13)
YEARS: Final = range(2000, 2101)


def replace_card(
    call: Call, method: Record, *, exp_month: int, exp_year: int, last4: str | None = None
) -> None:
    """Put the new card in place of the old one; how it behaves stays as it was.

    Parameters
    ----------
    last4
        The end of the new number; None for the same number with another expiry.

    Raises
    ------
    ApiError
        Nobody has saved the card, or it is the new one already.
    """
    if method.body["customer"] is None:
        raise invalid_request(f"{method.id} belongs to no customer: only saved cards are updated.")
    before = copy.deepcopy(method.body)
    face = method.body["card"]
    face.update(exp_month=exp_month, exp_year=exp_year)
    if last4 is not None and last4 != face["last4"]:
        key = bytes.fromhex(call.tx.fact("fingerprint_key", ""))
        face.update(last4=last4, fingerprint=keyed_fingerprint(key, f"{method.id}:{last4}"))
    previous = changes(before, method.body)
    if not previous:
        raise invalid_request(f"{method.id} has this expiry and number already.")
    call.save(method)
    call.emit("payment_method.automatically_updated", method, previous)
