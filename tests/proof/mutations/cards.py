"""Guards of the wallet against what becomes of its cards at Stripe."""

from collections.abc import Callable
from typing import Final

import pytest
from billfold.domain.payment import Blame

from tests.fakes import FakePorts
from tests.proof.crash.sites import Sites
from tests.proof.mutations.probes import UNIT, Probe, unit
from tests.proof.mutations.surgery import Cut
from tests.proof.mutations.table import Mutation
from tests.unit import test_cards_at_stripe as wallet
from tests.unit import test_payments as paying


def _meanwhile(
    test: Callable[[FakePorts, pytest.MonkeyPatch], None], ports: Callable[[], FakePorts]
) -> tuple[str, Probe]:
    """Give a unit test in which something happens in between."""

    def probe(_: Sites) -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            test(ports.__wrapped__(), patch)  # type: ignore[attr-defined]
        return []

    return f"{UNIT}: {test.__name__}", probe


CARDS: Final = (
    Mutation(
        "a PaymentMethod that was let go of does not come in by another SetupIntent",
        (
            Cut(
                "services.cards:add",
                "{setup_intent, result.payment_method} & set(wallet.gone)",
                "setup_intent in wallet.gone",
            ),
        ),
        unit(wallet.test_what_one_setup_let_go_of_another_does_not_bring_in, wallet.ports),
        "DID NOT RAISE",
    ),
    Mutation(
        "a card is no second one because its number has changed",
        (
            Cut(
                "domain.wallet:Wallet.require_new",
                " or payment_method == known.payment_method",
            ),
        ),
        unit(wallet.test_a_stored_card_whose_number_changed_is_not_stored_twice, wallet.ports),
        "DID NOT RAISE",
    ),
    Mutation(
        "a card that is detached while it is added is remembered",
        (
            Cut(
                "domain.wallet:Wallet.lose",
                "return replace(self, gone=(*self.gone, payment_method)[-REMEMBERED:])",
                "return self",
            ),
        ),
        _meanwhile(
            wallet.test_a_card_that_is_detached_while_it_is_added_does_not_come_in, wallet.ports
        ),
        "DID NOT RAISE",
    ),
    Mutation(
        "Stripe's word counts, and not the event",
        (
            Cut(
                "services.detached_cards:drop",
                "or is_attached(payment_method, wallet, ports)",
            ),
        ),
        unit(wallet.test_what_stripe_says_counts_and_not_the_event, wallet.ports),
        "AssertionError",
    ),
    Mutation(
        "what a key of another account says takes no card away",
        (
            Cut(
                "services.detached_cards:is_attached",
                "_require_known(wallet.stripe_customer, ports)",
                "pass",
            ),
        ),
        unit(wallet.test_a_key_of_another_account_takes_no_card_away, wallet.ports),
        "assert not True",
    ),
    Mutation(
        "a customer is forgotten only where Stripe says deleted",
        (
            Cut(
                "services.detached_cards:forget_customer",
                "not _require_known(deleted, ports)",
                "False",
            ),
        ),
        unit(wallet.test_a_customer_who_is_there_is_not_forgotten, wallet.ports),
        "AssertionError",
    ),
    Mutation(
        "a stored card is to blame only where Stripe does not have it",
        (
            Cut(
                "services.refusals:judge",
                "detached_cards.is_attached(card.payment_method, wallet, ports)",
                "True",
            ),
        ),
        unit(
            paying.test_a_stored_card_that_stripe_no_longer_has_leaves_the_wallet,
            paying.ports,
            Blame.NOTHING,
        ),
        "NothingBegunError",
    ),
    Mutation(
        "what is to be dropped is written down before its refusal is told",
        (Cut("services.settle:_refused", "detached_cards.remember(*card, ports)", "pass"),),
        _meanwhile(
            paying.test_a_lost_card_is_dropped_though_the_store_failed_on_the_way, paying.ports
        ),
        "AssertionError",
    ),
    Mutation(
        "an intent that served an earlier confirm is not used after a refusal",
        (Cut("services.settle:_refused", "payment.n > 1", "False"),),
        unit(
            paying.test_an_intent_that_served_an_earlier_try_is_not_used_after_a_refusal,
            paying.ports,
        ),
        "AssertionError",
    ),
)
