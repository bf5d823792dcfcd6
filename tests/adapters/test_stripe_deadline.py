"""A call of Stripe ends in time, however its answer comes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

import pytest
import stripe
from billfold.adapters.stripe_deadline import DeadlineClient
from billfold.adapters.stripe_gateway import StripeGateway

TRICKLE = 600
"""Bytes at 50 ms each: half a minute, in which no single receive waits for long."""


@contextmanager
def trickling() -> Iterator[str]:
    """Serve one request, a byte at a time."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n")
                for _ in range(TRICKLE):
                    if over.wait(0.05):
                        return
                    connection.sendall(b" ")

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_an_answer_that_trickles_is_given_up() -> None:
    with trickling() as url:
        began = monotonic()
        with pytest.raises(stripe.APIConnectionError):
            DeadlineClient(1.0).request("get", url, {})
        assert monotonic() - began < 10


def test_the_gateway_calls_stripe_with_a_deadline() -> None:
    gateway = StripeGateway("sk_test_x", "pk_test_x", "http://127.0.0.1:9")
    assert isinstance(gateway._client._requestor._client, DeadlineClient)


def test_an_error_of_the_network_is_passed_on() -> None:
    with pytest.raises(stripe.APIConnectionError):
        DeadlineClient(1.0).request("get", "http://127.0.0.1:9", {})
