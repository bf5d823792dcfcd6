"""Guards against what a restored table has forgotten."""

from typing import Final

from tests.proof import test_restore
from tests.proof.mutations.probes import proof
from tests.proof.mutations.surgery import Cut
from tests.proof.mutations.table import Mutation

RESTORES: Final = (
    Mutation(
        "an order asks Stripe first where payments may be gone",
        (
            Cut(
                "services.payments:_reserve",
                "not opening.continuity.covers(opening.invoice.recorded_since, now)",
                "False",
            ),
        ),
        proof(
            test_restore.test_a_customer_who_pays_again_is_not_charged, test_restore.LATER, "k-2"
        ),
        "assert 2 == 1",
    ),
    Mutation(
        "a table that was not told the time for a while may have been restored",
        (Cut("domain.continuity:Continuity.is_broken", " or now - self.at > GAP"),),
        proof(
            test_restore.test_a_customer_who_pays_again_is_not_charged, test_restore.LATER, "k-2"
        ),
        "assert 2 == 1",
    ),
    Mutation(
        "what was recorded before the time stood still is not covered when it goes on",
        (
            Cut(
                "domain.continuity:Continuity.told",
                "now if self.is_broken(now) else self.since",
                "self.since or now",
            ),
        ),
        proof(
            test_restore.test_automatic_payment_finds_what_was_charged,
            test_restore.LATER,
            told=True,
        ),
        "assert 2 == 1",
    ),
    Mutation(
        "after a restore the next intent is of a generation that none had",
        (
            Cut(
                "services.lost_history:recover",
                "max([invoice.epoch, *(one.generation + 1 for one in found)])",
                "invoice.epoch",
            ),
        ),
        proof(test_restore.test_a_later_generation_is_lost),
        "Error",
    ),
)
