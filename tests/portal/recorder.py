"""Watches everything that a browser does during a test, and says what must never happen."""

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, Page, Request, WebError

WATCH: Final = """
document.addEventListener('securitypolicyviolation', (event) => window.billfoldViolation(
  `${event.violatedDirective} refused ${event.blockedURI} on ${event.documentURI}`));
const setItem = Storage.prototype.setItem;
Storage.prototype.setItem = function (name, value) {
  window.billfoldStored(`${name}=${value}`);
  return setItem.call(this, name, value);
};
"""
STORED: Final = "() => JSON.stringify([{...localStorage}, {...sessionStorage}])"
CLIENT_SECRET: Final = re.compile(r"\w+_secret_\w+")
ACCESS_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
FAILED: Final = re.compile(r"the server responded with a status of (\d+)|Failed.*net::ERR_\w+")


@dataclass(frozen=True)
class Sent:
    """A request as it left the browser."""

    method: str
    url: str
    headers: dict[str, str]
    body: str

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def values(self) -> set[str]:
        """Every single value in it, so that three digits are found where they stand alone."""
        found = {value for _, value in parse_qsl(urlsplit(self.url).query)}
        found |= set(self.headers.values())
        try:
            _leaves(json.loads(self.body), found)
        except ValueError:
            found |= {value for _, value in parse_qsl(self.body)}
        return found

    def text(self) -> str:
        return "\n".join([self.url, *self.headers.values(), self.body])


@dataclass
class Provoked:
    """An error answer that a test brings about; the browser reports it in its console.

    Status 0 stands for none at all: the connection failed.
    """

    status: int
    path: str
    happened: bool = False

    def matches(self, status: int, url: str) -> bool:
        return self.status == status and fnmatch(urlsplit(url).path, self.path)


@dataclass
class Recorder:
    """What was sent, said, stored and refused.

    ``own`` is the portal's origin, ``stripe`` the emulator's; no other may be called.
    """

    own: str
    stripe: str
    sent: list[Sent] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    _provoked: list[Provoked] = field(default_factory=list)
    _context: BrowserContext | None = None

    def watch(self, context: BrowserContext) -> None:
        """Begin; a second browser of the same test may be watched as well."""
        self._context = context
        # Playwright cannot wrap a built-in method, hence the lambdas.
        context.expose_function("billfoldViolation", lambda text: self.violations.append(text))
        context.expose_function("billfoldStored", lambda text: self.stored.append(text))
        context.add_init_script(WATCH)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        context.on("page", self._page)

    def typed(self, number: str, code: str) -> None:
        """Remember card data that went into Stripe's frames: it must be nowhere else."""
        self.numbers.add(number)
        self.codes.add(code)

    def provokes(self, status: int, path: str) -> None:
        """Announce an error answer, e.g. ``402, "/v1/invoices/*/payments"``; it has to come."""
        self._provoked.append(Provoked(status, path))

    def to_own(self, path: str = "*", method: str | None = None) -> list[Sent]:
        """Give the requests to the portal's own origin."""
        return [
            sent
            for sent in self.sent
            if sent.origin == self.own
            and fnmatch(urlsplit(sent.url).path, path)
            and method in (None, sent.method)
        ]

    def problems(self) -> list[str]:
        """Say all that must not have happened."""
        self._read_storage()
        return [
            *(f"CSP: {violation}" for violation in self.violations),
            *(f"error: {error}" for error in self.errors),
            *(f"did not happen: {p.status} {p.path}" for p in self._provoked if not p.happened),
            *self._strangers(),
            *self._card_data(),
            *self._secrets(),
        ]

    def _strangers(self) -> list[str]:
        called = {sent.origin for sent in self.sent if sent.url.startswith("http")}
        return [f"called {origin}" for origin in sorted(called - {self.own, self.stripe})]

    def _card_data(self) -> list[str]:
        found = []
        for sent in self.to_own():
            digits = re.sub(r"(?<=\d)[ -]+(?=\d)", "", sent.text())
            if any(number in digits for number in self.numbers):
                found.append(f"a card number went to {sent.method} {sent.url}")
            if self.codes & sent.values():
                found.append(f"a security code went to {sent.method} {sent.url}")
        kept = "\n".join([*self.stored, *self.console])
        return found + [f"{n[-4:]} is stored or logged" for n in self.numbers if n in kept]

    def _secrets(self) -> list[str]:
        urls = [*self.addresses, *(sent.url for sent in self.to_own())]
        places = {"an address": urls, "the storage": self.stored, "the console": self.console}
        kinds = {"a client secret": CLIENT_SECRET, "an access token": ACCESS_TOKEN}
        return [
            f"{kind} is in {place}"
            for place, texts in places.items()
            for kind, pattern in kinds.items()
            if any(pattern.search(text) for text in texts)
        ]

    def _read_storage(self) -> None:
        for page in self._context.pages if self._context else []:
            if page.url.startswith(self.own):
                self.stored.append(page.evaluate(STORED))

    def _request(self, request: Request) -> None:
        body = request.post_data_buffer or b""
        self.sent.append(
            Sent(request.method, request.url, request.headers, body.decode(errors="replace"))
        )

    def _console(self, message: ConsoleMessage) -> None:
        self.console.append(message.text)
        if message.type not in ("error", "warning"):
            return
        where = message.location["url"]
        failed = FAILED.search(message.text)
        for provoked in self._provoked if failed else []:
            if failed and provoked.matches(int(failed[1] or 0), where):
                provoked.happened = True
                return
        self.errors.append(f"{message.text} ({where})")

    def _web_error(self, error: WebError) -> None:
        self.errors.append(str(error.error))

    def _page(self, page: Page) -> None:
        page.on("framenavigated", self._navigated)

    def _navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self.addresses.append(frame.url)


def _leaves(content: Any, into: set[str]) -> None:
    if isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            _leaves(value, into)
    else:
        into.add(str(content))
