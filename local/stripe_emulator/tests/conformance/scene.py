"""What the expectations speak of by name, made when it is spoken of."""

import json
import time
from urllib.parse import urlencode

from local.stripe_emulator.tests.conformance.replay import Account

_CARDS = {"payment_method_types[]": "card"}
_PAID = {"payment_method": "pm_card_visa", "confirm": "true"}


class Scene(dict[str, str]):
    """Ids by name, for `str.format_map`."""

    def __init__(self) -> None:
        self.account = Account()
        self.account.set_clock(time.time())

    def __missing__(self, name: str) -> str:
        """Make what has the name."""
        self[name] = made = str(getattr(self, f"_{name}")())
        return made

    def _make(self, path: str, **form: str) -> str:
        return str(self.account.ask("POST", f"/v1/{path}", **form)["id"])

    def _customer(self) -> str:
        return self._make("customers")

    def _other(self) -> str:
        return self._make("customers")

    def _deleted(self) -> str:
        made = self._make("customers")
        self.account.ask("DELETE", f"/v1/customers/{made}")
        return made

    def _card(self) -> str:
        return self._make("payment_methods", type="card", **{"card[token]": "tok_visa"})

    def _saved(self) -> str:
        return self._make("payment_methods/pm_card_visa/attach", customer=self["customer"])

    def _detached(self) -> str:
        made = self._make("payment_methods/pm_card_visa/attach", customer=self["customer"])
        return self._make(f"payment_methods/{made}/detach")

    def _used(self) -> str:
        made = self._make("payment_methods", type="card", **{"card[token]": "tok_visa"})
        self._intended(payment_method=made, confirm="true")
        return made

    def _intended(self, **form: str) -> str:
        return self._make("payment_intents", amount="1200", currency="usd", **_CARDS, **form)

    def _intent(self) -> str:
        return self._intended(customer=self["customer"])

    def _of_other(self) -> str:
        return self._intended(customer=self["other"])

    def _of_nobody(self) -> str:
        return self._intended()

    def _held(self) -> str:
        return self._intended(capture_method="manual", **_PAID)

    def _paid(self) -> str:
        return self._intended(**_PAID)

    def _setup(self) -> str:
        return self._make("setup_intents", **_CARDS)

    def _charge(self) -> str:
        return self._charge_of(self["paid"])

    def _refunded(self) -> str:
        charge = self._charge_of(self._intended(**_PAID))
        self._make("refunds", charge=charge)
        return charge

    def _disputed(self) -> str:
        return self._charge_of(
            self._intended(payment_method="pm_card_createDispute", confirm="true")
        )

    def _charge_of(self, intent: str) -> str:
        return str(self.account.ask("GET", f"/v1/payment_intents/{intent}")["latest_charge"])

    def _cvc(self) -> str:
        return self._make("tokens", **{"cvc_update[cvc]": "123"})

    def _used_cvc(self) -> str:
        made = self._make("tokens", **{"cvc_update[cvc]": "123"})
        option = {"payment_method_options[card][cvc_token]": made}
        self._intended(customer=self["customer"], payment_method=self["saved"], confirm="true",
                       **option)  # fmt: skip
        return made

    def request(self, text: str) -> tuple[int, dict[str, object]]:
        """Ask for what a row says."""
        method, path, form = [*text.format_map(self).split(" "), ""][:3]
        status, answer = self.account.send(method, path, form)
        assert isinstance(answer, dict)
        return status, answer

    def field(self, path: str, name: str) -> str:
        """Give a field of an object as a row writes it."""
        if name == "charges":
            intent = path.rsplit("/", 1)[-1]
            query = urlencode({"payment_intent": intent})
            return str(len(self.account.send("GET", "/v1/charges", query)[1]["data"]))
        value = self.account.ask("GET", f"/v1/{path}")[name]
        return value if isinstance(value, str) else json.dumps(value)
