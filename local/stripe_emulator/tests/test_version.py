"""One version of the API: the product's pin, what the emulator speaks, and what came later."""

import json
import re

import pytest
import stripe
from billfold.adapters import stripe_gateway

from local.stripe_emulator.settings import API_VERSION, RELEASE, SECRET_KEY
from local.stripe_emulator.tests import specification
from local.stripe_emulator.tests.running import ROOT, Emulator

BEARER = {"authorization": f"Bearer {SECRET_KEY}"}


def test_the_product_pins_the_version_that_the_emulator_speaks(emulator: Emulator) -> None:
    assert stripe_gateway.API_VERSION == API_VERSION
    assert emulator.look("health")["api_version"] == API_VERSION


def test_another_version_is_refused(emulator: Emulator) -> None:
    unpinned = stripe.StripeClient(SECRET_KEY, base_addresses={"api": emulator.url})
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version") as error:
        unpinned.v1.customers.create()
    assert error.value.http_status == 400
    assert API_VERSION in str(error.value)
    headers = {"stripe-version": "2020-08-27"}
    assert emulator.secret.get("/v1/customers", headers=headers).status_code == 400


def test_answers_and_events_name_the_version(emulator: Emulator) -> None:
    for headers in ({}, {"stripe-version": API_VERSION}):
        answer = emulator.secret.post("/v1/customers", headers=headers)
        assert (answer.status_code, answer.headers["stripe-version"]) == (200, API_VERSION)
    assert {event.api_version for event in emulator.stripe.v1.events.list()} == {API_VERSION}


def test_stripe_js_is_of_the_same_release(emulator: Emulator) -> None:
    script = emulator.operator.get(f"/{RELEASE}/stripe.js")
    assert f'Stripe.version = "{RELEASE}"' in script.text
    assert emulator.operator.get("/endive/stripe.js").status_code == 404
    packages = json.loads((ROOT / "portal" / "package.json").read_text())["dependencies"]
    # Each major version of the package loads one release: 8 is clover, 9 dahlia, 10 endive.
    assert (packages["@stripe/stripe-js"].split(".")[0], RELEASE) == ("9", "dahlia")


@pytest.mark.parametrize("route", specification.ADDED_LATER)
def test_what_came_later_is_refused(emulator: Emulator, route: str) -> None:
    method, path = route.split()
    for name in specification.ADDED_LATER[route]:
        answer = emulator.secret.request(
            method, re.sub(r"{\w+}", "x_1", path), data={f"{name}[]": "card"}
        )
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("parameter_unknown", name)


def test_of_ways_to_name_the_types_one_is_taken(emulator: Emulator) -> None:
    answer = emulator.secret.post(
        "/v1/payment_intents",
        data={
            "amount": "1200",
            "currency": "usd",
            "payment_method_types[]": "card",
            "automatic_payment_methods[enabled]": "true",
        },
    )
    assert answer.status_code == 400
