"""/v1/cards: list, set up, add, rename, delete."""

from billfold import bootstrap
from billfold.entrypoints import http
from billfold.entrypoints.schemas import AddCardIn, CardList, CardOut, NicknameIn, SetupOut
from billfold.services import cards

app = http.resolver()


@app.get("/v1/cards", summary="List cards", tags=["Cards"])
def list_cards() -> CardList:
    ports = bootstrap.ports()
    wallet, today = ports.customers.wallet(http.customer_id(app)), ports.clock.today()
    return CardList(data=[CardOut.of(card, wallet, today) for card in wallet.cards])


@app.post("/v1/cards/setup", summary="Begin to add a card", tags=["Cards"], status_code=201)
def begin_setup() -> SetupOut:
    return SetupOut.of(cards.begin_setup(http.customer_id(app), bootstrap.ports()))


@app.post("/v1/cards", summary="Add a card", tags=["Cards"], status_code=201)
def add_card(body: AddCardIn) -> CardOut:
    ports = bootstrap.ports()
    wallet, card = cards.add(http.customer_id(app), body.setup_intent, body.nickname, ports)
    return CardOut.of(card, wallet, ports.clock.today())


@app.patch("/v1/cards/<card_id>", summary="Rename a card", tags=["Cards"])
def rename_card(card_id: str, body: NicknameIn) -> CardOut:
    body.require_nickname_alone()
    ports = bootstrap.ports()
    wallet, card = cards.rename(http.customer_id(app), card_id, body.nickname, ports)
    return CardOut.of(card, wallet, ports.clock.today())


@app.delete("/v1/cards/<card_id>", summary="Delete a card", tags=["Cards"], status_code=204)
def delete_card(card_id: str) -> None:
    cards.delete(http.customer_id(app), card_id, bootstrap.ports())


handler = http.handler(app)
