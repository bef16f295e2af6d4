"""A stack with parts of a target cannot be deleted or changed during a rollout: custom resources refuse it.

CloudFormation deletes dependent resources first, so the resource that guards a deletion depends on all its siblings. It updates
dependencies first, so all siblings depend on the resource that guards a change. Either way, a refusal comes before any sibling
has changed. What a template no longer contains is deleted at the end of an update, so a stack also has a list of its targets.
The function decides whether there is a reason to refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk

from canary.edge.target import target_to_json
from canary.rules.rollouts.schema_version import SCHEMA_VERSION
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
"""Without this, CloudFormation waits an hour for a function that does not answer (docs/aws.md#custom-resource-timeout)."""


def guard_deletion(scope: Construct, *, target: str | None = None, leave_out: Collection[str] = ()) -> cdk.CustomResource:
    """Refuse the deletion of everything in `scope` while the target, or any target if none is given, is not at rest.

    Call this after everything else in `scope` was created, including a target's `guard_change`. Constructs whose ids are in
    `leave_out` are skipped: siblings depend on them, so they are deleted later anyway.
    """
    siblings = [child for child in scope.node.children if child.node.id not in leave_out]
    properties = {"Target": target} if target else {"RecordSchema": str(SCHEMA_VERSION)}
    resource = _ask(scope, "AtRest", RESOURCE_TYPE, properties)
    resource.node.add_dependency(*siblings)
    if target:
        resource.node.add_dependency(cdk.Stack.of(scope).node.find_child(LIST))
    return resource


def guard_change(scope: Construct, target: Target) -> None:
    """Refuse an update of `scope` that takes away something that a running rollout of the target needs.

    Call this after everything in `scope` was created, except the guard of its deletion.
    """
    siblings = [*scope.node.children]
    change = _ask(scope, "Change", CHANGE_TYPE, {"Target": target.name, "Definition": target_to_json(target)})
    for sibling in siblings:
        sibling.node.add_dependency(change)
    _list(cdk.Stack.of(scope), target.name, change)


def _list(stack: cdk.Stack, target: str, change: cdk.CustomResource) -> None:
    """Add the target to the stack's list, so that an update that drops the target can be refused before its end.

    The list depends on the targets' own resources, and therefore on a controller that they depend on.
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
