"""Stripe's lists of charges, refunds and disputes, as charges of ours or of others.

Whose a charge is comes first: what is not ours may be in any currency and carry anything.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import stripe

from billfold.adapters.stripe_answers import owner_of
from billfold.adapters.whole_seconds import newest
from billfold.domain.errors import InvalidInputError
from billfold.domain.stripe_event import INTENT_GENERATION, INVOICE_ID, Owner
from billfold.services.ports import ChargeView, FoundIntent, Listed, Stretch

if TYPE_CHECKING:
    from stripe import Charge, Dispute, PaymentIntent, Refund, StripeClient

PAGE: Final = 100
"""As many as Stripe lists at once."""
View = Callable[["Charge", Owner], ChargeView]


def charges(client: "StripeClient", start: datetime, end: datetime, view: View) -> Stretch[Listed]:
    """Return the newest charges of a window that succeeded."""

    def page(after: "Charge | None") -> tuple[Sequence["Charge"], bool]:
        answer = client.v1.charges.list(params=_params(start, end, after))
        return answer.data, answer.has_more

    stretch = newest(page, _made_at, start)
    moved = [one for one in stretch.items if one.status == "succeeded" and one.captured]
    return Stretch([_listed(one, _made_at(one), view) for one in moved], stretch.since)


def refunds(client: "StripeClient", start: datetime, end: datetime, view: View) -> Stretch[Listed]:
    """Return the charges of the newest refunds of a window."""

    def page(after: "Refund | None") -> tuple[Sequence["Refund"], bool]:
        answer = client.v1.refunds.list(params=_params(start, end, after, ["data.charge"]))
        return answer.data, answer.has_more

    return _of_charges(newest(page, _made_at, start), view)


def disputes(client: "StripeClient", start: datetime, end: datetime, view: View) -> Stretch[Listed]:
    """Return the charges of the newest disputes of a window."""

    def page(after: "Dispute | None") -> tuple[Sequence["Dispute"], bool]:
        answer = client.v1.disputes.list(params=_params(start, end, after, ["data.charge"]))
        return answer.data, answer.has_more

    return _of_charges(newest(page, _made_at, start), view)


def intents(
    client: "StripeClient", owner: Owner, stripe_customer: str | None, since: datetime
) -> Sequence[FoundIntent]:
    """Return the intents that were made for an invoice, as their metadata tells.

    Search knows all but the newest, which are listed by customer ``since``. Where Stripe offers no
    search (accounts in India), the customer's list is read as a whole.
    """
    query = f"metadata['{INVOICE_ID}']:'{owner.invoice_id}'"
    window: dict[str, Any] = {"created": {"gte": int(since.timestamp())}}
    found: list[PaymentIntent] = []
    try:
        searched = client.v1.payment_intents.search({"query": query, "limit": PAGE})
        found += searched.auto_paging_iter()
    except stripe.InvalidRequestError:
        window = {}
    params: Any = {"customer": stripe_customer, "limit": PAGE, **window}
    try:
        if stripe_customer:
            found += client.v1.payment_intents.list(params).auto_paging_iter()
    except stripe.InvalidRequestError:
        # A customer who was deleted is no more to be listed by; search knows what they had.
        if not window:
            raise
    known = {one.id: one.metadata.to_dict() for one in found if one.metadata}
    return [
        FoundIntent(identifier, int(metadata.get(INTENT_GENERATION, 0)))
        for identifier, metadata in known.items()
        if Owner.of(metadata) == owner
    ]


def _params(
    start: datetime,
    end: datetime,
    after: Any,  # noqa: ANN401 - Stripe's objects
    expand: Sequence[str] = (),
) -> Any:  # noqa: ANN401
    window = {"gte": int(start.timestamp()), "lt": int(end.timestamp())}
    further = {"starting_after": after.id} if after else {}
    return {"created": window, "limit": PAGE, "expand": list(expand), **further}


def _of_charges(stretch: Stretch[Any], view: View) -> Stretch[Listed]:
    about = [one for one in stretch.items if one.charge]
    return Stretch([_listed(one.charge, _made_at(one), view) for one in about], stretch.since)


def _listed(charge: "Charge", at: datetime, view: View) -> Listed:
    owner = owner_of(charge)
    if owner is None:
        return Listed(charge.id, at)
    try:
        return Listed(charge.id, at, owner, view(charge, owner))
    except (ValueError, InvalidInputError):
        return Listed(charge.id, at, owner)


def _made_at(one: Any) -> datetime:  # noqa: ANN401
    return datetime.fromtimestamp(one.created, UTC)
