"""The control routes: what tests and developers do that Stripe's API has no route for."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.stripe_emulator import authentication, clock, faults, later_events, request_log
from local.stripe_emulator.api_app import ApiApp
from local.stripe_emulator.calls import Call, JsonObject, unrequested
from local.stripe_emulator.disputes import REASONS
from local.stripe_emulator.errors import ApiError
from local.stripe_emulator.settings import API_VERSION, Settings
from local.stripe_emulator.store import Store, Transaction
from local.stripe_emulator.webhooks import Courier

_LONGEST_STEP = 100 * 366 * 24 * 3600
_Number = TypeVar("_Number", int, float)


class BadControlError(Exception):
    """A control call that makes no sense."""


class Control:
    """The handlers, on the parts they steer."""

    def __init__(self, store: Store, settings: Settings, api: ApiApp, courier: Courier) -> None:
        self._store = store
        self._settings = settings
        self._api = api
        self._courier = courier

    def routes(self) -> list[Route]:
        """Give the routes, relative to /_control."""
        return [
            Route("/health", self._health),
            Route("/reset", self._reset, methods=["POST"]),
            Route("/clock", self._clock, methods=["GET", "POST"]),
            Route("/faults", self._faults, methods=["GET", "POST", "DELETE"]),
            Route("/faults/release", self._release, methods=["POST"]),
            Route("/requests", self._requests, methods=["GET", "DELETE"]),
            Route("/charges", self._charges),
            Route("/webhooks", self._webhooks, methods=["GET", "POST"]),
            Route("/3ds/{intent}", self._authenticate, methods=["POST"]),
            Route("/disputes", self._dispute, methods=["POST"]),
            Route("/disputes/{id}", self._decide_dispute, methods=["POST"]),
            Route("/refunds/{id}", self._decide_refund, methods=["POST"]),
            Route("/payment_methods/{id}/update", self._update_card, methods=["POST"]),
            Route("/objects/{id}", self._object),
        ]

    async def _health(self, _: Request) -> JSONResponse:
        def read(tx: Transaction) -> JsonObject:
            return {"status": "ok", "now": int(clock.now(tx)), "api_version": API_VERSION}

        return await self._do(read)

    async def _reset(self, _: Request) -> JSONResponse:
        await self._api.release_late()
        await run_in_threadpool(self._store.forget)
        self._courier.reset()
        return JSONResponse({"status": "ok"})

    async def _clock(self, request: Request) -> JSONResponse:
        given = await _body(request) if request.method == "POST" else {"advance": 0}
        seconds = given.get("advance")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST_STEP:
            raise BadControlError("send {'advance': seconds}; the clock only goes forward")
        answer = await self._do(lambda tx: {"now": int(clock.advance(tx, seconds))})
        self._courier.wake()
        return answer

    async def _faults(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            given = await _body(request)
            try:
                arguments = (
                    str(given.get("method", "*")),
                    str(given["path"]),
                    faults.Kind(str(given["kind"])),
                    _at_least(1, min(int(given.get("count", 1)), 1_000_000)),
                    _at_least(0, float(given.get("seconds", 30))),
                )
            except (KeyError, TypeError, ValueError) as error:
                kinds = ", ".join(kind.value for kind in faults.Kind)
                raise BadControlError(
                    f"send {{'path', 'kind', 'method', 'count', 'seconds'}}; kinds: {kinds}"
                ) from error
            return await self._do(lambda tx: faults.arm(tx, *arguments).as_json())
        if request.method == "DELETE":
            await run_in_threadpool(self._change, faults.disarm)
        late = self._api.late
        return await self._do(
            lambda tx: {"data": [fault.as_json() for fault in faults.armed(tx)], "late": late}
        )

    async def _release(self, _: Request) -> JSONResponse:
        return JSONResponse({"released": await self._api.release_late()})

    async def _requests(self, request: Request) -> JSONResponse:
        if request.method == "DELETE":
            await run_in_threadpool(self._change, request_log.clear)
        filters = dict(request.query_params)
        return await self._do(lambda tx: {"data": request_log.read(tx, filters)})

    async def _charges(self, _: Request) -> JSONResponse:
        def read(tx: Transaction) -> JsonObject:
            records = tx.select("kind = 'charge'", (), "ORDER BY seq")
            return {"data": [record.body for record in records]}

        return await self._do(read)

    async def _webhooks(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            given = await _body(request)
            try:
                self._courier.switch(given)
            except (TypeError, ValueError) as error:
                raise BadControlError(
                    "send {'copies': 2, 'delay': 60, 'reorder': true, 'paused': true}, or some"
                ) from error
        return JSONResponse(await run_in_threadpool(self._courier.report))

    async def _authenticate(self, request: Request) -> JSONResponse:
        result = await _result(request, authentication.COMPLETE, authentication.FAIL)
        intent = request.path_params["intent"]
        return await self._happen(request, lambda c: authentication.finish(c, intent, result))

    async def _dispute(self, request: Request) -> JSONResponse:
        given = await _body(request)
        if given.get("reason", "fraudulent") not in REASONS or "charge" not in given:
            raise BadControlError(f"send {{'charge', 'reason', 'inquiry'}}; reasons: {REASONS}")
        return await self._happen(request, lambda c: later_events.dispute(c, given))

    async def _decide_dispute(self, request: Request) -> JSONResponse:
        result = await _result(request, "won", "lost")
        identifier = request.path_params["id"]
        return await self._happen(
            request, lambda c: later_events.decide_dispute(c, identifier, result)
        )

    async def _decide_refund(self, request: Request) -> JSONResponse:
        result = await _result(request, "failed", "succeeded")
        identifier = request.path_params["id"]
        return await self._happen(
            request, lambda c: later_events.decide_refund(c, identifier, result)
        )

    async def _update_card(self, request: Request) -> JSONResponse:
        given = await _body(request)
        if not all(isinstance(given.get(name), int) for name in ("exp_month", "exp_year")):
            raise BadControlError("send {'exp_month': 12, 'exp_year': 2040, 'last4': '1111'}")
        identifier = request.path_params["id"]
        return await self._happen(request, lambda c: later_events.update_card(c, identifier, given))

    async def _object(self, request: Request) -> JSONResponse:
        identifier = request.path_params["id"]

        def read(tx: Transaction) -> JsonObject:
            records = tx.select("id = ?", (identifier,), "")
            if not records:
                raise BadControlError(f"there is no object {identifier}")
            shown: JsonObject = without_secrets(records[0].body)
            return shown

        return await self._do(read)

    async def _happen(self, request: Request, work: Callable[[Call], JsonObject]) -> JSONResponse:
        """Let something happen that no request of the API brings about, and tell it."""
        base_url = f"{request.url.scheme}://{request.url.netloc}"
        answer = await self._do(lambda tx: work(unrequested(tx, self._settings, base_url)))
        self._courier.wake()
        return answer

    def _change(self, work: Callable[[Transaction], None]) -> None:
        with self._store.transaction() as tx:
            work(tx)

    async def _do(self, work: Callable[[Transaction], JsonObject]) -> JSONResponse:
        def inside() -> JsonObject:
            with self._store.transaction() as tx:
                return work(tx)

        return JSONResponse(await run_in_threadpool(inside))


async def _body(request: Request) -> dict[str, Any]:
    text = await request.body()
    try:
        given = json.loads(text or b"{}")
    except ValueError as error:
        raise BadControlError("the body is not JSON") from error
    if not isinstance(given, dict):
        raise BadControlError("the body is not a JSON object")
    return given


async def _result(request: Request, *known: str) -> str:
    result = (await _body(request)).get("result", known[0])
    if result not in known:
        raise BadControlError(" or ".join(f"{{'result': '{one}'}}" for one in known))
    return str(result)


def without_secrets(body: Any) -> Any:
    """Give an object without the secrets that are in it."""
    if isinstance(body, dict):
        return {k: without_secrets(v) for k, v in body.items() if k != "client_secret"}
    if isinstance(body, list):
        return [without_secrets(one) for one in body]
    return body


def _at_least(least: int, given: _Number) -> _Number:
    if not given >= least:
        raise ValueError(f"{given} is less than {least}")
    return given


async def explain_api_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of the API's own kind."""
    if not isinstance(error, ApiError):
        raise error
    return JSONResponse(error.body, error.status)


async def explain_bad_control(_: Request, error: Exception) -> JSONResponse:
    """Answer a control call that makes no sense."""
    return JSONResponse({"error": {"message": str(error)}}, 400)
