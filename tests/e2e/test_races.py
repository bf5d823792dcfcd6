"""Fifty people, cards, the business and automatic payment race for one invoice, over real HTTP."""

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from typing import Any

import pytest
from billfold.domain.autopay_message import Look
from billfold.domain.errors import BillfoldError
from billfold.domain.fact import Actor
from billfold.domain.invoice import Invoice, InvoiceStatus
from billfold.domain.invoice_change import ChangeState, InvoiceChange
from billfold.domain.money import Money
from billfold.entrypoints.problems import status_of
from billfold.services import autopay, invoice_changes, outbox

from tests.conftest import a_stack
from tests.e2e.racing import Answer, Process, Scene, Track, at_once
from tests.e2e.test_lambda_runtime import environment
from tests.proof.extent import COUNTED, PROVE, SHARE, WHOLE, share_of
from tests.proof.wishes import About, Wishes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600 if PROVE else 300)]
SEED = os.environ.get("BILLFOLD_SEED") or secrets.token_hex(4)
WORKERS = "7"
"""Beyond one a function, so that orders overlap inside the product and not only at its door."""
ROUNDS_OF_A_CUSTOMER = 20
CLIENTS, TWICE = 50, 10
NUMBERS = {"visa": "4242424242424242", "mastercard": "5555555555554444"}


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    state = tmp_path_factory.mktemp("races")
    with (
        a_stack(state, BILLFOLD_EXTRA_WORKERS=WORKERS) as stack,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in environment(stack, "reconcile").items():
            patch.setenv(name, value)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        track = Track(stack)
        yield track
        track.close()


@dataclass
class Round:
    """One race for one invoice."""

    scene: Scene
    invoice: dict[str, Any]
    chance: random.Random

    def order(self, racer: str, source: dict[str, str]) -> Callable[[], Answer]:
        """Give the act of a racer with an Idempotency-Key of their own."""
        return partial(self.scene.pay, self.invoice, source, self.key(racer))

    def key(self, racer: str) -> str:
        return f"{self.invoice['number']}-{racer}"

    @property
    def now(self) -> Invoice:
        ports = self.scene.track.ports
        return ports.invoices.get(self.scene.payer.customer_id, self.invoice["invoice_id"])


Act = Callable[[], Answer]
Play = Callable[[Round], Sequence[Answer]]
Source = Callable[[], dict[str, str]]


@dataclass
class Race:
    """All rounds of a race, with a fresh customer now and then; ``seen`` counts the answers."""

    name: str
    rounds: int
    allowed: set[str]
    say: Callable[[str], None]
    seen: Counter[str] = field(default_factory=Counter)

    def run(self, track: Track, begin: Callable[[Scene], Play]) -> None:
        """Play all rounds; ``begin`` makes what a customer keeps over theirs."""
        spent = 0.0
        for number in range(self.rounds):
            if number % ROUNDS_OF_A_CUSTOMER == 0:
                scene = track.scene()
                scene.issue(min(ROUNDS_OF_A_CUSTOMER, self.rounds - number))
                play = begin(scene)
            scene.stay_logged_in()
            began = time.monotonic()
            chance = random.Random(f"{SEED} {self.name} {number}")
            race = Round(scene, scene.invoices[number % ROUNDS_OF_A_CUSTOMER], chance)
            try:
                self._play(race, play)
                COUNTED["rounds"] += 1
            except Exception as error:
                error.add_note(f"{self.name}, round {number}: BILLFOLD_SEED={SEED} repeats it")
                raise
            spent += time.monotonic() - began
            if number % 10 == 9:
                self.say(f"{self.name}: {number + 1} of {self.rounds}, {dict(self.seen)}")
        self.say(f"{self.name}: {self.rounds / spent:.2f} rounds a second, BILLFOLD_SEED={SEED}")

    def _play(self, race: Round, play: Play) -> None:
        answers = list(play(race))
        told = Counter(answer.kind for answer in answers)
        assert told.keys() <= self.allowed, told
        assert race.scene.violations(race.invoice, answers) == [], told
        self.seen.update(told)
        if race.now.status is InvoiceStatus.OPEN:
            # Whoever won, nobody is kept from paying afterwards.
            seen = {**race.invoice, "amount_due": asdict(race.now.amount_due)}
            last = race.scene.pay(seen, race.scene.one_time(), race.key("afterwards"))
            assert last.kind == "201 succeeded", last
            answers.append(last)
            assert race.scene.violations(race.invoice, answers) == [], told
            self.seen["paid afterwards"] += 1
        self.seen[f"invoice {race.now.status.value}"] += 1


PAID = {"201 succeeded", "202 processing", "409 payment_in_progress", "409 invoice_not_payable"}


def test_fifty_clients_in_two_ways(track: Track, say: Callable[[str], None]) -> None:
    """Each with a key of their own, and some send it twice at once."""

    def begin(scene: Scene) -> Play:
        card = scene.payer.add_card()
        renew: tuple[Source, Source] = (partial(scene.stored, card), scene.one_time)
        sources = [renew[number % 2]() for number in range(CLIENTS)]

        def play(race: Round) -> list[Answer]:
            clients = [*range(CLIENTS), *range(TWICE)]
            race.chance.shuffle(clients)
            orders = [race.order(str(number), sources[number]) for number in clients]
            answers = at_once(orders, race.chance)
            winners = {n for n, answer in zip(clients, answers, strict=True) if answer.payment_id}
            assert len({answer.payment_id for answer in answers if answer.payment_id}) == 1
            assert len(winners) == 1
            for number in winners:
                # What has paid is used up; the others' were never sent to a bank.
                sources[number] = renew[number % 2]()
            return answers

        return play

    race = Race("fifty clients", share_of(300) if PROVE else 4, PAID, say)
    race.run(track, begin)
    assert race.seen["invoice paid"] == race.rounds
    assert race.seen["409 payment_in_progress"] + race.seen["409 invoice_not_payable"]


def test_pay_against_the_deletion_of_the_card(track: Track, say: Callable[[str], None]) -> None:
    """After a 204 no charge on the card starts, also not by its PaymentMethod."""

    def begin(scene: Scene) -> Play:
        cards: list[str] = []
        owner = scene.payer.customer_id

        def delete(race: Round, card: str, method: str, racer: str) -> Answer:
            status, body = scene.payer.call("DELETE", f"/v1/cards/{card}")
            answer = Answer(race.key(racer), status, body.get("code", ""))
            if status == 204:
                scene.removed[method] = scene.charges_on(method)
                after = scene.pay(race.invoice, scene.stored(card), race.key(f"{racer}-after"))
                assert after.denies, after
            return answer

        def play(race: Round) -> list[Answer]:
            if not cards:
                cards.append(scene.payer.add_card())
            [card] = cards
            method = track.ports.customers.wallet(owner).card(card).payment_method
            acts = [race.order(f"stored-{turn}", scene.stored(card)) for turn in range(5)]
            acts.append(race.order("one-time", scene.one_time()))
            acts.append(race.order("its-method", {"payment_method": method}))
            acts += [partial(delete, race, card, method, f"delete-{turn}") for turn in range(2)]
            answers = at_once(acts, race.chance, 0.15)
            if any(answer.status == 204 for answer in answers):
                cards.clear()
            if any(answer.code == "card_in_use" for answer in answers):
                assert any(payment.card_id == card for payment in scene.payments(race.invoice))
            return answers

        return play

    deletes = {"204", "409 card_in_use", "404 not_found"}
    race = Race(
        "card deleted", share_of(100) if PROVE else 3, PAID | deletes | {"422 source_unusable"}, say
    )
    race.run(track, begin)
    if WHOLE:
        assert race.seen["204"]
        assert race.seen["409 card_in_use"]


def test_pay_against_make_primary(track: Track, say: Callable[[str], None]) -> None:
    def begin(scene: Scene) -> Play:
        cards = [scene.payer.add_card(), scene.payer.add_card("5555555555554444")]

        def choose(race: Round, card: str) -> Answer:
            status, body = scene.payer.call("PUT", "/v1/primary-card", {"card_id": card})
            assert status != 200 or body["primary"], body
            return Answer("", status, body.get("code", ""))

        def play(race: Round) -> list[Answer]:
            acts = [race.order(f"pay-{n}", scene.stored(cards[n % 2])) for n in range(6)]
            acts += [partial(choose, race, cards[turn % 2]) for turn in range(4)]
            answers = at_once(acts, race.chance, 0.1)
            assert sum(card["primary"] for card in scene.payer.cards()) == 1
            return answers

        return play

    race = Race("made primary", share_of(100) if PROVE else 3, PAID | {"200"}, say)
    race.run(track, begin)
    assert race.seen["invoice paid"] == race.rounds


@pytest.mark.parametrize("amount", [None, 9900], ids=["void", "another amount"])
def test_pay_against_the_business(
    track: Track, say: Callable[[str], None], amount: int | None
) -> None:
    """Two of the business's commands at once, past the queue, beside people who pay."""
    clerks = [Process(Actor.BUSINESS) for _ in range(2)]

    def begin(scene: Scene) -> Play:
        card = scene.payer.add_card()

        def change(race: Round, clerk: Process) -> Answer:
            ids = (scene.payer.customer_id, race.invoice["invoice_id"])
            if amount:
                due = Money("USD", amount)
                act = partial(invoice_changes.change_amount, *ids, due, clerk)
            else:
                act = partial(invoice_changes.void, *ids, clerk)
            return changed(clerk, act)

        def play(race: Round) -> list[Answer]:
            acts = [race.order(f"stored-{turn}", scene.stored(card)) for turn in range(3)]
            acts += [race.order(f"once-{turn}", scene.one_time()) for turn in range(3)]
            acts += [partial(change, race, clerk) for clerk in clerks]
            answers = at_once(acts, race.chance, 0.15)
            if "change done" in {answer.code for answer in answers}:
                void = race.now.status is InvoiceStatus.VOID
                assert void if amount is None else race.now.amount_due.amount == amount
            return answers

        return play

    told = {f"0 change {state.value}" for state in ChangeState}
    told |= {"409 invoice_changing", "409 amount_changed"}
    race = Race(f"changed to {amount}", share_of(100) if PROVE else 3, PAID | told, say)
    race.run(track, begin)
    if WHOLE:
        assert race.seen["0 change done"]


def changed(ports: Process, act: Callable[[], InvoiceChange]) -> Answer:
    try:
        return Answer("", 0, f"change {act().state.value}")
    except BillfoldError as error:
        return Answer("", status_of(error), error.code)
    finally:
        outbox.flush(ports)


Rivals = Callable[[Round], list[Act]]


def against_people(scene: Scene) -> Rivals:
    return lambda race: [
        *[race.order(f"stored-{turn}", scene.stored(scene.cards[0])) for turn in range(3)],
        *[race.order(f"once-{turn}", scene.one_time()) for turn in range(3)],
    ]


def against_delete(scene: Scene) -> Rivals:
    def delete() -> Answer:
        status, body = scene.payer.call("DELETE", f"/v1/cards/{scene.cards[0]}")
        return Answer("", status, body.get("code", ""))

    return lambda _: [delete]


def against_make_primary(scene: Scene) -> Rivals:
    """One after the other, so that after each answer there is one card that may be charged."""

    def choose(race: Round) -> Answer:
        cards = scene.cards
        race.chance.shuffle(cards)
        return [scene.choose(card) for card in cards][-1]

    return lambda race: [partial(choose, race)]


def against_opt_out(scene: Scene) -> Rivals:
    return lambda _: [partial(scene.opt, enabled=False)]


def against_the_business(scene: Scene) -> Rivals:
    clerk = Process(Actor.BUSINESS)
    owner = scene.payer.customer_id
    return lambda race: [
        lambda: changed(
            clerk, partial(invoice_changes.void, owner, race.invoice["invoice_id"], clerk)
        )
    ]


@pytest.mark.parametrize(
    "rivals",
    [
        against_people,
        against_delete,
        against_make_primary,
        against_opt_out,
        against_the_business,
    ],
    ids=["people", "delete", "make primary", "opt out", "void"],
)
def test_automatic_payment_against(
    track: Track,
    say: Callable[[str], None],
    rivals: Callable[[Scene], Rivals],
    request: pytest.FixtureRequest,
) -> None:
    """The message comes four times, to two chargers at once; others do what they like."""
    chargers = [Process(Actor.AUTOPAY) for _ in range(2)]
    stated: list[Wishes] = []

    def begin(scene: Scene) -> Play:
        compete = rivals(scene)
        stated.append(scene.wishes)

        def look(race: Round, ports: Process) -> Answer:
            at = Look(
                scene.payer.customer_id,
                date.fromisoformat(race.invoice["due_on"]),
                "race",
                race.invoice["invoice_id"],
            )
            for _ in range(2):
                result = autopay.look(at, ports, lambda: 29.0)
                outbox.flush(ports)
            return Answer("", 0, f"autopay {result.outcome.value}")

        def play(race: Round) -> list[Answer]:
            for brand in {*NUMBERS} - {card["brand"] for card in scene.payer.cards()}:
                scene.payer.add_card(NUMBERS[brand])
            assert scene.opt(enabled=True).status == 200
            copies: list[Act] = [partial(look, race, ports) for ports in chargers]
            return at_once([*copies, *compete(race)], race.chance, 0.05)

        return play

    outcomes = {f"0 autopay {outcome.value}" for outcome in autopay.Outcome}
    told = {f"0 change {state.value}" for state in ChangeState} | {"409 invoice_changing"}
    allowed = PAID | outcomes | told | {"200", "204", "409 card_in_use", "404 not_found"}
    name = f"automatic payment against {request.node.callspec.id}"
    race = Race(name, share_of(100) if PROVE else 3, allowed, say)
    race.run(track, begin)
    if request.node.callspec.id in {"make primary", "opt out"}:
        # Else nothing was held against anybody.
        assert any(wishes.stated for wishes in stated)
    if SHARE == 1:
        # One round of a sample may end otherwise.
        assert race.seen["0 autopay charged"] + race.seen["0 autopay skipped"]


def test_a_second_charge_would_be_seen(track: Track) -> None:
    """The eyes that all races rely on: somebody charges the same invoice past our code."""
    scene = track.scene()
    scene.issue(1)
    [invoice] = scene.invoices
    answers = [scene.pay(invoice, scene.one_time(), "the-only-key")]
    assert scene.violations(invoice, answers) == []
    form = {
        "amount": "12050",
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "payment_method_types[]": "card",
        "confirm": "true",
        "metadata[billfold_customer_id]": scene.payer.customer_id,
        "metadata[billfold_invoice_id]": invoice["invoice_id"],
    }
    track.stripe.post("payment_intents", **form)
    found = scene.violations(invoice, answers)
    assert any("charged 2 times" in violation for violation in found), found
    assert any("is not in the ledger" in violation for violation in found), found


def test_a_charge_after_an_opt_out_would_be_seen(track: Track) -> None:
    """A customer was answered, and the product was never told."""
    scene = track.scene()
    scene.issue(1)
    [invoice] = scene.invoices
    scene.payer.add_card()
    assert scene.opt(enabled=True).status == 200
    with scene.wishes.asking(About.SETTING):
        pass
    charger = Process(Actor.AUTOPAY)
    at = Look(
        scene.payer.customer_id,
        date.fromisoformat(invoice["due_on"]),
        "race",
        invoice["invoice_id"],
    )
    assert autopay.look(at, charger, lambda: 29.0).outcome is autopay.Outcome.CHARGED
    outbox.flush(charger)
    found = scene.violations(invoice, [])
    assert any("after opting out was answered" in violation for violation in found), found
