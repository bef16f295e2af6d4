"""A request whose signature is in its query, as presigned URLs have it: who signed it, and whether the signature is right.

The signature can be checked only if the secret key is known. A request with any other key is taken as it is, like every
request that is signed in a header (docs/aws.md#not-enforced).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote

from embedded_aws.wire.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"
VALID_SECONDS = 15 * 60
"""For how long STS takes a presigned request, whatever it says itself (docs/aws.md#caller-identity)."""

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)
_TIME = "%Y%m%dT%H%M%SZ"


class Presigned(NamedTuple):
    """The parts of a presigned request; ``operation`` is empty unless the query names one."""

    access_key_id: str
    service: str
    operation: str
    query: Mapping[str, str]

    @property
    def header(self) -> str:
        """The header of a request that is signed in the usual way by the same key."""
        parts = {
            "Credential": self.query["X-Amz-Credential"],
            "SignedHeaders": self.query.get("X-Amz-SignedHeaders", ""),
            "Signature": self.query.get("X-Amz-Signature", ""),
        }
        return f"{ALGORITHM} {', '.join(f'{name}={value}' for name, value in parts.items())}"


def presigned_of(query: str) -> Presigned | None:
    """The parts of a request with this query; None if it is not presigned."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    scope = given.get("X-Amz-Credential", "").split("/")
    if len(scope) != 5:  # noqa: PLR2004 - key, day, Region, service, and a fixed word
        return None
    return Presigned(scope[0], scope[3], given.get("Action", ""), given)


def find_flaw(presigned: Presigned, environ: Mapping[str, Any], *, secret: str, token: str, now: float) -> Refusal | None:
    """Why the request is not signed by the key with this secret, or not lately enough; None if it is."""
    given = presigned.query
    if given.get("X-Amz-Security-Token", "") != token:
        return Refusal("InvalidClientTokenId", 403, "The security token included in the request is invalid.")
    signed_at = datetime.strptime(given["X-Amz-Date"], _TIME).replace(tzinfo=UTC).timestamp()
    if abs(now - signed_at) > VALID_SECONDS:
        return Refusal("SignatureDoesNotMatch", 403, _late(given["X-Amz-Date"], signed_at, now))
    is_right = hmac.compare_digest(_signature(presigned, environ, secret), given.get("X-Amz-Signature", ""))
    return None if is_right else Refusal("SignatureDoesNotMatch", 403, _MISMATCH)


def _late(text: str, signed_at: float, now: float) -> str:
    if signed_at > now:
        return f"Signature not yet current: {text} is still later than {_text(now + VALID_SECONDS)} ({_text(now)} + 15 min.)"
    return f"Signature expired: {text} is now earlier than {_text(now - VALID_SECONDS)} ({_text(now)} - 15 min.)"


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def _signature(presigned: Presigned, environ: Mapping[str, Any], secret: str) -> str:
    """Signature version 4 of the request, with the key of its scope."""
    given = presigned.query
    scope = given["X-Amz-Credential"].partition("/")[2]
    digest = hashlib.sha256(_canonical(given, environ).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), f"{ALGORITHM}\n{given['X-Amz-Date']}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def _canonical(given: Mapping[str, str], environ: Mapping[str, Any]) -> str:
    query = sorted((_quoted(name), _quoted(value)) for name, value in given.items() if name != "X-Amz-Signature")
    names = given.get("X-Amz-SignedHeaders", "").split(";")
    headers = [f"{name}:{' '.join(_header(environ, name).split())}\n" for name in names]
    lines = (
        environ["REQUEST_METHOD"],
        quote(str(environ["PATH_INFO"])) or "/",
        "&".join(f"{name}={value}" for name, value in query),
        "".join(headers),
        ";".join(names),
        hashlib.sha256(b"").hexdigest(),
    )
    return "\n".join(lines)


def _header(environ: Mapping[str, Any], name: str) -> str:
    return str(environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
