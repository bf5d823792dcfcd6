"""The API over HTTP: faults around the gateway, headers on its answers, a line in the log."""

import asyncio
import json
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.stripe_emulator import clock, faults, request_log
from local.stripe_emulator.connection import drop
from local.stripe_emulator.errors import ApiError, error_object
from local.stripe_emulator.faults import Fault, Kind
from local.stripe_emulator.gateway import SERVER_ERROR, Answer, Gateway, Incoming
from local.stripe_emulator.in_use import LOCK_TIMEOUT
from local.stripe_emulator.settings import API_VERSION
from local.stripe_emulator.store import Store

_LARGEST_BODY = 1_000_000
_RATE_LIMITED = {
    "error": error_object(
        "invalid_request_error",
        "Request rate limit exceeded. You can learn more about rate limits here "
        "https://docs.stripe.com/rate-limits.",
        "rate_limit",
    )
}


class ApiApp:
    """Everything under /v1."""

    def __init__(self, store: Store, gateway: Gateway) -> None:
        self._store = store
        self._gateway = gateway
        self._release = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or fail as a fault tells."""
        request = Request(scope, receive)
        incoming = await _read(request)
        if incoming is None:
            await Response(status_code=413)(scope, receive, send)
            return
        fault = await run_in_threadpool(self._strike, incoming)
        answer = await self._answer(incoming, fault)
        await run_in_threadpool(self._log, incoming, answer, fault)
        if answer is None:
            await drop(scope)
            return
        await _response(incoming, answer)(scope, receive, send)

    async def release_late(self) -> int:
        """Execute the late requests now and end the hanging ones; tell how many were late."""
        waiting = list(self._late)
        self._release.set()
        await asyncio.gather(*waiting)
        self._release = asyncio.Event()
        return len(waiting)

    @property
    def late(self) -> int:
        """How many late requests wait to be executed."""
        return len(self._late)

    async def _answer(self, incoming: Incoming, fault: Fault | None) -> Answer | None:
        """Give the answer; None closes the connection."""
        kind = Kind(fault.kind) if fault else None
        match kind:
            case Kind.RATE_LIMITED:
                return Answer(429, json.dumps(_RATE_LIMITED))
            case Kind.LOCK_TIMEOUT:
                return Answer(429, json.dumps({"error": LOCK_TIMEOUT}))
            case Kind.SERVER_ERROR:
                return Answer(500, json.dumps(SERVER_ERROR))
            case Kind.TIMEOUT if fault:
                return await self._hang(incoming, fault.seconds)
            case Kind.LATE if fault:
                task = asyncio.create_task(self._execute_late(incoming, fault.seconds))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
                return None
        answer = await run_in_threadpool(
            self._gateway.answer,
            incoming,
            break_answer=kind is Kind.SERVER_ERROR_AFTER_COMMIT,
        )
        return None if kind is Kind.DROP_AFTER_COMMIT else answer

    async def _hang(self, incoming: Incoming, seconds: float) -> Answer | None:
        try:
            with self._gateway.held(incoming):
                await self._wait(seconds)
        except ApiError as in_use:
            return Answer(in_use.status, json.dumps(in_use.body))
        return None

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._release.wait(), seconds)

    async def _execute_late(self, incoming: Incoming, seconds: float) -> None:
        await self._wait(seconds)
        await run_in_threadpool(self._gateway.answer, incoming)

    def _strike(self, incoming: Incoming) -> Fault | None:
        with self._store.transaction() as tx:
            return faults.strike(tx, incoming.method, incoming.path)

    def _log(self, incoming: Incoming, answer: Answer | None, fault: Fault | None) -> None:
        with self._store.transaction() as tx:
            request_log.write(
                tx,
                request_log.Entry(
                    id=incoming.id,
                    at=clock.now(tx),
                    method=incoming.method,
                    path=incoming.path,
                    key_kind=answer.key_kind if answer else None,
                    idempotency_key=incoming.idempotency_key,
                    status=answer.status if answer else None,
                    replayed=bool(answer and answer.replay_of),
                    fault=fault.kind if fault else None,
                ),
            )


async def _read(request: Request) -> Incoming | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            return None
    encoded = (
        request.url.query if request.method in ("GET", "DELETE") else body.decode(errors="replace")
    )
    return Incoming(
        method=request.method,
        path=request.url.path.rstrip("/"),
        encoded=encoded,
        authorization=request.headers.get("authorization"),
        idempotency_key=request.headers.get("idempotency-key") or None,
        account=request.headers.get("stripe-account"),
        version=request.headers.get("stripe-version"),
        base_url=f"{request.url.scheme}://{request.url.netloc}",
    )


def _response(incoming: Incoming, answer: Answer) -> Response:
    headers = {"request-id": incoming.id, "stripe-version": API_VERSION}
    if incoming.idempotency_key:
        headers["idempotency-key"] = incoming.idempotency_key
    if answer.replay_of:
        headers["idempotent-replayed"] = "true"
        headers["original-request"] = answer.replay_of
    return Response(answer.body, answer.status, headers, "application/json")
