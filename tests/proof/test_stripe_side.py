"""What the proof is told of Stripe is all there is, not the first page of it."""

from tests.proof.crash.sites import Sites


def test_a_customers_cards_are_all_seen(sites: Sites) -> None:
    side = sites.stripe
    side.forget()
    customer = side.customer("cust-1")
    attached = {side.attached(side.typed(), customer)["id"] for _ in range(12)}
    assert side.cards(customer) == attached
