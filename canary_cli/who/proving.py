"""Signs a call of a function that takes verbs, so that STS can say who made it (`canary.rules.rollouts.proofs`).

The signature is Signature Version 4 with the session's own credentials. It is made at the time that STS itself gives, because a
proof is valid for a minute and this machine's clock may be wrong.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.aws.calls import answered_at, refusals
from canary.rules.rollouts.proofs import (
    ALGORITHM,
    HEADER,
    LONGEST_SECONDS,
    PROOF,
    SIGNED_HEADERS,
    TIME,
    CallerProof,
    FunctionPlace,
    binding_of,
    query_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

EMPTY = hashlib.sha256(b"").hexdigest()


def with_proof(payload: Mapping[str, Any], *, sts: Any, keys: Any, region: str, function: str) -> dict[str, Any]:  # noqa: ANN401
    """The payload with a proof that these credentials made it. It is valid for a minute, for this call alone.

    `keys`: botocore's frozen credentials. `sts`: a client with the same.

    Raises:
        AwsRefusedError: STS cannot be asked.

    """
    with refusals("aws sts get-caller-identity"):
        known = sts.get_caller_identity()
    signed_at = datetime.fromtimestamp(answered_at(known), UTC).strftime(TIME)
    place = FunctionPlace(str(known["Arn"]).split(":")[1], region, str(known["Account"]), function)
    unsigned = CallerProof(
        request_id=secrets.token_hex(16),
        credential=f"{keys.access_key}/{signed_at[:8]}/{place.region}/sts/aws4_request",
        signed_at=signed_at,
        expires_seconds=LONGEST_SECONDS,
        signature="",
        security_token=keys.token or "",
    )
    binding = binding_of(place, payload, unsigned.request_id)
    proof = {
        "request_id": unsigned.request_id,
        "credential": unsigned.credential,
        "signed_at": unsigned.signed_at,
        "expires_seconds": unsigned.expires_seconds,
        "signature": sign(unsigned, binding, keys.secret_key, place.sts_host),
        **({"security_token": unsigned.security_token} if unsigned.security_token else {}),
    }
    return {**payload, PROOF: proof}


def sign(unsigned: CallerProof, binding: str, secret: str, host: str) -> str:
    """The signature of the request that STS gets for this proof, in hexadecimal digits."""
    scope = unsigned.credential.partition("/")[2]
    canonical = f"GET\n/\n{query_of(unsigned)}\nhost:{host}\n{HEADER}:{binding}\n\n{SIGNED_HEADERS}\n{EMPTY}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), f"{ALGORITHM}\n{unsigned.signed_at}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()
