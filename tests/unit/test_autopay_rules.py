"""When automatic payment tries, by the rules alone: a table of days."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from billfold.domain.autopay import (
    Charge,
    Leave,
    Notify,
    Overdue,
    Schedule,
    Skip,
    Wait,
    decide,
    next_try,
)
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.payment import Obstacle, Slot
from billfold.domain.wallet import Wallet

from tests.builders import a_card, an_invoice

SCHEDULE = Schedule()
DUE = date(2026, 10, 31)
CARD = replace(a_card(1), card_id="card_1")
OTHER = replace(a_card(2), card_id="card_2")
WALLET = Wallet("cust-1", (CARD, OTHER), primary="card_1", autopay=True)


def on(day: int) -> date:
    """Give the day so many days after the due date; it goes over the end of a month."""
    return DUE + timedelta(days=day)


def invoice(**changes: object) -> Invoice:
    return replace(an_invoice(due_on=DUE), **changes)  # type: ignore[arg-type]


def declined(day: int, card: str = "card_1", waits: Obstacle | None = None) -> Invoice:
    slot = SCHEDULE.after(DUE, on(day)) or on(day)
    return invoice(tried=on(day), tried_card=card, waits=waits, look_on=slot)


def test_the_ladder_of_a_decline() -> None:
    """Due, then 1, 3, 5 and 7 days after; then it is over."""
    slots = [decide(invoice(), WALLET, DUE, SCHEDULE)]
    slots += [decide(declined(day), WALLET, on(after), SCHEDULE) for day, after in LADDER]
    assert slots == [
        Charge(CARD, Slot(on(0), on(1))),
        Charge(CARD, Slot(on(1), on(3))),
        Charge(CARD, Slot(on(3), on(5))),
        Charge(CARD, Slot(on(5), on(7))),
        Charge(CARD, Slot(on(7), None)),
    ]
    assert decide(declined(7), WALLET, on(7), SCHEDULE) == Overdue(Skip.TRIED, tell=True)


LADDER = [(0, 1), (1, 3), (3, 5), (5, 7)]


@pytest.mark.parametrize(("tried", "today", "until"), [(0, 0, 1), (1, 2, 3), (3, 4, 5), (5, 6, 7)])
def test_between_two_slots_nothing_is_tried(tried: int, today: int, until: int) -> None:
    assert decide(declined(tried), WALLET, on(today), SCHEDULE) == Wait(on(until), Skip.TRIED)


def test_slots_that_were_missed_are_one_try() -> None:
    """No run took place for six days: it is charged once, in the latest slot that has come."""
    assert decide(invoice(), WALLET, on(6), SCHEDULE) == Charge(CARD, Slot(on(5), on(7)))
    assert decide(invoice(), WALLET, on(40), SCHEDULE) == Charge(CARD, Slot(on(7), None))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": InvoiceStatus.PAID}, Skip.PAID),
        ({"status": InvoiceStatus.VOID}, Skip.VOID),
        ({"lock": "pay_1", "status": InvoiceStatus.PAYING}, Skip.IN_FLIGHT),
        ({"lock": "chg_1"}, Skip.IN_FLIGHT),
    ],
)
def test_what_is_over_or_under_way_is_left(changes: dict[str, object], reason: Skip) -> None:
    assert decide(invoice(**changes), WALLET, on(0), SCHEDULE) == Leave(reason)


def test_people_are_told_before() -> None:
    early = invoice(look_on=SCHEDULE.first_look(DUE))
    assert early.look_on == date(2026, 10, 28)
    assert decide(early, WALLET, on(-3), SCHEDULE) == Notify(CARD, DUE)
    assert decide(early, WALLET, on(-1), SCHEDULE) == Notify(CARD, DUE)
    assert decide(invoice(), WALLET, on(-1), SCHEDULE) == Leave(Skip.NOT_DUE)


@pytest.mark.parametrize(
    "wallet",
    [
        replace(WALLET, autopay=False),
        Wallet("cust-1", autopay=True),
        replace(WALLET, cards=(replace(CARD, exp_year=2026, exp_month=9), OTHER)),
    ],
    ids=["off", "no card", "expired by then"],
)
def test_nobody_is_told_of_what_will_not_happen(wallet: Wallet) -> None:
    early = invoice(look_on=SCHEDULE.first_look(DUE))
    assert decide(early, wallet, on(-3), SCHEDULE) == Wait(DUE, Skip.NOT_DUE)


@pytest.mark.parametrize(
    ("wallet", "reason"),
    [
        (replace(WALLET, autopay=False), Obstacle.AUTOPAY_OFF),
        (Wallet("cust-1", autopay=True), Obstacle.NO_CARD),
    ],
)
def test_without_a_card_or_a_wish_it_is_overdue_the_day_after(
    wallet: Wallet, reason: Obstacle
) -> None:
    assert decide(invoice(), wallet, on(0), SCHEDULE) == Wait(on(1), reason)
    assert decide(invoice(), wallet, on(1), SCHEDULE) == Overdue(reason, tell=True)
    told = invoice(overdue_told=True, look_on=None)
    assert decide(told, wallet, on(9), SCHEDULE) == Leave(reason)


OFFERED = WALLET.set_autopay(enabled=False).set_autopay(enabled=True)
EXPIRED = replace(WALLET, cards=(replace(CARD, exp_year=2026, exp_month=9), OTHER))
REFUSED = replace(WALLET, cards=(replace(CARD, refused="stolen_card"), OTHER))


@pytest.mark.parametrize(
    ("wallet", "reason"),
    [(EXPIRED, Obstacle.CARD_EXPIRED), (REFUSED, Obstacle.CARD_REFUSED)],
)
def test_a_card_that_cannot_be_charged_is_told_once_and_waited_for(
    wallet: Wallet, reason: Obstacle
) -> None:
    assert decide(invoice(), wallet, on(0), SCHEDULE) == Wait(on(7), reason, tell=True)
    assert decide(invoice(waits=reason), wallet, on(3), SCHEDULE) == Wait(on(7), reason)
    assert decide(invoice(waits=reason), wallet, on(7), SCHEDULE) == Overdue(reason, tell=True)


def test_a_card_expires_when_its_month_is_over_where_the_business_is() -> None:
    wallet = replace(WALLET, cards=(replace(CARD, exp_year=2026, exp_month=10), OTHER))
    assert isinstance(decide(invoice(), wallet, on(0), SCHEDULE), Charge)
    late = decide(invoice(), wallet, on(1), SCHEDULE)
    assert late == Wait(on(7), Obstacle.CARD_EXPIRED, tell=True)


def test_the_banks_wish_is_waited_for_until_the_last_slot() -> None:
    """Its decline has told of it; the same card is not tried again without its owner."""
    asked = declined(0, waits=Obstacle.NEEDS_CONFIRMATION)
    expected = Wait(on(7), Obstacle.NEEDS_CONFIRMATION)
    for day in (0, 1, 3, 6):
        assert decide(asked, WALLET, on(day), SCHEDULE) == expected
    over = Overdue(Obstacle.NEEDS_CONFIRMATION, tell=True)
    assert decide(asked, WALLET, on(7), SCHEDULE) == over


@pytest.mark.parametrize("waits", [None, *Obstacle])
def test_another_card_is_tried_at_once(waits: Obstacle | None) -> None:
    """Not only on the next day of the schedule, and also after its last one."""
    chosen = WALLET.make_primary("card_2")
    before = declined(1, waits=waits)
    assert decide(before, chosen, on(2), SCHEDULE) == Charge(OTHER, Slot(on(2), on(3), 1))
    over = replace(declined(7), look_on=None, overdue_told=True)
    assert decide(over, chosen, on(60), SCHEDULE) == Charge(OTHER, Slot(on(60), None, 1))
    # Once it was declined as well, it is over again.
    again = replace(over, tried=on(60), tried_card="card_2", tried_mandate=1, look_on=on(60))
    assert decide(again, chosen, on(60), SCHEDULE) == Overdue(Skip.TRIED, tell=False)


@pytest.mark.parametrize("day", [1, 2, 60])
def test_the_same_card_offered_anew_is_tried_once(day: int) -> None:
    """Also on the very day, and after the last one; the bank's wish for its customer stands."""
    offered = WALLET.set_autopay(enabled=False).set_autopay(enabled=True)
    slot = Slot(on(day), SCHEDULE.after(DUE, on(day)), 1)
    assert decide(declined(day), offered, on(day), SCHEDULE) == Charge(CARD, slot)
    again = replace(declined(day), tried=on(day), tried_mandate=1)
    assert not isinstance(decide(again, offered, on(day), SCHEDULE), Charge)
    asked = declined(1, waits=Obstacle.NEEDS_CONFIRMATION)
    assert not isinstance(decide(asked, offered, on(day), SCHEDULE), Charge)


def test_another_card_does_not_try_a_slot_twice() -> None:
    chosen = WALLET.make_primary("card_2")
    tried = replace(declined(2, card="card_2"), tried_mandate=1)
    assert decide(tried, chosen, on(2), SCHEDULE) == Wait(on(3), Skip.TRIED)


@pytest.mark.parametrize(
    ("owed", "wallet", "today", "expected"),
    [
        (invoice(), WALLET, on(-9), on(0)),
        (invoice(), WALLET, on(0), on(0)),
        (declined(1), WALLET, on(1), on(3)),
        (declined(1), OFFERED, on(1), on(1)),
        (invoice(look_on=None, overdue_told=True), OFFERED, on(20), on(20)),
        (declined(0, waits=Obstacle.NEEDS_CONFIRMATION), WALLET, on(1), None),
        (declined(0, waits=Obstacle.NEEDS_CONFIRMATION), OFFERED, on(1), None),
        (declined(0, "card_2", Obstacle.NEEDS_CONFIRMATION), OFFERED, on(1), on(1)),
        (invoice(look_on=None, overdue_told=True), WALLET, on(20), None),
        (invoice(), replace(WALLET, autopay=False), on(0), None),
        (invoice(), EXPIRED, on(0), None),
        (invoice(), REFUSED, on(0), None),
        (invoice(), Wallet("cust-1", autopay=True), on(0), None),
    ],
)
def test_what_the_dashboard_says_comes_next(
    owed: Invoice, wallet: Wallet, today: date, expected: date | None
) -> None:
    assert next_try(owed, wallet, today) == expected


def test_a_schedule_of_ones_own() -> None:
    weekly = Schedule((7, 14), notice_days=0)
    assert weekly.slots(DUE) == (on(0), on(7), on(14))
    assert weekly.first_look(DUE) == DUE
    assert decide(declined(0), WALLET, on(8), weekly) == Charge(CARD, Slot(on(7), on(14)))
