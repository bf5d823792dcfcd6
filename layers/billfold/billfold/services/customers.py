"""Taking over a customer from the business: the log-in and the record."""

from billfold.domain.customer import Customer
from billfold.services.ports import Ports


def register(customer: Customer, ports: Ports, *, autopay: bool) -> None:
    """Make the log-in, which sends the invitation, and store the customer; idempotent.

    The log-in comes first, since it alone knows whether the e-mail address is free: a registration
    that is refused leaves nothing behind, and one that is cut short is finished by its retry.

    Raises
    ------
    CustomerConflictError
        The id or the e-mail address is registered differently.
    """
    ports.identity.create_login(customer)
    ports.customers.register(customer, autopay=autopay)
