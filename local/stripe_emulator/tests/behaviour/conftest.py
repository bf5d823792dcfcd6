"""The account of these tests: the emulator's, unless the environment has a key of test mode."""

import os
from collections.abc import Iterator

import pytest
import stripe

from local.stripe_emulator.settings import API_VERSION
from local.stripe_emulator.tests.behaviour.account import (
    Account,
    NoTestKeyError,
    key_of_real_stripe,
)
from local.stripe_emulator.tests.running import Emulator

# Stripe's search may lag behind by a minute, at times more.
_PATIENCE = 180


@pytest.fixture(scope="session")
def real_key() -> str | None:
    try:
        return key_of_real_stripe(os.environ)
    except NoTestKeyError as error:
        refusal = str(error)
    # Outside of the block, or the report tells it twice.
    pytest.fail(refusal, pytrace=False)


@pytest.fixture
def account(request: pytest.FixtureRequest, real_key: str | None) -> Iterator[Account]:
    if real_key is None:
        used = Account(request.getfixturevalue("emulator").stripe)
    else:
        used = Account(
            stripe.StripeClient(real_key, max_network_retries=3, stripe_version=API_VERSION),
            _PATIENCE,
        )
    yield used
    used.clean_up()


@pytest.fixture
def control(request: pytest.FixtureRequest, real_key: str | None) -> Emulator:
    """Give the emulator to a test that needs its control calls."""
    if real_key is not None:
        pytest.skip("needs a control call, which real Stripe does not have")
    running: Emulator = request.getfixturevalue("emulator")
    return running
