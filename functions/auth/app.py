"""/v1/auth: log-in and log-out, passwords, second factor."""

from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response
from billfold import bootstrap
from billfold.domain.errors import SessionExpiredError
from billfold.entrypoints import cookies, http
from billfold.entrypoints.auth_schemas import (
    AskForResetIn,
    ChallengeIn,
    ChallengeOut,
    ChangePasswordIn,
    LoginIn,
    ResetIn,
    SessionOut,
    TotpIn,
    TotpOut,
    TotpStateOut,
)
from billfold.services import auth
from billfold.services.ports import Challenge, Tokens

app = http.resolver()


def _session(outcome: Tokens | Challenge) -> Response[SessionOut]:
    """Answer with a challenge, or with the access token and the refresh cookie."""
    if isinstance(outcome, Challenge):
        body = SessionOut(challenge=ChallengeOut(name=outcome.name, session=outcome.session))
        return Response(status_code=200, content_type="application/json", body=body)
    body = SessionOut(access_token=outcome.access_token, expires_in=outcome.expires_in)
    # Without a new refresh token the cookie stays as it is.
    kept = [cookies.refresh(outcome.refresh_token)] if outcome.refresh_token else []
    return Response(status_code=200, content_type="application/json", body=body, cookies=kept)


@app.post("/v1/auth/login", summary="Log in", tags=["Log-in"])
def login(body: LoginIn) -> Response[SessionOut]:
    ports = bootstrap.ports()
    return _session(auth.login(body.email, body.password, http.source_address(app), ports))


@app.post("/v1/auth/challenge", summary="Answer a challenge", tags=["Log-in"])
def challenge(body: ChallengeIn) -> Response[SessionOut]:
    asked = Challenge(body.name, body.session)
    address, ports = http.source_address(app), bootstrap.ports()
    return _session(auth.answer(body.email, asked, body.answer, address, ports))


@app.post("/v1/auth/refresh", summary="Renew the access token", tags=["Log-in"])
def refresh() -> Response[SessionOut]:
    http.require_same_site(app)
    token = cookies.read_refresh(app.current_event)
    if not token:
        raise SessionExpiredError
    return _session(bootstrap.ports().identity.refresh(token))


@app.post("/v1/auth/logout", summary="Log out", tags=["Log-in"], status_code=204)
def logout() -> Response[str]:
    http.require_same_site(app)
    token = cookies.read_refresh(app.current_event)
    if token:
        bootstrap.ports().identity.revoke(token)
    return Response(status_code=204, body="", cookies=[cookies.forget()])


@app.post("/v1/auth/password-reset", summary="Ask for a code", tags=["Log-in"], status_code=202)
def ask_for_reset(body: AskForResetIn) -> Response[str]:
    auth.ask_for_reset(body.email, http.source_address(app), bootstrap.ports())
    return Response(status_code=202, body="")


@app.post(
    "/v1/auth/password-reset/confirm",
    summary="Set a new password with the code",
    tags=["Log-in"],
    status_code=204,
)
def reset(body: ResetIn) -> None:
    address, ports = http.source_address(app), bootstrap.ports()
    auth.reset(body.email, body.code, body.new_password, address, ports)


@app.post("/v1/auth/password", summary="Change the password", tags=["Log-in"], status_code=204)
def change_password(body: ChangePasswordIn) -> None:
    auth.change_password(
        http.customer_id(app),
        http.access_token(app),
        body.current_password,
        body.new_password,
        bootstrap.ports(),
    )


@app.get("/v1/auth/totp", summary="Whether an authenticator app is used", tags=["Log-in"])
def show_totp() -> TotpStateOut:
    return TotpStateOut(enabled=bootstrap.ports().identity.has_totp(http.access_token(app)))


@app.post("/v1/auth/totp", summary="Begin to use an authenticator app", tags=["Log-in"])
def begin_totp() -> TotpOut:
    account, ports = http.customer_id(app), bootstrap.ports()
    secret = auth.begin_totp(http.access_token(app), ports).secret
    url = f"otpauth://totp/Billfold:{quote(account)}?secret={secret}&issuer=Billfold"
    return TotpOut(secret=secret, otpauth_url=url)


@app.post("/v1/auth/totp/confirm", summary="Turn the app on", tags=["Log-in"], status_code=204)
def confirm_totp(body: TotpIn) -> None:
    account, token = http.customer_id(app), http.access_token(app)
    auth.confirm_totp(account, token, body.code, bootstrap.ports())


@app.delete("/v1/auth/totp", summary="Turn the app off", tags=["Log-in"], status_code=204)
def remove_totp() -> None:
    bootstrap.ports().identity.remove_totp(http.access_token(app))


handler = http.handler(app)
