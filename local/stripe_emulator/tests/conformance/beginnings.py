"""What a recording begins with: objects older than it, made by the emulator's own routes."""

import json
from typing import Any
from urllib.parse import urlencode

from local.stripe_emulator.card_rows import TestCard
from local.stripe_emulator.card_table import TEST_CARDS
from local.stripe_emulator.tests.conformance.recordings import Exchange, objects
from local.stripe_emulator.tests.conformance.replay import Account

_TYPES = "payment_method_types[]"
# What is sent to reach a status.
_CONFIRMED = {"payment_method": "pm_card_visa", "confirm": "true"}
_REACHED: dict[str, dict[str, str]] = {
    "requires_payment_method": {},
    "canceled": {},
    "requires_confirmation": {"payment_method": "pm_card_visa"},
    "requires_capture": _CONFIRMED,
    "succeeded": _CONFIRMED,
}
_SET_UP: dict[str, dict[str, str]] = {
    "requires_payment_method": {},
    "canceled": {},
    "requires_confirmation": {"payment_method": "pm_card_visa"},
    "succeeded": _CONFIRMED,
}
_BY_FACE = {(card.brand, card.last4): card for card in reversed(TEST_CARDS)}


class CannotBeMadeError(Exception):
    """Only what the emulator does not model could have made this object."""


class Beginnings:
    """Makes what is older than a cassette, as the cassette's later answers show it."""

    def __init__(self, cassette: list[Exchange]) -> None:
        self._shown: dict[str, dict[str, Any]] = {}
        for exchange in cassette:
            for shown in objects(exchange.answer):
                self._shown.setdefault(shown["id"], shown)

    def make(self, account: Account, identifier: str, asked: Exchange) -> None:
        """Make an object, in the state that the request needs.

        Raises
        ------
        CannotBeMadeError
            No route of the emulator makes it, or the cassette never shows it.
        """
        makers = {
            "cus": self._customer,
            "pm": self._method,
            "pi": self._intent,
            "ch": self._charge,
            "re": self._refund,
            "seti": self._setup,
            "tok": self._token,
        }
        maker = makers.get(identifier.partition("_")[0])
        if maker is None:
            raise CannotBeMadeError
        account.ids[identifier] = maker(account, self._shown.get(identifier, {}), asked)

    def _id(self, account: Account, identifier: str | None, asked: Exchange) -> str | None:
        if identifier is None:
            return None
        if identifier not in account.ids:
            self.make(account, identifier, asked)
        return account.ids[identifier]

    def _customer(self, account: Account, _shown: dict[str, Any], _asked: Exchange) -> str:
        return str(_ask(account, "POST", "/v1/customers")["id"])

    def _method(self, account: Account, shown: dict[str, Any], asked: Exchange) -> str:
        if shown.get("type", "card") != "card":
            raise CannotBeMadeError
        name = _card(shown).name
        method = str(_ask(account, "GET", f"/v1/payment_methods/pm_card_{name}")["id"])
        owner = shown.get("customer")
        if owner is None and not asked.path.endswith("/attach"):
            # The request says whose it is, if anything does.
            owner = next((one for one in _customers(asked) if one.startswith("cus_")), None)
        customer = self._id(account, owner if isinstance(owner, str) else None, asked)
        if "already been attached" in json.dumps(asked.answer):
            customer = self._customer(account, {}, asked)
        if customer is not None:
            _ask(account, "POST", f"/v1/payment_methods/{method}/attach", customer=customer)
        return method

    def _intent(self, account: Account, shown: dict[str, Any], asked: Exchange) -> str:
        types = shown.get("payment_method_types")
        if not shown or types is None or "card" not in types:
            raise CannotBeMadeError
        status = _before(asked, shown["status"])
        form = {"amount": str(shown["amount"]), "currency": shown["currency"], _TYPES: "card"}
        form["confirmation_method"] = shown.get("confirmation_method", "automatic")
        held = status == "requires_capture"
        form["capture_method"] = "manual" if held else shown.get("capture_method", "automatic")
        customer = shown.get("customer")
        owner = customer["id"] if isinstance(customer, dict) else customer
        if known := self._id(account, owner, asked):
            form["customer"] = known
        if status not in _REACHED:
            raise CannotBeMadeError
        sent = dict(_REACHED[status])
        if status == "requires_confirmation":
            sent["payment_method"] = f"pm_card_{_card(_paid_with(asked)).name}"
        made = _ask(account, "POST", "/v1/payment_intents", **form, **sent)
        one = f"/v1/payment_intents/{made['id']}"
        if status == "canceled":
            _ask(account, "POST", f"{one}/cancel")
        if status == "succeeded" and made["status"] == "requires_capture":
            _ask(account, "POST", f"{one}/capture")
        return str(made["id"])

    def _charge(self, account: Account, shown: dict[str, Any], asked: Exchange) -> str:
        if not shown.get("captured") or "card" not in (shown.get("payment_method_details") or {}):
            raise CannotBeMadeError
        paid = {"status": "succeeded", "payment_method_types": ["card"]}
        intent = self._intent(account, {**shown, **paid}, asked)
        if isinstance(shown.get("payment_intent"), str):
            account.ids.setdefault(shown["payment_intent"], intent)
        return str(_ask(account, "GET", f"/v1/payment_intents/{intent}")["latest_charge"])

    def _refund(self, account: Account, shown: dict[str, Any], asked: Exchange) -> str:
        charge = shown.get("charge")
        if not isinstance(charge, str) or "amount" not in shown:
            raise CannotBeMadeError
        paid = self._id(account, charge, asked)
        amount = str(shown["amount"])
        return str(_ask(account, "POST", "/v1/refunds", charge=str(paid), amount=amount)["id"])

    def _setup(self, account: Account, shown: dict[str, Any], asked: Exchange) -> str:
        status = shown.get("status")
        if status not in _SET_UP or "card" not in shown.get("payment_method_types", ()):
            raise CannotBeMadeError
        owner = shown.get("customer")
        customer = self._id(account, owner if isinstance(owner, str) else None, asked)
        given = {"customer": customer} if customer else {}
        form = {_TYPES: "card", **given, **_SET_UP[status]}
        made = str(_ask(account, "POST", "/v1/setup_intents", **form)["id"])
        if status == "canceled":
            _ask(account, "POST", f"/v1/setup_intents/{made}/cancel")
        return made

    def _token(self, account: Account, _shown: dict[str, Any], asked: Exchange) -> str:
        # A browser made it; what was made of it shows its card.
        form = {
            "card[number]": _card(_paid_with(asked)).number,
            "card[exp_month]": "12",
            "card[exp_year]": "2049",
            "card[cvc]": "123",
        }
        return str(_ask(account, "POST", "/v1/tokens", **form)["id"])


def _paid_with(asked: Exchange) -> dict[str, Any]:
    """Give the card that an answer shows; the usual one if it shows none."""
    for shown in objects(asked.answer):
        if shown["object"] == "payment_method":
            return shown
        details = shown.get("payment_method_details")
        if isinstance(details, dict):
            return details
    return {}


def _card(shown: dict[str, Any]) -> TestCard:
    """Give the test card of what is shown of a PaymentMethod."""
    face = shown.get("card") or {}
    card = _BY_FACE.get((face.get("brand", "visa"), face.get("last4", "4242")))
    if card is None:
        raise CannotBeMadeError
    return card


def _ask(account: Account, method: str, path: str, **form: str) -> Any:
    status, answer = account.send(method, path, urlencode(form))
    if status != 200:
        raise CannotBeMadeError
    return answer


def _customers(asked: Exchange) -> list[str]:
    return [
        word
        for word in asked.encoded.replace("=", "&").split("&") + asked.path.split("/")
        if word.startswith("cus_")
    ]


def _before(asked: Exchange, status: str) -> str:
    """Give the status that an intent had before a request about it."""
    verb = asked.path.rsplit("/", 1)[-1]
    if "/payment_intents/" not in asked.path or asked.status not in (200, 402):
        return status
    return {
        "capture": "requires_capture",
        "cancel": "requires_payment_method",
        "confirm": "requires_confirmation",
    }.get(verb, status)
