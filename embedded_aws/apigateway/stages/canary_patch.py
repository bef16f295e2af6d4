"""What a patch operation does to a stage's canary: change it, remove it, or promote it.

Replacing any canary setting creates a canary where there is none: on the stage's own deployment, at 0 %, without overrides
(docs/aws.md#patch-makes-a-canary). Promotion copies the settings and leaves the canary attached (docs/aws.md#promotion).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from embedded_aws.apigateway.definition.frozen import unescape
from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.stages.method_settings import remove_settings
from embedded_aws.apigateway.stages.patch_operation import Operation, Surroundings
from embedded_aws.apigateway.stages.stage import Canary, Stage, check_variable, parse_percent, parse_variables, refuse_malformed


def replace_canary_deployment(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Point the canary at another deployment of the API."""
    deployment_id = surroundings.existing(operation.value)
    return replace(stage, canary=replace(_canary_of(stage), deployment_id=deployment_id))


def replace_canary_percent(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Change the canary's percentage of traffic; it is a string in the patch and a float in the stage."""
    percent = parse_percent(operation.value, unknowns=surroundings.unknowns)
    if percent is None:
        return stage
    return replace(stage, canary=replace(_canary_of(stage), percent_traffic=percent))


def replace_canary_cache(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Set whether the canary uses the stage's cache."""
    flag = {"true": True, "false": False}.get((operation.value or "").lower())
    if flag is None:
        refuse_malformed(operation.value, unknowns=surroundings.unknowns)
        return stage
    return replace(stage, canary=replace(_canary_of(stage), use_stage_cache=flag))


def replace_override(stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    """Override one stage variable for the canary's requests."""
    canary = _canary_of(stage)
    return replace(stage, canary=replace(canary, overrides=with_variable(canary.overrides, operation)))


def replace_overrides(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Replace all overrides at once, if that is possible."""
    overrides = parse_whole_map(operation, surroundings)
    return replace(stage, canary=replace(_canary_of(stage), overrides=overrides))


def remove_canary(stage: Stage, _operation: Operation, surroundings: Surroundings) -> Stage:
    """Remove the canary; everything else of the stage stays (docs/aws.md#remove-canary)."""
    if stage.canary is None and surroundings.unknowns.ask("remove-absent-canary") == "refused":
        remove_settings({}, "canarySettings")
    return replace(stage, canary=None)


def remove_override(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Remove one override, so that the canary sees the stage's own variable again."""
    name = unescape(operation.found["name"])
    if stage.canary is None or name not in stage.canary.overrides:
        if surroundings.unknowns.ask("remove-absent-override") == "refused":
            remove_settings({}, operation.path[1:])
        return stage
    return replace(stage, canary=replace(stage.canary, overrides=without(stage.canary.overrides, name)))


def promote(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    """Copy the canary's deployment to the stage, or merge its overrides into the stage's variables."""
    promotions = {
        "/deploymentId": "/canarySettings/deploymentId",
        "/variables": "/canarySettings/stageVariableOverrides",
    }
    if operation.path not in promotions or promotions[operation.path] != operation.source:
        raise BadRequestError(
            f"Invalid copy operation with path: {operation.path} and from {operation.source or 'null'}. "
            f"Valid copy:path are [{', '.join(promotions)}] and valid copy:from are [{', '.join(promotions.values())}]"
        )
    if stage.canary is None:
        raise BadRequestError("Promotion not available. Canary does not exist.")
    if operation.path == "/deploymentId":
        return replace(stage, deployment_id=surroundings.existing(stage.canary.deployment_id))
    return replace(stage, variables=MappingProxyType({**stage.variables, **stage.canary.overrides}))


def with_variable(variables: Mapping[str, str], operation: Operation) -> Mapping[str, str]:
    """The variables with the one named in the operation's path set to the operation's value."""
    name = unescape(operation.found["name"])
    check_variable(name, operation.value)
    return MappingProxyType({**variables, name: operation.value or ""})


def without(variables: Mapping[str, str], name: str) -> Mapping[str, str]:
    """The variables without this one, whether or not it was there."""
    return MappingProxyType({key: value for key, value in variables.items() if key != name})


def parse_whole_map(operation: Operation, surroundings: Surroundings) -> Mapping[str, str]:
    """All variables of one replacement; read as JSON if that answer is chosen, because no record shows the format."""
    is_json = surroundings.unknowns.ask("replace-whole-map") == "json"
    try:
        variables = json.loads(operation.value or "") if is_json else None
    except ValueError:
        variables = None
    if not isinstance(variables, dict) or not all(isinstance(each, str) for each in variables.values()):
        raise BadRequestError(f"Invalid value specified for path {operation.path}: {operation.value}")
    return parse_variables(variables)


def _canary_of(stage: Stage) -> Canary:
    return stage.canary or Canary(stage.deployment_id)
