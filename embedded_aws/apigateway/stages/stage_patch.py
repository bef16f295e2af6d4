"""What a patch operation does to a stage itself: deployment, variables, access log, method settings and switches.

gateway_canary_patch.py handles the canary. The patch table decides which path leads to which function.
"""

from dataclasses import replace
from types import MappingProxyType

from embedded_aws.apigateway.definition.frozen import unescape
from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.stages.access_log_format import AccessLogFormatError, check_format
from embedded_aws.apigateway.stages.canary_patch import parse_whole_map, with_variable, without
from embedded_aws.apigateway.stages.method_settings import remove_settings, replace_setting
from embedded_aws.apigateway.stages.patch_operation import Operation, Surroundings
from embedded_aws.apigateway.stages.stage import AccessLog, Stage


def replace_deployment(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Point the stage at another deployment; no record says whether AWS allows that while there is a canary."""
    deployment_id = surroundings.existing(operation.value)
    if stage.canary and surroundings.unknowns.ask("replace-deployment-under-canary") == "refused":
        raise BadRequestError(f"Non canary deployment not supported on stage {stage.name} because Canary is enabled.")
    return replace(stage, deployment_id=deployment_id)


def replace_description(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Change the stage's description."""
    return replace(stage, description=operation.value)


def replace_certificate(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Use another client certificate."""
    return replace(stage, client_certificate_id=operation.value)


def replace_documentation(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Point at another version of the documentation."""
    return replace(stage, documentation_version=operation.value)


def replace_cache_size(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Resize the cache cluster."""
    return replace(stage, cache_cluster_size=operation.value)


def replace_cache(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Enable or disable the cache cluster."""
    return replace(stage, cache_cluster_enabled=operation.says_true)


def replace_tracing(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Enable or disable X-Ray tracing."""
    return replace(stage, tracing_enabled=operation.says_true)


def replace_variable(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Set one stage variable."""
    return replace(stage, variables=with_variable(stage.variables, operation))


def replace_variables(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Replace all stage variables at once, if that is possible."""
    return replace(stage, variables=parse_whole_map(operation, surroundings))


def replace_method_setting(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Set one setting of one method path."""
    settings = replace_setting(
        stage.method_settings,
        operation.found["method"],
        operation.found["setting"],
        value=operation.value,
        unknowns=surroundings.unknowns,
    )
    return replace(stage, method_settings=settings)


def set_access_log(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Set the access log's destination or its format."""
    if not operation.value:
        raise BadRequestError("Access Log value must not be empty")
    if operation.found["field"] == "format":
        _check_format(operation.value)
    field = {"destinationArn": "destination_arn", "format": "format"}[operation.found["field"]]
    return replace(stage, access_log=replace(stage.access_log or AccessLog(), **{field: operation.value}))


def _check_format(log_format: str) -> None:
    try:
        check_format(log_format)
    except AccessLogFormatError as error:
        raise BadRequestError(str(error)) from error


def refuse_access_log(_stage: Stage, _operation: Operation, _: Surroundings) -> Stage:
    """Refuse with the two paths that the access log has."""
    raise BadRequestError(
        "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]"
    )


def remove_variable(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Remove one stage variable."""
    return replace(stage, variables=without(stage.variables, unescape(operation.found["name"])))


def remove_variables(stage: Stage, _operation: Operation, _: Surroundings) -> Stage:
    """Remove all stage variables."""
    return replace(stage, variables=MappingProxyType({}))


def remove_access_log(stage: Stage, _operation: Operation, _: Surroundings) -> Stage:
    """Stop writing an access log."""
    return replace(stage, access_log=None)


def remove_method_settings(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Remove the settings of one method path; every removal of an unknown path also ends here."""
    return replace(stage, method_settings=remove_settings(stage.method_settings, operation.path[1:]))
