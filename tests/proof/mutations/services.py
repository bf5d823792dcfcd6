"""Guards in what the services do, and in which order."""

from typing import Final

from billfold.domain.reconciliation import Verdict

from tests.proof import test_exits, test_late_turns, test_torn_reads
from tests.proof.crash.pay_paths import CONFIRM, CREATE
from tests.proof.crash.runs import Then
from tests.proof.crash.wire import Mode
from tests.proof.mutations import histories, wires
from tests.proof.mutations.probes import (
    CHECKER,
    history,
    nightly,
    patched,
    point,
    proof,
    seen,
    unit,
)
from tests.proof.mutations.surgery import Cut
from tests.proof.mutations.table import Mutation
from tests.unit import test_payments as paying
from tests.unit import test_reconciliation as nights
from tests.unit import test_stripe_events as events

_WISH_OF_RESERVE: Final = Cut(
    "adapters.dynamodb.payments:DynamoPayments.reserve",
    'if payment.slot else ""',
    'if False else ""',
)
_WISH_OF_WRITE_AHEAD: Final = Cut(
    "adapters.dynamodb.payments:DynamoPayments.write_ahead",
    "[wished] if payment.slot else []",
    "[]",
)
_WISH_OF_ORDER: Final = Cut("services.payments:_require_payable", "if order.slot:", "if False:")
_DETACHED: Final = Cut("services.outbox:deliver", "ports.gateway.detach(payment_method)", "pass")

PAYING: Final = (
    Mutation(
        "a confirm is written ahead before it is sent",
        (
            Cut(
                "services.payments:_confirm",
                "ports.payments.write_ahead(payment, intent=intent, n=n, lease_until=lease)",
                "__import__('dataclasses').replace(payment, intent=intent, n=n)",
            ),
        ),
        point("stored card", CONFIRM, Mode.CRASH_AFTER),
        "charged, and the invoice is open",
    ),
    Mutation(
        "an order that was sent before is answered from what it became",
        (Cut("services.payments:_reserve", "if opening.request:", "if False:"),),
        unit(paying.test_a_replay_gives_the_same_payment_and_charges_nothing, paying.ports),
        "InvoiceNotPayableError",
        doubled_by=(Cut("services.payments:_reserve", "if again.request:", "if False:"),),
        double="the second look at what keeps it from paying",
    ),
    Mutation(
        "a key is for one order",
        (
            Cut(
                "services.payments:_replay",
                "request.fingerprint != order.fingerprint",
                "False",
            ),
        ),
        unit(paying.test_a_key_is_for_one_request, paying.ports, "card"),
        "DID NOT RAISE",
    ),
    Mutation(
        "what keeps an order from paying may be its twin: read again",
        (Cut("services.payments:_reserve", "if again.request:", "if False:"),),
        patched(test_torn_reads.test_a_twin_pays_between_two_items_of_one_read),
        "InvoiceNotPayableError",
    ),
    Mutation(
        "a confirm is not begun without time for its answer",
        (
            Cut(
                "services.payments:_require_time",
                "time_left() < CONFIRM_RESERVE_SECONDS",
                "False",
            ),
        ),
        unit(paying.test_a_confirm_is_not_begun_without_time_for_its_answer, paying.ports),
        "DID NOT RAISE",
    ),
    Mutation(
        "a failure of our own store after a confirm is no answer",
        (Cut("services.payments:_recorded", "return payment", "raise"),),
        unit(paying.test_our_own_store_failing_after_the_confirm_is_no_answer, paying.ports),
        "UnavailableError",
    ),
    Mutation(
        "a stored card is not charged as a one-time card",
        (
            Cut(
                "services.payments:_require_payable",
                "opening.wallet.knows(source.payment_method)",
                "False",
            ),
        ),
        history(histories.a_stored_card_is_given_as_a_one_time_card),
        "whose DELETE was answered before",
        doubled_by=(_DETACHED,),
        double="a deleted card is detached at Stripe before the answer",
    ),
    Mutation(
        "a key that Stripe repeats an error for is given up",
        (
            Cut(
                "services.payments:pay",
                "_release(payment, ports, raise_epoch=True)",
                "_release(payment, ports)",
            ),
        ),
        point("intent made with a 500, then again", CREATE, Mode.REPLY_LOST, Then.ANOTHER),
        "the invoice cannot be paid",
    ),
    Mutation(
        "a card with a charge under way is not deleted",
        (Cut("domain.wallet:Wallet.delete", "card_id in self.holds.values()", "False"),),
        history(histories.deleted_while_a_confirm_is_on_its_way),
        "ValidationException",
        doubled_by=(_DETACHED,),
        double="a deleted card is detached at Stripe before the answer",
    ),
    Mutation(
        "a deleted card is detached through the outbox",
        (Cut("services.wallets:save", "detach=detach", "detach=()"),),
        point("card deleted, and the reconciler lets go of it", "detach", Mode.REPLY_LOST),
        "nobody let go of the card",
    ),
)
ENDING: Final = (
    Mutation(
        "an unknown outcome keeps the lock",
        (
            Cut(
                "services.settle:doubt",
                "return _write(",
                "return end(payment, Step.RELEASE, ports) or _write(",
            ),
        ),
        point("stored card", CONFIRM, Mode.REPLY_LOST),
        "charged, and the invoice is open",
    ),
    Mutation(
        "a refused request is looked up before the card is let go",
        (
            Cut(
                "services.settle:record",
                "answer = ports.gateway.retrieve(payment)",
                "answer = WantsMethod()",
            ),
        ),
        unit(paying.test_a_refusal_may_hide_a_success, paying.ports),
        "NothingBegunError",
    ),
    Mutation(
        "a look declines nothing while a confirm may be under way",
        (
            Cut(
                "services.settle:record_look",
                "case WantsMethod() if payment.state is State.REQUIRES_ACTION:",
                "case WantsMethod():",
            ),
        ),
        history(histories.an_event_while_a_confirm_is_on_its_way),
        "was shown as declined, and",
    ),
    Mutation(
        "a fence ends the generation of its intent",
        (
            Cut(
                "services.settle:record_look",
                "end(payment, Step.FENCE, ports, raise_epoch=True)",
                "end(payment, Step.FENCE, ports)",
            ),
        ),
        point("stored card", CONFIRM, Mode.CRASH_BEFORE, Then.ANOTHER),
        "the invoice cannot be paid",
    ),
    Mutation(
        "a charge that disagrees with its payment is left to a person",
        (
            Cut(
                "services.settle:_settle",
                "agrees = succeeded.intent == payment.intent and succeeded.money == payment.money",
                "agrees = True",
            ),
        ),
        seen(wires.a_charge_over_another_amount_waits_for_a_person, part=CHECKER),
        "another amount made the payment ['succeeded']",
        doubled_by=(
            Cut(
                "adapters.dynamodb.payments:DynamoPayments.settle",
                " AND #amount_due = :amount",
            ),
        ),
        double="settle: the amount is what is due",
    ),
    Mutation(
        "money is given to the try that is not over",
        (
            Cut(
                "services.settle:_settle",
                "latest and latest.payment_id != payment.payment_id",
                "False",
            ),
        ),
        history(histories.a_slow_look_of_the_try_before),
        "was shown as declined, and",
    ),
    Mutation(
        "the reconciler releases what was never written ahead, and nothing else",
        (
            Cut(
                "services.reconcile:_payment",
                "payment.state is State.RESERVED",
                "payment.state in {State.RESERVED, State.CONFIRMING}",
            ),
        ),
        point("stored card", CONFIRM, Mode.CRASH_AFTER),
        "charged, and the invoice is open",
    ),
    Mutation(
        "the reconciler cancels at Stripe before it frees an invoice",
        (
            Cut(
                "services.reconcile:_payment",
                "answer = ports.gateway.cancel(payment)",
                "answer = __import__('billfold.domain.payment', fromlist=['x']).Canceled()",
            ),
        ),
        point("stored card", CONFIRM, Mode.VERY_LATE),
        "was shown as canceled, and",
    ),
    Mutation(
        "a void cancels at Stripe before it is done",
        (Cut("services.invoice_changes:go_on", "change.intent is None", "True"),),
        history(histories.a_void_of_a_declined_invoice),
        "is requires_payment_method at Stripe",
    ),
    Mutation(
        "a void waits for Stripe's word",
        (
            Cut(
                "services.invoice_changes:go_on",
                "raise UnavailableError",
                "return _finish(change, ports)",
            ),
        ),
        history(histories.a_void_while_stripe_is_down),
        "is requires_payment_method at Stripe",
    ),
)
EXITS: Final = (
    Mutation(
        "a review ends when its charge was given back as a whole",
        (Cut("services.reviews:is_given_back", "seen.refunded >= seen.money.amount", "True"),),
        proof(test_exits.test_a_review_keeps_what_was_refunded_in_part),
        "AssertionError",
    ),
    Mutation(
        "a command that had nothing to do is remembered",
        (
            Cut(
                "services.invoice_commands:_begin",
                "ports.invoice_changes.note(change.ended(ChangeState.DONE))",
                "pass",
            ),
        ),
        proof(test_late_turns.test_a_command_that_was_true_already_undoes_no_later_one),
        "assert 12050 == 9900",
    ),
    Mutation(
        "a person closes nothing that still holds money",
        (
            Cut(
                "services.reviews:close",
                "raise ReviewNotClosableError",
                "return settle.close(payment, reason, ports)",
            ),
        ),
        proof(test_exits.test_a_person_cannot_close_what_still_holds_money),
        "DID NOT RAISE",
    ),
    Mutation(
        "an outcome that Stripe cannot know is for a person",
        (Cut("services.reconcile:_payment", "isinstance(answer, NoSuchIntent)", "False"),),
        proof(test_exits.test_an_outcome_that_stripe_cannot_know_is_for_a_person_at_once),
        "AssertionError",
    ),
    Mutation(
        "an outage uses up no looks",
        (Cut("services.reconcile:_payment", "raise UnavailableError", "pass"),),
        proof(test_exits.test_after_an_outage_everything_settles_within_five_minutes, 70),
        "AssertionError",
    ),
)
TELLING: Final = (
    Mutation(
        "an entry is sent before it is noted as sent",
        (
            Cut(
                "services.outbox:deliver",
                "if written.facts:",
                "ports.outbox.sent(written)\n    if written.facts:",
            ),
        ),
        point("stored card", "update_item", Mode.CRASH_BEFORE),
        "was never told",
    ),
    Mutation(
        "an event declines only the try whose key it carries",
        (Cut("services.stripe_events:_intent", "event.decline and own and", "event.decline and"),),
        history(histories.a_late_event_of_the_try_before),
        "was shown as declined, and",
    ),
    Mutation(
        "refunds are taken from Stripe",
        (Cut("services.stripe_events:_write", "refunded=seen.refunded", "refunded=0"),),
        history(histories.refunded_and_disputed),
        "0 refunded, at Stripe",
    ),
    Mutation(
        "disputes are taken from Stripe",
        (Cut("services.stripe_events:_write", "dispute=seen.dispute", "dispute=None"),),
        history(histories.refunded_and_disputed),
        "dispute none, at Stripe open",
    ),
    Mutation(
        "a charge is looked at once more after what became of it was written",
        (
            Cut(
                "services.stripe_events:reflect",
                "_write(payment, seen, ports)\n            continue",
                "_write(payment, seen, ports)\n            return True",
            ),
        ),
        unit(
            events.test_a_look_that_another_event_overtook_is_not_the_last_word,
            events.ports,
            0,
        ),
        "50 == 0",
    ),
    Mutation(
        "an event that matches nothing yet is kept",
        (
            Cut(
                "services.stripe_events:take",
                "ports.parking.park(event, until=ports.clock.now() + PATIENCE[0])",
                "pass",
            ),
        ),
        unit(
            events.test_an_event_that_matches_nothing_is_looked_at_again_until_it_does,
            events.ports,
        ),
        "'parked': 1",
    ),
    *(
        Mutation(
            f"the reconciliation reports: {verdict.value}",
            (Cut(f"services.reconciliation_page:{place}", line, "pass"),),
            nightly(play, verdict),
            "says nothing of it",
        )
        for verdict, play, place, line in (
            (
                Verdict.NOT_IN_LEDGER,
                histories.charged_by_somebody_else,
                "_check",
                "yield _settle(view, ports)",
            ),
            (
                Verdict.NOT_AT_STRIPE,
                histories.booked_without_a_charge,
                "_check",
                "yield _line(Verdict.NOT_AT_STRIPE, pair.charge, None, row)",
            ),
            (
                Verdict.AMOUNT,
                histories.booked_over_another_amount,
                "_check",
                "yield _line(Verdict.AMOUNT, pair.charge, view, row)",
            ),
        )
    ),
    Mutation(
        "the reconciliation writes the refund and the dispute that no event told of",
        (
            Cut(
                "services.reconciliation_page:_check",
                "done = stripe_events.reflect(view, ports)",
                "done = True",
            ),
        ),
        unit(nights.test_lost_refund_and_dispute_of_the_days_charge_are_caught_up, nights.ports),
        "(0, None) == (2000",
    ),
    Mutation(
        "the reconciliation settles what nobody settled",
        (
            Cut(
                "services.reconciliation_page:_settle",
                "stripe_events.reflect(view, ports)",
                "pass",
            ),
        ),
        unit(nights.test_a_charge_that_nobody_settled_is_settled, nights.ports),
        "not in the ledger",
    ),
    Mutation(
        "automatic payment is not begun after an opt-out",
        (Cut("domain.autopay:obstacle", "not wallet.autopay", "False"),),
        history(histories.opted_out_before_the_schedule_comes),
        "after opting out was answered",
        doubled_by=(_WISH_OF_ORDER, _WISH_OF_RESERVE, _WISH_OF_WRITE_AHEAD),
        double="the order, its reservation and its write-ahead, each of which asks for the wish",
    ),
)
SERVICES: Final = (*PAYING, *ENDING, *EXITS, *TELLING)
