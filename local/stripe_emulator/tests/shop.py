"""A shop's page on an origin of its own, under the policy that a portal sends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, Response, expect

_PAGE = """<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Shop</title><script src="SCRIPT"></script></head>
  <body>
    <main>
    <h1>Shop</h1>
    <form id="form">
      <label for="card">Card</label><div id="card"></div>
      <label for="number">Number</label><div id="number"></div>
      <label for="expiry">Expiry</label><div id="expiry"></div>
      <label for="cvc">CVC</label><div id="cvc"></div>
      <button id="pay">Pay</button>
    </form>
    </main>
  </body>
</html>
"""
_LAST_CHANGE = (
    "((type) => events.filter(([n, e]) => n === 'change' && (!type || e.elementType === type))"
    ".at(-1)?.[1])"
)


@dataclass
class Shop:
    """The shop's address, and everything that ever reached it."""

    url: str
    emulator: str
    received: list[str] = field(default_factory=list)


@contextmanager
def open_shop(emulator: str) -> Iterator[Shop]:
    """Serve the shop until the block ends."""
    policy = (
        f"default-src 'none'; script-src 'self' {emulator}; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {emulator}; frame-src {emulator}; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/favicon.ico":
                # The browser's own wish, whenever it likes: it names the page, which is known.
                self.send_response(204)
                self.end_headers()
                return
            self._receive("")

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            self._receive(self.rfile.read(length).decode())

        def _receive(self, body: str) -> None:
            shop.received.append(f"{self.requestline}\n{self.headers}\n{body}")
            page = _PAGE.replace("SCRIPT", f"{emulator}/dahlia/stripe.js").encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # Another site than the emulator's, as a shop is: the browser keeps the two apart.
    shop = Shop(f"http://localhost:{server.server_port}/", emulator)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()


class Browsing:
    """A tab with the shop's page, driven as a customer drives it."""

    def __init__(self, page: Page, shop: Shop) -> None:
        self.page = page
        self.shop = shop
        self.problems: list[str] = []
        self.api_calls: list[Response] = []
        page.on("console", lambda line: self._note(line.type, line.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("response", self._answered)
        page.goto(shop.url)
        page.evaluate("window.stripe = Stripe('pk_test_emulator'); window.events = [];")

    def _note(self, kind: str, text: str) -> None:
        # A 402 is what a declined card answers, and the browser says so in its console.
        if kind in ("error", "warning") and "status of 402" not in text:
            self.problems.append(text)

    def _answered(self, response: Response) -> None:
        if "/v1/" in response.url:
            self.api_calls.append(response)

    def run(self, script: str, argument: Any = None) -> Any:
        """Run a script of the shop and give what it resolves to."""
        return self.page.evaluate(script, argument)

    def mount(self, **elements: str) -> None:
        """Mount Elements, by type and the id of their container, and wait until they are ready."""
        for element, container in elements.items():
            self.run(
                """async ([type, id, fresh]) => {
                    window.group = fresh ? stripe.elements() : window.group;
                    const style = { base: { fontSize: '18px' } };
                    const element = window.group.create(type, { style });
                    for (const name of ['change', 'focus', 'blur', 'escape'])
                      element.on(name, (event) => events.push([name, event]));
                    const ready = new Promise((resolve) => element.on('ready', resolve));
                    element.mount('#' + id);
                    window[type] = element;
                    await ready;
                }""",
                [element, container, element in ("card", "cardNumber")],
            )

    def mount_split(self) -> None:
        self.mount(cardNumber="number", cardExpiry="expiry", cardCvc="cvc")

    def frame(self, container: str) -> FrameLocator:
        return self.page.frame_locator(f"#{container} iframe")

    def field(self, container: str, name: str) -> Locator:
        return self.frame(container).locator(f"input[name={name}]")

    def type_card(self, number: str = "4242424242424242") -> None:
        """Fill the single card Element by keys alone."""
        self.field("card", "cardnumber").focus()
        self.page.keyboard.type(f"{number}123412394107")

    def type_split(self, number: str = "4242424242424242") -> None:
        """Fill the three Elements, going on with the Tab key."""
        fields = (("number", "cardnumber", number), ("expiry", "exp-date", "1234"))
        self.field("number", "cardnumber").focus()
        for container, name, typed in (*fields, ("cvc", "cvc", "123")):
            # The next frame is another process: it must have the focus before the next key.
            expect(self.field(container, name)).to_be_focused()
            self.page.keyboard.type(typed)
            if container != "cvc":
                self.page.keyboard.press("Tab")

    def change_when(self, element: str, state: str) -> Any:
        """Wait until an Element's last change event has a state, and give it."""
        self.page.wait_for_function(
            f"([type, state]) => {_LAST_CHANGE}(type)?.[state]", arg=[element, state]
        )
        return self.run(_LAST_CHANGE, element)

    def wait_for_error(self, code: str | None) -> None:
        """Wait until the last change event of all tells this error, or none."""
        self.page.wait_for_function(
            f"(code) => {{ const last = {_LAST_CHANGE}();"
            " return last && last.error?.code == code; }",
            arg=code,
        )

    def begin(self, script: str, argument: Any = None) -> None:
        """Begin what will only end after the bank's step; `outcome` gives how it ended."""
        self.run(f"(given) => {{ window.outcome = ({script})(given); }}", argument)

    def outcome(self) -> Any:
        return self.run("window.outcome")

    def bank(self) -> FrameLocator:
        """Give the frame of the bank's step."""
        return self.page.frame_locator("iframe[title='3D Secure authentication']")

    def press_at_bank(self, button: str) -> None:
        self.bank().get_by_role("button", name=button).click()
