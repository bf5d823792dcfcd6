"""What the business does in Stripe's dashboard, past our code."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.proof.machine.stage import Stage
from tests.proof.machine.world import CUSTOMER


class Dashboard(Stage):
    """Rules about cards and their customer; each happens between two calls of ours."""

    @rule(which=st.integers(0, 11), seldom=st.integers(0, 2))
    def detach(self, which: int, seldom: int) -> None:
        """Detach a card, in the wallet or on its way there."""
        customer = self.world.audit.customers.wallet(CUSTOMER).stripe_customer
        attached = sorted(self.world.stripe.cards(customer))
        if seldom or not attached:
            return
        gone = attached[which % len(attached)]
        self.world.stripe.detach(gone)
        self.world.taken.add(gone)
        Stage.seen["cards detached"] += 1

    @rule(seldom=st.integers(0, 1))
    def delete_customer(self, seldom: int) -> None:
        """Delete the customer, with all cards."""
        customer = self.world.audit.customers.wallet(CUSTOMER).stripe_customer
        if seldom or customer is None or not self.world.stripe.has_customer(customer):
            return
        self.world.taken |= self.world.stripe.cards(customer)
        self.world.stripe.delete_customer(customer)
        Stage.seen["customers deleted"] += 1
