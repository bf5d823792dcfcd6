"""Replaying recordings on the emulator: in order, with the ids that it gives in place of Stripe's.

Each account of a cassette is an emulator of its own, whose clock stands at the time of the
recording. What a recording does not tell is put in its place, and only that:

- its key is not recorded: where Stripe called it invalid, a wrong one is sent;
- its version may be another: the pinned one is sent, and `translated` says in its words what the
  older one meant;
- objects may be older than the recording: `Beginnings` makes them by the emulator's own routes
  before the first request that does something to them, and such exchanges are counted apart.
"""

import json
import re
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local.stripe_emulator.gateway import Gateway, Incoming
from local.stripe_emulator.settings import API_VERSION, SECRET_KEY, Settings
from local.stripe_emulator.store import Store
from local.stripe_emulator.tests.conformance.recordings import Exchange

_ID = re.compile(r"\b(?:cus|pm|pi|seti|ch|py|re|du|dp|tok|card|src|evt)_[A-Za-z0-9]{10,}\b")
_ANY_ID = re.compile(r"[a-z]{2,8}_[A-Za-z0-9_]{6,}")
_TEST_NAMES = re.compile(r"\b(?:pm_card|tok)_[a-z]\w*")
_FIELDS = ("type", "code", "decline_code", "param")
# Fields that say in which state an object is.
STATE = (
    "amount",
    "amount_capturable",
    "amount_captured",
    "amount_received",
    "amount_refunded",
    "captured",
    "currency",
    "deleted",
    "disputed",
    "object",
    "paid",
    "refunded",
    "status",
)


class Kind(Enum):
    """How an exchange was compared."""

    COMPARED = "compared"
    # With objects that are older than the recording, made here first.
    SEEDED = "compared, after objects older than the recording were made"
    # The emulator says itself that it does not model this.
    NOT_MODELED = "outside: not modeled (501)"
    # About an object that only what is not modeled could have made.
    NOT_MADE = "outside: about an object of what is not modeled"
    # Stripe refused for a key or an account that is not recorded.
    OTHER_KEY = "outside: refused for the key's or the account's rights"
    # Two requests at once, too many, or a fault.
    MOMENT = "outside: of the moment (409, 429, 500)"


@dataclass(frozen=True)
class Outcome:
    """What became of an exchange."""

    exchange: Exchange
    kind: Kind
    status: int
    answer: Any

    @property
    def outside(self) -> bool:
        """Whether the emulator does not claim to answer this."""
        return self.kind not in (Kind.COMPARED, Kind.SEEDED)

    @property
    def same_status(self) -> bool:
        """Whether the statuses are equal."""
        return self.status == self.exchange.status

    @property
    def is_error(self) -> bool:
        """Whether Stripe answered with an error."""
        return self.exchange.status >= 400

    @property
    def same_error(self) -> bool:
        """Whether type, code, decline code and parameter are equal; none and empty are one."""
        return self.same_status and _error(self.answer) == _error(self.exchange.answer)

    def state_differs_in(self) -> dict[str, tuple[Any, Any]]:
        """Give the fields of the state that differ: Stripe's value and the emulator's."""
        recorded, ours = self.exchange.answer, self.answer
        if not (isinstance(recorded, dict) and isinstance(ours, dict)):
            return {}
        return {
            name: (recorded[name], ours[name])
            for name in STATE
            if name in recorded and name in ours and recorded[name] != ours[name]
        }

    def __str__(self) -> str:
        """Say what was asked and how the answers differ."""
        asked, error = self.exchange, _error(self.answer)
        return (
            f"{asked.name}: {asked.method} {asked.path} {asked.version}: Stripe {asked.status} "
            f"{_error(asked.answer)}, emulator {self.status} {error}"
        )


def _error(answer: Any) -> tuple[str | None, ...]:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return (None,) * len(_FIELDS)
    return tuple(error.get(name) or None for name in _FIELDS)


@dataclass
class Account:
    """An emulator, and Stripe's ids with those that it gave in their place."""

    store: Store = field(default_factory=lambda: Store(":memory:"))
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start."""
        with self.store.transaction() as tx:
            tx.set_fact("fingerprint_key", "00" * 32)
        self._gateway = Gateway(self.store, Settings(confirm_limit=10**6), lambda: None)

    def set_clock(self, at: float) -> None:
        """Let it be the time of the recording."""
        with self.store.transaction() as tx:
            tx.set_fact("clock_offset", str(at - time.time()))

    def send(
        self,
        method: str,
        path: str,
        encoded: str = "",
        key: str = SECRET_KEY,
        idempotency_key: str | None = None,
    ) -> tuple[int, Any]:
        """Ask the emulator, with its own ids."""
        answer = self._gateway.answer(
            Incoming(
                method,
                path,
                encoded,
                f"Bearer {key}",
                idempotency_key,
                version=API_VERSION,
            )
        )
        return answer.status, json.loads(answer.body)

    def ask(self, method: str, path: str, **form: Any) -> Any:
        """Ask for what has to succeed."""
        status, answer = self.send(method, path, urlencode(form))
        assert status == 200, answer
        return answer

    def own(self, text: str) -> str:
        """Put the emulator's ids in place of Stripe's."""
        return _ANY_ID.sub(lambda found: self.ids.get(found[0], found[0]), text)

    def learn(self, recorded: Any, ours: Any) -> None:
        """Note which id stands where Stripe's stood."""
        if isinstance(recorded, dict) and isinstance(ours, dict):
            # Before 2022-11-15 an intent had all its charges.
            charges = (recorded.get("charges") or {}).get("data")
            if charges and isinstance(ours.get("latest_charge"), str):
                self.learn(charges[0]["id"], ours["latest_charge"])
            for name in recorded.keys() & ours.keys():
                self.learn(recorded[name], ours[name])
        elif isinstance(recorded, list) and isinstance(ours, list):
            for one, other in zip(recorded, ours, strict=False):
                self.learn(one, other)
        elif isinstance(recorded, str) and isinstance(ours, str):
            prefix = recorded.partition("_")[0]
            if _ANY_ID.fullmatch(recorded) and ours.startswith(f"{prefix}_"):
                self.ids.setdefault(recorded, ours)

    def unknown(self, text: str) -> list[str]:
        """Give Stripe's ids that this account has not seen."""
        without_names = _TEST_NAMES.sub("", text)
        return [found for found in _ID.findall(without_names) if found not in self.ids]


def translated(exchange: Exchange) -> list[tuple[str, str]]:
    """Give the parameters in the words of the pinned version."""
    given = parse_qsl(exchange.encoded, keep_blank_values=True)
    names = {name.partition("[")[0] for name, _ in given}
    if exchange.version < "2025-03-31":
        # Payments had an invoice until then.
        given = [
            (name, value)
            for name, value in given
            if not (name.startswith("expand[") and value.split(".")[0] in ("invoice", "charges"))
        ]
    makes_intent = exchange.method == "POST" and exchange.path in (
        "/v1/payment_intents",
        "/v1/setup_intents",
    )
    chosen = {"payment_method_types", "automatic_payment_methods"} & names
    if makes_intent and exchange.version < "2023-08-16" and not chosen:
        # Cards were the default; since then it is whatever the dashboard allows.
        given.append(("payment_method_types[]", "card"))
    return given
