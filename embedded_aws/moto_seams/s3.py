"""Reads a bucket's policy with its conditions on the transport: every call inside the embedded AWS counts as sent by TLS.

moto ignores conditions, so a statement that denies whatever comes without TLS would deny every call.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from embedded_aws.moto_seams.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PERMISSION = "moto.s3.models.FakeBucket.get_permission"
HOOKS = [_PERMISSION]


def install(aws: object) -> None:
    """Make moto leave out the statements that do not concern a call by TLS."""
    wrap(_PERMISSION, aws, _permission)


def _permission(original: Callable[..., Any], _aws: object, bucket: Any, action: str, resource: str) -> Any:  # noqa: ANN401
    if bucket.policy is None:
        return original(bucket, action, resource)
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    concerned = {**policy, "Statement": [one for one in statements if not _is_without_tls(one)]}
    return original(SimpleNamespace(policy=json.dumps(concerned).encode()), action, resource)


def _is_without_tls(statement: Mapping[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    return str(condition.get("aws:SecureTransport", "true")).lower() == "false"
