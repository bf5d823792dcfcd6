"""Card data is refused at the entrance, and honest bodies are not."""

import base64
import json
from typing import Any

import pytest
from billfold.domain.errors import InvalidInputError, RawCardDataError
from billfold.entrypoints.body import MAX_BYTES, BodyTooLargeError, guard


def event(content: Any) -> dict[str, Any]:
    return {"body": json.dumps(content)}


@pytest.mark.parametrize(
    "content",
    [
        {"number": "x"},
        {"card": {"CVC": "123"}},
        {"cvv": 123},
        {"exp-month": 12},
        {"nickname": "4242424242424242"},
        {"nickname": "my 4242 4242 4242 4242 card"},
        {"nickname": "3782-822463-10005"},
        {"amount": 4242424242424242},
        {"4242424242424242": 1},
        [["5555555555554444"]],
    ],
)
def test_card_data_is_refused(content: Any) -> None:
    with pytest.raises(RawCardDataError) as refused:
        guard(event(content))
    assert "4242" not in str(refused.value)


def test_card_data_is_found_in_base64_too() -> None:
    raw = base64.b64encode(b'{"nickname": "4242424242424242"}').decode()
    with pytest.raises(RawCardDataError):
        guard({"body": raw, "isBase64Encoded": True})


@pytest.mark.parametrize(
    "content",
    [
        {"nickname": "Card 4242"},
        {"nickname": "4242424242424241"},
        {"setup_intent": "seti_14242424242424242"},
        {"amount": 12050, "currency": "USD"},
        {"enabled": True},
        None,
    ],
)
def test_honest_bodies_pass(content: Any) -> None:
    guard(event(content))


def test_no_body_passes() -> None:
    guard({})
    guard({"body": ""})


@pytest.mark.parametrize("raw", ["{", "nonsense", '{"a": "\\ud800"}', "[" * 100_00])
def test_what_is_not_json_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInputError):
        guard({"body": raw})


def test_what_is_not_text_is_refused() -> None:
    raw = base64.b64encode(b"\xff\xfe").decode()
    with pytest.raises(InvalidInputError):
        guard({"body": raw, "isBase64Encoded": True})


def test_large_bodies_are_refused() -> None:
    with pytest.raises(BodyTooLargeError):
        guard({"body": json.dumps("x" * MAX_BYTES)})
