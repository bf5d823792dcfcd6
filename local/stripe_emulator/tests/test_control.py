"""The control routes that the other tests do not speak of."""

import signal
import socket
import subprocess
import sys

import pytest

from local.stripe_emulator.tests.running import ROOT, Emulator


def test_health(emulator: Emulator) -> None:
    assert emulator.look("health")["status"] == "ok"


def test_the_clock_goes_forward_only(emulator: Emulator) -> None:
    before = emulator.look("clock")["now"]
    assert emulator.control("clock", advance=500)["now"] >= before + 500
    assert emulator.stripe.v1.customers.create().created >= before + 500
    for given in ({"advance": -1}, {"advance": "x"}, {"advance": 1e300}, {}):
        assert emulator.operator.post("/_control/clock", json=given).status_code == 400


def test_reset_forgets(emulator: Emulator) -> None:
    emulator.control("clock", advance=500)
    emulator.control("faults", path="/v1/*", kind="429")
    emulator.control("reset")
    assert emulator.look("faults")["data"] == []
    emulator.customer()
    emulator.control("reset")
    assert emulator.stripe.v1.customers.list().data == []
    assert len(emulator.look("requests")["data"]) == 1


def test_the_log_is_cleared_and_has_no_secrets(emulator: Emulator) -> None:
    intent = emulator.intent()
    emulator.public.get(
        f"/v1/payment_intents/{intent.id}", params={"client_secret": str(intent.client_secret)}
    )
    assert "secret_" not in str(emulator.look("requests"))
    assert emulator.operator.delete("/_control/requests").json() == {"data": []}


def test_switches_that_make_no_sense(emulator: Emulator) -> None:
    answer = emulator.operator.post("/_control/webhooks", json={"copies": "many"})
    assert answer.status_code == 400


@pytest.mark.parametrize("content", ["x", "[]", '{"result": "maybe"}'])
def test_control_calls_that_make_no_sense(emulator: Emulator, content: str) -> None:
    answer = emulator.operator.post("/_control/3ds/pi_1", content=content)
    assert answer.status_code == 400
    missing = emulator.operator.post("/_control/3ds/pi_1", json={})
    assert missing.status_code == 404


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told(own_emulator: Emulator, ending: signal.Signals) -> None:
    own_emulator.process.send_signal(ending)
    assert own_emulator.process.wait(10) == 0


def test_a_taken_port_is_one_line(own_emulator: Emulator) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "local.stripe_emulator", "--port", port, "--db", "x"]
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert port in ended.stderr
