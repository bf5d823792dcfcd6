"""Lists, search, expansion, and parameters that do not exist."""

from typing import Any

import pytest
import stripe

from local.stripe_emulator.tests.behaviour.account import Account


def ids(page: Any) -> list[str]:
    return [one.id for one in page.data]


def test_newest_first_with_cursors(account: Account) -> None:
    customer = account.customer()
    made = [account.intent(customer=customer).id for _ in range(7)][::-1]

    def listed(**given: Any) -> Any:
        params: Any = {"customer": customer, **given}
        return account.stripe.v1.payment_intents.list(params)

    first = listed(limit=3)
    assert (ids(first), first.has_more) == (made[:3], True)
    second = listed(limit=3, starting_after=made[2])
    assert (ids(second), second.has_more) == (made[3:6], True)
    last = listed(limit=3, starting_after=made[5])
    assert (ids(last), last.has_more) == (made[6:], False)
    back = listed(limit=2, ending_before=made[4])
    assert (ids(back), back.has_more) == (made[2:4], True)
    start = listed(limit=10, ending_before=made[2])
    assert (ids(start), start.has_more) == (made[:2], False)
    assert [one.id for one in listed(limit=2).auto_paging_iter()] == made


@pytest.mark.parametrize(
    "params", [{"starting_after": "pi_no"}, {"limit": 0}, {"limit": 101}, {"foo": "1"}]
)
def test_cursors_and_limits_that_are_wrong(account: Account, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        account.stripe.v1.payment_intents.list(params)
    assert error.value.http_status == 400


def test_filters(account: Account) -> None:
    mine, theirs = account.customer(), account.customer()
    paid = account.paid(customer=mine)
    other = account.paid(customer=theirs)
    api = account.stripe.v1
    assert ids(api.payment_intents.list({"customer": mine})) == [paid.id]
    within: Any = {"customer": theirs, "created": {"gte": other.created, "lte": other.created}}
    assert ids(api.payment_intents.list(within)) == [other.id]
    assert ids(api.payment_intents.list(within | {"created": {"gt": other.created}})) == []
    assert ids(api.charges.list({"customer": mine})) == [paid.latest_charge]
    assert ids(api.charges.list({"payment_intent": other.id})) == [other.latest_charge]


def test_search(account: Account) -> None:
    first = account.intent(metadata={"epoch": "1"})
    second = account.intent(metadata={"epoch": "2"}, amount=500)
    mine = f"metadata['behaviour_run']:'{account.run}'"

    def found(query: str) -> list[str]:
        return ids(account.stripe.v1.payment_intents.search({"query": query}))

    account.eventually(lambda: found(mine) == [second.id, first.id])
    assert found(f"{mine} AND metadata['epoch']:'2'") == [second.id]
    assert found(f"{mine} AND amount<600") == [second.id]
    assert found(f"{mine} AND -metadata['epoch']:'2'") == [first.id]
    assert found(f"{mine} AND status:'succeeded'") == []


@pytest.mark.parametrize("query", ["", "foo:'1'", "status:", "status:'a' AND"])
def test_queries_that_are_wrong(account: Account, query: str) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        account.stripe.v1.payment_intents.search({"query": query})


def test_expand(account: Account) -> None:
    customer = account.customer()
    paid = account.paid(
        account.saved_card(customer),
        customer=customer,
        expand=["latest_charge", "customer", "payment_method.customer"],
    )
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert isinstance(paid.customer, stripe.Customer)
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    assert isinstance(paid.payment_method.customer, stripe.Customer)
    page = account.stripe.v1.charges.list(
        {"customer": customer, "expand": ["data.payment_intent", "data.customer"]}
    )
    assert isinstance(page.data[0].payment_intent, stripe.PaymentIntent)
    assert isinstance(page.data[0].customer, stripe.Customer)
    for path in ("amount", "latest_charge.nothing", "data.customer"):
        with pytest.raises(stripe.InvalidRequestError):
            account.stripe.v1.payment_intents.retrieve(paid.id, {"expand": [path]})


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"foo": "1"}, "parameter_unknown", "foo"),
        ({"shipping": {"foo": "1"}}, "parameter_unknown", "shipping[foo]"),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"amount": "12.5"}, "parameter_invalid_integer", "amount"),
        ({"customer": ""}, "parameter_invalid_empty", "customer"),
        ({"customer": "cus_no"}, "resource_missing", "customer"),
        ({"payment_method": "pm_no"}, "resource_missing", "payment_method"),
    ],
)
def test_parameters_that_are_wrong(
    account: Account, changes: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        account.intent(**changes)
    assert (error.value.http_status, error.value.code, error.value.param) == (400, code, param)


def test_what_does_not_exist(account: Account) -> None:
    for client in (account.stripe.v1.payment_intents, account.stripe.v1.charges):
        with pytest.raises(stripe.InvalidRequestError) as error:
            client.retrieve("pi_no")
        assert (error.value.http_status, error.value.code) == (404, "resource_missing")


def test_a_customer_is_changed(account: Account) -> None:
    client = account.stripe.v1.customers
    made = account.customer(name="Ada", address={"city": "Paris"}, phone="1", metadata={"a": "1"})
    changed = client.update(made, {"name": "", "metadata": {"a": "2"}})
    assert (changed.name, changed.phone) == (None, "1")
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "2"}
    emptied = client.update(made, {"metadata": ""})
    assert emptied.metadata is not None
    assert emptied.metadata.to_dict() == {}
    method = account.saved_card(made)
    assert ids(client.payment_methods.list(made)) == [method]
    assert client.payment_methods.retrieve(made, method).id == method
    updated = account.stripe.v1.payment_methods.update(
        method, {"billing_details": {"name": "Ada"}, "card": {"exp_year": 2041}}
    )
    assert updated.card is not None
    assert (updated.billing_details.name, updated.card.exp_year) == ("Ada", 2041)
