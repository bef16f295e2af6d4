"""A function as a rollout needs it: every version is kept, and only the controller moves its two aliases.

A deploy publishes a version and moves no traffic. This module does not decide what calls the function, but can let a REST API
call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from canary_cdk.compiled import TargetFunction
from canary_cdk.leftovers import Leftovers
from canary_cdk.ownership import ALIAS, PERMISSION, own

if TYPE_CHECKING:
    from aws_cdk import aws_apigateway as apigateway
    from constructs import IConstruct

NOT_IN_TEMPLATE = ("FunctionVersion", "Description", "ProvisionedConcurrencyConfig", "RoutingConfig")


class VersionedFunction(Construct):
    """A function with a version for each of its changes, and the aliases of a target.

    `version` is the version of the present code and configuration; `live` and `canary` are the aliases. A changed function gets
    a new version when it is deployed; older versions stay, and no alias moves. A function that leaves the template, or is
    replaced in it, stays until no deployment calls it (`leftovers`).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.Function,
        live: str = "live",
        canary: str | None = "canary",
        take_over: bool = False,
    ) -> None:
        """Keep the function's versions and create its aliases.

        Both aliases start at the newest version that exists when they are created, or at the version of a live alias that is
        taken over. No template says where they point afterwards, so neither a deploy nor its rollback can move them.

        Args:
            scope: the parent construct, usually a stack.
            construct_id: its id in that scope.
            function: the function. Its version is CDK's `current_version`, which is retained.
            live: the alias that production uses.
            canary: the alias that the canary uses; None for a target without a stage, whose live alias splits the traffic.
            take_over: whether aliases of these names may already exist, created by hand or by another tool. They keep their
                version, and stay when the stack is deleted.

        """
        super().__init__(scope, construct_id)
        self.function: lambda_.Function = function
        self.version: lambda_.Version = function.current_version
        # A version of a failed deploy is removed again: it would be the newest one, and the next deploy could not publish
        # the same code a second time (docs/aws.md#version-exists).
        self.version.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        Leftovers.of(cdk.Stack.of(function)).keep(function, self.version)
        self.live: lambda_.Alias = self._alias("Live", live, take_over=take_over)
        self.canary: lambda_.Alias | None = None
        if canary:
            self.canary = self._alias("Canary", canary, take_over=take_over, follows=self.live)

    @property
    def target_function(self) -> TargetFunction:
        """The function as a `Target` takes it."""
        return TargetFunction(self.function, self.live.alias_name, self.canary.alias_name if self.canary else None)

    @property
    def aliases(self) -> list[lambda_.Alias]:
        """Both aliases, or the live alias if there is no canary alias."""
        return [alias for alias in (self.live, self.canary) if alias]

    def allow_api(self, rest_api: apigateway.RestApiBase) -> None:
        """Let the API invoke both aliases: authorizers, and methods of every stage, as the console tests with its own stage.

        An authorizer presents an ARN without stage and method, which `*/*/*` does not cover (docs/aws.md#lambda-authorizers). A
        permission of the function does not cover its aliases (docs/aws.md#alias-permission). The permission is in the API's
        stack.
        """
        for alias in self.aliases:
            permission_id = f"Lets{cdk.Names.unique_id(alias)}"
            if rest_api.node.try_find_child(permission_id) is None:
                alias.add_permission(
                    permission_id,
                    principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
                    source_arn=cdk.Stack.of(rest_api).format_arn(
                        service="execute-api", resource=rest_api.rest_api_id, resource_name="*"
                    ),
                    scope=rest_api,
                )
                self._own_permission(rest_api.node.find_child(permission_id), alias)

    def _own_permission(self, resource: IConstruct, alias: lambda_.Alias) -> None:
        """Let our function manage the permission: base's deployment may still need it when it leaves the template."""
        if not isinstance(resource, lambda_.CfnPermission):
            raise TypeError(f"CDK's permission is a {type(resource).__name__}, must be a CfnPermission; pin aws-cdk-lib")
        is_elsewhere = cdk.Stack.of(resource) is not cdk.Stack.of(self.function)
        own(
            resource,
            PERMISSION,
            allowed={"lambda:AddPermission": (f"{self.function.function_arn}:{alias.alias_name}",)},
            # Only the function's own stack may remove something from it.
            properties={"Stays": "true"} if is_elsewhere else {},
        )

    def _alias(self, construct_id: str, name: str, *, take_over: bool, follows: lambda_.Alias | None = None) -> lambda_.Alias:
        alias = lambda_.Alias(self, construct_id, alias_name=name, version=self.version)
        resource = alias.node.default_child
        if not isinstance(resource, lambda_.CfnAlias):
            raise TypeError(f"CDK's alias is a {type(resource).__name__}, must be a CfnAlias; pin aws-cdk-lib")
        # A function of the same stack has the stack's tag, so its aliases may be removed even after it left the template.
        is_elsewhere = cdk.Stack.of(self) is not cdk.Stack.of(self.function)
        actions = "lambda:CreateAlias lambda:GetAlias lambda:ListVersionsByFunction"
        own(
            resource,
            ALIAS,
            allowed={
                f"{actions} lambda:DeleteAlias" if is_elsewhere else actions: (self.function.function_arn,),
            },
            properties={"Follows": follows.alias_name} if follows else {},
            without=NOT_IN_TEMPLATE,
            take_over=take_over,
        )
        resource.node.add_dependency(follows or self.version)
        return alias
