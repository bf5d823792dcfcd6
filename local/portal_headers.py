"""The headers that the portal is served with, from their one source: template.yaml.

Where Stripe is the emulator, its origin stands in the place of each of Stripe's.
"""

import re
from collections.abc import Mapping
from typing import Any

from local.template import resources

STRIPE = re.compile(r"https://(?:[\w*]+\.)+stripe\.com")


def portal_headers(stripe: str | None) -> dict[str, str]:
    """Give name and value of each header.

    Parameters
    ----------
    stripe
        The origin of the Stripe emulator; None leaves Stripe's own.
    """
    policy = resources()["PortalHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    headers = _security(policy["SecurityHeadersConfig"]) | {
        item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]
    }
    return {name: _at(stripe, value) for name, value in headers.items()}


def _security(config: Mapping[str, Any]) -> dict[str, str]:
    """Write CloudFront's own settings as the headers that it makes of them."""
    transport = config["StrictTransportSecurity"]
    subdomains = "; includeSubDomains" if transport.get("IncludeSubdomains") else ""
    return {
        "Content-Security-Policy": config["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Referrer-Policy": config["ReferrerPolicy"]["ReferrerPolicy"],
        "Strict-Transport-Security": f"max-age={transport['AccessControlMaxAgeSec']}{subdomains}",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": config["FrameOptions"]["FrameOption"],
    }


def _at(stripe: str | None, value: str) -> str:
    """Put the emulator in Stripe's place; an origin that then stands there twice is said once."""
    if not stripe:
        return value
    named = STRIPE.sub(stripe, value)
    return re.sub(rf"({re.escape(stripe)})(?: \1)+", r"\1", named)
