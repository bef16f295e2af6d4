"""When the session of a job's credentials ends.

Credentials that AWS renews (a profile, an instance, a container) have no end that matters. Those of a web identity are renewed
for as long as the identity's token is valid; a key with a session token ends when its issuer says.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def end_of_session(method: str, environ: Mapping[str, str], now: float, *, has_token: bool) -> tuple[float | None, bool]:
    """When the session ends, None for one that is renewed; and whether that is known.

    `method`: how botocore found the credentials; `has_token`: whether they have a session token; `now`: epoch seconds.
    """
    if method == WEB_IDENTITY:
        file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
        ends = end_of_web_identity(Path(file).read_text(encoding="utf-8"), now) if file else None
        return ends, ends is not None
    if method == ENVIRONMENT and has_token:
        ends = parse_end(environ.get("AWS_CREDENTIAL_EXPIRATION", ""))
        return ends, ends is not None
    return None, True


def _claims(token: str) -> dict[str, Any]:
    """The claims of a JSON web token; none if it is no such token."""
    parts = token.strip().split(".")
    try:
        [_, claims, _] = parts
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
