"""Unknown, missing and malformed parameters; form decoding."""

from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.stripe_emulator.errors import ApiError
from local.stripe_emulator.forms import decode
from local.stripe_emulator.tests.running import Emulator

INTENT = "/v1/payment_intents"
GOOD = {"amount": "1200", "currency": "usd"}


@pytest.mark.parametrize(
    ("path", "form", "code", "param"),
    [
        (INTENT, GOOD | {"foo": "1"}, "parameter_unknown", "foo"),
        (INTENT, GOOD | {"shipping[foo]": "1"}, "parameter_unknown", "shipping[foo]"),
        (
            INTENT,
            GOOD | {"payment_method_options[card][foo]": "1"},
            "parameter_unknown",
            "payment_method_options[card][foo]",
        ),
        (INTENT, {"currency": "usd"}, "parameter_missing", "amount"),
        (INTENT, {"amount": "1200"}, "parameter_missing", "currency"),
        (INTENT, GOOD | {"amount": "12.5"}, "parameter_invalid_integer", "amount"),
        (INTENT, GOOD | {"amount": ""}, "parameter_invalid_integer", "amount"),
        (INTENT, GOOD | {"amount[x]": "1"}, None, "amount[x]"),
        (INTENT, GOOD | {"confirm": "yes"}, None, "confirm"),
        (INTENT, GOOD | {"capture_method": "never"}, None, "capture_method"),
        (INTENT, GOOD | {"customer": ""}, "parameter_invalid_empty", "customer"),
        (INTENT, GOOD | {"customer": "cus_no"}, "resource_missing", "customer"),
        (INTENT, GOOD | {"payment_method": "pm_no"}, "resource_missing", "payment_method"),
        (INTENT, GOOD | {"metadata": "x"}, None, "metadata"),
        (INTENT, GOOD | {"off_session": "true"}, None, "off_session"),
        (INTENT, GOOD | {"payment_method_types[]": "tulips"}, None, "payment_method_types"),
        (INTENT, GOOD | {"expand[]": "foo"}, None, "expand"),
        ("/v1/payment_methods", {}, "parameter_missing", "type"),
        ("/v1/payment_methods", {"type": "card"}, "parameter_missing", "card"),
        (
            "/v1/payment_methods",
            {"type": "card", "card[number]": "4242424242424242"},
            "parameter_missing",
            "card[exp_month]",
        ),
        ("/v1/tokens", {"cvc_update[x]": "1"}, "parameter_unknown", "cvc_update[x]"),
        ("/v1/refunds", {}, None, None),
        ("/v1/customers", {"shipping[name]": "x"}, "parameter_missing", "shipping[address]"),
    ],
)
def test_refused_parameters(
    emulator: Emulator, path: str, form: dict[str, str], code: str | None, param: str | None
) -> None:
    answer = emulator.secret.post(path, data=form)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert (error.get("code"), error.get("param")) == (code, param)
    assert emulator.look("charges")["data"] == []
    assert emulator.event_types() == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payment_intents/pi_no",
        "/v1/setup_intents/seti_no",
        "/v1/customers/cus_no",
        "/v1/payment_methods/pm_no",
        "/v1/charges/ch_no",
        "/v1/refunds/re_no",
        "/v1/disputes/du_no",
        "/v1/events/evt_no",
        "/v1/tokens/tok_no",
    ],
)
def test_what_does_not_exist(emulator: Emulator, path: str) -> None:
    answer = emulator.secret.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "resource_missing"


def test_a_route_that_does_not_exist(emulator: Emulator) -> None:
    for answer in (emulator.secret.get("/v1/unicorns"), emulator.secret.delete(INTENT)):
        assert answer.status_code == 404
        assert "Unrecognized request URL" in answer.json()["error"]["message"]


def test_a_body_that_is_too_large(emulator: Emulator) -> None:
    answer = httpx.post(f"{emulator.url}/v1/customers", content=b"x" * 2_000_000)
    assert answer.status_code == 413


def test_every_answer_has_a_request_id(emulator: Emulator) -> None:
    for answer in (emulator.secret.get("/v1/customers"), emulator.secret.get("/v1/no")):
        assert answer.headers["request-id"].startswith("req_")


def test_bracket_notation() -> None:
    assert decode("a=1&b[c]=2&b[d][e]=3&f[]=4&f[]=5&g[1]=7&g[0]=6&h=%26%5B") == {
        "a": "1",
        "b": {"c": "2", "d": {"e": "3"}},
        "f": ["4", "5"],
        "g": ["6", "7"],
        "h": "&[",
    }
    with pytest.raises(ApiError):
        decode("a=1&a[b]=2")


_names = st.text("abcdefgh_", min_size=1, max_size=6)
_trees = st.recursive(
    st.text(max_size=8),
    lambda inner: (
        st.dictionaries(_names, inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


# Making the trees takes long on a machine with other work; that says nothing about the code.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(_names, _trees, max_size=4))
def test_decoding_undoes_encoding(tree: dict[str, object]) -> None:
    def pairs(value: object, name: str) -> list[tuple[str, str]]:
        if isinstance(value, dict):
            return [pair for key, one in value.items() for pair in pairs(one, f"{name}[{key}]")]
        if isinstance(value, list):
            return [
                pair for place, one in enumerate(value) for pair in pairs(one, f"{name}[{place}]")
            ]
        return [(name, str(value))]

    flat = [pair for key, one in tree.items() for pair in pairs(one, key)]
    assert decode(urlencode(flat)) == tree


@given(st.text(max_size=40))
def test_decoding_never_breaks(text: str) -> None:
    try:
        decode(text)
    except ApiError as error:
        assert error.status == 400
