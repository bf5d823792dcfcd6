"""The control routes: what tests and developers do that Stripe's API has no route for."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.stripe_emulator import authentication, clock, dashboard, faults, request_log
from local.stripe_emulator.api_app import ApiApp
from local.stripe_emulator.calls import JsonObject, unrequested
from local.stripe_emulator.control_objects import ObjectControl
from local.stripe_emulator.control_requests import BadControlError, at_least, read_body
from local.stripe_emulator.settings import API_VERSION, Settings
from local.stripe_emulator.store import Store, Transaction
from local.stripe_emulator.webhooks import Courier

_LONGEST_STEP = 100 * 366 * 24 * 3600


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
            Route("/dashboard.css", dashboard.styles),
            *ObjectControl(self._store, self._settings, self._courier).routes(),
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
        given = await read_body(request) if request.method == "POST" else {"advance": 0}
        seconds = given.get("advance")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST_STEP:
            raise BadControlError("send {'advance': seconds}; the clock only goes forward")
        answer = await self._do(lambda tx: {"now": int(clock.advance(tx, seconds))})
        self._courier.wake()
        return answer

    async def _faults(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            given = await read_body(request)
            try:
                arguments = (
                    str(given.get("method", "*")),
                    str(given["path"]),
                    faults.Kind(str(given["kind"])),
                    at_least(1, min(int(given.get("count", 1)), 1_000_000)),
                    at_least(0, float(given.get("seconds", 30))),
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
            given = await read_body(request)
            try:
                self._courier.switch(given)
            except (TypeError, ValueError) as error:
                raise BadControlError(
                    "send {'copies': 2, 'delay': 60, 'reorder': true, 'paused': true}, or some"
                ) from error
        return JSONResponse(await run_in_threadpool(self._courier.report))

    async def _authenticate(self, request: Request) -> JSONResponse:
        result = (await read_body(request)).get("result", authentication.COMPLETE)
        if result not in (authentication.COMPLETE, authentication.FAIL):
            raise BadControlError("send {'result': 'complete'} or {'result': 'fail'}")
        intent = request.path_params["intent"]

        def finish(tx: Transaction) -> JsonObject:
            base_url = f"{request.url.scheme}://{request.url.netloc}"
            call = unrequested(tx, self._settings, base_url)
            return authentication.finish(call, intent, str(result))

        answer = await self._do(finish)
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
