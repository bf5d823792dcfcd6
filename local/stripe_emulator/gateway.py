"""From a request to its answer: key, route, parameters, idempotency, execution."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.stripe_emulator import clock, forms, parameters
from local.stripe_emulator.api_keys import is_publishable, read_key, require_access
from local.stripe_emulator.calls import Call, Endpoint
from local.stripe_emulator.errors import ApiError, error_object, invalid_request, not_modeled
from local.stripe_emulator.expansion import expand
from local.stripe_emulator.idempotency import (
    Stored,
    check_key,
    fingerprint,
    recall,
    remember,
)
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.in_use import InUse, key_in_use, object_in_use
from local.stripe_emulator.intents import public_view
from local.stripe_emulator.routing import find_endpoint
from local.stripe_emulator.settings import API_VERSION, Settings
from local.stripe_emulator.store import Store, Transaction

SERVER_ERROR = {
    "error": error_object("api_error", "Sorry! There was an error while talking to one of our "
                          "backends.")
}  # fmt: skip


@dataclass(frozen=True)
class Incoming:
    """A request as it arrived."""

    method: str
    path: str
    encoded: str
    authorization: str | None = None
    idempotency_key: str | None = None
    base_url: str = ""
    # `Stripe-Version`; without it the account's own counts, which is the emulator's.
    version: str | None = None
    # `Stripe-Account`: a connected account, of which there is none.
    account: str | None = None
    id: str = field(default_factory=lambda: new_id("req", 14))


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    body: str
    replay_of: str | None = None
    key_kind: str | None = None


@dataclass(frozen=True)
class _Request:
    """A request that was authorized and whose parameters are in order."""

    incoming: Incoming
    endpoint: Endpoint
    path: dict[str, str]
    params: dict[str, Any]
    raw: dict[str, Any]
    key: str | None
    publishable: bool

    def changes(self) -> set[str]:
        """Tell which objects the request changes, as far as it names them."""
        if self.incoming.method == "GET":
            return set()
        refunded = (self.params.get(name) for name in ("charge", "payment_intent"))
        return {*self.path.values(), *(one for one in refunded if one)}


def _require_version(version: str | None) -> None:
    if version not in (None, API_VERSION):
        raise invalid_request(
            f"Invalid Stripe API version: {version}. This emulator speaks {API_VERSION} and no "
            "other: another version is modeled before it is used."
        )


def _given(key: str | None) -> tuple[str, ...]:
    return () if key is None else (key,)


class Gateway:
    """Answers requests, each in a transaction of its own."""

    def __init__(self, store: Store, settings: Settings, after_commit: Callable[[], None]) -> None:
        self._store = store
        self._settings = settings
        self._after_commit = after_commit
        self._keys = InUse(key_in_use)
        self._objects = InUse(object_in_use)

    def answer(self, incoming: Incoming, *, break_answer: bool = False) -> Answer:
        """Answer a request.

        Parameters
        ----------
        break_answer
            The request is executed, and its answer, also the one kept for its idempotency key, is
            a 500.
        """
        key_kind = None
        try:
            request = self._understand(incoming)
            key_kind = "publishable" if request.publishable else "secret"
            with (
                self._keys.held(*_given(request.key)),
                self._objects.held(*request.changes()),
                self._store.transaction() as tx,
            ):
                answer = self._execute(tx, request, break_answer=break_answer)
        except ApiError as error:
            return Answer(error.status, json.dumps(error.body), key_kind=key_kind)
        self._after_commit()
        return answer

    @contextmanager
    def held(self, incoming: Incoming) -> Iterator[None]:
        """Have the idempotency key of a request in use, without answering it."""
        with self._keys.held(*_given(incoming.idempotency_key)):
            yield

    def _understand(self, incoming: Incoming) -> _Request:
        raw = forms.decode(incoming.encoded)
        in_form = raw.pop("key", None)
        key = read_key(incoming.authorization, in_form if isinstance(in_form, str) else None)
        publishable = is_publishable(key, self._settings)
        _require_version(incoming.version)
        if incoming.account is not None:
            raise not_modeled("Stripe-Account")
        endpoint, path = find_endpoint(incoming.method, incoming.path)
        require_access(endpoint.access, publishable=publishable)
        params = parameters.read(endpoint.accepts, raw)
        idempotency_key = incoming.idempotency_key if incoming.method == "POST" else None
        check_key(idempotency_key)
        return _Request(incoming, endpoint, path, params, raw, idempotency_key, publishable)

    def _execute(self, tx: Transaction, request: _Request, *, break_answer: bool) -> Answer:
        incoming, key = request.incoming, request.key
        now = int(clock.now(tx))
        kind = "publishable" if request.publishable else "secret"
        mark = ""
        if key is not None:
            secret = bytes.fromhex(tx.fact("fingerprint_key", ""))
            mark = fingerprint(secret, kind, incoming.method, incoming.path, request.raw)
            stored = recall(tx, key, mark, now)
            if stored is not None:
                return Answer(stored.status, stored.body, stored.request_id, kind)
        status, body, executed = self._run(tx, request, now)
        if break_answer and executed:
            status, body = 500, SERVER_ERROR
        text = json.dumps(public_view(body) if request.publishable else body)
        if key is not None and executed:
            remember(tx, key, mark, now, Stored(status, text, incoming.id))
        return Answer(status, text, key_kind=kind)

    def _run(
        self, tx: Transaction, request: _Request, now: int
    ) -> tuple[int, dict[str, Any], bool]:
        call = Call(
            tx=tx,
            settings=self._settings,
            now=now,
            request_id=request.incoming.id,
            params=request.params,
            path=request.path,
            idempotency_key=request.key,
            publishable=request.publishable,
            base_url=request.incoming.base_url,
        )
        declined: ApiError | None = None
        body: dict[str, Any] = {}
        try:
            with tx.attempt():
                try:
                    body = request.endpoint.handler(call)
                    body = expand(tx, body, request.params.get("expand", []))
                except ApiError as error:
                    if not error.commit:
                        raise
                    # A decline stays: leave the block without undoing it.
                    declined = error
        except ApiError as error:
            return error.status, error.body, error.executed
        if declined is not None:
            return declined.status, declined.body, True
        return 200, body, True
