"""Lists and search: what of them needs the clock, events, or pages."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator


def ids(page: Any) -> list[str]:
    return [one.id for one in page.data]


def test_filters(emulator: Emulator) -> None:
    mine, theirs = emulator.customer(), emulator.customer()
    paid = emulator.intent(customer=mine, payment_method="pm_card_visa", confirm=True)
    emulator.control("clock", advance=1000)
    later = emulator.intent(customer=theirs, payment_method="pm_card_visa", confirm=True)
    api = emulator.stripe.v1
    assert ids(api.payment_intents.list({"customer": mine})) == [paid.id]
    assert ids(api.payment_intents.list({"created": {"gt": paid.created + 10}})) == [later.id]
    assert ids(api.payment_intents.list({"created": paid.created})) == [paid.id]
    assert ids(api.charges.list({"customer": mine})) == [paid.latest_charge]
    assert ids(api.charges.list({"payment_intent": later.id})) == [later.latest_charge]
    assert ids(api.charges.list({"created": {"lte": paid.created}})) == [paid.latest_charge]
    assert len(api.events.list({"type": "charge.succeeded"}).data) == 2
    named = api.customers.create({"email": "a@example.com"}).id
    assert ids(api.customers.list({"email": "a@example.com"})) == [named]


def test_search(emulator: Emulator) -> None:
    first = emulator.intent(metadata={"invoice": "in_1", "epoch": "1"})
    second = emulator.intent(metadata={"invoice": "in_1", "epoch": "2"}, amount=500)
    other = emulator.intent(metadata={"invoice": "in_2"})

    def search(query: str, **more: Any) -> Any:
        params: Any = {"query": query, **more}
        return emulator.stripe.v1.payment_intents.search(params)

    assert ids(search("metadata['invoice']:'in_1'")) == [second.id, first.id]
    assert ids(search("metadata['invoice']:'in_1' AND metadata['epoch']:'2'")) == [second.id]
    assert ids(search('metadata["epoch"]:"1" OR amount<600')) == [second.id, first.id]
    assert ids(search("-metadata['invoice']:'in_1'")) == [other.id]
    assert ids(search("status:'succeeded'")) == []
    page = search("currency:'usd'", limit=2)
    assert (ids(page), page.has_more) == ([other.id, second.id], True)
    assert ids(search("currency:'usd'", limit=2, page=page.next_page)) == [first.id]
    for query in ("", "foo:'1'", "status:", "status:'a' AND", "status:'a' AND x OR y"):
        with pytest.raises(stripe.InvalidRequestError):
            search(query)
