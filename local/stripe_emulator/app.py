"""The application: the parts put together."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from local.stripe_emulator import stripe_js_routes
from local.stripe_emulator.api_app import ApiApp
from local.stripe_emulator.bank_page import BankPage
from local.stripe_emulator.connection import Droppable
from local.stripe_emulator.control import Control
from local.stripe_emulator.control_requests import (
    BadControlError,
    explain_api_error,
    explain_bad_control,
)
from local.stripe_emulator.dashboard import Dashboard
from local.stripe_emulator.errors import ApiError
from local.stripe_emulator.gateway import Gateway
from local.stripe_emulator.settings import Settings
from local.stripe_emulator.store import Store
from local.stripe_emulator.webhooks import Courier


def create_app(db: str | Path, settings: Settings | None = None) -> ASGIApp:
    """Build the emulator on a database file.

    Parameters
    ----------
    db
        The file, made if absent.
    settings
        Keys, limits and the webhook endpoint; the defaults if None.
    """
    settings = settings or Settings()
    store = Store(db)
    with store.transaction() as tx:
        tx.set_fact("fingerprint_key", tx.fact("fingerprint_key", secrets.token_hex(32)))
    courier = Courier(store, settings)
    api = ApiApp(store, Gateway(store, settings, courier.wake))
    control = Control(store, settings, api, courier)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        courier.start()
        yield
        courier.stop()
        store.close()

    # Browsers of any shop call the API with the publishable key, as they do Stripe's.
    from_browsers = CORSMiddleware(
        api, allow_origins=["*"], allow_methods=["GET", "POST", "DELETE"], allow_headers=["*"]
    )
    app = Starlette(
        routes=[
            Mount("/v1", app=from_browsers),
            Mount("/v2", app=from_browsers),
            Mount("/_control", routes=control.routes()),
            Route("/", Dashboard(store, api).page),
            *BankPage(store, settings, courier).routes(),
            *stripe_js_routes.routes(),
        ],
        exception_handlers={ApiError: explain_api_error, BadControlError: explain_bad_control},
        lifespan=lifespan,
    )
    return Droppable(app)
