"""The emulator answers what Stripe was seen to answer; needs nothing but this repository."""

import pytest

from local.stripe_emulator.tests.conformance.expectations import (
    EXPECTATIONS,
    NETWORK_CODES,
    Expectation,
)
from local.stripe_emulator.tests.conformance.scene import Scene

_FIELDS = ("type", "code", "decline_code", "param")


@pytest.mark.parametrize("row", EXPECTATIONS, ids=lambda row: row.request)
def test_an_expectation(row: Expectation) -> None:
    scene = Scene()
    status, answer = scene.request(row.request)
    error = answer.get("error")
    fields = [str(error.get(name) or "-") for name in _FIELDS] if isinstance(error, dict) else []
    assert " ".join([str(status), *fields]) == row.answer, answer
    if not row.afterwards:
        return
    path, *wanted = row.afterwards.format_map(scene).split(" ")
    for one in wanted:
        name, _, value = one.partition("=")
        found = scene.field(path, name)
        assert found != "null" if value == "*" else found == value, (name, found)


@pytest.mark.parametrize("row", NETWORK_CODES, ids=lambda row: str(row[0]))
def test_what_the_network_says(row: tuple[str, str, str | None, str]) -> None:
    card, code, network_advice, advice = row
    status, answer = Scene().request(
        f"POST /v1/payment_intents/{{intent}}/confirm payment_method=pm_card_{card}"
    )
    error = answer["error"]
    assert isinstance(error, dict)
    assert status == 402
    assert error["network_decline_code"] == code
    assert error.get("network_advice_code") == network_advice
    assert error["advice_code"] == advice


def test_attaching_a_declined_card_names_an_empty_parameter() -> None:
    request = "POST /v1/payment_methods/pm_card_chargeDeclined/attach customer={customer}"
    _, answer = Scene().request(request)
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["param"] == ""
