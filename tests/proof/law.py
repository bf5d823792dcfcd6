"""What keeps the promises: the guards and the transition table; each can be taken away."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from billfold.domain.payment import TRANSITIONS, State, Step, Transition


@dataclass(frozen=True)
class Guards:
    """Everything besides the transition table that keeps the promises; each can be taken away."""

    # Conditions of the reservation.
    reserve_open: bool = True
    reserve_unlocked: bool = True
    reserve_epoch: bool = True
    reserve_n: bool = True
    reserve_amount: bool = True
    reserve_card: bool = True
    reserve_wish: bool = True
    reserve_request: bool = True
    # Conditions of every later step.
    step_last: bool = True
    step_epoch: bool = True
    step_lock: bool = True
    step_n: bool = True
    # Conditions of single steps.
    ahead_n: bool = True
    ahead_intent: bool = True
    ahead_wish: bool = True
    own_n: bool = True
    settle_intent: bool = True
    settle_open: bool = True
    settle_amount: bool = True
    settle_ledger: bool = True
    review_state: bool = True
    review_n: bool = True
    review_ledger: bool = True
    close_review: bool = True
    reflect_state: bool = True
    reflect_charge: bool = True
    reflect_refunded: bool = True
    reflect_disputed: bool = True
    # Conditions of a void and of another amount.
    begin_open: bool = True
    begin_unlocked: bool = True
    begin_epoch: bool = True
    begin_amount: bool = True
    begin_intent: bool = True
    finish_lock: bool = True
    finish_epoch: bool = True
    finish_open: bool = True
    finish_fencing: bool = True
    # Conditions of a new generation.
    generation_open: bool = True
    generation_unlocked: bool = True
    generation_epoch: bool = True
    generation_n: bool = True
    # The wallet.
    delete_version: bool = True
    # What the services do, in which order.
    delete_hold: bool = True
    review_invoice: bool = True
    review_last: bool = True
    ahead_before_confirm: bool = True
    intent_reused: bool = True
    create_key: bool = True
    doubt_keeps_lock: bool = True
    look_never_declines: bool = True
    refusal_is_looked_up: bool = True
    release_only_reserved: bool = True
    fence_cancels: bool = True
    fence_waits_for_word: bool = True
    fence_raises_epoch: bool = True
    settle_agrees: bool = True
    change_locks: bool = True
    change_fences: bool = True
    change_raises_epoch: bool = True
    restored_asks: bool = True
    restored_cancels: bool = True
    restored_settles: bool = True
    restored_raises_epoch: bool = True


GUARDS = tuple(guard.name for guard in fields(Guards))
CONDITIONS = GUARDS[: GUARDS.index("delete_version") + 1]
"""The guards that are conditions of single writes."""


@dataclass
class Law:
    """Guards and table, and a record of who refused: a set of guards for each refused write."""

    guards: Guards = Guards()
    table: Mapping[Step, Transition] = field(default_factory=lambda: TRANSITIONS)
    refusals: set[frozenset[str]] = field(default_factory=set)

    def allows(
        self,
        checks: Iterable[tuple[str, bool]],
        step: Step | None = None,
        source: State | None = None,
    ) -> bool:
        """Tell whether a write is done: every guard that is there says yes."""
        no = [name for name, holds in checks if not holds and getattr(self.guards, name)]
        if step is not None and source not in self.table[step].sources:
            no.append(entry(step, source))
        if no:
            self.refusals.add(frozenset(no))
        return not no

    def keeps(self, guard: str) -> bool:
        """Tell whether a guard is there, at a point where that decides what happens."""
        self.refusals.add(frozenset({guard}))
        return bool(getattr(self.guards, guard))


def entry(step: Step, source: State | None) -> str:
    """Name the guard that a step is not taken from a state."""
    return f"{step} not from {source}"


def widened(*entries: str) -> Mapping[Step, Transition]:
    """Copy the table without some of what it forbids."""
    return {
        step: Transition(
            kept.sources | {state for state in State if entry(step, state) in entries}, kept.target
        )
        for step, kept in TRANSITIONS.items()
    }


FORBIDDEN = tuple(
    entry(step, state)
    for step, transition in TRANSITIONS.items()
    for state in State
    if state not in transition.sources
)
"""Every entry of the table that forbids something."""
