"""PUT /v1/autopay: turn automatic payment on or off."""

from billfold import bootstrap
from billfold.entrypoints import http
from billfold.entrypoints.schemas import AutopayIn, AutopayOut
from billfold.services import account

app = http.resolver()


@app.put("/v1/autopay", summary="Turn automatic payment on or off", tags=["Account"])
def set_autopay(body: AutopayIn) -> AutopayOut:
    enabled = account.set_autopay(http.customer_id(app), bootstrap.ports(), enabled=body.enabled)
    return AutopayOut(enabled=enabled)


handler = http.handler(app)
