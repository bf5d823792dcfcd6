"""The rig itself: what it shall find, it finds. Each page here does one thing that it must not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from billfold.adapters.stripe_gateway import API_VERSION
from playwright.sync_api import BrowserContext, Page

from local.portal_files import PortalFiles
from local.server import Server
from local.stack_file import Stack as StackFile
from tests.e2e.client import Stack
from tests.portal.accessibility import axe
from tests.portal.recorder import Recorder
from tests.portal.stripe_frames import Card, StripeFrames

pytestmark = pytest.mark.e2e
PAGE = """<!doctype html><html lang="en"><head><title>Rig</title><link rel="icon" href="/rig.svg"></head>
<body><main>
<h1>Rig</h1>{body}</main><script src="/rig.js"></script></body></html>"""
Show = Callable[..., None]


@pytest.fixture
def site(stack: Stack, tmp_path: Path) -> Iterator[Server]:
    """Files of ours on an origin of their own, served as the portal is."""
    state = {**stack, "customers": []}
    server = Server(PortalFiles(StackFile(**state), tmp_path), 0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def recorder(context: BrowserContext, stack: Stack, site: Server) -> Recorder:
    """The same recorder; here its findings are what is tested, so that they fail no test."""
    made = Recorder(site.origin, stack["stripe_url"])
    made.watch(context)
    return made


@pytest.fixture
def show(page: Page, site: Server, recorder: Recorder, tmp_path: Path) -> Show:
    """Show a page under the portal's headers; its script is a file."""

    def on_our_origin(script: str = "", body: str = "") -> None:
        (tmp_path / "rig.js").write_text(script)
        (tmp_path / "rig.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
        (tmp_path / "index.html").write_text(PAGE.format(body=body))
        page.goto(f"{site.origin}/rig")
        page.wait_for_load_state("networkidle")

    return on_our_origin


def test_a_clean_page_has_no_findings(show: Show, recorder: Recorder, page: Page) -> None:
    show("sessionStorage.setItem('filter', 'open'); console.info('hello')")
    axe(page)
    assert recorder.problems() == []


BAD = {
    "inline style": ("", "<p style='color: red'>x</p>", "CSP: style-src"),
    "inline script": ("", "<script>1</script>", "CSP: script-src"),
    "foreign image": ("", "<img alt='' src='http://127.0.0.1:9/x.png'>", "CSP: img-src"),
    "console": ("console.error('broken')", "", "error: broken"),
    "exception": ("null.x", "", "error: Cannot read properties of null"),
    "404": ("fetch('/assets/none.js')", "", "error: Failed to load resource"),
    "secret in an address": (
        "history.pushState({}, '', '/rig?s=pi_1_secret_2')",
        "",
        "a client secret is in an address",
    ),
    "secret in storage": (
        "localStorage.setItem('a', 'seti_1_secret_2'); localStorage.removeItem('a')",
        "",
        "a client secret is in the storage",
    ),
    "token in storage": (
        "sessionStorage.token = 'eyJhbGciOi.eyJzdWIi.c2ln'",
        "",
        "an access token is in the storage",
    ),
    "secret in the console": (
        "console.log('pi_1_secret_2')",
        "",
        "a client secret is in the console",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_must_not_happen_is_found(show: Show, recorder: Recorder, name: str) -> None:
    script, body, finding = BAD[name]
    show(script, body)
    assert [problem for problem in recorder.problems() if problem.startswith(finding)]


SENDS = {
    "number": ("{card: '4242 4242 4242 4242'}", "a card number went to POST"),
    "number in a text": ("{note: 'mine is 4242-4242-4242-4242, ok'}", "a card number went to POST"),
    "code": ("{deep: [{x: '917'}]}", "a security code went to POST"),
    "code as a number": ("{x: 917}", "a security code went to POST"),
}


@pytest.mark.parametrize("name", SENDS)
def test_card_data_to_our_own_origin_is_found(show: Show, recorder: Recorder, name: str) -> None:
    content, finding = SENDS[name]
    recorder.typed(Card.number, Card.code)
    show(f"fetch('/v1/rig', {{method: 'POST', body: JSON.stringify({content})}})")
    assert [problem for problem in recorder.problems() if problem.startswith(finding)]


def test_a_number_that_only_holds_the_code_is_no_finding(show: Show, recorder: Recorder) -> None:
    recorder.typed(Card.number, Card.code)
    recorder.provokes(405, "/v1/rig")
    show("fetch('/v1/rig', {method: 'POST', body: JSON.stringify({amount: 91700})})")
    assert recorder.problems() == []


def test_an_announced_error_has_to_come(show: Show, recorder: Recorder) -> None:
    recorder.provokes(404, "/assets/*")
    recorder.provokes(402, "/v1/invoices/*/payments")
    show("fetch('/assets/none.js')")
    assert recorder.problems() == ["did not happen: 402 /v1/invoices/*/payments"]


def test_axe_says_what_is_wrong_and_where(show: Show, page: Page) -> None:
    show(body="<img src='/logo.png' id='nameless'><input id='free'>")
    with pytest.raises(AssertionError) as told:
        axe(page)
    assert "image-alt (critical)" in str(told.value)
    assert "#free" in str(told.value)


MOUNT: Any = """
const ready = new Promise((resolve) => { const script = document.createElement('script');
  script.src = '%s/dahlia/stripe.js'; script.onload = resolve; document.head.append(script); });
const mounted = ready.then(async () => {
  window.stripe = Stripe('pk_test_emulator');
  const elements = stripe.elements();
  for (const [type, place] of %s) {
    window[type] = elements.create(type);
    window[type].mount(place);
  }
});
"""


@pytest.mark.parametrize(
    "elements",
    [
        "[['card', '#a']]",
        "[['cardNumber', '#a'], ['cardExpiry', '#b'], ['cardCvc', '#c']]",
    ],
)
def test_a_card_is_typed_under_the_portals_policy(
    show: Show,
    page: Page,
    recorder: Recorder,
    frames: StripeFrames,
    stack: Stack,
    elements: str,
) -> None:
    boxes = "".join(f'<div id="{name}"></div>' for name in "abc")
    show(MOUNT % (stack["stripe_url"], elements), boxes)
    frames.type_card(within="main")
    element = "card" if "'card'" in elements else "cardNumber"
    made = page.evaluate(f"() => stripe.createPaymentMethod({{type: 'card', card: {element}}})")
    assert made["paymentMethod"]["card"]["last4"] == "4242"
    assert recorder.problems() == []


@pytest.mark.parametrize(("step", "status"), [("pass_bank", None), ("fail_bank", "error")])
def test_the_banks_step_is_taken(
    show: Show, page: Page, frames: StripeFrames, stack: Stack, step: str, status: str | None
) -> None:
    show(MOUNT % (stack["stripe_url"], "[]"))
    page.evaluate("() => mounted")
    secret = authentication_wanted(stack)
    page.evaluate(
        "(clientSecret) => { window.done = stripe.handleNextAction({clientSecret}); }", secret
    )
    getattr(frames, step)()
    outcome = page.evaluate("window.done")
    assert ("error" in outcome) is (status == "error")


def authentication_wanted(stack: Stack) -> str:
    """A payment that waits for the bank, made with the secret key as our functions do."""
    import stripe

    client = stripe.StripeClient(
        stack["stripe_secret_key"], base_addresses={"api": stack["stripe_url"]}, stripe_version=API_VERSION
    )
    intent = client.v1.payment_intents.create(
        params={
            "amount": 12050,
            "currency": "usd",
            "payment_method": "pm_card_threeDSecure2Required",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
            "use_stripe_sdk": True,
        }
    )
    assert intent.client_secret
    return intent.client_secret
