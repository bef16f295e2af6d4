"""AWS's own managed policies in moto's IAM: each is created when a role first attaches it.

On its own, moto has either all of them, which costs a second at the start, or none.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy

from embedded_aws.moto_seams.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_BY_AWS = ":iam::aws:policy/"
_ATTACH = "moto.iam.models.IAMBackend.attach_role_policy"
HOOKS = [_ATTACH, "moto.iam.models.AWSManagedPolicy.from_data", "moto.iam.aws_managed_policies.aws_managed_policies_data"]


def install(aws: object) -> None:
    """Let roles attach AWS's own policies."""
    wrap(_ATTACH, aws, _attach)


def _attach(original: Callable[..., None], _aws: object, backend: Any, policy_arn: str, role_name: str) -> None:  # noqa: ANN401
    if _BY_AWS in policy_arn and policy_arn not in backend.managed_policies:
        name = policy_arn.rpartition("/")[2]
        found = _published().get(name)
        if found is not None:
            policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, found)
            backend.managed_policies[policy.arn] = policy
    original(backend, policy_arn, role_name)


@cache
def _published() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
