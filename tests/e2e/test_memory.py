"""The whole stack under load stays below 1 GB, and one slow function does not stop the others."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.e2e.client import Customer, Stack, new_customer

pytestmark = pytest.mark.e2e
GIGABYTE = 1024**3
CALLERS = 50
SECONDS = 8
# As many as may run at once here: one worker of the function and the one that is shared.
CALLS_THAT_HANG = 2
CALLS = (
    ("GET", "/v1/account", None),
    ("GET", "/v1/cards", None),
    ("GET", "/v1/invoices", None),
    ("GET", "/v1/payments", None),
    ("PUT", "/v1/autopay", {"enabled": False}),
    ("PUT", "/v1/primary-card", {"card_id": "card_00000000000000000000000000"}),
    ("POST", "/v1/auth/refresh", None),
)


def supervisor(stack: Stack) -> psutil.Process:
    """The process that listens on the portal's port; all others are its descendants."""
    port = urlsplit(stack["portal_url"]).port
    [pid] = {
        connection.pid
        for connection in psutil.net_connections("tcp4")
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
    }
    return psutil.Process(pid)


def memory(process: psutil.Process) -> int:
    """Bytes of a process and its descendants, shared pages counted once, as `make status` does."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            used = each.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        total += getattr(used, "pss", used.rss)
    return total


def test_reading_goes_on_while_stripe_hangs(stack: Stack) -> None:
    customer = new_customer(stack)
    arm = {"path": "/v1/setup_intents", "kind": "timeout", "count": CALLS_THAT_HANG, "seconds": 30}
    control = stack["stripe_control_url"]
    httpx.post(f"{control}/faults", json=arm, timeout=10).raise_for_status()
    try:
        with ThreadPoolExecutor(CALLS_THAT_HANG) as pool:
            hanging = [pool.submit(begin_setup, customer) for _ in range(CALLS_THAT_HANG)]
            time.sleep(0.5)
            began = time.monotonic()
            status, _ = customer.call("GET", "/v1/account")
            waited = time.monotonic() - began
            answers = [each.result() for each in hanging]
    finally:
        httpx.delete(f"{control}/faults", timeout=10)
    assert status == 200
    assert waited < 3
    assert set(answers) == {503}


def begin_setup(customer: Customer) -> int:
    with httpx.Client(
        base_url=customer.stack["api_url"], headers=dict(customer.http.headers), timeout=60
    ) as http:
        return http.post("/v1/cards/setup").status_code


def test_fifty_callers_fit_into_a_gigabyte(stack: Stack) -> None:
    customer = new_customer(stack)
    headers = dict(customer.http.headers)
    end = time.monotonic() + SECONDS
    done = threading.Event()
    peak = [0]

    def watch(process: psutil.Process) -> None:
        while not done.wait(0.3):
            peak[0] = max(peak[0], memory(process))

    def call(number: int) -> list[int]:
        statuses = []
        with httpx.Client(base_url=stack["api_url"], headers=headers, timeout=40) as http:
            for method, path, body in itertools.islice(itertools.cycle(CALLS), number, None):
                if time.monotonic() > end:
                    break
                statuses.append(http.request(method, path, json=body).status_code)
        return statuses

    watcher = threading.Thread(target=watch, args=(supervisor(stack),))
    watcher.start()
    with ThreadPoolExecutor(CALLERS) as pool:
        statuses = [status for found in pool.map(call, range(CALLERS)) for status in found]
    done.set()
    watcher.join()
    assert max(statuses) < 500
    assert peak[0] < GIGABYTE, f"{peak[0] // 1024**2} MB"
