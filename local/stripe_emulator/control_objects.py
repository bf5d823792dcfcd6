"""The control calls that do to an object what banks and card networks do."""

import json
import re
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_emulator import disputes
from local.stripe_emulator.calls import Call, JsonObject, unrequested
from local.stripe_emulator.card_updater import MONTHS, YEARS, replace_card
from local.stripe_emulator.control_requests import BadControlError, read_body, refuse_unknown
from local.stripe_emulator.dispute_routes import find_dispute
from local.stripe_emulator.errors import no_such
from local.stripe_emulator.refund_outcomes import (
    FAILED,
    FAILURE_REASONS,
    SUCCEEDED,
    fail_refund,
    settle_refund,
)
from local.stripe_emulator.refunds import find_refund
from local.stripe_emulator.settings import Settings
from local.stripe_emulator.store import Store
from local.stripe_emulator.webhooks import Courier

_LAST4 = re.compile("[0-9]{4}")
_RESULTS = (disputes.WON, disputes.LOST, disputes.ESCALATED)


class ObjectControl:
    """The handlers."""

    def __init__(self, store: Store, settings: Settings, courier: Courier) -> None:
        self._store = store
        self._settings = settings
        self._courier = courier

    def routes(self) -> list[Route]:
        """Give the routes, relative to /_control."""
        return [
            Route("/objects/{id}", self._show),
            Route("/disputes", self._dispute, methods=["POST"]),
            Route("/disputes/{dispute}", self._decide, methods=["POST"]),
            Route("/refunds/{refund}", self._settle, methods=["POST"]),
            Route("/payment_methods/{method}/update", self._update_card, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        identifier = request.path_params["id"]

        def read() -> JsonObject:
            with self._store.transaction() as tx:
                record = tx.find(identifier)
            if record is None:
                raise no_such("object", identifier, "id", in_path=True)
            return record.body

        body = without_secrets(await run_in_threadpool(read))
        # For people: one field a line.
        return Response(json.dumps(body, indent=2), media_type="application/json")

    async def _dispute(self, request: Request) -> JSONResponse:
        given = await read_body(request)
        refuse_unknown(given, "charge", "reason", "amount", "inquiry")
        identifier, amount = given.get("charge"), given.get("amount")
        reason = given.get("reason", "fraudulent")
        if not isinstance(identifier, str):
            raise BadControlError("send {'charge': 'ch_…'}, and if you want reason and amount")
        if reason not in disputes.REASONS:
            raise BadControlError(f"reasons: {', '.join(disputes.REASONS)}")
        if not _is_amount(amount):
            raise BadControlError("the amount is a whole number of the smallest unit")

        def dispute(call: Call) -> JsonObject:
            charge = call.tx.get("charge", identifier)
            if charge is None:
                raise no_such("charge", identifier, "charge")
            inquiry = given.get("inquiry") is True
            return disputes.open_dispute(
                call, charge, reason=reason, amount=amount, inquiry=inquiry
            ).body

        return await self._do(dispute)

    async def _decide(self, request: Request) -> JSONResponse:
        given = await read_body(request)
        result = given.get("result")
        if result not in _RESULTS:
            raise BadControlError(f"send {{'result': one of {', '.join(_RESULTS)}}}")

        def decide(call: Call) -> JsonObject:
            dispute = find_dispute(call, request.path_params["dispute"])
            disputes.close_dispute(call, dispute, str(result))
            return dispute.body

        return await self._do(decide)

    async def _settle(self, request: Request) -> JSONResponse:
        given = await read_body(request)
        refuse_unknown(given, "result", "failure_reason")
        result, reason = given.get("result"), given.get("failure_reason", "unknown")
        if result not in (SUCCEEDED, FAILED):
            raise BadControlError("send {'result': 'failed'} or {'result': 'succeeded'}")
        if reason not in FAILURE_REASONS:
            raise BadControlError(f"failure reasons: {', '.join(FAILURE_REASONS)}")
        if result == SUCCEEDED and "failure_reason" in given:
            raise BadControlError("a refund that succeeds has no failure_reason")

        def settle(call: Call) -> JsonObject:
            refund = find_refund(call, request.path_params["refund"])
            if result == FAILED:
                fail_refund(call, refund, reason)
            else:
                settle_refund(call, refund)
            return refund.body

        return await self._do(settle)

    async def _update_card(self, request: Request) -> JSONResponse:
        given = await read_body(request)
        refuse_unknown(given, "exp_month", "exp_year", "last4")
        month, year, last4 = given.get("exp_month"), given.get("exp_year"), given.get("last4")
        if type(month) is not int or type(year) is not int:
            raise BadControlError("send {'exp_month': 12, 'exp_year': 2040}, 'last4' if you want")
        if month not in MONTHS or year not in YEARS:
            raise BadControlError("exp_month is 1 to 12, exp_year has four digits")
        if last4 is not None and not (isinstance(last4, str) and _LAST4.fullmatch(last4)):
            raise BadControlError("last4 is a text of four digits")

        def update(call: Call) -> JsonObject:
            identifier = request.path_params["method"]
            method = call.tx.get("payment_method", identifier)
            if method is None:
                raise no_such("payment_method", identifier, "payment_method", in_path=True)
            replace_card(call, method, exp_month=month, exp_year=year, last4=last4)
            return method.body

        return await self._do(update)

    async def _do(self, work: Callable[[Call], JsonObject]) -> JSONResponse:
        def inside() -> JsonObject:
            with self._store.transaction() as tx:
                return work(unrequested(tx, self._settings))

        answer = JSONResponse(await run_in_threadpool(inside))
        self._courier.wake()
        return answer


def _is_amount(given: Any) -> bool:
    return given is None or type(given) is int


def without_secrets(body: Any) -> Any:
    """Leave out client secrets, also those of objects inside; nothing else stored is secret."""
    if isinstance(body, dict):
        return {k: without_secrets(v) for k, v in body.items() if k != "client_secret"}
    if isinstance(body, list):
        return [without_secrets(one) for one in body]
    return body
