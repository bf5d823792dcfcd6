"""Guards in the conditions and in the contents of writes to the table."""

from dataclasses import replace
from typing import Final

from billfold.domain.money import Money
from billfold.domain.payment import Payment

from tests.adapters import test_invoices as invoice_contract
from tests.adapters import test_outbox_and_ledger as ledger_contract
from tests.adapters import test_payments as contract_of
from tests.adapters import test_wallets as wallet_contract
from tests.proof.crash.pay_paths import CONFIRM
from tests.proof.crash.runs import Then
from tests.proof.crash.wire import Mode
from tests.proof.mutations import histories
from tests.proof.mutations.probes import contract, history, point
from tests.proof.mutations.surgery import Cut
from tests.proof.mutations.table import Mutation

_PAYMENTS: Final = "adapters.dynamodb.payments:DynamoPayments"
_CHANGES: Final = "adapters.dynamodb.invoice_changes:DynamoInvoiceChanges"


def _reserve(text: str, instead: str = "") -> Cut:
    return Cut(f"{_PAYMENTS}.reserve", text, instead)


def _step(text: str, instead: str = "") -> Cut:
    return Cut(f"{_PAYMENTS}._step", text, instead)


def _other_amount(payment: Payment) -> Payment:
    return replace(payment, money=Money("USD", 1))


def _other_currency(payment: Payment) -> Payment:
    return replace(payment, money=Money("EUR", payment.money.amount))


def _other_card(payment: Payment) -> Payment:
    return replace(payment, card_id="card_gone")


_AS_READ = contract_of.test_reserve_refuses_what_is_not_as_it_was_read
_OPEN = _reserve("#status = :open AND ")
_N = _reserve(" AND #n = :n ", " ")
_AMOUNT = _reserve("#amount_due = :amount AND ")
_LOCKED = _step('"#lock = :payment_id", ')
_STATES = _step("f\"#last_payment.#state IN ({', '.join(f':{name}' for name in states)})\",")
_DETACHED = Cut("services.outbox:deliver", "ports.gateway.detach(payment_method)", "pass")

RESERVE: Final = (
    Mutation(
        "reserve: the invoice is open",
        (_OPEN,),
        history(histories.a_payment_comes_between),
        "charged, and the invoice is open",
        doubled_by=(_N, _AMOUNT),
        double="n and the amount as they were read",
    ),
    Mutation(
        "reserve: nobody holds the lock",
        (_reserve("attribute_not_exists(#lock) AND "),),
        history(histories.a_void_under_way_comes_between),
        "the lock of a void was taken by a payment",
    ),
    Mutation(
        "reserve: the generation is the one that was read",
        (_reserve(' AND #epoch = :epoch"', '"'),),
        history(histories.an_end_of_the_generation_comes_between),
        "never comes to rest",
    ),
    Mutation(
        "reserve: n is the one that was read",
        (_N,),
        history(histories.a_declined_try_comes_between),
        "2 tries have asked for money under",
        doubled_by=(Cut(f"{_PAYMENTS}.write_ahead", " AND #n = :n_before"),),
        double="write-ahead: no other confirm was written ahead",
    ),
    Mutation(
        "reserve: the amount is what the customer saw",
        (_AMOUNT,),
        contract(_AS_READ, _other_amount),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "reserve: the currency is what the customer saw",
        (_reserve(" AND #currency = :currency"),),
        contract(_AS_READ, _other_currency),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "reserve: the card is in the wallet",
        (_reserve("attribute_exists(#cards.#card)", "attribute_exists(pk)"),),
        contract(_AS_READ, _other_card),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "reserve: automatic payment is wished for, with this card",
        (_reserve('if payment.slot else ""', 'if False else ""'),),
        contract(
            contract_of.test_an_automatic_payment_is_reserved_while_it_is_wished_for_and_with_the_primary_card,
            "off",
        ),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "reserve: the Idempotency-Key is new",
        (_reserve('Put(request, condition="attribute_not_exists(pk)")', "Put(request)"),),
        contract(contract_of.test_a_key_is_remembered_for_one_payment),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "reserve: a payment that holds a card makes a new version of the wallet",
        (_reserve(" ADD #version :one"),),
        history(histories.deleted_by_who_read_before_the_card_was_held),
        "could not be taken up",
        doubled_by=(_DETACHED,),
        double="a deleted card is detached at Stripe before the answer",
    ),
)
STEPS: Final = (
    Mutation(
        "write-ahead: no other intent is bound",
        (
            Cut(
                f"{_PAYMENTS}.write_ahead",
                "(attribute_not_exists(#intent) OR #intent = :intent) AND ",
            ),
        ),
        contract(contract_of.test_a_bound_intent_is_not_replaced),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "write-ahead: automatic payment is still wished for",
        (Cut(f"{_PAYMENTS}.write_ahead", "[wished] if payment.slot else []", "[]"),),
        point("automatic payment charges", "payment_intents", Mode.PAUSED, Then.OPTS_OUT),
        "after opting out was answered",
    ),
    Mutation(
        "a step: the payment is the invoice's latest",
        (_step('"#last_payment.#payment_id = :payment_id",'),),
        history(histories.a_slow_look_of_the_try_before),
        "never comes to rest",
    ),
    Mutation(
        "a step: only from the states of the table",
        (_STATES,),
        contract(ledger_contract.test_money_for_a_review_is_in_the_ledger),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "a step: what was decided on one try is not written over the next",
        (_step(', "#last_payment.#n = :n_decided"'),),
        contract(ledger_contract.test_what_was_decided_on_a_reservation_does_not_end_a_confirm),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "a step: the lock is the payment's own",
        (_LOCKED,),
        contract(contract_of.test_no_confirm_after_a_release),
        "DID NOT RAISE StaleError",
        doubled_by=(_STATES,),
        double="a step: only from the states of the table",
    ),
    Mutation(
        "a step: the generation is the payment's own",
        (_step('"#epoch = :epoch_before",'),),
        contract(contract_of.test_a_fence_leaves_the_intent_behind),
        "DID NOT RAISE StaleError",
        doubled_by=(_STATES, Cut(f"{_PAYMENTS}.settle", "#intent = :own AND ")),
        double="the states of the table, and the intent that is bound",
    ),
    Mutation(
        "a step leaves a lease, where its payment is in flight",
        (_step("payment_item(after, lease_until)", "payment_item(after, None)"),),
        point("stored card", CONFIRM, Mode.CRASH_AFTER),
        "charged, and the invoice is paying",
    ),
    Mutation(
        "settle: a payment that is over has no lease",
        (Cut(f"{_PAYMENTS}.settle", "locked=False,", "locked=False, lease_until=now,"),),
        history(histories.paid),
        "never comes to rest",
    ),
    Mutation(
        "settle: the intent is the one that is bound",
        (Cut(f"{_PAYMENTS}.settle", "#intent = :own AND "),),
        contract(contract_of.test_settle_needs_the_bound_intent_and_the_amount),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "settle: the amount is what is due",
        (Cut(f"{_PAYMENTS}.settle", " AND #amount_due = :amount"),),
        contract(contract_of.test_settle_needs_the_bound_intent_and_the_amount),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "settle: what is paid is not in the index of what is due",
        (Cut(f"{_PAYMENTS}.settle", "**keys.due(None, payment.customer_id),"),),
        history(histories.paid),
        "is paid, and in the index due",
    ),
    Mutation(
        "settle: what is paid is not in the index of open invoices",
        (Cut(f"{_PAYMENTS}.settle", '"open_sort": None,'),),
        history(histories.paid),
        "is paid, and in the index open_invoices",
    ),
    Mutation(
        "settle: what happened is written with the fact",
        (Cut(f"{_PAYMENTS}.settle", "put_entry(entry),"),),
        history(histories.paid),
        "is written nowhere",
    ),
    Mutation(
        "settle: the charge is in the ledger",
        (Cut(f"{_PAYMENTS}.settle", "put_ledger(payment, succeeded, now),"),),
        history(histories.paid),
        "is not in the ledger",
    ),
    Mutation(
        "an end lets go of the card",
        (
            Cut(
                "adapters.dynamodb.payment_writes:let_go",
                "REMOVE {forget}#holds.#payment",
                "REMOVE {forget}#holds.#nothing",
            ),
            Cut(
                "adapters.dynamodb.payment_writes:let_go",
                '"card": payment.card_id}',
                '"card": payment.card_id, "nothing": "x"}',
            ),
        ),
        history(histories.paid),
        "still holds",
    ),
    Mutation(
        "decline: it counts for the limit",
        (
            Cut(
                f"{_PAYMENTS}.decline",
                "*([] if payment.slot else [count_up(DECLINES, payment.customer_id, now)]),",
            ),
        ),
        contract(contract_of.test_a_decline_opens_the_invoice_and_counts),
        "assert 0 == 1",
    ),
    Mutation(
        "decline: the slot is spent with it",
        (Cut("adapters.dynamodb.payments:_spent", '"tried": payment.slot.on.isoformat(),'),),
        history(histories.declined_by_the_schedule),
        "times in the slot of",
    ),
    Mutation(
        "review: of the state that was read",
        (
            Cut(
                f"{_PAYMENTS}.review",
                '"#state = :before AND #n = :n"',
                '"attribute_exists(pk) OR #state = :before AND #n = :n"',
            ),
        ),
        contract(ledger_contract.test_a_review_is_of_what_was_read),
        "DID NOT RAISE StaleError",
    ),
    Mutation(
        "a wallet is saved over the version that was read",
        (
            Cut(
                "adapters.dynamodb.customers:DynamoCustomers.save",
                '"#version = :version"',
                '"attribute_exists(pk) OR #version = :version"',
            ),
        ),
        contract(wallet_contract.test_a_wallet_is_saved_only_over_the_version_that_was_read),
        "DID NOT RAISE StaleError",
    ),
)
CHANGES: Final = (
    Mutation(
        "a refusal ends no change that holds a lock",
        (
            Cut(
                "adapters.dynamodb.invoice_changes:DynamoInvoiceChanges.refuse",
                "_put_ended(refused) if begun else _put_new(refused)",
                "_put_ended(refused)",
            ),
        ),
        contract(invoice_contract.test_a_change_that_never_began_ends_none_that_has),
        "DID NOT RAISE",
    ),
    Mutation(
        "void: the lock is free",
        (Cut(f"{_CHANGES}.begin", " AND attribute_not_exists(#lock)"),),
        history(histories.a_void_that_read_before_another_void_began),
        "never comes to rest",
    ),
    Mutation(
        "void: the intent is the one that was read",
        (
            Cut(f"{_CHANGES}.begin", ' AND {intent}"', '"'),
            Cut(f"{_CHANGES}.begin", '**({"intent": change.intent} if change.intent else {}),'),
        ),
        history(histories.a_void_that_read_before_the_intent_was_bound),
        "is requires_payment_method at Stripe",
    ),
    Mutation(
        "void: what is void is not in the index of what is due",
        (Cut(f"{_CHANGES}.finish", "after |= keys.due(None, change.customer_id)", "pass"),),
        history(histories.a_void_of_a_declined_invoice),
        "is void, and in the index due",
    ),
    Mutation(
        "void: what is void is not in the index of open invoices",
        (Cut(f"{_CHANGES}.finish", ', "open_sort": None'),),
        history(histories.a_void_of_a_declined_invoice),
        "is void, and in the index open_invoices",
    ),
)
WRITES: Final = (*RESERVE, *STEPS, *CHANGES)
