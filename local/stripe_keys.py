"""Which Stripe the stack talks to: the emulator, or the real test mode. Never the live one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.failure import StackError

API = "https://api.stripe.com"


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """Keys and address."""

    url: str
    publishable_key: str
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    control_url: str | None


def account(environment: Mapping[str, str], emulator: str) -> StripeAccount:
    """Choose by ``STRIPE_SECRET_KEY`` and ``STRIPE_PUBLISHABLE_KEY``.

    Raises
    ------
    StackError
        Only one key is set, or one is not a test key.
    """
    secret = environment.get("STRIPE_SECRET_KEY", "")
    publishable = environment.get("STRIPE_PUBLISHABLE_KEY", "")
    if not secret and not publishable:
        return StripeAccount(
            emulator, "pk_test_emulator", "sk_test_emulator", "whsec_emulator",
            f"{emulator}/_control",
        )  # fmt: skip
    for name, key, prefix in (
        ("STRIPE_SECRET_KEY", secret, "sk_test_"),
        ("STRIPE_PUBLISHABLE_KEY", publishable, "pk_test_"),
    ):
        if not key.startswith(prefix):
            raise StackError(f"{name} must be a test key ({prefix}…); live keys are refused here")
    webhook_secret = environment.get("STRIPE_WEBHOOK_SECRET", "whsec_unset")
    return StripeAccount(API, publishable, secret, webhook_secret, None)
