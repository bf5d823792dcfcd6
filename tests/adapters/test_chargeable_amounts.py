"""What intake takes in is what Stripe can charge, at every edge of every currency."""

from collections.abc import Iterator

import httpx
import pytest
from billfold.domain.currency import RETIRED, TABLE
from billfold.domain.errors import InvalidInputError
from billfold.domain.money import CURRENCIES

from local.stripe_emulator import currencies as stripe
from tests.builders import an_invoice
from tests.emulator import SECRET_KEY
from tests.emulator import running as start

# ISO 4217 knows them, Stripe does not; and one that nobody knows.
STRANGERS = frozenset({"BGN", "BTN", "GHS", "IRR", "MRU", "VES", "ZZZ"})
# Decimals that we count and Stripe does not, and the other way: one of theirs is so many of ours.
OURS_FOR_ONE = {"MGA": 100}
THEIRS_FOR_ONE = {"ISK": 100, "UGX": 100}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        start(tmp_path_factory.mktemp("stripe") / "stripe.db") as emulator,
        httpx.Client(base_url=emulator.url, auth=(SECRET_KEY, ""), timeout=30) as client,
    ):
        yield client


def edges(currency: str) -> set[int]:
    """Return amounts of ours around every limit that either side knows."""
    code = currency.lower()
    limits = {0, stripe.LEAST.get(code, 1), stripe.most(code)}
    if row := TABLE.get(currency):
        limits |= {row.least, row.most, row.step}
    ours, theirs = OURS_FOR_ONE.get(currency, 1), THEIRS_FOR_ONE.get(currency, 1)
    around = {limit * ours // theirs + by for limit in limits for by in (-1, 0, 1)}
    return around | {1000 * ours, 1000 * ours + 1, 1000 * ours + 5}


def taken_in(currency: str, amount: int) -> bool:
    try:
        an_invoice(currency=currency, amounts=(amount,))
    except InvalidInputError:
        return False
    return True


def at_stripe(currency: str, amount: int) -> int | None:
    """Count as Stripe does; None is an amount that cannot be written there."""
    ours, theirs = OURS_FOR_ONE.get(currency, 1), THEIRS_FOR_ONE.get(currency, 1)
    return None if amount % ours else amount * theirs // ours


@pytest.mark.parametrize("letter", sorted({code[0] for code in CURRENCIES | STRANGERS}))
def test_intake_and_stripe_agree(api: httpx.Client, letter: str) -> None:
    known = CURRENCIES | STRANGERS | {code.upper() for code in stripe.SUPPORTED}
    disagree = []
    for currency in sorted(code for code in known if code.startswith(letter)):
        for amount in sorted(edges(currency)):
            sent = at_stripe(currency, amount)
            charged = False
            if sent is not None:
                wanted = {"amount": sent, "currency": currency.lower()}
                answer = api.post("/v1/payment_intents", data=wanted)
                assert answer.status_code in {200, 400}, answer.text
                charged = answer.status_code == 200
            if taken_in(currency, amount) != charged:
                disagree.append((currency, amount, "Stripe takes it" if charged else "we take it"))
    assert disagree == []


def test_both_tables_name_the_same_currencies() -> None:
    assert {code.lower() for code in TABLE} == stripe.SUPPORTED
    assert not RETIRED.keys() & TABLE.keys()
