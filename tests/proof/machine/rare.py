"""What comes seldom by itself: money given back or disputed, and a table as it was before."""

from datetime import timedelta
from typing import Any

from billfold.domain.fact import Actor
from billfold.services import stripe_events
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.proof.crash.wire import in_silence
from tests.proof.machine.dashboard import Dashboard
from tests.proof.machine.stage import Stage
from tests.proof.machine.turns import Turns, begins, seldom, some

WHOLE = 0
PARTS = st.sampled_from([100, 400, WHOLE])
MONEY = ("payment_intent.succeeded", "charge.refunded", "charge.dispute")


class Rare(Dashboard):
    """There is a charge from the beginning, so that what needs one is never in vain."""

    @rule(which=some, amount=PARTS)
    def refund(self, which: int, amount: int) -> None:
        """Money is given back in Stripe's dashboard: a part, or all that is left."""
        charges = [c for c in self._undisputed() if _left(c) >= max(amount, 1)]
        if charges:
            charge = charges[which % len(charges)]
            rest = _left(charge)
            amount = amount or rest
            self.world.emulator.post("refunds", charge=charge["id"], amount=amount)
            Stage.seen["refunds"] += 1
            Stage.seen["refunds, whole" if amount == rest else "refunds, in part"] += 1

    @rule(which=some)
    def dispute(self, which: int) -> None:
        """The card's holder goes to the bank."""
        charges = self._undisputed()
        if charges:
            self.world.emulator.control("disputes", charge=charges[which % len(charges)]["id"])
            Stage.seen["disputes opened"] += 1

    @rule(which=some, result=st.sampled_from(["won", "lost"]))
    def decide(self, which: int, result: str) -> None:
        """The bank decides; where nothing is disputed, a dispute is opened first."""
        if not self._open_disputes():
            self.dispute(which)
        disputes = self._open_disputes()
        if disputes:
            dispute = disputes[which % len(disputes)]["id"]
            self.world.emulator.control(f"disputes/{dispute}", result=result)
            Stage.seen[f"disputes {result}"] += 1

    @begins(which=some, kind=st.sampled_from(MONEY))
    def money_event(self, then: Turns, which: int, kind: str) -> None:
        """An event comes about money that has moved, early, late, again or out of order."""
        events = [event for event in self.world.stripe.events() if event.type.startswith(kind)]
        if events:
            event = events[which % len(events)]
            name = f"event {event.type}"
            self._start(then, name, lambda ports: stripe_events.take(event, ports), Actor.STRIPE)

    @rule(seldom=seldom, takes=st.sampled_from([timedelta(minutes=20), timedelta(hours=25)]))
    def restore(self, seldom: int, takes: timedelta) -> None:
        """The table is restored to how it was; what is on its way arrives while nobody writes."""
        if seldom:
            return
        for process in self.running:
            self._run(process)
        while self.world.late:
            in_silence(self.world.late.pop(0))
        self.world.restore(takes=takes)
        Stage.seen["restores"] += 1

    def _undisputed(self) -> list[dict[str, Any]]:
        return [charge for charge in self.world.charges() if not charge["disputed"]]

    def _open_disputes(self) -> list[dict[str, Any]]:
        listed = self.world.emulator.get("/v1/disputes", limit=100)
        return [one for one in listed if one["status"] in {"needs_response", "under_review"}]


def _left(charge: dict[str, Any]) -> int:
    left: int = charge["amount"] - charge["amount_refunded"]
    return left
