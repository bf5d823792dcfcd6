"""POST /v1/webhooks/stripe: verifies what Stripe tells and queues it; it answers at once."""

from billfold import bootstrap
from billfold.entrypoints import body, http
from billfold.services import stripe_events

app = http.resolver()


@app.post(
    "/v1/webhooks/stripe",
    summary="Take an event of Stripe",
    tags=["Webhooks"],
    status_code=202,
)
def take() -> None:
    event = app.current_event
    signature = event.headers.get("stripe-signature", "")
    stripe_events.hear(event.decoded_body or "", signature, bootstrap.ports())


handler = http.handler(app, guard=body.guard_webhook)
