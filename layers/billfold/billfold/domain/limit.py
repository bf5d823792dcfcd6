"""How often something may be tried (docs/api.md, "Limits").

Windows are fixed: a count starts anew when its window ends, so at worst twice ``most`` fall into
one stretch of the window's length.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` in each ``window``."""

    name: str
    most: int
    window: timedelta

    def window_start(self, now: datetime) -> datetime:
        """Tell when the window that ``now`` falls into began."""
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)

    def retry_after(self, now: datetime) -> int:
        """Whole seconds until the next window."""
        return int((self.window_start(now) + self.window - now).total_seconds()) + 1


def network(address: str) -> str:
    """Give what counts as one address: of IPv6 the network of 2^64 that one customer has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), 64), strict=False))
    return str(parsed)


DECLINES: Final = Limit("declines", 5, timedelta(minutes=10))
"""Declined payments of one customer: whoever tries out stolen numbers is slowed down."""
FAILED_CARDS: Final = Limit("failed_cards", 5, timedelta(hours=24))
LOGIN_ACCOUNT: Final = Limit("login_account", 10, timedelta(minutes=15))
LOGIN_ADDRESS: Final = Limit("login_address", 100, timedelta(minutes=15))
RESET_ACCOUNT: Final = Limit("reset_account", 5, timedelta(hours=1))
RESET_ADDRESS: Final = Limit("reset_address", 50, timedelta(hours=1))
RESET_CODE: Final = Limit("reset_code", 10, timedelta(hours=1))
RESET_CODE_ADDRESS: Final = Limit("reset_code_address", 50, timedelta(hours=1))
