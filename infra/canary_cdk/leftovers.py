"""Functions that leave a template stay as long as a deployment calls them, and are removed afterwards.

A deploy changes the API's definition, but no request sees that before a rollout: until then base's deployment calls the
functions it was made with. So a function keeps its role, versions, aliases and permissions when it leaves the template or is
replaced in it. This module decides which parts of a function are kept, and what the resource that removes them later may do.
The removal itself is in `lambdas/ownership/leftovers.py`.
"""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from canary_cdk import naming
from canary_cdk.ownership import LONGEST_ANSWER, STACK_TAG, allow_if_tagged, ownership_function
from canary_cdk.permissions import allow

LEFTOVERS = "CanaryLeftovers"
TYPE = "Custom::ControlledLeftovers"
DESCRIPTION = "Removes functions that left this stack once no deployment calls them"

FUNCTIONS = "lambda:DeleteFunction lambda:GetFunctionConfiguration lambda:ListAliases"
ROLES = " ".join(
    f"iam:{action}"
    for action in (
        "ListRoleTags",
        "ListRolePolicies",
        "ListAttachedRolePolicies",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "DeleteRole",
    )
)
KEPT = (lambda_.CfnFunction, iam.CfnRole, iam.CfnPolicy)
"""What a function needs to answer. Its log group has its own removal policy."""


class Leftovers(Construct):
    """Removes the leftovers of a stack: its first resource to be updated, and the last to be deleted with the stack."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._versions: list[lambda_.Version] = []
        role, function = ownership_function(self, DESCRIPTION)
        _allow_removal(role)
        self.resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type=TYPE,
            service_token=function.function_arn,
            service_timeout=LONGEST_ANSWER,
            # The text changes with each release of a function, so that every such deploy removes leftovers.
            properties={"Versions": cdk.Lazy.any(_LogicalIds(self._versions))},
        )
        self.resource.node.add_dependency(role)

    @staticmethod
    def of(stack: cdk.Stack) -> Leftovers:
        """The stack's instance."""
        return cast("Leftovers", stack.node.try_find_child(LEFTOVERS) or Leftovers(stack, LEFTOVERS))

    def keep(self, function: lambda_.Function, version: lambda_.Version) -> None:
        """Let a function of this stack stay when it leaves the template, and mark it with the stack's tag."""
        stack = cdk.Stack.of(self)
        self._versions.append(version)
        function.node.add_dependency(self.resource)
        for one in (function, function.role):
            if one is not None and cdk.Stack.of(one) is stack:
                cdk.Tags.of(one).add(STACK_TAG, stack.stack_id)
                cdk.Aspects.of(one).add(_Keep())


@jsii.implements(cdk.IStableAnyProducer)
class _LogicalIds:
    """The versions' logical ids, which CDK computes from their content at synth."""

    def __init__(self, versions: list[lambda_.Version]) -> None:
        self._versions = versions

    def produce(self) -> list[str]:
        return [cast("cdk.CfnElement", one.node.default_child).logical_id for one in self._versions]


@jsii.implements(cdk.IAspect)
class _Keep:
    """Keeps a function, its role and the role's policies, including policies that are granted later."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, KEPT):
            # What a failed deploy created is removed again, or its name would be taken (docs/aws.md#retained-resources).
            node.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def _allow_removal(role: iam.Role) -> None:
    """Allow finding functions by their tags, and removing the functions and roles that have the stack's tag."""
    stack = cdk.Stack.of(role)
    allow(role, "tag:GetResources", "*")
    allow_if_tagged(role, FUNCTIONS, naming.function_arn(stack, "*"))
    allow_if_tagged(role, ROLES, naming.roles_arn(stack, "/"))
