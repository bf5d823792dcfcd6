"""Whether a request came through CloudFront, and from which address it set out (ADR 0010).

Without digests there is no CloudFront in front: everything may come, and API Gateway knows from
where.
"""

import hashlib
import hmac
from typing import Any, Final

from billfold import settings
from billfold.domain.errors import WrongAddressError

SECRET: Final = "x-billfold-origin"  # noqa: S105 - a header's name
VIEWER: Final = "x-billfold-viewer"
"""Set by CloudFront over whatever a client sends; without the secret it proves nothing."""


def require_passed(event: dict[str, Any]) -> None:
    """Refuse a request that went around CloudFront.

    Raises
    ------
    WrongAddressError
    """
    accepted = settings.read(settings.OriginSettings).digests
    if not accepted:
        return
    shown = event.get("headers", {}).get(SECRET, "").encode(errors="surrogateescape")
    digest = hashlib.sha256(shown).hexdigest()
    # A list: every digest is compared, so that the time tells nothing.
    if not any([hmac.compare_digest(digest, known) for known in accepted]):  # noqa: C419
        raise WrongAddressError


def source_address(event: dict[str, Any]) -> str:
    """Give the address of whoever asks; ``require_passed`` comes first."""
    seen = str(event["requestContext"]["http"]["sourceIp"])
    if not settings.read(settings.OriginSettings).digests:
        return seen
    return str(event.get("headers", {}).get(VIEWER) or seen)
