"""A stack that holds something of a target cannot be deleted or changed under a rollout: custom resources refuse it.

CloudFormation deletes what depends on others first, so the resource that guards a deletion depends on everything beside it. It
updates what others depend on first, so everything depends on the one that guards a change. Either way a refusal comes before
anything beside it has changed. What has been dropped from a template is deleted when the update is over, so a stack also has a
list of its targets. Whether there is a reason to refuse is for the function to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk

from canary.edge.target import target_to_json
from canary.rules.rollouts.rollout import SCHEMA_VERSION
from canary_cdk import naming
from canary_cdk.functions import DELETION_GUARD

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from constructs import Construct

    from canary.rules.targets.target import Target

RESOURCE_TYPE = "Custom::CanaryAtRest"
CHANGE_TYPE = "Custom::CanaryTargetChange"
LIST_TYPE = "Custom::CanaryTargets"
LIST = "CanaryTargets"
LONGEST_ANSWER = cdk.Duration.minutes(5)
"""Without it CloudFormation waits an hour for a function that does not answer (docs/aws.md#custom-resource-timeout)."""


def guard_deletion(scope: Construct, *, target: str | None = None, leave_out: Collection[str] = ()) -> cdk.CustomResource:
    """Refuse the deletion of everything in `scope` while the target, or without one any target, is not at rest.

    To be called when everything else in `scope` is made, a target's `guard_change` included. Ids in `leave_out` are those that
    others beside them depend on, so that they are deleted after these anyway.
    """
    siblings = [child for child in scope.node.children if child.node.id not in leave_out]
    properties = {"Target": target} if target else {"RecordSchema": str(SCHEMA_VERSION)}
    resource = _ask(scope, "AtRest", RESOURCE_TYPE, properties)
    resource.node.add_dependency(*siblings)
    if target:
        resource.node.add_dependency(cdk.Stack.of(scope).node.find_child(LIST))
    return resource


def guard_change(scope: Construct, target: Target) -> None:
    """Refuse an update of everything in `scope` that takes away what a running rollout of the target stands on.

    To be called when everything in `scope` is made, but for the guard of its deletion.
    """
    siblings = [*scope.node.children]
    change = _ask(scope, "Change", CHANGE_TYPE, {"Target": target.name, "Definition": target_to_json(target)})
    for sibling in siblings:
        sibling.node.add_dependency(change)
    _list(cdk.Stack.of(scope), target.name, change)


def _list(stack: cdk.Stack, target: str, change: cdk.CustomResource) -> None:
    """Put the target on the stack's list, so that an update that drops it can be refused before the update is over.

    The list comes after the targets' own resources, and so after a controller that they wait for.
    """
    found = stack.node.try_find_child(LIST)
    targets = cast("cdk.CustomResource", found) if found else _ask(stack, LIST, LIST_TYPE, {})
    cast("cdk.CfnResource", targets.node.default_child).add_property_override(f"Targets.{target}", target)
    targets.node.add_dependency(change)


def _ask(scope: Construct, construct_id: str, resource_type: str, properties: Mapping[str, str]) -> cdk.CustomResource:
    return cdk.CustomResource(
        scope,
        construct_id,
        resource_type=resource_type,
        service_token=naming.function_arn(cdk.Stack.of(scope), naming.function_name(DELETION_GUARD)),
        service_timeout=LONGEST_ANSWER,
        properties=dict(properties),
    )
