"""States in which each write of the protocol is tried, in the model and in the product alike.

Each write has scenes in which all its conditions hold, one for each state that the table allows.
From there every attribute that a condition may look at is set to every other of its few values: one
at a time, and in pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice
from typing import Any, Final, NamedTuple

from billfold.domain.payment import TRANSITIONS, State, Step

from tests.proof import writes
from tests.proof.law import Law
from tests.proof.world import Change, Intent, Invoice, Payment, World, lock_of


class Scene(NamedTuple):
    """A world, and a write with what it was decided on; payment 0 is the one that is written."""

    kind: str
    world: World
    was: Payment
    n: int = 2
    intent: int = 0
    change: Change = Change("void", 1, 1, 0)
    told: str = ""

    def in_model(self, law: Law) -> World | None:
        """Give the world after the model's write; None if it was refused."""
        after: World | None = _MODEL[self.kind](self, law)
        return after


NEXT: Final = 3
"""The generation that is begun after Stripe was asked."""
_STEPS: Final = {
    "write ahead": Step.WRITE_AHEAD,
    "doubt": Step.DOUBT,
    "action": Step.ACTION,
    "settle": Step.SETTLE,
    "decline": Step.DECLINE,
    "refuse": Step.REFUSE,
    "release": Step.RELEASE,
    "release, next epoch": Step.RELEASE,
    "fence": Step.FENCE,
    "review": Step.REVIEW,
    "review of money": Step.REVIEW,
    "close": Step.CLOSE,
    "close without lock": Step.CLOSE,
}
_MODEL: Final[Mapping[str, Any]] = {
    "reserve": lambda s, law: writes.reserve(s.world, law, 0, s.was, n=s.n),
    "write ahead": lambda s, law: writes.write_ahead(
        s.world, law, 0, s.was, intent=s.intent, n=s.n
    ),
    "doubt": lambda s, law: writes.doubt_or_action(s.world, law, Step.DOUBT, 0, s.was),
    "action": lambda s, law: writes.doubt_or_action(s.world, law, Step.ACTION, 0, s.was),
    "settle": lambda s, law: writes.settle(s.world, law, 0, s.was, intent=s.intent),
    "decline": lambda s, law: writes.decline(s.world, law, 0, s.was),
    "refuse": lambda s, law: _end(s, law, Step.REFUSE),
    "release": lambda s, law: _end(s, law, Step.RELEASE),
    "release, next epoch": lambda s, law: _end(s, law, Step.RELEASE, raise_epoch=True),
    "fence": lambda s, law: _end(s, law, Step.FENCE, raise_epoch=True),
    "review": lambda s, law: writes.review(s.world, law, 0, s.was),
    "review of money": lambda s, law: writes.review(s.world, law, 0, s.was, intent=s.intent),
    "close": lambda s, law: writes.close(s.world, law, 0, s.was),
    "close without lock": lambda s, law: writes.close(s.world, law, 0, s.was),
    "reflect": lambda s, law: writes.reflect(s.world, law, 0, s.was, refunded=1, disputed=True),
    "begin generation": lambda s, law: writes.begin_generation(
        s.world, law, NEXT, epoch=s.was.epoch, n=s.n, recorded=False
    ),
    "begin generation, recorded": lambda s, law: writes.begin_generation(
        s.world, law, NEXT, epoch=s.was.epoch, n=s.n, recorded=True
    ),
    "delete card": lambda s, law: writes.delete_card(s.world, law),
    "begin change": lambda s, law: writes.begin(s.world, law, s.change),
    "finish void": lambda s, law: writes.finish(s.world, law, 0),
    "finish amount": lambda s, law: writes.finish(s.world, law, 0),
    "refuse change": lambda s, law: writes.refuse(s.world, law, 0),
}
KINDS: Final = tuple(_MODEL)


def _end(s: Scene, law: Law, step: Step, *, raise_epoch: bool = False) -> World | None:
    return writes.end(s.world, law, step, 0, s.was, raise_epoch=raise_epoch)


# Scenes in which all conditions hold.

_BEGINNING = frozenset(
    {"reserve", "begin change", "delete card", "begin generation", "begin generation, recorded"}
)
_DECLINED = Payment(State.DECLINED, 1, 1, 1, 0)
_INTENTS = (Intent(1, 1), Intent(0, 1))


def granted(kind: str) -> Iterator[Scene]:
    """Give the scenes of a write in which all its conditions hold."""
    if kind in _STEPS:
        step = _STEPS[kind]
        for state in sorted(TRANSITIONS[step].sources):
            was = Payment(state, 1, 1, 2, 0)
            invoice = Invoice("paying", 1, 1, 0, 2, 0, 0, was)
            if kind == "close without lock":
                invoice = invoice._replace(status="void", lock=None)
            world = World(invoice, (was, _DECLINED), holds=frozenset({0}), intents=_INTENTS)
            # A confirm that is written ahead is the next one.
            scene = Scene(kind, world, was, 3 if step is Step.WRITE_AHEAD else 2, told=state)
            # An automatic payment has one condition more.
            yield _source(scene, "", "automatic") if step is Step.WRITE_AHEAD else scene
    elif kind in _BEGINNING:
        payments = (None, _DECLINED._replace(n=2))
        invoice = Invoice("open", 1, 1, 0, 2, None, 1, payments[1])
        world = World(invoice, payments, intents=_INTENTS)
        scene = Scene(kind, world, Payment(State.RESERVED, 1, 1))
        yield scene
        if kind == "reserve":
            yield _source(scene, "", "automatic")
    elif kind == "reflect":
        was = Payment(State.SUCCEEDED, 1, 1, 2, 0)
        invoice = Invoice("paid", 0, 1, 0, 2, None, 0, was)
        yield Scene(kind, World(invoice, (was, _DECLINED), intents=_INTENTS), was)
    else:
        change = Change(kind.removeprefix("finish ").replace("refuse change", "void"), 1, 1, 0)
        invoice = Invoice("open", 1, 1, 0, 2, lock_of(0), 1, _DECLINED)
        world = World(invoice, (None, _DECLINED), (change,), intents=_INTENTS)
        yield Scene(kind, world, Payment(State.RESERVED, 1, 1))


# What is changed about them.

_VALUES: Final[Mapping[str, Sequence[Any]]] = {
    "invoice.status": ("open", "paying", "paid", "void"),
    "invoice.lock": (None, 0, 1, -1, -2),
    "invoice.epoch": (0, 1, 2),
    "invoice.n": (0, 1, 2, 3),
    "invoice.intent": (None, 0, 1),
    "invoice.due": (0, 1, 2),
    "invoice.last": (None, 0, 1),
    "copy.state": tuple(State),
    "copy.n": (0, 1, 2),
    "own.state": tuple(State),
    "own.n": (0, 1, 2),
    "own.intent": (0, 1),
    "own.refunded": (0, 1),
    "own.disputed": (True, False),
    "own": (Payment(State.RELEASED, 1, 1),),
    "was.state": tuple(State),
    "was.n": (0, 1, 2),
    "payment.state": tuple(State),
    "payment.epoch": (0, 1),
    "payment.money": (1, 2),
    "source": ("stored", "one-time", "automatic"),
    "world.card": (True, False),
    "world.autopay": (True, False),
    "world.primary": (True, False),
    "world.touched": (True, False),
    "world.holds": (frozenset(), frozenset({0}), frozenset({0, 1})),
    "world.ledger": (frozenset(), frozenset({0}), frozenset({1})),
    "world.recorded": (True, False),
    "charged": (1, 2),
    "n": (2, 3, 4),
    "intent": (0, 1),
    "change.what": ("void", "amount"),
    "change.epoch": (0, 1),
    "change.due": (1, 2),
    "change.intent": (None, 0, 1),
    "changes.state": ("fencing", "done", "refused"),
}


_ONLY: Final[Mapping[str, frozenset[str]]] = {
    # A card that is held is there.
    "world.card": frozenset({"reserve"}),
    "own": frozenset({"reserve"}),
    # An intent never changes once it is bound, and only a charge is refunded.
    "own.intent": frozenset({"reflect"}),
    "own.refunded": frozenset({"reflect"}),
    "own.disputed": frozenset({"reflect"}),
    "was.state": frozenset({*_STEPS, "reflect"}),
    "payment.state": frozenset({*_STEPS, "reflect"}),
    "change": frozenset({"begin change"}),
    "changes": frozenset({"finish void", "finish amount", "refuse change"}),
}
"""The writes for which alone an attribute can have another value."""


def _may_vary(kind: str, name: str) -> bool:
    if kind == "delete card" and name in {"world.holds", "world.autopay", "world.primary"}:
        # They are as they were read, or the wallet was touched.
        return False
    if kind == "reflect" and name in {"own.n", "was.n"}:
        # Of a charge, which belongs to one confirm.
        return False
    only = _ONLY.get(name) or _ONLY.get(name.partition(".")[0], frozenset(KINDS))
    return kind in (frozenset(KINDS) if name.startswith("own.") and name not in _ONLY else only)


def with_one(kind: str, *, step: int = 1) -> Iterator[Scene]:
    """Give every scene of a write with at most one attribute changed.

    With a ``step`` the first state that the table allows has them all, the others their share.
    """
    for number, scene in enumerate(granted(kind)):
        yield scene
        changed = (changed for _, changed in _changed(scene))
        share = kind in _STEPS and number
        yield from islice(changed, number % step, None, step) if share else changed


def with_two(kind: str) -> Iterator[Scene]:
    """Give the first scene of a write with two attributes changed, in every way."""
    scene = next(granted(kind))
    for (one, _), (two, _) in combinations(_changed(scene), 2):
        if one[0] != two[0]:
            first = _set(scene, *one)
            both = _set(first, *two) if first else None
            if both and both != first:
                yield both


def _changed(scene: Scene) -> Iterator[tuple[tuple[str, Any], Scene]]:
    for name, values in _VALUES.items():
        for value in values if _may_vary(scene.kind, name) else ():
            changed = _set(scene, name, value)
            if changed and changed[1:-1] != scene[1:-1]:
                yield (name, value), changed


def _set(scene: Scene, name: str, value: Any) -> Scene | None:
    """Set an attribute; None where there is nothing that could have it."""
    whole, _, part = name.partition(".")
    changed: Scene | None = _SETTERS.get(name, _SETTERS[whole])(scene, part, value)
    return changed._replace(told=f"{scene.told}, {name}={value}") if changed else None


def _in_world(scene: Scene, **changes: Any) -> Scene:
    return scene._replace(world=scene.world._replace(**changes))


def _last(scene: Scene, _: str, value: int | None) -> Scene:
    """Let the copy be of another payment; all else in it stays."""
    invoice = scene.world.invoice
    copy = None if value is None else invoice.copy
    return _in_world(scene, invoice=invoice._replace(last=value if copy else None, copy=copy))


def _copy(scene: Scene, part: str, value: Any) -> Scene | None:
    invoice = scene.world.invoice
    if invoice.copy is None:
        return None
    copy = invoice.copy._replace(**{part: value})
    return _in_world(scene, invoice=invoice._replace(copy=copy))


def _own(scene: Scene, part: str, value: Any) -> Scene | None:
    own, *others = scene.world.payments
    if part and own is None:
        return None
    own = own._replace(**{part: value}) if own and part else value
    return _in_world(scene, payments=(own, *others))


def _payment(scene: Scene, part: str, value: Any) -> Scene:
    """Set something of payment 0: as it is, as it was read, and in the copy."""
    was = scene.was._replace(**{part: value})
    scene = _own(scene, part, value) or scene
    if scene.world.invoice.last == 0:
        scene = _copy(scene, part, value) or scene
    return scene._replace(was=was)


def _card(scene: Scene, _: str, value: Any) -> Scene:
    # The primary card is in the wallet.
    return _in_world(scene, card=value, primary=value and scene.world.primary)


def _primary(scene: Scene, _: str, value: Any) -> Scene | None:
    return _in_world(scene, primary=value) if scene.world.card or not value else None


def _changes(scene: Scene, part: str, value: Any) -> Scene | None:
    changes = tuple(change._replace(**{part: value}) for change in scene.world.changes)
    return _in_world(scene, changes=changes) if changes else None


def _charged(scene: Scene, _: str, value: Any) -> Scene:
    intents = tuple(intent._replace(amount=value) for intent in scene.world.intents)
    return _in_world(scene, intents=intents)


def _source(scene: Scene, _: str, value: Any) -> Scene:
    """Let payment 0 be one with the stored card, with another, or an automatic one."""
    scene = _payment(scene, "stored", value != "one-time")
    scene = _payment(scene, "automatic", value == "automatic")
    if value == "one-time":
        return _in_world(scene, holds=scene.world.holds - {0})
    return scene


_SETTERS: Final[Mapping[str, Any]] = {
    "invoice.last": _last,
    "invoice": lambda s, part, to: _in_world(s, invoice=s.world.invoice._replace(**{part: to})),
    "copy": _copy,
    "own": _own,
    "was": lambda s, part, to: s._replace(was=s.was._replace(**{part: to})),
    "payment": _payment,
    "source": _source,
    "world.card": _card,
    "world.primary": _primary,
    "world": lambda s, part, to: _in_world(s, **{part: to}),
    "charged": _charged,
    "n": lambda s, _, to: s._replace(n=to),
    "intent": lambda s, _, to: s._replace(intent=to),
    "change": lambda s, part, to: s._replace(change=s.change._replace(**{part: to})),
    "changes": _changes,
}
