"""``.local/stack.json``: how tests and other programs find the running stack.

``portal_url`` and ``api_url`` are origins: a call goes to ``{api_url}/v1/account``.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Login:
    """A seeded customer; ``password`` may be a temporary one that must be changed."""

    email: str
    password: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Addresses and keys of a running stack; nothing in it is a secret worth keeping."""

    portal_url: str
    api_url: str
    stripe_url: str
    stripe_publishable_key: str
    stripe_secret_key: str
    stripe_control_url: str | None
    aws_endpoint_url: str
    demo_url: str
    mail_url: str
    customers: Sequence[Login]


def write(path: Path, stack: Stack) -> None:
    """Write the file at once, readable by its owner alone (it may hold a test key of Stripe)."""
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(asdict(stack), indent=2) + "\n")
    temporary.replace(path)


def read(path: Path) -> Stack | None:
    """Read the file; None when no stack is up."""
    try:
        content = json.loads(path.read_text())
        logins = [Login(**login) for login in content.pop("customers")]
        return Stack(**content, customers=logins)
    except (OSError, ValueError, KeyError, TypeError):
        return None
