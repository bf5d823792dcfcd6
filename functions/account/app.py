"""GET /v1/account: the dashboard."""

from billfold import bootstrap, settings
from billfold.entrypoints import http
from billfold.entrypoints.schemas import AccountOut
from billfold.services import account

app = http.resolver()


@app.get("/v1/account", summary="The dashboard", tags=["Account"])
def show_account() -> AccountOut:
    ports = bootstrap.ports()
    shown = account.show(http.customer_id(app), ports)
    support = settings.read(settings.BusinessSettings).support_email
    return AccountOut.of(shown, ports.clock.today(), support)


handler = http.handler(app)
