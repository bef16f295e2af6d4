"""Who a caller is for STS: with a key that moto does not know, an IAM user of that key's name.

moto itself reads only keys that look like AWS's own, and calls every caller that it does not know
`arn:aws:sts::<account>:user/moto`, which is the ARN of nobody: users belong to IAM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.moto_seams.hooks import wrap
from embedded_aws.wire.request import signature_of

if TYPE_CHECKING:
    from collections.abc import Callable

_IDENTITY = "moto.sts.models.STSBackend.get_caller_identity"
_KEY = "moto.sts.responses.TokenResponse.get_access_key"
HOOKS = [_IDENTITY, _KEY]
_NOBODY = ":user/moto"


def install(aws: object) -> None:
    """Name the callers that moto does not know."""
    wrap(_IDENTITY, aws, _identity)
    wrap(_KEY, aws, _key)


def _key(original: Callable[..., str], _aws: object, response: Any) -> str:  # noqa: ANN401 - moto's
    signature = signature_of({"HTTP_AUTHORIZATION": response.headers.get("Authorization", "")})
    return signature.access_key_id if signature else original(response)


def _identity(
    original: Callable[..., tuple[str, str, str]],
    _aws: object,
    backend: Any,  # noqa: ANN401 - moto's
    access_key_id: str,
    region: str,
) -> tuple[str, str, str]:
    user_id, arn, account = original(backend, access_key_id, region)
    if not arn.endswith(_NOBODY):
        return user_id, arn, account
    partition = arn.split(":")[1]
    return user_id, f"arn:{partition}:iam::{account}:user/{access_key_id}", account
