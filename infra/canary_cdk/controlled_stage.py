"""A stage that only the controller moves: it starts on a first deployment that never changes in the template.

From then on, the controller decides which deployment and which alias answer. The template decides everything else: throttling,
logging, tracing, other variables. This module decides which settings of a stage a template may have, and refuses the rest at
synth.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_logs as logs

from canary.rules.targets.access_log import LOG_FORMAT, find_misfit
from canary_cdk import naming
from canary_cdk.log_role import log_role as account_log_role
from canary_cdk.ownership import STAGE, own

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from constructs import Construct

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
    "access_log_format": "give access_log_format outside the options",
    "client_certificate_id": "set it with aws apigateway update-stage; deploys keep it",
    "documentation_version": "set it with aws apigateway update-stage; deploys keep it",
    "stage_name": "give stage_name outside the options",
}
"""Options of a stage that are not accepted here, and what to use instead."""

VARIABLE_NAME = re.compile(r"[A-Za-z0-9]+")
VARIABLE_VALUE = re.compile(r"[A-Za-z0-9._~:/?#&=,-]+")
"""The values that both arms of a stage can have (docs/aws.md#stage-variables)."""


class StageError(ValueError):
    """The app's fault: an option of a stage is incompatible with the controller."""


class ControlledStage(apigateway.Stage):
    """A stage that starts on a first deployment of the API, and that only the controller moves from there.

    It works with CDK's own classes, `RestApi` or `SpecRestApi`, with `deploy=False`. A `Target` counts in `access_log_group`. A
    function in the same stack manages the stage for CloudFormation (`ownership`). Its patch lists never contain the deployment
    or the canary, and it refuses to change settings while there is a canary, because both arms share them.
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
        log_role: bool = False,
    ) -> None:
        """Create the stage.

        Args:
            scope: the parent construct.
            construct_id: its id in that scope.
            rest_api: the API, which must not deploy itself.
            stage_name: the stage's name, as a literal.
            alias_variable: the stage variable at the end of the integrations' URIs, which names the alias.
            live: the alias that base calls, of every function of the API.
            options: throttling, logging, metrics, tracing, caching and variables, as in CDK; tracing is on unless it is
                switched off here. A variable takes effect in both arms at once and is not judged: put what a release changes
                into the functions' environment, which is part of their versions.
            access_log_group: where the access log goes; without one, a group is created that keeps logs for three months.
            access_log_format: another format that has the fields of `canary.rules.targets.access_log`.
            take_over: whether a stage of this name may already exist, created by hand or by another tool. It keeps its
                deployment, gets these settings, and stays when the stack is deleted.
            log_role: whether this stack gives the account's API Gateway a role for its logs, if it has none. Without one, no
                stage can write an access log, and the deploy fails with a message that says so.

        Raises:
            StageError: an option is incompatible with the controller; nothing was created.

        """
        _require_no_deployment(rest_api, stage_name)
        variables = _variables(options, alias_variable, live)
        settings = _settings(options)
        if misfit := find_misfit(access_log_format):
            raise StageError(f"{misfit}; the format that fits is canary.rules.targets.access_log.LOG_FORMAT")
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
        _hand_over(self, stage_name, take_over=take_over, role=account_log_role(cdk.Stack.of(self)) if log_role else None)


def _require_no_deployment(rest_api: apigateway.RestApi | apigateway.SpecRestApi, stage_name: str) -> None:
    if rest_api.latest_deployment is not None:
        raise StageError(
            f"the API {rest_api.node.path} deploys itself, which would bypass the controller and reach every request of "
            f"{stage_name}; give it deploy=False"
        )


def _variables(options: apigateway.StageOptions | None, alias_variable: str, live: str) -> dict[str, str]:
    given = dict((options and options.variables) or {})
    if given.get(alias_variable, live) != live:
        raise StageError(
            f"the stage variable {alias_variable} is {given[alias_variable]!r}, but it names base's alias; drop it"
        )
    for name, value in given.items():
        is_known = not cdk.Token.is_unresolved(value)
        if not VARIABLE_NAME.fullmatch(name) or (is_known and not VARIABLE_VALUE.fullmatch(value)):
            raise StageError(
                f"a canary cannot override the stage variable {name}={value!r}; use only letters and digits in the name, "
                "and in the value also ._~:/?#&=,-"
            )
    return {**given, alias_variable: live}


def _settings(options: apigateway.StageOptions | None) -> dict[str, Any]:
    for name, instead in ELSEWHERE.items():
        if getattr(options, name, None) is not None:
            raise StageError(f"{name} is not accepted among a stage's options; {instead}")
    given = {name: value for name in OPTIONS if (value := getattr(options, name, None)) is not None}
    return {"tracing_enabled": True, **given}


def _first_deployment(
    scope: Construct, construct_id: str, rest_api: apigateway.RestApi | apigateway.SpecRestApi
) -> apigateway.Deployment:
    """The deployment that a new stage starts on; CDK would give it another logical id whenever the API changes."""
    deployment = apigateway.Deployment(
        scope, construct_id, api=rest_api, description="what the stage began with", retain_deployments=True
    )
    resource = deployment.node.default_child
    if not isinstance(resource, apigateway.CfnDeployment):
        raise TypeError(f"CDK's deployment is a {type(resource).__name__}, must be a CfnDeployment; pin aws-cdk-lib")
    resource.override_logical_id(cdk.Names.unique_resource_name(deployment, max_length=128))
    # Without methods there would be nothing to deploy (docs/aws.md#deployment-snapshot).
    deployment.node.add_dependency(rest_api.root)
    return deployment


def _hand_over(stage: ControlledStage, stage_name: str, *, take_over: bool, role: iam.Role | None) -> None:
    resource = stage.node.default_child
    if not isinstance(resource, apigateway.CfnStage):
        raise TypeError(f"CDK's stage is a {type(resource).__name__}, must be a CfnStage; pin aws-cdk-lib")
    stack, rest_api_id = cdk.Stack.of(stage), stage.rest_api.rest_api_id
    arn = naming.api_arn(stack, rest_api_id, f"/stages/{stage_name}")
    own(
        resource,
        STAGE,
        allowed={
            "apigateway:GET apigateway:PATCH apigateway:DELETE": (arn,),
            "apigateway:POST": (naming.api_arn(stack, rest_api_id, "/stages"),),
            "apigateway:PUT apigateway:DELETE": (_tags_arn(stack, rest_api_id, stage_name),),
            "apigateway:GET": (_account_arn(stack),),
            **({"apigateway:PATCH": (_account_arn(stack),), "iam:PassRole": (role.role_arn,)} if role else {}),
        },
        properties={
            "Arn": arn,
            "AliasVariable": stage.alias_variable,
            **({"LogRoleArn": role.role_arn} if role else {}),
        },
        without=("CanarySetting", "ClientCertificateId", "DocumentationVersion"),
        take_over=take_over,
    )


def _account_arn(stack: cdk.Stack) -> str:
    """The ARN for permissions to read and change API Gateway's settings of the account."""
    return stack.format_arn(service="apigateway", account="", resource="/account")


def _tags_arn(stack: cdk.Stack, rest_api_id: str, stage_name: str) -> str:
    """The ARN for permissions to tag the stage: its encoded ARN below /tags (docs/aws.md#stage-tags)."""
    encoded = f"arn%3A{stack.partition}%3Aapigateway%3A{stack.region}%3A%3A%2Frestapis%2F{rest_api_id}%2Fstages%2F{stage_name}"
    return stack.format_arn(service="apigateway", account="", resource=f"/tags/{encoded}")
