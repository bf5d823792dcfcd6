"""No input makes the emulator stumble: every parameter of every route, with values of all kinds."""

import re

import pytest

from local.stripe_emulator.calls import Endpoint
from local.stripe_emulator.parameters import Many, Shape
from local.stripe_emulator.routing import ENDPOINTS
from local.stripe_emulator.tests.running import Emulator

VALUES = ("", "x", "999999999999999999", "\x00\ud7ff'\"")


def names(shape: Shape, inside: str = "") -> list[str]:
    found = []
    for key, field in shape.fields.items():
        name = f"{inside}[{key}]" if inside else key
        found += [name, f"{name}[]", f"{name}[x]"]
        if isinstance(field, Shape):
            found += names(field, name)
        if isinstance(field, Many):
            found.append(f"{name}[0][y]")
    return found


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_no_value_of_a_parameter_is_a_server_error(emulator: Emulator, endpoint: Endpoint) -> None:
    customer = emulator.customer()
    paid = emulator.intent(payment_method="pm_card_visa", confirm=True)
    setup = emulator.setup()
    existing = {
        "customer": customer,
        "intent": setup.id if "setup" in endpoint.path else emulator.intent().id,
        "charge": str(paid.latest_charge),
        "payment_method": emulator.saved_card(customer),
    }
    path = re.sub(r"\{(\w+)\}", lambda name: existing.get(name[1], "none"), endpoint.path)
    required = {
        "amount": "1200",
        "currency": "usd",
        "query": "status:'succeeded'",
        "customer": customer,
    }
    base = {name: required[name] for name in endpoint.parameters.required}
    for name in names(endpoint.accepts):
        for value in VALUES:
            form = base | {name: value}
            kind = "data" if endpoint.method == "POST" else "params"
            answer = emulator.secret.request(endpoint.method, path, **{kind: form})  # type: ignore[arg-type]
            assert answer.status_code < 500, (name, value, answer.text)
