"""A stack that holds something of a target in its hands cannot be deleted: a custom resource refuses while it is not at rest.

CloudFormation deletes what depends on others first, so the custom resource depends on everything beside it: a refusal comes
before anything is gone. Whether a target is at rest is for the function to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from canary_cdk import naming
from canary_cdk.functions import DELETION_GUARD

if TYPE_CHECKING:
    from collections.abc import Collection

    from constructs import Construct

RESOURCE_TYPE = "Custom::CanaryAtRest"
LONGEST_ANSWER = cdk.Duration.minutes(5)
"""Without it CloudFormation waits an hour for a function that does not answer (docs/aws.md#custom-resource-timeout)."""


def guard_deletion(scope: Construct, *, target: str | None = None, leave_out: Collection[str] = ()) -> cdk.CustomResource:
    """Refuse the deletion of everything in `scope` while the target, or without one any target, is not at rest.

    To be called when everything else in `scope` is made. Ids in `leave_out` are those that others beside them depend on, so
    that they are deleted after these anyway.
    """
    siblings = [child for child in scope.node.children if child.node.id not in leave_out]
    resource = cdk.CustomResource(
        scope,
        "AtRest",
        resource_type=RESOURCE_TYPE,
        service_token=naming.function_arn(cdk.Stack.of(scope), naming.function_name(DELETION_GUARD)),
        service_timeout=LONGEST_ANSWER,
        properties={"Target": target} if target else {},
    )
    resource.node.add_dependency(*siblings)
    return resource
