"""Guards towards AWS and Stripe: reads, keys, retries, answers."""

from typing import Final

from tests.proof.crash.pay_paths import CONFIRM
from tests.proof.crash.runs import Then
from tests.proof.crash.wire import Mode
from tests.proof.mutations import histories, wires
from tests.proof.mutations.probes import history, point, seen
from tests.proof.mutations.surgery import Cut
from tests.proof.mutations.table import Mutation

_TABLE: Final = "adapters.dynamodb.table:Table"
_GATEWAY: Final = "adapters.stripe_gateway:StripeGateway"
_ANSWERS: Final = "adapters.stripe_answers"

TABLE: Final = (
    Mutation(
        "one item is read consistently",
        (Cut(f"{_TABLE}.get", "ConsistentRead=True", "ConsistentRead=False"),),
        history(histories.paid),
        "GetItem without ConsistentRead",
    ),
    Mutation(
        "several items are read consistently",
        (Cut(f"{_TABLE}.get_many", '"ConsistentRead": True', '"ConsistentRead": False'),),
        history(histories.paid),
        "BatchGetItem without ConsistentRead",
    ),
    Mutation(
        "a query is read consistently",
        (Cut(f"{_TABLE}.query", '"ConsistentRead": True', '"ConsistentRead": False'),),
        history(histories.paid),
        "Query without ConsistentRead",
    ),
    Mutation(
        "a conflict of two transactions is tried again",
        (Cut("adapters.dynamodb.table:_settled", "range(CONFLICT_TRIES)", "range(1)"),),
        seen(wires.a_conflict_of_two_transactions_is_no_answer),
        "after two conflicts the invoice is open",
    ),
    Mutation(
        "a lease that the index shows is read again from the table",
        (
            Cut(
                "adapters.dynamodb.leases:DynamoLeases._read",
                'item.get("lease_until", "~") >= now.isoformat()',
                "False",
            ),
        ),
        seen(wires.an_index_that_lags_decides_nothing),
        "became",
    ),
)
STRIPE: Final = (
    Mutation(
        "the SDK sends nothing again",
        (Cut(f"{_GATEWAY}.__init__", "max_network_retries=0", "max_network_retries=2"),),
        seen(wires.a_confirm_is_sent_once),
        "a confirm was sent 3 times",
    ),
    Mutation(
        "a confirm has its key",
        (
            Cut(
                f"{_GATEWAY}.confirm",
                'options={"idempotency_key": payment.confirm_key}',
                "options={}",
            ),
        ),
        seen(wires.what_may_charge_carries_a_key),
        "/confirm was sent without our key",
    ),
    Mutation(
        "an intent is made under a key",
        (
            Cut(
                f"{_GATEWAY}.create_payment_intent",
                'options={"idempotency_key": key}',
                "options={}",
            ),
        ),
        seen(wires.what_may_charge_carries_a_key),
        "/payment_intents was sent without our key",
    ),
    Mutation(
        "each generation has an intent of its own",
        (Cut(f"{_GATEWAY}.create_payment_intent", ":{payment.epoch}", ""),),
        point("stored card", CONFIRM, Mode.CRASH_BEFORE, Then.ANOTHER),
        "the invoice cannot be paid",
    ),
    Mutation(
        "a customer can be made after a server error",
        (Cut(f"{_GATEWAY}.create_customer", ":{uuid4()}", ""),),
        seen(wires.a_customer_can_be_made_after_a_server_error),
        "['unavailable', 'unavailable']",
    ),
    Mutation(
        "a server error says nothing about a confirm",
        (Cut(f"{_ANSWERS}:read_confirm_error", "return Unknown()", "return NotBegun()"),),
        point("stored card", CONFIRM, Mode.REPLY_LOST),
        "charged, and the invoice is open",
    ),
    Mutation(
        "an amount is counted as Stripe counts it",
        (
            Cut(
                f"{_ANSWERS}:to_stripe_amount",
                "TABLE[money.currency].to_stripe(money.amount)",
                "money.amount * 100",
            ),
        ),
        history(histories.paid),
        "due were 12050",
    ),
    Mutation(
        "a fence is Stripe's word",
        (
            Cut(
                f"{_GATEWAY}.cancel",
                "intent = self._client.v1.payment_intents.cancel(",
                "return __import__('billfold.domain.payment', fromlist=['x']).Canceled()\n"
                "            intent = self._client.v1.payment_intents.cancel(",
            ),
        ),
        point("stored card", CONFIRM, Mode.VERY_LATE),
        "was shown as canceled, and",
    ),
)
OUTSIDE: Final = (*TABLE, *STRIPE)
