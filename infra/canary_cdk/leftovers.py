"""Functions that leave a template stay for as long as a deployment calls them, and are removed afterwards.

A deploy changes the API's definition, and no request sees that before a rollout: until then base's deployment calls what it
was made with. So a function keeps its role, versions, aliases and permissions when it leaves the template or is replaced in
it. Decides what of a function is kept, and what the resource that removes it later may do; what that does is in
`lambdas/ownership/leftovers.py`.
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
"""What a function cannot answer without. Its log group has a removal policy of its own."""


class Leftovers(Construct):
    """What removes what a stack has left behind: its first resource to be updated, and the last to go with the stack."""

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
            # Other text with each release of a function, so that the next deploy removes what is left.
            properties={"Versions": cdk.Lazy.any(_LogicalIds(self._versions))},
        )
        self.resource.node.add_dependency(role)

    @staticmethod
    def of(stack: cdk.Stack) -> Leftovers:
        """The one of a stack."""
        return cast("Leftovers", stack.node.try_find_child(LEFTOVERS) or Leftovers(stack, LEFTOVERS))

    def keep(self, function: lambda_.Function, version: lambda_.Version) -> None:
        """Have a function of this stack stay when it leaves the template, and know it again by the stack's tag."""
        stack = cdk.Stack.of(self)
        self._versions.append(version)
        function.node.add_dependency(self.resource)
        for one in (function, function.role):
            if one is not None and cdk.Stack.of(one) is stack:
                cdk.Tags.of(one).add(STACK_TAG, stack.stack_id)
                cdk.Aspects.of(one).add(_Keep())


@jsii.implements(cdk.IStableAnyProducer)
class _LogicalIds:
    """The versions' logical ids, which CDK makes of what is in them, once they are known."""

    def __init__(self, versions: list[lambda_.Version]) -> None:
        self._versions = versions

    def produce(self) -> list[str]:
        return [cast("cdk.CfnElement", one.node.default_child).logical_id for one in self._versions]


@jsii.implements(cdk.IAspect)
class _Keep:
    """Keeps a function, its role and the role's policies, those that are granted later too."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, KEPT):
            # What a deploy that fails has made goes again, or its name would be taken (docs/aws.md#retained-resources).
            node.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def _allow_removal(role: iam.Role) -> None:
    """Find functions by their tags; remove those, and those roles, that carry the stack's."""
    stack = cdk.Stack.of(role)
    allow(role, "tag:GetResources", "*")
    allow_if_tagged(role, FUNCTIONS, naming.function_arn(stack, "*"))
    allow_if_tagged(role, ROLES, naming.roles_arn(stack, "/"))
