"""When the session of a job's credentials ends. Pure: the file of a token is read by whoever calls.

Credentials that AWS renews (a profile, an instance, a container) have no end that matters. Those of a web identity are renewed
for as long as the identity's token is valid; a key with a session token ends when its issuer says.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

ROLE_SECONDS = 3600
"""How long botocore's session of a web identity lasts."""

EARLY_SECONDS = 600
"""So long before its end botocore insists on a new one."""

WEB_IDENTITY = "assume-role-with-web-identity"
ENVIRONMENT = "env"


def parse_end(text: str) -> float | None:
    """An instant as AWS writes it, such as ``2026-01-31T12:00:00.000Z``, with or without quotes; None if it is none."""
    try:
        found = datetime.fromisoformat(text.strip().strip('"'))
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo else None


def end_of_web_identity(token: str, now: float) -> float | None:
    """Until when a session of this token can be renewed, and lasts; None if the token does not say when it ends.

    The token is not verified: STS has done that. `now`: epoch seconds.
    """
    expires = _claims(token).get("exp")
    if not isinstance(expires, int | float):
        return None
    return max(float(expires), now + ROLE_SECONDS - EARLY_SECONDS)


def _claims(token: str) -> dict[str, Any]:
    """The claims of a JSON web token; none if it is no such token."""
    parts = token.strip().split(".")
    try:
        [_, claims, _] = parts
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
