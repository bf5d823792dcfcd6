"""Lists, search, expansion."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator


def ids(page: Any) -> list[str]:
    return [one.id for one in page.data]


def test_newest_first_with_cursors(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    made = [emulator.intent().id for _ in range(7)][::-1]
    first = client.list({"limit": 3})
    assert (ids(first), first.has_more) == (made[:3], True)
    second = client.list({"limit": 3, "starting_after": made[2]})
    assert (ids(second), second.has_more) == (made[3:6], True)
    last = client.list({"limit": 3, "starting_after": made[5]})
    assert (ids(last), last.has_more) == (made[6:], False)
    back = client.list({"limit": 2, "ending_before": made[4]})
    assert (ids(back), back.has_more) == (made[2:4], True)
    start = client.list({"limit": 10, "ending_before": made[2]})
    assert (ids(start), start.has_more) == (made[:2], False)
    assert [one.id for one in client.list({"limit": 2}).auto_paging_iter()] == made


def test_cursors_and_limits_that_are_wrong(emulator: Emulator) -> None:
    client = emulator.stripe.v1.payment_intents
    for params in ({"starting_after": "pi_no"}, {"limit": 0}, {"limit": 101}, {"foo": "1"}):
        with pytest.raises(stripe.InvalidRequestError) as error:
            client.list(params)  # type: ignore[arg-type]
        assert error.value.http_status == 400


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


def test_expand(emulator: Emulator) -> None:
    customer = emulator.customer()
    paid = emulator.intent(
        customer=customer,
        payment_method=emulator.saved_card(customer),
        confirm=True,
        expand=["latest_charge", "customer", "payment_method.customer"],
    )
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert isinstance(paid.customer, stripe.Customer)
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    assert isinstance(paid.payment_method.customer, stripe.Customer)
    page = emulator.stripe.v1.charges.list({"expand": ["data.payment_intent", "data.customer"]})
    assert isinstance(page.data[0].payment_intent, stripe.PaymentIntent)
    assert isinstance(page.data[0].customer, stripe.Customer)
    for path in ("amount", "latest_charge.nothing", "data.customer"):
        with pytest.raises(stripe.InvalidRequestError) as error:
            emulator.stripe.v1.payment_intents.retrieve(paid.id, {"expand": [path]})
        assert error.value.param == "expand"


def test_customers(emulator: Emulator) -> None:
    client = emulator.stripe.v1.customers
    made = client.create(
        {"name": "Ada", "address": {"city": "Paris"}, "metadata": {"a": "1"}, "phone": "1"}
    )
    changed = client.update(made.id, {"name": "", "metadata": {"a": "2"}})
    assert (changed.name, changed.phone) == (None, "1")
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "2"}
    emptied = client.update(made.id, {"metadata": ""})
    assert emptied.metadata is not None
    assert emptied.metadata.to_dict() == {}
    method = emulator.saved_card(made.id)
    assert ids(client.payment_methods.list(made.id)) == [method]
    assert client.payment_methods.retrieve(made.id, method).id == method
    updated = emulator.stripe.v1.payment_methods.update(
        method, {"billing_details": {"name": "Ada"}, "card": {"exp_year": 2041}}
    )
    assert updated.card is not None
    assert (updated.billing_details.name, updated.card.exp_year) == ("Ada", 2041)
    assert "payment_method.updated" in emulator.event_types()
