"""Charges: one for every time a bank was asked for money."""

from typing import Any, Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.declines import Decline
from local.stripe_emulator.errors import no_such
from local.stripe_emulator.fields import SHIPPING, changes, merged_metadata, shipping
from local.stripe_emulator.ids import new_id
from local.stripe_emulator.parameters import Choice, Identifier, Metadata, Shape, Text
from local.stripe_emulator.payment_methods import test_card_of
from local.stripe_emulator.search import SEARCH, search_objects
from local.stripe_emulator.store import Record


def make_charge(
    call: Call, intent: JsonObject, method: Record, decline: Decline | None, *, authenticated: bool
) -> Record:
    """Record what the bank answered; the caller emits the intent's own event."""
    captured = decline is None and intent["capture_method"] != "manual"
    body: dict[str, Any] = {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method.body["billing_details"],
        "calculated_statement_descriptor": intent["statement_descriptor"] or "EMULATOR",
        "captured": captured,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(method, decline),
        "paid": decline is None,
        "payment_intent": intent["id"],
        "payment_method": method.id,
        "payment_method_details": {
            "card": _card_details(intent, method, authenticated=authenticated),
            "type": "card",
        },
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "failed" if decline else "succeeded",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    return call.insert(Record(body), "charge.failed" if decline else "charge.succeeded")


def _outcome(method: Record, decline: Decline | None) -> JsonObject:
    card = test_card_of(method)
    outcome: JsonObject = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": card.risk_level,
        "risk_score": {"normal": 20, "elevated": 65, "highest": 95}[card.risk_level],
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline is None:
        return outcome
    if decline.blocked:
        return outcome | {
            "network_status": "not_sent_to_network",
            "reason": "highest_risk_level",
            "seller_message": "Stripe blocked this payment as too risky.",
            "type": "blocked",
        }
    return outcome | {
        "advice_code": decline.advice_code,
        "network_advice_code": decline.network_advice,
        "network_decline_code": decline.network_code,
        "network_status": "declined_by_network",
        "reason": decline.reason,
        "seller_message": f"The bank returned the decline code `{decline.decline_code}`.",
        "type": "issuer_declined",
    }


def _card_details(intent: JsonObject, method: Record, *, authenticated: bool) -> JsonObject:
    card = method.body["card"]
    three_d_secure = None
    if authenticated:
        three_d_secure = {
            "authentication_flow": "challenge",
            "electronic_commerce_indicator": "05",
            "exemption_indicator": None,
            "result": "authenticated",
            "result_reason": None,
            "transaction_id": new_id("tds", 16),
            "version": "2.2.0",
        }
    return {
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "brand": card["brand"],
        "checks": dict(card["checks"]),
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": card["regulated_status"],
        "three_d_secure": three_d_secure,
        "wallet": None,
    }


def _find(call: Call) -> Record:
    record = call.tx.get("charge", call.path["charge"])
    if record is None:
        raise no_such("charge", call.path["charge"], "id", in_path=True)
    return record


def _get(call: Call) -> JsonObject:
    return _find(call).body


def _update(call: Call) -> JsonObject:
    record, before = _find(call), dict(_find(call).body)
    body, given = record.body, call.params
    for name in ("description", "receipt_email", "transfer_group"):
        if name in given:
            body[name] = given[name]
    if "shipping" in given:
        body["shipping"] = shipping(given["shipping"])
    if "fraud_details" in given:
        body["fraud_details"] = {k: v for k, v in (given["fraud_details"] or {}).items() if v}
    if "metadata" in given:
        body["metadata"] = merged_metadata(body["metadata"], given["metadata"])
    call.save(record)
    if previous := changes(before, body):
        call.emit("charge.updated", record, previous)
    return body


def _list(call: Call) -> JsonObject:
    filters = {
        "customer": lists.known_customer(call),
        "payment_intent": call.params.get("payment_intent"),
    }
    inside = {"transfer_group": call.params.get("transfer_group")}
    return lists.list_objects(call, "charge", "/v1/charges", filters, inside)


def _search(call: Call) -> JsonObject:
    return search_objects(call, "charge", "/v1/charges/search")


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/charges",
        _list,
        Shape(
            {
                **lists.PAGING,
                **lists.CREATED,
                "customer": Identifier(),
                "payment_intent": Identifier(),
                "transfer_group": Text(),
            }
        ),
    ),
    Endpoint("GET", "/v1/charges/search", _search, SEARCH),
    Endpoint("GET", "/v1/charges/{charge}", _get),
    Endpoint(
        "POST",
        "/v1/charges/{charge}",
        _update,
        Shape(
            {
                "description": Text(40_000),
                "fraud_details": Shape({"user_report": Choice(("", "fraudulent", "safe"))}),
                "metadata": Metadata(),
                "receipt_email": Text(),
                "shipping": SHIPPING,
                "transfer_group": Text(),
            }
        ),
    ),
)
