"""A REST API whose stage the controller moves: a deploy changes the API's definition, and no request sees the change.

Decides how a method reaches a function through the alias that the stage variable names. `controlled_stage` decides which
options a stage may have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from canary.rules.targets.access_log import LOG_FORMAT
from canary_cdk.controlled_stage import ControlledStage, StageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from constructs import Construct

    from canary_cdk.versioned_function import VersionedFunction


__all__ = ["CanaryRestApi", "ControlledStage", "RestApiSettings", "StageError"]


class RestApiSettings(TypedDict, total=False):
    """The options of CDK's RestApi, except those that this class decides, and domain names: call `add_domain_name` later."""

    api_key_source_type: apigateway.ApiKeySourceType
    binary_media_types: Sequence[str]
    clone_from: apigateway.IRestApi
    cloud_watch_role: bool
    cloud_watch_role_removal_policy: cdk.RemovalPolicy
    default_cors_preflight_options: apigateway.CorsOptions
    default_integration: apigateway.Integration
    default_method_options: apigateway.MethodOptions
    description: str
    disable_execute_api_endpoint: bool
    endpoint_configuration: apigateway.EndpointConfiguration
    endpoint_types: Sequence[apigateway.EndpointType]
    fail_on_warnings: bool
    min_compression_size: cdk.Size
    policy: iam.PolicyDocument
    rest_api_name: str


class CanaryRestApi(apigateway.RestApi):
    """A REST API with one stage that the controller moves, `deployment_stage`.

    Its methods get their integrations from `integration_for`. An access log needs the role for CloudWatch, which belongs to the
    account and Region: `log_role=True` sets one if there is none; `cloud_watch_role=True`, CDK's own option, replaces any role
    that exists.
    """

    def __init__(  # noqa: PLR0913 - a stage's own keys, and an API's
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage_name: str = "prod",
        alias_variable: str = "lambdaAlias",
        live: str = "live",
        stage_options: apigateway.StageOptions | None = None,
        access_log_group: logs.ILogGroup | None = None,
        access_log_format: str = LOG_FORMAT,
        take_over_stage: bool = False,
        log_role: bool = False,
        **settings: Unpack[RestApiSettings],
    ) -> None:
        """Create the API and its stage.

        Args:
            scope: the parent construct, usually a stack.
            construct_id: its id in that scope.
            stage_name: as for `ControlledStage`, and so are the next six.
            alias_variable: the stage variable that names the alias.
            live: the alias that base calls.
            stage_options: the stage's settings and variables.
            access_log_group: where the access log goes.
            access_log_format: another format for it.
            take_over_stage: whether the stage may already exist.
            log_role: whether this stack gives the account's API Gateway a role for its logs, if it has none.
            settings: all other options of CDK's RestApi.

        Raises:
            StageError: an option is incompatible with the controller.

        """
        settings.setdefault("cloud_watch_role", False)
        super().__init__(scope, construct_id, deploy=False, **settings)
        stage = ControlledStage(
            self,
            "Stage",
            rest_api=self,
            stage_name=stage_name,
            alias_variable=alias_variable,
            live=live,
            options=stage_options,
            access_log_group=access_log_group,
            access_log_format=access_log_format,
            take_over=take_over_stage,
            log_role=log_role,
        )
        self.deployment_stage = stage
        self.alias_variable = alias_variable
        self.live = live
        self.access_log_group: logs.ILogGroup = stage.access_log_group

    def integration_for(
        self, function: VersionedFunction, *, options: apigateway.IntegrationOptions | None = None
    ) -> apigateway.Integration:
        """A proxy integration that calls the alias named by the stage variable; also adds the permission for both aliases.

        Args:
            function: the function; its live alias must have the stage's name for it.
            options: CDK's options, such as the timeout.

        Raises:
            StageError: the function's aliases do not fit this stage.

        """
        return apigateway.AwsIntegration(service="lambda", path=self._path_to(function), proxy=True, options=options)

    def authorizer_uri_for(self, function: VersionedFunction) -> str:
        """The `authorizer_uri` for a `CfnAuthorizer` that calls the alias named by the stage variable; adds the permission too.

        CDK's own authorizers name a fixed alias, so base's code would authorize the canary's requests.

        Args:
            function: the function; its live alias must have the stage's name for it.

        Raises:
            StageError: the function's aliases do not fit this stage.

        """
        return cdk.Stack.of(self).format_arn(
            service="apigateway", account="lambda", resource="path", resource_name=self._path_to(function)
        )

    def _path_to(self, function: VersionedFunction) -> str:
        if function.live.alias_name != self.live or function.canary is None:
            canary = function.canary.alias_name if function.canary else "no canary alias"
            raise StageError(
                f"{function.node.path} has {function.live.alias_name} and {canary}, but the stage's base calls {self.live}; "
                "one variable names the alias of every function, so give all functions the same two alias names"
            )
        function.allow_api(self)
        arn = f"{function.function.function_arn}:${{stageVariables.{self.alias_variable}}}"
        return f"2015-03-31/functions/{arn}/invocations"
