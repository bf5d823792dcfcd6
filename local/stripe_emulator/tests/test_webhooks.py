"""Webhook delivery: signatures, retries, duplicates, order, delay."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stripe

from local.stripe_emulator.tests.running import Emulator, eventually

SECRET = "whsec_test"


class Receiver:
    """A webhook endpoint that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                payload = self.rfile.read(int(self.headers["content-length"]))
                signature = self.headers["stripe-signature"]
                event = stripe.Webhook.construct_event(payload, signature, SECRET)
                receiver.events.append(event)
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"

    def types(self) -> list[str]:
        return [event.type for event in list(self.events)]

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture
def sender(tmp_path: Path, receiver: Receiver) -> Iterator[Emulator]:
    running = Emulator(tmp_path / "db", "--webhook-url", receiver.url, "--webhook-secret", SECRET)
    yield running
    if running.process.poll() is None:
        running.stop()


def test_signed_and_in_order(sender: Emulator, receiver: Receiver) -> None:
    intent = sender.intent(payment_method="pm_card_visa", confirm=True)
    expected = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    eventually(lambda: receiver.types() == expected)
    assert receiver.events[-1].data.object["id"] == intent.id
    eventually(lambda: all(row["state"] == "delivered" for row in sender.look("webhooks")["data"]))
    assert sender.stripe.v1.events.list().data[0].pending_webhooks == 0


def test_refused_events_come_again(sender: Emulator, receiver: Receiver) -> None:
    receiver.status = 500
    sender.customer()
    eventually(lambda: len(receiver.events) == 1)
    eventually(lambda: sender.look("webhooks")["data"][0]["last_status"] == 500)
    receiver.status = 200
    sender.control("clock", advance=10)
    eventually(lambda: len(receiver.events) == 2)
    eventually(lambda: sender.look("webhooks")["data"][0]["state"] == "delivered")
    assert receiver.events[0].id == receiver.events[1].id


def test_copies_order_and_pause(sender: Emulator, receiver: Receiver) -> None:
    sender.control("webhooks", paused=True)
    first, second = sender.customer(), sender.customer()
    sender.control("webhooks", paused=False, reorder=True, copies=2)
    eventually(lambda: len(receiver.events) == 4)
    got = [event.data.object["id"] for event in receiver.events]
    assert got == [second, second, first, first]


def test_delay_by_the_emulators_clock(sender: Emulator, receiver: Receiver) -> None:
    sender.control("webhooks", delay=3600)
    sender.customer()
    assert sender.look("webhooks")["data"][0]["state"] == "pending"
    assert receiver.events == []
    sender.control("clock", advance=3601)
    eventually(lambda: receiver.types() == ["customer.created"])


def test_deliveries_outlive_the_process(sender: Emulator, receiver: Receiver) -> None:
    sender.control("webhooks", paused=True)
    sender.customer()
    sender.kill()
    again = Emulator(sender.db, "--webhook-url", receiver.url, "--webhook-secret", SECRET)
    try:
        eventually(lambda: receiver.types() == ["customer.created"])
    finally:
        again.stop()


def test_given_up_after_the_last_retry(sender: Emulator, receiver: Receiver) -> None:
    receiver.status = 400
    sender.customer()

    def attempts() -> int:
        return int(sender.look("webhooks")["data"][0]["attempts"])

    for attempt in range(1, 10):
        eventually(partial(lambda n: attempts() == n, attempt))
        sender.control("clock", advance=100_000)
    assert sender.look("webhooks")["data"][0]["state"] == "given_up"
    assert len(receiver.events) == 9
    assert json.loads(str(receiver.events[0]))["type"] == "customer.created"
