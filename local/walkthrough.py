"""Writes docs/walkthrough.md: the main job by curl, with the answers that the running stack gave.

Run it with ``make walkthrough`` while ``make up`` is up, after ``make reset``.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "walkthrough.md"
# Tokens and secrets of a past run would only confuse; their place is what matters.
SECRET = re.compile(r'("(?:access_token|client_secret)": ")[^"]+"')


@dataclass(frozen=True)
class Step:
    """One curl call; ``keep`` says which parts of the answer the next steps use."""

    title: str
    curl: str
    keep: dict[str, str]


AUTH = '-H "Authorization: Bearer $TOKEN"'
JSON = "-H 'Content-Type: application/json'"
STEPS = (
    Step(
        "Log in",
        f"""curl -s $PORTAL/v1/auth/login {JSON} \\
  -d '{{"email": "'$EMAIL'", "password": "'$PASSWORD'"}}'""",
        {"TOKEN": "access_token"},
    ),
    Step("See what is due", f"curl -s $PORTAL/v1/account {AUTH}", {}),
    Step(
        "Begin to add a card",
        f"curl -s -X POST $PORTAL/v1/cards/setup {AUTH}",
        {"SETUP": "setup_intent", "SECRET": "client_secret", "PK": "publishable_key"},
    ),
    Step(
        "Give the card's number to Stripe, and to Stripe alone (in the portal, Stripe.js does it)",
        """curl -s $STRIPE/v1/setup_intents/$SETUP/confirm -u $PK: \\
  -d client_secret=$SECRET -d "payment_method_data[type]=card" \\
  -d "payment_method_data[card][number]=6011111111111117" \\
  -d "payment_method_data[card][exp_month]=4" \\
  -d "payment_method_data[card][exp_year]=2031" \\
  -d "payment_method_data[card][cvc]=123" """,
        {},
    ),
    Step(
        "Take the card into the wallet",
        f"""curl -s $PORTAL/v1/cards {AUTH} {JSON} \\
  -d '{{"setup_intent": "'$SETUP'", "nickname": "Office"}}'""",
        {"CARD": "card_id"},
    ),
    Step(
        "Make it the primary card",
        f"""curl -s -X PUT $PORTAL/v1/primary-card {AUTH} {JSON} -d '{{"card_id": "'$CARD'"}}'""",
        {},
    ),
    Step(
        "List what is open",
        f"""curl -s "$PORTAL/v1/invoices?status=open,overdue&limit=1" {AUTH}""",
        {
            "INVOICE": "data.0.invoice_id",
            "AMOUNT": "data.0.amount_due.amount",
            "CURRENCY": "data.0.amount_due.currency",
        },
    ),
    Step(
        "Give the security code to Stripe for a token",
        'curl -s $STRIPE/v1/tokens -u $PK: -d "cvc_update[cvc]=123"',
        {"CVC": "id"},
    ),
    Step(
        "Pay",
        f"""curl -s $PORTAL/v1/invoices/$INVOICE/payments {AUTH} {JSON} \\
  -H "Idempotency-Key: a-key-of-your-own" \\
  -d '{{"amount": '$AMOUNT', "currency": "'$CURRENCY'",
       "source": {{"card_id": "'$CARD'", "cvc_token": "'$CVC'"}}}}'""",
        {"PAYMENT": "payment_id"},
    ),
    Step("The receipt", f"curl -s $PORTAL/v1/payments/$PAYMENT {AUTH}", {}),
    Step("The invoice is paid", f"curl -s $PORTAL/v1/invoices/$INVOICE {AUTH}", {}),
    Step(
        "Paying again with the same key charges nothing: it gives the same payment",
        f"""curl -s $PORTAL/v1/invoices/$INVOICE/payments {AUTH} {JSON} \\
  -H "Idempotency-Key: a-key-of-your-own" \\
  -d '{{"amount": '$AMOUNT', "currency": "'$CURRENCY'",
       "source": {{"card_id": "'$CARD'", "cvc_token": "'$CVC'"}}}}'""",
        {},
    ),
)


def walk(stack: dict[str, Any]) -> str:
    """Run every step against the stack and give the page."""
    customer = stack["customers"][0]
    variables = {
        "PORTAL": stack["portal_url"],
        "STRIPE": stack["stripe_url"],
        "EMAIL": customer["email"],
        "PASSWORD": customer["password"],
    }
    page = [
        "# The main job by curl, from log-in to receipt",
        "",
        "Written by `make walkthrough` from the answers of the embedded stack (`make run`).",
        "",
        "```sh",
        *(f"{name}={shlex.quote(value)}" for name, value in variables.items()),
        "```",
    ]
    for step in STEPS:
        answer = _run(step.curl, variables)
        page += ["", f"## {step.title}", "```sh", step.curl.strip(), "```", "```json"]
        page += [SECRET.sub(r'\1…"', json.dumps(answer, indent=2, ensure_ascii=False)), "```"]
        for name, path in step.keep.items():
            variables[name] = _pick(answer, path)
        if step.keep:
            kept = "; ".join(f"`{name}` is `{path}`" for name, path in step.keep.items())
            page.append(f"{kept} of this answer.")
    return "\n".join(page) + "\n"


def _run(curl: str, variables: dict[str, str]) -> Any:
    done = subprocess.run(
        ["bash", "-c", curl],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answer = json.loads(done.stdout)
    if "error" in answer or "code" in answer:
        raise SystemExit(f"a step was refused: {curl}\n{done.stdout}")
    return answer


def _pick(answer: Any, path: str) -> str:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return str(answer)


def main() -> int:
    """Write the page from the stack that is up."""
    where = ROOT / ".local" / "stack.json"
    if not where.exists():
        print("nothing is running: `make up` first")
        return 1
    TARGET.write_text(walk(json.loads(where.read_text())))
    print(f"wrote {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
