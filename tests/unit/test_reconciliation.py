"""Reconciliation: Stripe's book against ours, both ways, whatever stops it on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from billfold.adapters.whole_seconds import newest
from billfold.domain.continuity import Continuity
from billfold.domain.errors import InvalidInputError, UnavailableError
from billfold.domain.money import Money
from billfold.domain.payment import (
    Dispute,
    OneTimeCard,
    Payment,
    Processing,
    State,
    Succeeded,
    Unknown,
)
from billfold.domain.reconciliation import HOURS, Hour, Line, Listing, Run, Verdict
from billfold.domain.reconciliation_report import body
from billfold.domain.stripe_event import Owner, StripeEvent
from billfold.services import payments, reconciliation, stripe_events
from billfold.services.payments import Order
from billfold.services.ports import ChargeView, FoundIntent, LedgerRow, Listed, Stretch

from tests.builders import NOON, a_customer, an_invoice
from tests.fakes import FakeGateway, FakePorts
from tests.fakes.books import FakeLedger

INVOICE = an_invoice()
DUE = INVOICE.amount_due
DAY = NOON.date()
NIGHT = datetime(2026, 10, 21, 3, 30, tzinfo=UTC)
OWNER = Owner("cust-1", INVOICE.invoice_id)
RUN = "run-1"
LONG_AGO = NOON - timedelta(days=90)


@pytest.fixture
def ports() -> FakePorts:
    made = FakePorts()
    made.customers.register(a_customer(), autopay=False)
    made.invoices.add(INVOICE)
    assert NOON.date() + timedelta(days=1) == NIGHT.date()
    return made


def pay(ports: FakePorts, *answers: Unknown) -> Payment:
    ports.gateway.confirms = list(answers)
    order = Order("cust-1", INVOICE.invoice_id, DUE, OneTimeCard("pm_once"), "key-00001")
    return payments.pay(order, ports, lambda: 29).payment


def seen(payment: Payment, charge: str = "", **more: object) -> ChargeView:
    charge = charge or payment.charge or ""
    answer = Succeeded(payment.intent or "", charge, DUE, None, NOON)
    view = ChargeView(charge, payment.intent, OWNER, DUE, NOON, answer)
    return replace(view, **more)  # type: ignore[arg-type]


def at_stripe(ports: FakePorts, view: ChargeView) -> ChargeView:
    ports.gateway.charge_views[view.charge] = view
    return view


def now(ports: FakePorts) -> Payment:
    return next(iter(ports.payments.of_invoice("cust-1", INVOICE.invoice_id)))


def drain(ports: FakePorts, seconds: Callable[[], float] = lambda: 200.0) -> int:
    """Take the queue's messages until none is left, and tell how many there were."""
    taken = 0
    while ports.reconciliation_queue.sent:
        taken += 1
        reconciliation.reconcile_hour(ports.reconciliation_queue.sent.pop(0), ports, seconds)
    return taken


def reconcile(ports: FakePorts) -> Sequence[Line]:
    """Reconcile the day in the night after it."""
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    drain(ports)
    run = ports.reconciliations.latest(DAY)
    assert run
    assert run.completed_at
    return ports.reconciliations.lines(run, limit=1000, after=None).items


def head(ports: FakePorts) -> str:
    report = reconciliation.report_of(DAY, ports)
    assert report
    return report.head()


def verdicts(lines: Sequence[Line]) -> dict[str, Verdict]:
    return {line.charge: line.verdict for line in lines}


def test_a_day_that_agrees(ports: FakePorts, caplog: pytest.LogCaptureFixture) -> None:
    at_stripe(ports, seen(pay(ports)))
    ports.gateway.foreign["ch_other"] = NOON
    assert reconcile(ports) == []
    text = head(ports)
    assert text.startswith("# Stripe and ledger on 2026-10-20: no differences\n")
    assert "1 charges compared, 1 on the same Stripe account not ours, 0 corrected." in text
    assert "12050 USD" in text
    assert "ERROR" not in caplog.text


def test_a_charge_that_nobody_settled_is_settled(ports: FakePorts) -> None:
    at_stripe(ports, seen(pay(ports, Unknown()), "ch_1"))
    assert verdicts(reconcile(ports)) == {"ch_1": Verdict.SETTLED_LATE}
    assert now(ports).state is State.SUCCEEDED
    assert "no differences" in head(ports)
    # Told before the function ends, as all that it writes.
    assert ports.bus.kinds == ["PaymentSucceeded", "InvoicePaid"]


def test_what_differs_is_a_line_that_a_person_can_read(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    payment = pay(ports)
    charge = payment.charge or ""
    at_stripe(ports, seen(payment, "ch_lost", intent="pi_lost", answer=None))
    at_stripe(ports, seen(payment, money=Money("USD", 1)))
    ports.store.ledger["ch_gone"] = replace(ports.store.ledger[charge], charge="ch_gone")
    lines = reconcile(ports)
    assert verdicts(lines) == {
        "ch_lost": Verdict.NOT_IN_LEDGER,
        "ch_gone": Verdict.NOT_AT_STRIPE,
        charge: Verdict.AMOUNT,
    }
    row = f"| not at Stripe | ch_gone | cust-1 | {INVOICE.invoice_id} | none | 12050 USD |"
    assert row in body(lines)
    assert "3 differences" in head(ports)
    [told] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert told.message == "stripe and ledger differ"


def test_what_says_it_is_ours_and_cannot_be_read_stops_nothing(ports: FakePorts) -> None:
    at_stripe(ports, seen(pay(ports)))
    ports.gateway.charges = lambda start, end: Stretch(  # type: ignore[method-assign]
        [Listed("ch_odd", NOON, OWNER), *FakePorts().gateway.charges(start, end).items], start
    )
    ports.store.ledger.clear()
    ports.clock.at = NIGHT
    ports.reconciliations.begin(Run(DAY, RUN, NIGHT), instead_of=None)
    reconciliation.reconcile_hour(Hour(DAY, RUN, 12), ports, lambda: 200.0)
    [line] = ports.store.lines[DAY, RUN]
    assert (line.verdict, line.charge) == (Verdict.UNREADABLE, "ch_odd")


def test_a_charge_that_cannot_be_looked_at_keeps_no_other_waiting(ports: FakePorts) -> None:
    """It is listed, and a moment later it is not there."""
    payment = pay(ports)
    at_stripe(ports, seen(payment, refunded=500))
    gone = seen(payment, "ch_gone")
    ports.gateway.refunded.append(Listed("ch_gone", NOON, OWNER, gone))
    lines = reconcile(ports)
    assert verdicts(lines) == {
        "ch_gone": Verdict.UNREADABLE,
        payment.charge: Verdict.CAUGHT_UP,
    }
    assert "| NotFoundError | none |" in body(lines)


def test_a_payment_that_stripe_is_still_working_on_keeps_no_other_waiting(
    ports: FakePorts,
) -> None:
    """The table was restored: a charge has no payment, and another intent is not over yet."""
    ports.store.continuity = Continuity()
    ports.gateway.found[INVOICE.invoice_id] = [FoundIntent("pi_busy", 0)]
    ports.gateway.intents["pi_busy"] = Processing()
    ports.gateway.looks = [Processing()] * 9
    lost = ChargeView("ch_lost", "pi_lost", OWNER, DUE, NOON, None)
    at_stripe(ports, lost)
    assert verdicts(reconcile(ports)) == {"ch_lost": Verdict.UNREADABLE}


def test_what_changes_at_each_look_is_a_difference(ports: FakePorts) -> None:
    """As an event of it would be kept as unmatched, and looked at again later."""
    payment = pay(ports)
    view = at_stripe(ports, seen(payment, refunded=1))
    looks = 1

    def changing(_: str) -> ChargeView:
        nonlocal looks
        looks += 1
        return replace(view, refunded=looks)

    ports.gateway.charge = changing  # type: ignore[method-assign, assignment]
    event = StripeEvent("evt_1", "charge.refunded", charge=view.charge)
    assert not stripe_events.take(event, ports)
    assert ports.store.parked
    assert verdicts(reconcile(ports)) == {view.charge: Verdict.REFUND_OR_DISPUTE}


# Any books


class Paged(FakeGateway):
    """Lists as Stripe does: some at a time, up to the end of a second."""

    size = 3

    def charges(self, start: datetime, end: datetime) -> Stretch[Listed]:
        inside = sorted(
            (one for one in super().charges(start, end).items),
            key=lambda one: (one.at, one.charge),
            reverse=True,
        )

        def page(after: Listed | None) -> tuple[Sequence[Listed], bool]:
            place = inside.index(after) + 1 if after else 0
            return inside[place : place + self.size], place + self.size < len(inside)

        return newest(page, lambda one: one.at, start)


@dataclass
class PagedLedger(FakeLedger):
    """Reads as the table does."""

    size: int = 3

    def rows(self, start: datetime, end: datetime) -> Stretch[LedgerRow]:
        inside = list(super().rows(start, end).items)

        def page(after: LedgerRow | None) -> tuple[Sequence[LedgerRow], bool]:
            place = inside.index(after) + 1 if after else 0
            return inside[place : place + self.size], place + self.size < len(inside)

        return newest(page, lambda row: row.charged_at, start)


class PagedPorts(FakePorts):
    rows_a_page = 3

    @property
    def ledger(self) -> PagedLedger:
        return PagedLedger(self.store, self.rows_a_page)


@pytest.mark.parametrize("seed", range(30))
def test_any_two_books_are_told_apart_whatever_happens_on_the_way(seed: int) -> None:
    """Random charges on each side, some on both; pages, time, trouble and copies at random."""
    chance = Random(seed)
    gateway = Paged()
    ports = PagedPorts(gateway=gateway)
    ports.rows_a_page, gateway.size = chance.randint(1, 9), chance.randint(1, 9)
    ours, theirs = set(), set()
    for number in range(chance.randint(0, 60)):
        at = NOON + timedelta(seconds=chance.randint(0, 25))
        name = f"ch_{number:02}"
        side = chance.choice(["both", "both", "ours", "theirs", "foreign"])
        if side in {"both", "theirs"}:
            theirs.add(name)
            # No intent: nothing can be settled, so that what is missing stays missing.
            view = ChargeView(name, None, OWNER, DUE, at, None)
            ports.gateway.charge_views[name] = view
        if side in {"both", "ours"}:
            ours.add(name)
            row = LedgerRow(name, "cust-1", "pay_1", INVOICE.invoice_id, DUE, at)
            ports.store.ledger[name] = row
        if side == "foreign":
            ports.gateway.foreign[name] = at
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    waiting = ports.reconciliation_queue.sent
    while waiting:
        hour = waiting.pop(chance.randrange(len(waiting)))
        if chance.random() < 0.2:
            waiting.append(hour)
        ports.gateway.down = chance.random() < 0.1
        left = chance.choice([200.0, 50.0, 10.0])
        try:
            reconciliation.reconcile_hour(hour, ports, lambda left=left: left)  # type: ignore[misc]
        except UnavailableError:
            waiting.append(hour)
    run = ports.reconciliations.latest(DAY)
    assert run
    assert run.completed_at
    lines = ports.store.lines.get((DAY, RUN), [])
    assert sorted((line.charge, line.verdict) for line in lines) == sorted(
        [(name, Verdict.NOT_IN_LEDGER) for name in theirs - ours]
        + [(name, Verdict.NOT_AT_STRIPE) for name in ours - theirs]
    )
    assert run.differences == len(theirs ^ ours)
    report = reconciliation.report_of(DAY, ports)
    assert report
    assert report.charges == len(theirs)
    foreign = len(ports.gateway.foreign)
    assert f"{len(theirs)} charges compared, {foreign} on the same" in report.head()


# What lost events left out


def test_lost_refund_and_dispute_of_the_days_charge_are_caught_up(ports: FakePorts) -> None:
    payment = pay(ports)
    at_stripe(ports, seen(payment, refunded=2000, dispute=Dispute.LOST))
    [line] = reconcile(ports)
    assert (line.verdict, line.stripe, line.ours) == (
        Verdict.CAUGHT_UP,
        "12050 USD, refunded 2000, dispute lost",
        "12050 USD",
    )
    assert (now(ports).refunded, now(ports).dispute) == (2000, Dispute.LOST)
    assert ports.bus.kinds[-2:] == ["PaymentRefunded", "PaymentDisputed"]


def of_old(ports: FakePorts, view: ChargeView) -> None:
    """A charge of long ago, which no list of the day's charges holds."""
    row = ports.store.ledger[view.charge]
    ports.store.ledger[view.charge] = replace(row, charged_at=LONG_AGO)
    at_stripe(ports, replace(view, charged_at=LONG_AGO))


@pytest.mark.parametrize("days", [0, 7, 35])
def test_refunds_are_looked_at_on_their_day_and_twice_more(ports: FakePorts, days: int) -> None:
    """Twice more, since one that fails later is in no other list."""
    payment = pay(ports)
    view = seen(payment, refunded=500)
    of_old(ports, view)
    at = NOON - timedelta(days=days)
    # Two refunds of one charge are one line.
    ports.gateway.refunded += [Listed(view.charge, at, OWNER, view)] * 2
    assert verdicts(reconcile(ports)) == {view.charge: Verdict.CAUGHT_UP}
    assert now(ports).refunded == 500


def test_a_dispute_of_an_old_charge_is_found_on_its_day(ports: FakePorts) -> None:
    view = seen(pay(ports), dispute=Dispute.OPEN)
    of_old(ports, view)
    ports.gateway.disputed.append(Listed(view.charge, NOON, OWNER, view))
    assert verdicts(reconcile(ports)) == {view.charge: Verdict.CAUGHT_UP}
    assert now(ports).dispute is Dispute.OPEN


def test_an_open_dispute_is_looked_at_each_night(ports: FakePorts) -> None:
    payment = pay(ports)
    key = ("cust-1", payment.payment_id)
    ports.store.payments[key] = replace(payment, dispute=Dispute.OPEN)
    of_old(ports, seen(payment, dispute=Dispute.LOST))
    assert verdicts(reconcile(ports)) == {payment.charge: Verdict.CAUGHT_UP}
    assert now(ports).dispute is Dispute.LOST


def test_a_refund_of_a_charge_that_we_do_not_know_is_a_difference(ports: FakePorts) -> None:
    view = seen(pay(ports), "ch_lost", intent="pi_lost", answer=None, charged_at=LONG_AGO)
    at_stripe(ports, view)
    at_stripe(ports, seen(now(ports)))
    ports.gateway.refunded.append(Listed("ch_lost", NOON, OWNER, view))
    assert verdicts(reconcile(ports)) == {"ch_lost": Verdict.NOT_IN_LEDGER}


def test_what_a_person_looks_at_is_left_alone(ports: FakePorts) -> None:
    """The money is in the ledger, and the payment without its charge."""
    payment = pay(ports, Unknown())
    wrong = Money("USD", 1)
    answer = Succeeded(payment.intent or "", "ch_1", wrong, None, NOON)
    at_stripe(ports, seen(payment, "ch_1", money=wrong, answer=answer))
    assert verdicts(reconcile(ports)) == {"ch_1": Verdict.SETTLED_LATE}
    assert now(ports).state is State.REVIEW
    reconciliation.begin(DAY, "run-2", ports)
    drain(ports)
    assert (DAY, "run-2") not in ports.store.lines or ports.store.lines[DAY, "run-2"] == []


# What stops it


def charges(ports: FakePorts, count: int, a_page: int) -> None:
    """Many charges of one hour on both sides, a second apart, in pages as Stripe's."""
    payment = pay(ports)
    row = ports.store.ledger.pop(payment.charge or "")
    views = []
    for number in range(count):
        at = NOON + timedelta(seconds=number)
        views.append(seen(payment, f"ch_{number:04}", charged_at=at))
        ports.store.ledger[views[-1].charge] = replace(row, charge=views[-1].charge, charged_at=at)

    def listed(start: datetime, end: datetime) -> Stretch[Listed]:
        ports.gateway._call("charges", end.isoformat())
        inside = [v for v in reversed(views) if start <= v.charged_at < end]
        page = inside[:a_page]
        since = page[-1].charged_at if len(inside) > a_page else start
        return Stretch([Listed(v.charge, v.charged_at, OWNER, v) for v in page], since)

    ports.gateway.charges = listed  # type: ignore[method-assign]


def test_an_hour_goes_on_in_another_message_when_time_is_up(ports: FakePorts) -> None:
    charges(ports, 100, 10)
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    assert drain(ports, lambda: 40.0) > HOURS + 10
    assert head(ports).count("no differences\n") == 1
    assert "100 charges compared" in head(ports)


def test_trouble_at_stripe_goes_on_from_the_page_it_came_on(ports: FakePorts) -> None:
    charges(ports, 100, 10)
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    noon = ports.reconciliation_queue.sent[12]
    asked, real = 0, ports.gateway.charges

    def refused_once(start: datetime, end: datetime) -> Stretch[Listed]:
        nonlocal asked
        asked += 1
        if asked == 4:
            raise UnavailableError
        return real(start, end)

    ports.gateway.charges = refused_once  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        reconciliation.reconcile_hour(noon, ports, lambda: 200.0)
    assert ports.reconciliations.progress(noon).charges == 30
    drain(ports)
    assert "100 charges compared" in head(ports)
    # Ten pages and the refused one; the three before it were not asked for again.
    assert asked == HOURS - 1 + 11


def test_messages_that_come_twice_change_nothing(ports: FakePorts) -> None:
    charges(ports, 30, 10)
    ports.gateway.charge_views["ch_lost"] = seen(now(ports), "ch_lost", intent="pi_lost")
    lost = Listed("ch_lost", NOON, OWNER, ports.gateway.charge_views["ch_lost"])
    ports.gateway.refunded.append(lost)
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    messages = list(ports.reconciliation_queue.sent)
    drain(ports)
    text, lines = head(ports), list(ports.store.lines[DAY, RUN])
    for hour in messages:
        reconciliation.reconcile_hour(hour, ports, lambda: 200.0)
    assert (head(ports), ports.store.lines[DAY, RUN]) == (text, lines)
    assert len(lines) == 1


def test_of_two_copies_at_once_one_goes_on(ports: FakePorts) -> None:
    """The second copy reads the same page while the first one has not told its progress yet."""
    charges(ports, 30, 10)
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    noon = ports.reconciliation_queue.sent[12]
    real = ports.gateway.charges

    def twice(start: datetime, end: datetime) -> Stretch[Listed]:
        ports.gateway.charges = real  # type: ignore[method-assign]
        reconciliation.reconcile_hour(noon, ports, lambda: 200.0)
        return real(start, end)

    ports.gateway.charges = twice  # type: ignore[method-assign]
    drain(ports)
    assert "30 charges compared" in head(ports)


def test_a_day_begun_anew_leaves_the_messages_of_before_without_meaning(ports: FakePorts) -> None:
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    old = ports.reconciliation_queue.sent.copy()
    ports.reconciliation_queue.sent.clear()
    reconciliation.begin(DAY, "run-2", ports)
    calls = len(ports.gateway.calls)
    for hour in old:
        reconciliation.reconcile_hour(hour, ports, lambda: 200.0)
    assert len(ports.gateway.calls) == calls
    assert drain(ports) == HOURS
    assert "no differences\n" in head(ports)


# Night after night


def test_missed_nights_are_made_up_for_a_week(ports: FakePorts) -> None:
    ports.clock.at = NIGHT
    days = [DAY - timedelta(days=back) for back in range(6, -1, -1)]
    assert reconciliation.begin_new(RUN, ports) == days
    assert drain(ports) == 7 * HOURS
    assert reconciliation.begin_new("run-2", ports) == []
    ports.clock.forward(timedelta(days=1))
    assert reconciliation.begin_new("run-3", ports) == [DAY + timedelta(days=1)]


def test_a_day_that_is_not_complete_by_the_next_night_raises_the_alarm(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    lost = ports.reconciliation_queue.sent.pop(12)
    drain(ports)
    assert "23 of 24 hours done" in head(ports)
    # The schedule may come twice in a night; that is no news.
    assert DAY in reconciliation.begin_new("run-2", ports)
    assert "not complete" not in caplog.text
    ports.reconciliation_queue.sent.clear()
    ports.clock.forward(timedelta(days=1))
    reconciliation.begin_new("run-3", ports)
    assert "reconciliation is not complete" in caplog.text
    # Only what is left is asked for again, under the name of its run.
    assert [hour for hour in ports.reconciliation_queue.sent if hour.day == DAY] == [lost]
    drain(ports)
    assert head(ports).startswith("# Stripe and ledger on 2026-10-20: no differences\n")


def test_a_function_that_dies_before_it_says_so_leaves_no_day_open(ports: FakePorts) -> None:
    """All hours are done, and nobody has said that the day is."""
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    drain(ports)
    ports.store.runs[DAY] = replace(ports.store.runs[DAY], completed_at=None)
    reconciliation.begin_new("run-2", ports)
    drain(ports)
    run = ports.reconciliations.latest(DAY)
    assert run
    assert run.completed_at


def test_a_day_that_was_begun_before_it_was_over_is_begun_again(ports: FakePorts) -> None:
    ports.clock.at = NOON
    reconciliation.begin(DAY, "by-hand", ports)
    drain(ports)
    ports.clock.at = NIGHT
    assert DAY in reconciliation.begin_new(RUN, ports)
    run = ports.reconciliations.latest(DAY)
    assert run
    assert run.run == RUN


def test_a_day_to_come_is_refused(ports: FakePorts) -> None:
    with pytest.raises(InvalidInputError):
        reconciliation.begin(DAY + timedelta(days=1), RUN, ports)


def test_an_hour_has_its_own_charges_and_no_others(ports: FakePorts) -> None:
    payment = pay(ports)
    at_stripe(ports, seen(payment))
    ports.clock.at = NIGHT
    reconciliation.begin(DAY, RUN, ports)
    drain(ports)
    run = ports.reconciliations.latest(DAY)
    assert run
    hours = ports.reconciliations.hours(run)
    assert {number for number, progress in hours.items() if progress.charges} == {12}


def test_every_listing_is_gone_through_in_turn() -> None:
    listing, order = Listing.CHARGES, []
    while listing:
        order.append(listing)
        listing = listing.next  # type: ignore[assignment]
    assert order == list(Listing)


def test_a_row_of_another_hour_is_not_missed_where_the_index_is_late(ports: FakePorts) -> None:
    payment = pay(ports)
    at_stripe(ports, seen(payment))

    def late(start: datetime, _: datetime) -> Stretch[LedgerRow]:
        return Stretch([], start)

    class Ledger(type(ports.ledger)):  # type: ignore[misc]
        rows = staticmethod(late)

    class Ports(FakePorts):
        @property
        def ledger(self) -> Ledger:
            return Ledger(self.store)

    behind = Ports(store=ports.store, gateway=ports.gateway, clock=ports.clock)
    assert reconcile(behind) == []
