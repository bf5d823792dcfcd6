"""What was answered stays when the process is killed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import uvicorn

from local.stripe_emulator.app import create_app
from local.stripe_emulator.settings import SECRET_KEY
from local.stripe_emulator.tests.running import Emulator, eventually


def test_kill_9_in_the_middle_of_payments(own_emulator: Emulator) -> None:
    answered: list[str] = []

    def pay(n: int) -> None:
        try:
            answer = client.post(
                "/v1/payment_intents",
                headers={"authorization": f"Bearer {SECRET_KEY}", "idempotency-key": f"k{n}"},
                data={
                    "amount": "1200",
                    "currency": "usd",
                    "payment_method_types[]": "card",
                    "payment_method": "pm_card_visa",
                    "confirm": "true",
                },
            )
        except httpx.TransportError:
            return
        answered.append(answer.json()["id"])

    with (
        httpx.Client(base_url=own_emulator.url) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        for n in range(400):
            threads.submit(pay, n)
        eventually(lambda: len(answered) > 100)
        own_emulator.kill()
    again = Emulator(own_emulator.db)
    try:
        charges = again.look("charges")["data"]
        assert set(answered) <= {charge["payment_intent"] for charge in charges}
        # Nothing half done: every succeeded charge has its succeeded intent, and one only.
        assert len({charge["payment_intent"] for charge in charges}) == len(charges)
        for charge in charges:
            intent = again.stripe.v1.payment_intents.retrieve(charge["payment_intent"])
            assert (intent.status, intent.latest_charge) == ("succeeded", charge["id"])
    finally:
        assert again.stop() == 0


def test_fingerprints_clock_and_keys_outlive_the_process(own_emulator: Emulator) -> None:
    def fingerprint(emulator: Emulator) -> str:
        found = emulator.secret.get("/v1/payment_methods/pm_card_visa").json()
        return str(found["card"]["fingerprint"])

    before = fingerprint(own_emulator)
    own_emulator.control("clock", advance=1_000_000)
    options = {"idempotency_key": "k"}
    customer = own_emulator.stripe.v1.customers.create(options=options).id  # type: ignore[arg-type]
    now = own_emulator.look("health")["now"]
    own_emulator.kill()
    again = Emulator(own_emulator.db)
    try:
        assert fingerprint(again) == before
        assert again.look("health")["now"] >= now
        assert again.stripe.v1.customers.create(options=options).id == customer  # type: ignore[arg-type]
    finally:
        assert again.stop() == 0


def test_the_application_runs_in_this_process_too(tmp_path: Path) -> None:
    server = uvicorn.Server(
        uvicorn.Config(create_app(tmp_path / "db.sqlite"), port=0, log_level="warning")
    )
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(server.run)
        eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        answer = httpx.get(f"http://127.0.0.1:{port}/_control/health")
        assert answer.json()["status"] == "ok"
        server.should_exit = True
        running.result(10)
