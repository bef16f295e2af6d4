"""A REST API whose stage the controller moves: a deploy changes the API's definition and no request sees it.

The stage begins on a first deployment that never changes in the template. From then on the controller decides which deployment
and which alias answer; the template decides everything else of the stage: throttling, logging, tracing, its other variables.
Decides what of a stage may stand in a template, and refuses the rest at synth.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from canary.rules.access_log import LOG_FORMAT, find_misfit
from canary_cdk import naming
from canary_cdk.ownership import STAGE, own

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from constructs import Construct

    from canary_cdk.versioned_function import VersionedFunction

OPTIONS = (
    "cache_cluster_enabled",
    "cache_cluster_size",
    "cache_data_encrypted",
    "cache_ttl",
    "caching_enabled",
    "data_trace_enabled",
    "description",
    "logging_level",
    "method_options",
    "metrics_enabled",
    "throttling_burst_limit",
    "throttling_rate_limit",
    "tracing_enabled",
)
ELSEWHERE = {
    "access_log_destination": "give access_log_group",
    "access_log_format": "give access_log_format beside the options",
    "client_certificate_id": "set it with aws apigateway update-stage, it stays",
    "documentation_version": "set it with aws apigateway update-stage, it stays",
    "stage_name": "give stage_name beside the options",
}
"""Options of a stage that are not taken, and where they go."""

VARIABLE_NAME = re.compile(r"[A-Za-z0-9]+")
VARIABLE_VALUE = re.compile(r"[A-Za-z0-9._~:/?#&=,-]+")
"""What both arms of a stage can have (docs/aws.md#stage-variables)."""


class StageError(ValueError):
    """The app's fault: a stage is asked for what the controller could not keep."""


class ControlledStage(apigateway.Stage):
    """A stage that begins on a first deployment of the API, and that only the controller moves from there.

    For an API of CDK's own classes, `RestApi` or `SpecRestApi` with `deploy=False`. `access_log_group` is what a `Target`
    counts in. CloudFormation gets the stage from a function in the same stack (`ownership`), which changes settings in patch
    lists without deployment or canary, and refuses to while there is a canary: both arms share them.
    """

    def __init__(  # noqa: PLR0913 - a stage's own keys
        self,
        scope: Construct,
        construct_id: str,
        *,
        rest_api: apigateway.RestApi | apigateway.SpecRestApi,
        stage_name: str = "prod",
        alias_variable: str = "lambdaAlias",
        live: str = "live",
        options: apigateway.StageOptions | None = None,
        access_log_group: logs.ILogGroup | None = None,
        access_log_format: str = LOG_FORMAT,
        take_over: bool = False,
    ) -> None:
        """Make the stage.

        Args:
            scope: where it belongs.
            construct_id: its id in that scope.
            rest_api: the API, which must not deploy itself.
            stage_name: the stage's name, written out.
            alias_variable: the stage variable that ends the integrations' URIs and names the alias.
            live: the alias that the base calls, of every function of the API.
            options: throttling, logging, metrics, tracing, caching and variables, as CDK has them; tracing is on unless it
                is switched off here. A variable takes effect in both arms at once and is judged by nobody: what a release
                changes belongs into the functions' environment, which is part of their versions.
            access_log_group: where the access log goes; without one a group is made, kept for three months.
            access_log_format: another format that has the fields of `canary.rules.access_log`.
            take_over: whether a stage of this name may exist already, made by hand or by another tool. It keeps its
                deployment, gets these settings, and stays when the stack is deleted.

        Raises:
            StageError: something is asked for that the controller could not keep; nothing was made.

        """
        _require_no_deployment(rest_api, stage_name)
        variables = _variables(options, alias_variable, live)
        settings = _settings(options)
        if misfit := find_misfit(access_log_format):
            raise StageError(f"{misfit}; the format that fits is canary.rules.access_log.LOG_FORMAT")
        group = access_log_group or logs.LogGroup(scope, f"{construct_id}AccessLog", retention=logs.RetentionDays.THREE_MONTHS)
        super().__init__(
            scope,
            construct_id,
            deployment=_first_deployment(scope, f"{construct_id}Bootstrap", rest_api),
            stage_name=stage_name,
            variables=variables,
            access_log_destination=apigateway.LogGroupLogDestination(group),
            access_log_format=apigateway.AccessLogFormat.custom(access_log_format),
            **settings,
        )
        self.access_log_group: logs.ILogGroup = group
        self.alias_variable = alias_variable
        _hand_over(self, stage_name, take_over=take_over)


class RestApiSettings(TypedDict, total=False):
    """What CDK's RestApi takes, less what this one decides itself, and domain names: `add_domain_name` comes afterwards."""

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

    Its methods get their integrations from `integration_for`. The account's role for CloudWatch is left alone unless
    `cloud_watch_role=True` asks for one: it belongs to the account and Region, and an access log needs it to be set.
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
        **settings: Unpack[RestApiSettings],
    ) -> None:
        """Make the API and its stage.

        Args:
            scope: where it belongs, a stack as a rule.
            construct_id: its id in that scope.
            stage_name: as for `ControlledStage`, and so are the next six.
            alias_variable: the stage variable that names the alias.
            live: the alias that the base calls.
            stage_options: the stage's settings and variables.
            access_log_group: where the access log goes.
            access_log_format: another format for it.
            take_over_stage: whether the stage may exist already.
            settings: everything else that CDK's RestApi takes.

        Raises:
            StageError: something is asked for that the controller could not keep.

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
        )
        self.deployment_stage = stage
        self.alias_variable = alias_variable
        self.live = live
        self.access_log_group: logs.ILogGroup = stage.access_log_group

    def integration_for(
        self, function: VersionedFunction, *, options: apigateway.IntegrationOptions | None = None
    ) -> apigateway.Integration:
        """A proxy integration that calls the alias which the stage variable names, and the permission for both aliases.

        Args:
            function: the function, whose live alias has the name that the stage says.
            options: its timeout and the like, as CDK has them.

        Raises:
            StageError: the function's aliases cannot be those of this stage.

        """
        if function.live.alias_name != self.live or function.canary is None:
            canary = function.canary.alias_name if function.canary else "no canary alias"
            raise StageError(
                f"{function.node.path} has {function.live.alias_name} and {canary}, and the stage's base calls {self.live}; "
                "one variable names the alias of every function, give it both aliases under the same names"
            )
        function.allow_api(self)
        arn = f"{function.function.function_arn}:${{stageVariables.{self.alias_variable}}}"
        return apigateway.AwsIntegration(
            service="lambda", path=f"2015-03-31/functions/{arn}/invocations", proxy=True, options=options
        )


def _require_no_deployment(rest_api: apigateway.RestApi | apigateway.SpecRestApi, stage_name: str) -> None:
    if rest_api.latest_deployment is not None:
        raise StageError(
            f"the API {rest_api.node.path} deploys itself, which would go past the controller to every request of "
            f"{stage_name}; give it deploy=False"
        )


def _variables(options: apigateway.StageOptions | None, alias_variable: str, live: str) -> dict[str, str]:
    given = dict((options and options.variables) or {})
    if given.get(alias_variable, live) != live:
        raise StageError(
            f"the stage variable {alias_variable} is {given[alias_variable]!r}, and it names the alias of the base; drop it"
        )
    for name, value in given.items():
        is_known = not cdk.Token.is_unresolved(value)
        if not VARIABLE_NAME.fullmatch(name) or (is_known and not VARIABLE_VALUE.fullmatch(value)):
            raise StageError(
                f"the stage variable {name}={value!r} is not one that both arms can have; use letters and digits in the name, "
                "and in the value also ._~:/?#&=,-"
            )
    return {**given, alias_variable: live}


def _settings(options: apigateway.StageOptions | None) -> dict[str, Any]:
    for name, instead in ELSEWHERE.items():
        if getattr(options, name, None) is not None:
            raise StageError(f"{name} among a stage's options is not taken here; {instead}")
    given = {name: value for name in OPTIONS if (value := getattr(options, name, None)) is not None}
    return {"tracing_enabled": True, **given}


def _first_deployment(
    scope: Construct, construct_id: str, rest_api: apigateway.RestApi | apigateway.SpecRestApi
) -> apigateway.Deployment:
    """The deployment that a new stage begins on; CDK would give it another logical id whenever the API changes."""
    deployment = apigateway.Deployment(
        scope, construct_id, api=rest_api, description="what the stage began with", retain_deployments=True
    )
    resource = deployment.node.default_child
    if not isinstance(resource, apigateway.CfnDeployment):
        raise TypeError(f"a deployment of CDK's is {type(resource).__name__} and must be a CfnDeployment; pin aws-cdk-lib")
    resource.override_logical_id(cdk.Names.unique_resource_name(deployment, max_length=128))
    # Without methods there would be nothing to deploy (docs/aws.md#deployment-snapshot).
    deployment.node.add_dependency(rest_api.root)
    return deployment


def _hand_over(stage: ControlledStage, stage_name: str, *, take_over: bool) -> None:
    resource = stage.node.default_child
    if not isinstance(resource, apigateway.CfnStage):
        raise TypeError(f"a stage of CDK's is {type(resource).__name__} and must be a CfnStage; pin aws-cdk-lib")
    stack, rest_api_id = cdk.Stack.of(stage), stage.rest_api.rest_api_id
    arn = naming.api_arn(stack, rest_api_id, f"/stages/{stage_name}")
    own(
        resource,
        STAGE,
        allowed={
            "apigateway:GET apigateway:PATCH apigateway:DELETE": (arn,),
            "apigateway:POST": (naming.api_arn(stack, rest_api_id, "/stages"),),
            "apigateway:PUT apigateway:DELETE": (_tags_arn(stack, rest_api_id, stage_name),),
        },
        properties={"Arn": arn},
        without=("CanarySetting", "ClientCertificateId", "DocumentationVersion"),
        take_over=take_over,
    )


def _tags_arn(stack: cdk.Stack, rest_api_id: str, stage_name: str) -> str:
    """What tagging the stage is checked against: its ARN, encoded, below /tags (docs/aws.md#stage-tags)."""
    encoded = f"arn%3A{stack.partition}%3Aapigateway%3A{stack.region}%3A%3A%2Frestapis%2F{rest_api_id}%2Fstages%2F{stage_name}"
    return stack.format_arn(service="apigateway", account="", resource=f"/tags/{encoded}")
