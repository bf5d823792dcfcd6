"""Guards against what a restored table has forgotten."""

from typing import Final

from tests.proof import test_late_turns as late
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
                "max([invoice.epoch, *(one.generation + 1 for one in made.values())])",
                "invoice.epoch",
            ),
        ),
        proof(test_restore.test_a_later_generation_is_lost),
        "Error",
    ),
    Mutation(
        "an invoice that is sent again after a restore may have been paid",
        (
            Cut(
                "domain.continuity:Continuity.recorded_from",
                "now if now - self.since >= REACH else None",
                "now",
            ),
        ),
        proof(
            late.test_an_invoice_that_is_sent_again_after_a_restore_is_not_charged_again,
            30,
            by_itself=False,
        ),
        "assert 2 == 1",
    ),
    Mutation(
        "money that a restore has lost is not that of an older try",
        (
            Cut(
                "services.stripe_events:_intent",
                "_was_lost(payment, event.owner, ports)",
                "False",
            ),
        ),
        proof(late.test_money_on_the_intent_of_an_older_try, event_first=True),
        "InvoiceStatus.PAID",
    ),
)
