"""How the embedded stack serves the portal: as CloudFront would, but for Stripe's address."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from local.admission import Workers
from local.layout import ROOT
from local.portal_files import PortalFiles, is_page
from local.portal_headers import portal_headers
from local.provision import Api
from local.proxy import application
from local.stack_file import Login, Stack
from local.stripe_keys import API
from local.template import resources

EMULATOR = "http://127.0.0.1:12111"
# Paths and whether they are pages of the portal; asked of the proxy and of CloudFront's function.
PATHS = {
    "/": True,
    "/login": True,
    "/billing/invoices/inv_01K8": True,
    "/billing/cards/": True,
    "/v1.5/cards": True,
    "/index.html": False,
    "/config.json": False,
    "/assets/index-Ab12Cd34.js": False,
    "/assets/none.css": False,
}


def a_stack(stripe: str = EMULATOR) -> Stack:
    return Stack(
        portal_url="http://127.0.0.1:8080",
        api_url="http://127.0.0.1:8080",
        stripe_url=stripe,
        stripe_publishable_key="pk_test_1",
        stripe_secret_key="sk_test_1",
        stripe_control_url=f"{stripe}/_control" if stripe == EMULATOR else None,
        aws_endpoint_url="http://127.0.0.1:4566",
        demo_url="http://127.0.0.1:8080/demo",
        mail_url="http://127.0.0.1:8080/mail",
        customers=[Login("bakery@example.com", "Bakery-ledger-2026", "cust-1001")],
    )


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Portal</title>")
    (tmp_path / "assets" / "index-Ab12Cd34.js").write_text("'long enough to compress'; " * 50)
    (tmp_path / "config.json").write_text(
        json.dumps({"name": "Hosting Ltd", "stripe": {"publishable_key": None, "script": None}})
    )
    return tmp_path


def get(dist: Path, path: str, stack: Stack | None = None, **headers: str) -> httpx.Response:
    return ask(PortalFiles(stack or a_stack(), dist), path, **headers)


def ask(app: ASGIApp, path: str, **headers: str) -> httpx.Response:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.get(path, headers=names)

    return asyncio.run(call())


def run(function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Run a CloudFront Function for one event."""
    source = resources()[function]["Properties"]["FunctionCode"]
    code = f"{source}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    node = ROOT / ".local" / "node" / "bin" / "node"
    done = subprocess.run(
        [node, "-e", code], capture_output=True, text=True, timeout=30, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(("path", "page"), PATHS.items())
def test_cloudfront_and_the_proxy_agree_on_what_is_a_page(path: str, *, page: bool) -> None:
    asked = run("PortalPages", {"request": {"uri": path}})["uri"]
    assert asked == ("/index.html" if page else path)
    assert is_page(path) is page


def test_cloudfront_tells_the_viewers_address_whatever_the_viewer_says() -> None:
    event = {
        "viewer": {"ip": "203.0.113.7"},
        "request": {"headers": {"x-billfold-viewer": {"value": "192.0.2.1"}}},
    }
    assert run("ViewerAddress", event)["headers"]["x-billfold-viewer"] == {"value": "203.0.113.7"}


@pytest.mark.parametrize("path", [path for path, page in PATHS.items() if page])
def test_every_page_is_the_start_page_and_is_asked_for_anew(dist: Path, path: str) -> None:
    answer = get(dist, path)
    assert answer.status_code == 200
    assert "Portal" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert get(dist, path, If_None_Match=answer.headers["etag"]).status_code == 304


def test_assets_are_kept_for_ever_and_compressed(dist: Path) -> None:
    answer = get(dist, "/assets/index-Ab12Cd34.js")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/assets/none.js", "/../secret.txt", "/%2e%2e/secret.txt"])
def test_what_is_not_there_is_not_a_page(dist: Path, path: str) -> None:
    (dist.parent / "secret.txt").write_text("secret")
    answer = get(dist, path)
    assert answer.status_code == 404
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_configuration_names_the_running_stripe(dist: Path) -> None:
    assert get(dist, "/config.json").json() == {
        "name": "Hosting Ltd",
        "stripe": {"publishable_key": "pk_test_1", "script": f"{EMULATOR}/dahlia/stripe.js"},
    }
    real = get(dist, "/config.json", a_stack(API)).json()
    assert real["stripe"] == {"publishable_key": "pk_test_1", "script": None}


def test_the_headers_are_the_templates_with_the_emulator_in_stripes_place() -> None:
    deployed, local = portal_headers(None), portal_headers(EMULATOR)
    assert deployed["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self' https://js.stripe.com https://*.js.stripe.com; "
        "style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self' "
        "https://api.stripe.com; frame-src https://js.stripe.com https://*.js.stripe.com "
        "https://hooks.stripe.com; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    assert local["Content-Security-Policy"] == (
        f"default-src 'none'; script-src 'self' {EMULATOR}; style-src 'self'; "
        f"img-src 'self'; font-src 'self'; connect-src 'self' {EMULATOR}; "
        f"frame-src {EMULATOR}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert "stripe.com" not in json.dumps(local)
    unchanged = deployed.keys() - {"Content-Security-Policy", "Permissions-Policy"}
    assert {name: local[name] for name in unchanged} == {name: deployed[name] for name in unchanged}
    assert deployed["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_every_answer_has_the_headers(dist: Path) -> None:
    expected = {name.lower(): value for name, value in portal_headers(EMULATOR).items()}
    for path in ("/", "/assets/index-Ab12Cd34.js", "/config.json", "/none.png"):
        answer = get(dist, path)
        assert expected.items() <= dict(answer.headers).items(), path
    # Real Stripe in test mode: the headers are those of a deployment, to the letter.
    real = get(dist, "/", a_stack(API)).headers["content-security-policy"]
    assert real == portal_headers(None)["Content-Security-Policy"]


def the_proxy(dist: Path, *, is_up: bool) -> ASGIApp:
    stack = a_stack()
    api = Api("http://127.0.0.1:9", {})
    return application(api, Workers([], 1), stack, PortalFiles(stack, dist), lambda: is_up)


@pytest.mark.parametrize("path", ["/", "/billing/cards", "/demo"])
def test_a_stack_that_comes_up_says_so(dist: Path, path: str) -> None:
    answer = ask(the_proxy(dist, is_up=False), path)
    assert answer.status_code == 503
    assert "coming up" in answer.text


def test_without_a_build_the_page_says_what_to_run(dist: Path) -> None:
    assert ask(the_proxy(dist, is_up=True), "/").status_code == 200
    (dist / "index.html").unlink()
    answer = ask(the_proxy(dist, is_up=True), "/billing/cards")
    assert answer.status_code == 503
    assert "make portal" in answer.text
    assert ask(the_proxy(dist, is_up=True), "/demo").status_code == 200
