"""What a running emulator is told at its start."""

from dataclasses import dataclass

# The version that the product pins, and the only one that the emulator speaks.
API_VERSION = "2026-06-24.dahlia"
RELEASE = API_VERSION.rpartition(".")[2]
SECRET_KEY = "sk_test_emulator"
PUBLISHABLE_KEY = "pk_test_emulator"
# Stripe documents that there is such a limit, and that it varies.
CONFIRM_LIMIT = 20


@dataclass(frozen=True)
class Settings:
    """Keys, limits and the webhook endpoint."""

    secret_key: str = SECRET_KEY
    publishable_key: str = PUBLISHABLE_KEY
    confirm_limit: int = CONFIRM_LIMIT
    webhook_url: str | None = None
    webhook_secret: str = "whsec_emulator"
