"""PUT /v1/primary-card: choose the card that automatic payments charge."""

from billfold import bootstrap
from billfold.entrypoints import http
from billfold.entrypoints.schemas import CardOut, PrimaryCardIn
from billfold.services import cards

app = http.resolver()


@app.put("/v1/primary-card", summary="Make a card the primary card", tags=["Cards"])
def make_primary(body: PrimaryCardIn) -> CardOut:
    ports = bootstrap.ports()
    wallet, card = cards.make_primary(http.customer_id(app), body.card_id, ports)
    return CardOut.of(card, wallet, ports.clock.today())


handler = http.handler(app)
