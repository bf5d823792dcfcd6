"""Playing a cassette: what is sent for each exchange, and what kind of comparison comes of it."""

from typing import Any
from urllib.parse import unquote, urlencode

from local.stripe_emulator.errors import NOT_MODELED
from local.stripe_emulator.settings import PUBLISHABLE_KEY, SECRET_KEY
from local.stripe_emulator.tests.conformance.beginnings import Beginnings, CannotBeMadeError
from local.stripe_emulator.tests.conformance.recordings import Exchange
from local.stripe_emulator.tests.conformance.replay import Account, Kind, Outcome, translated

_TOO_LITTLE = "secret_key_required"
_WRONG_KEY = "sk_test_another"


def replay(cassette: list[Exchange]) -> list[Outcome]:
    """Replay what was recorded in one go."""
    accounts: dict[str | None, Account] = {}
    beginnings = Beginnings(cassette)
    return [
        _exchange(accounts.setdefault(one.account, Account()), beginnings, one) for one in cassette
    ]


def _exchange(account: Account, beginnings: Beginnings, asked: Exchange) -> Outcome:
    if asked.at is not None:
        account.set_clock(asked.at)
    encoded = urlencode(translated(asked))
    kind = Kind.COMPARED
    try:
        for identifier in account.unknown(f"{asked.path} {unquote(encoded)}"):
            if identifier not in account.ids and asked.found(identifier):
                beginnings.make(account, identifier, asked)
                kind = Kind.SEEDED
    except CannotBeMadeError:
        kind = Kind.NOT_MADE
    status, answer = account.send(
        asked.method,
        account.own(asked.path),
        account.own(encoded),
        _key(asked),
        asked.idempotency_key,
    )
    account.learn(asked.answer, answer)
    return Outcome(asked, _outside(asked, answer) or kind, status, answer)


def _key(asked: Exchange) -> str:
    if asked.status == 401:
        return _WRONG_KEY
    return PUBLISHABLE_KEY if asked.error.get("code") == _TOO_LITTLE else SECRET_KEY


def _outside(asked: Exchange, answer: Any) -> Kind | None:
    if answer.get("error", {}).get("code") == NOT_MODELED or not asked.path.startswith("/v1/"):
        return Kind.NOT_MODELED
    if asked.status == 403 and asked.error.get("code") != _TOO_LITTLE:
        return Kind.OTHER_KEY
    if asked.status in (409, 429) or asked.status >= 500:
        return Kind.MOMENT
    return None
