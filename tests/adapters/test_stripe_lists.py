"""Stripe's lists as a reconciliation reads them, against the emulator."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import stripe
from billfold.adapters import stripe_lists
from billfold.adapters.stripe_gateway import StripeGateway
from billfold.domain.currency import TABLE
from billfold.domain.errors import UnavailableError
from billfold.domain.payment import Dispute
from billfold.domain.stripe_event import Owner
from billfold.services.ports import FoundIntent

from tests.emulator import PUBLISHABLE_KEY, SECRET_KEY, Emulator
from tests.emulator import running as start

HOUR: Final = timedelta(hours=1)
OWNER: Final = Owner("cust-1", "inv_1")
OURS: Final = {
    "metadata[billfold_customer_id]": "cust-1",
    "metadata[billfold_invoice_id]": "inv_1",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with start(tmp_path_factory.mktemp("stripe") / "stripe.db") as started:
        yield started


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.control("reset")
    return running


@pytest.fixture
def gateway(emulator: Emulator) -> StripeGateway:
    return StripeGateway(SECRET_KEY, PUBLISHABLE_KEY, emulator.url)


def charged(emulator: Emulator, card: str = "pm_card_visa", **more: Any) -> dict[str, Any]:
    """Charge, and give the charge."""
    form = {
        "amount": 1000,
        "currency": "usd",
        "payment_method": card,
        "confirm": "true",
        "payment_method_types[]": "card",
        **more,
    }
    intent = emulator.post("payment_intents", **form)
    return emulator.one(f"/v1/charges/{intent['latest_charge']}")


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the rouble a currency that Stripe takes and we have never heard of."""
    known = {code: row for code, row in TABLE.items() if code != "RUB"}
    monkeypatch.setattr("billfold.domain.money.TABLE", known)
    return "rub"


def window(charge: dict[str, Any]) -> tuple[datetime, datetime]:
    at = datetime.fromtimestamp(charge["created"], UTC)
    return at - HOUR, at + HOUR


def test_a_charge_of_ours_is_read_and_one_of_others_is_not(
    emulator: Emulator, gateway: StripeGateway, unknown: str
) -> None:
    """Others may be in a currency that we do not know, or call their metadata as anybody would."""
    ours = charged(emulator, **OURS)
    others = [
        charged(emulator, currency=unknown, amount=10000),
        charged(emulator, **{"metadata[customer_id]": "77", "metadata[invoice_id]": "9"}),
    ]
    stretch = gateway.charges(*window(ours))
    found = {one.charge: one for one in stretch.items}
    view = found[ours["id"]].view
    assert view
    assert (view.owner, view.intent, view.money.amount) == (OWNER, ours["payment_intent"], 1000)
    for other in others:
        assert (found[other["id"]].owner, found[other["id"]].view) == (None, None)
        assert gateway.charge(other["id"]) is None
    assert len(found) == 3
    assert stretch.since == window(ours)[0]


def test_what_says_it_is_ours_and_cannot_be_read_is_listed_without_a_view(
    emulator: Emulator, gateway: StripeGateway, unknown: str
) -> None:
    odd = charged(emulator, currency=unknown, amount=10000, **OURS)
    [listed] = gateway.charges(*window(odd)).items
    assert (listed.charge, listed.owner, listed.view) == (odd["id"], OWNER, None)


def test_a_charge_that_failed_is_in_no_book(emulator: Emulator, gateway: StripeGateway) -> None:
    good = charged(emulator, **OURS)
    answer = emulator._http.post(
        "/v1/payment_intents",
        data={
            "amount": 1000,
            "currency": "usd",
            "payment_method": "pm_card_chargeDeclined",
            "confirm": "true",
            "payment_method_types[]": "card",
            **OURS,
        },
    )
    assert answer.status_code == 402
    assert [one.charge for one in gateway.charges(*window(good)).items] == [good["id"]]


def test_refunds_and_disputes_bring_their_charges(
    emulator: Emulator, gateway: StripeGateway, unknown: str
) -> None:
    charge = charged(emulator, **OURS)
    other = charged(emulator, currency=unknown, amount=10000)
    for one in (charge, other):
        emulator.post("refunds", charge=one["id"], amount=300)
        emulator.control("disputes", charge=one["id"])
    for listed in (gateway.refunds(*window(charge)), gateway.disputes(*window(charge))):
        found = {one.charge: one for one in listed.items}
        view = found[charge["id"]].view
        assert view
        assert (view.refunded, view.dispute) == (300, Dispute.OPEN)
        assert found[other["id"]].owner is None
        assert len(found) == 2


@pytest.fixture
def seconds(emulator: Emulator) -> list[dict[str, Any]]:
    """One, two and three charges, each of them in a second of its own, the newest first."""
    made: list[dict[str, Any]] = []
    for count in (1, 2, 3):
        batch: list[dict[str, Any]] = []
        while len(batch) < count:
            batch.append(charged(emulator, **OURS))
            # The second may end between two charges: then its charges are none of ours.
            batch = [one for one in batch if one["created"] == batch[-1]["created"]]
        made += batch
        emulator.control("clock", advance=2)
    return made[::-1]


def test_a_stretch_never_ends_inside_a_second(
    seconds: list[dict[str, Any]],
    gateway: StripeGateway,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pages of four: the second one would begin inside the middle second."""
    monkeypatch.setattr(stripe_lists, "PAGE", 4)
    start, end = window(seconds[0])
    read: list[str] = []
    stretches = 0
    while end > start:
        stretch = gateway.charges(start, end)
        assert all(stretch.since <= one.at < end for one in stretch.items)
        read += [one.charge for one in stretch.items]
        end = stretch.since
        stretches += 1
    known = [one["id"] for one in seconds]
    assert [charge for charge in read if charge in known] == known
    assert len(set(read)) == len(read)
    assert stretches >= 2


def test_a_second_that_is_more_than_a_page_is_read_whole(
    seconds: list[dict[str, Any]], gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_lists, "PAGE", 2)
    stretch = gateway.charges(*window(seconds[0]))
    assert [one.charge for one in stretch.items] == [one["id"] for one in seconds[:3]]
    assert stretch.since > datetime.fromtimestamp(seconds[3]["created"], UTC)


@pytest.mark.parametrize("kind", ["429", "500"])
def test_trouble_is_no_end_of_a_list(emulator: Emulator, gateway: StripeGateway, kind: str) -> None:
    charge = charged(emulator, **OURS)
    for path in ("charges", "refunds", "disputes"):
        emulator.fault(f"/v1/{path}", kind, method="GET")
        with pytest.raises(UnavailableError):
            getattr(gateway, path)(*window(charge))


def test_of_a_customer_who_was_deleted_search_knows_the_intents(
    emulator: Emulator, gateway: StripeGateway
) -> None:
    form = {"amount": 1000, "currency": "usd", "payment_method_types[]": "card", **OURS}
    made = emulator.post("payment_intents", **form)
    ids = (OWNER.customer_id, OWNER.invoice_id)
    found = gateway.find_intents(*ids, "cus_NobodyOfThisAccount", since=datetime.now(UTC))
    assert found == [FoundIntent(made["id"], 0)]


@pytest.mark.parametrize("offered", [True, False], ids=["search", "no search in this country"])
def test_the_intents_of_an_invoice_are_found(
    emulator: Emulator,
    gateway: StripeGateway,
    monkeypatch: pytest.MonkeyPatch,
    *,
    offered: bool,
) -> None:
    customer = gateway.create_customer("cust-1")
    mine = {**OURS, "metadata[billfold_intent_generation]": "3"}
    form = {"amount": 1000, "currency": "usd", "payment_method_types[]": "card"}
    made = emulator.post("payment_intents", customer=customer, **form, **mine)
    emulator.post("payment_intents", customer=customer, **form)
    other = {**mine, "metadata[billfold_customer_id]": "cust-2"}
    emulator.post("payment_intents", **form, **other)
    if not offered:

        def refuse(*_: object, **__: object) -> None:
            raise stripe.InvalidRequestError("not in your country", None, http_status=400)  # type: ignore[no-untyped-call]

        monkeypatch.setattr(gateway._client.v1.payment_intents, "search", refuse)
    later = datetime.now(UTC) + timedelta(days=2)
    found = gateway.find_intents(OWNER.customer_id, OWNER.invoice_id, customer, since=later)
    assert found == [FoundIntent(made["id"], 3)]
