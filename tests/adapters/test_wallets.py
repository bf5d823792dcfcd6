"""The contract of customers, wallets and limits."""

from dataclasses import replace

import pytest
from billfold.domain.errors import (
    CustomerConflictError,
    NotFoundError,
    TooManyRequestsError,
)
from billfold.domain.limit import FAILED_CARDS, LOGIN_ACCOUNT
from billfold.domain.wallet import Wallet
from billfold.services.ports import (
    StaleError,
)

from tests.adapters.contract import (
    Repositories,
)
from tests.builders import NOON, a_card, a_customer


def test_a_customer_is_registered_once_and_found(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=True)
    repositories.customers.register(a_customer(), autopay=True)
    customer, wallet = repositories.customers.account("cust-1")
    assert customer == a_customer()
    assert wallet == Wallet("cust-1", autopay=True, version=1)


def test_another_registration_under_the_same_id_is_a_conflict(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=True)
    with pytest.raises(CustomerConflictError):
        repositories.customers.register(replace(a_customer(), name="Other"), autopay=True)


def test_an_unknown_customer_has_no_account(repositories: Repositories) -> None:
    with pytest.raises(NotFoundError):
        repositories.customers.account("nobody")


def test_a_wallet_is_kept_whole_and_in_order(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    wallet = repositories.customers.wallet("cust-1")
    for number in (3, 1, 2):
        wallet = wallet.add(a_card(number, nickname="Office" if number == 1 else None))
    wallet = wallet.with_stripe_customer("cus_1")
    saved = repositories.customers.save(wallet)
    assert repositories.customers.wallet("cust-1") == saved == replace(wallet, version=2)


def test_a_wallet_is_saved_only_over_the_version_that_was_read(repositories: Repositories) -> None:
    repositories.customers.register(a_customer(), autopay=False)
    read = repositories.customers.wallet("cust-1")
    repositories.customers.save(read.add(a_card(1)))
    with pytest.raises(StaleError):
        repositories.customers.save(read.add(a_card(2)))


def test_a_limit_holds_until_its_window_ends(repositories: Repositories) -> None:
    limits = repositories.limits
    for _ in range(LOGIN_ACCOUNT.most):
        limits.take(LOGIN_ACCOUNT, "someone", NOON)
    with pytest.raises(TooManyRequestsError) as refused:
        limits.take(LOGIN_ACCOUNT, "someone", NOON)
    assert 0 < refused.value.retry_after <= LOGIN_ACCOUNT.window.total_seconds() + 1
    limits.take(LOGIN_ACCOUNT, "another", NOON)
    limits.give_back(LOGIN_ACCOUNT, "someone", NOON)
    limits.take(LOGIN_ACCOUNT, "someone", NOON)
    limits.take(LOGIN_ACCOUNT, "someone", NOON + LOGIN_ACCOUNT.window)


def test_a_limit_can_be_looked_at_without_counting(repositories: Repositories) -> None:
    limits = repositories.limits
    for number in range(FAILED_CARDS.most):
        limits.require_below(FAILED_CARDS, "cust-1", NOON)
        for _ in range(2):
            # Stripe delivers an event again for thirty days.
            limits.count_event(FAILED_CARDS, "cust-1", f"evt_{number}", NOON)
    with pytest.raises(TooManyRequestsError):
        limits.require_below(FAILED_CARDS, "cust-1", NOON)
    limits.require_below(FAILED_CARDS, "cust-2", NOON)
