"""10,000 payments: the last writes cost what the first ones did, and memory stays small."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx
import pytest

from local.stripe_emulator.settings import SECRET_KEY
from local.stripe_emulator.tests.running import Emulator

PAYMENTS = 10_000
COMPARED = 1_000
BATCH = 100
MOST_SLOWER = 1.3
MOST_MEMORY = 150_000_000


def payer(emulator: Emulator, client: httpx.Client) -> Callable[[int], float]:
    """Give what makes and confirms a payment by a saved card, and tells the seconds it took."""
    customer = emulator.customer()
    form = {
        "amount": "1200",
        "currency": "usd",
        "payment_method_types[]": "card",
        "customer": customer,
        "payment_method": emulator.saved_card(customer),
        "confirm": "true",
        "off_session": "true",
    }

    def pay(number: int) -> float:
        start = time.perf_counter()
        answer = client.post(
            f"{emulator.url}/v1/payment_intents",
            data=form | {"metadata[invoice_id]": f"inv_{number}"},
            headers={"idempotency-key": f"invoice:{number}"},
        )
        taken = time.perf_counter() - start
        assert answer.json()["status"] == "succeeded"
        return taken

    return pay


def test_10000_payments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full, fresh = Emulator(tmp_path / "full"), Emulator(tmp_path / "fresh")
    # Without the check of every answer, which takes longer than the payment.
    headers = {"authorization": f"Bearer {SECRET_KEY}"}
    try:
        with httpx.Client(headers=headers, timeout=30) as client:
            pay_full, pay_fresh = payer(full, client), payer(fresh, client)
            start = time.monotonic()
            for number in range(PAYMENTS - COMPARED):
                pay_full(number)
            for number in range(BATCH):
                pay_fresh(-number)
            # Turn by turn with an emulator that has its first thousand before it, so that a busy
            # machine slows both; the quietest turn of each counts.
            last, first = [], []
            for turn in range(COMPARED // BATCH):
                numbers = range(PAYMENTS - COMPARED + turn * BATCH, PAYMENTS)[:BATCH]
                last.append(median([pay_full(number) for number in numbers]))
                first.append(median([pay_fresh(number) for number in numbers]))
            seconds = time.monotonic() - start
        memory = full.memory()
        assert len(full.look("charges")["data"]) == PAYMENTS
        with capsys.disabled():
            print(
                f"\n{PAYMENTS:,} payments in {seconds:.0f} s, {memory / 1e6:.0f} MB; a write took",
                f"{min(first) * 1000:.2f} ms in the first thousand, {min(last) * 1000:.2f} in the",
                "last",
            )
        assert min(last) <= min(first) * MOST_SLOWER
        assert memory < MOST_MEMORY
    finally:
        full.stop()
        fresh.stop()
