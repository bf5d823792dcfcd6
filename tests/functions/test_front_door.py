"""Nobody goes around CloudFront, and limits count the viewer's address, not CloudFront's."""

import hashlib
import importlib
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from billfold.domain.limit import LOGIN_ADDRESS
from billfold.settings import MisconfiguredError

from tests.fakes import FakePorts
from tests.fakes_identity import FakeIdentity
from tests.functions.conftest import FakeContext

Event = Callable[[str], dict[str, Any]]
SECRET = "one-value-that-cloudfront-shows-to-us"
NEXT = "the-value-that-comes-after-that-one-x"
EDGE = "130.176.0.1"


def sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGIN_DIGESTS", f"{sha256(SECRET)},{sha256(NEXT)}")


@pytest.fixture
def identity(ports: FakePorts) -> FakeIdentity:
    made = FakeIdentity()
    ports.logins = made
    return made


def call(name: str, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = importlib.import_module(f"functions.{name}.app").handler(event, FakeContext())
    return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else {}


def through_cloudfront(event: dict[str, Any], viewer: str, secret: str = SECRET) -> dict[str, Any]:
    event["headers"] |= {"x-billfold-origin": secret, "x-billfold-viewer": viewer}
    event["requestContext"]["http"]["sourceIp"] = EDGE
    return event


@pytest.mark.parametrize("secret", [None, "", "x" * 32, SECRET.upper(), sha256(SECRET), "\udc80é"])
@pytest.mark.parametrize("name", ["account/show", "auth/login", "stripe_webhook/bad-signature"])
@pytest.mark.usefixtures("closed", "identity")
def test_whoever_goes_around_is_refused(
    ports: FakePorts, event: Event, name: str, secret: str | None, logs: StringIO
) -> None:
    asked = event(name)
    if secret is not None:
        asked["headers"]["x-billfold-origin"] = secret
    status, body = call(name.split("/", maxsplit=1)[0], asked)
    assert (status, body["code"]) == (403, "wrong_address")
    assert '"status":403' in logs.getvalue()
    assert not ports.limits.store.counts


@pytest.mark.parametrize("secret", [SECRET, NEXT])
@pytest.mark.usefixtures("closed")
def test_cloudfront_is_let_in_also_while_its_secret_changes(
    ports: FakePorts, event: Event, secret: str
) -> None:
    asked = through_cloudfront(event("account/show"), "203.0.113.7", secret)
    assert call("account", asked)[0] == 200


@pytest.mark.usefixtures("closed", "identity")
def test_behind_cloudfront_the_viewers_address_counts(ports: FakePorts, event: Event) -> None:
    for viewer in ("203.0.113.7", "203.0.113.7", "2001:db8::1"):
        call("auth", through_cloudfront(event("auth/login-wrong-password"), viewer))
    assert addresses(ports) == {"203.0.113.7": 2, "2001:db8::/64": 1}


@pytest.mark.usefixtures("identity")
def test_without_cloudfront_nobody_chooses_an_address(ports: FakePorts, event: Event) -> None:
    for invented in ("192.0.2.1", "192.0.2.2"):
        asked = through_cloudfront(event("auth/login-wrong-password"), invented)
        asked["requestContext"]["http"]["sourceIp"] = "203.0.113.7"
        call("auth", asked)
    assert addresses(ports) == {"203.0.113.7": 2}


def test_a_digest_that_is_none_ends_the_function(
    monkeypatch: pytest.MonkeyPatch, ports: FakePorts, event: Event
) -> None:
    """Better closed than open: the secret itself, put there by mistake, accepts nobody."""
    monkeypatch.setenv("ORIGIN_DIGESTS", SECRET)
    with pytest.raises(MisconfiguredError, match="ORIGIN_DIGESTS"):
        call("account", event("account/show"))


def addresses(ports: FakePorts) -> dict[str, int]:
    """How often each address was counted for log-ins."""
    return {
        subject: count
        for (name, subject, _), count in ports.limits.store.counts.items()
        if name == LOGIN_ADDRESS.name
    }
