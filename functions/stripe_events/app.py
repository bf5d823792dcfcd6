"""Takes what the webhook has heard, looks at Stripe, and settles."""

from billfold import bootstrap
from billfold.domain import stripe_message
from billfold.domain.stripe_event import StripeEvent
from billfold.entrypoints import queue
from billfold.services import stripe_events


def take(event: StripeEvent) -> None:
    stripe_events.take(event, bootstrap.ports())


handler = queue.handler("StripeEvent", stripe_message.read, take)
