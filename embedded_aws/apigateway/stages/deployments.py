"""What CreateStage and CreateDeployment do to a stage: pure rules that turn one value into the next.

A canary deployment replaces the stage's whole canary and leaves the stage itself. A plain deployment moves the stage, and is
refused while there is a canary (docs/aws.md#canary-by-deployment). Nothing is stored here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.stages.patch_operation import Surroundings
from embedded_aws.apigateway.stages.stage import Stage, parse_canary, parse_variables
from embedded_aws.wire.unknowns import Unknowns

_REFUSED = "Invalid deployment content specified."


def new_stage(body: Mapping[str, Any], *, deployments: Collection[str], now: int, unknowns: Unknowns) -> Stage:
    """The stage that a CreateStage body asks for."""
    surroundings = Surroundings(deployments, unknowns)
    deployment_id = surroundings.existing(body.get("deploymentId"))
    stage = Stage(
        _parse_name(body.get("stageName")),
        deployment_id,
        created=now,
        updated=now,
        documentation_version=body.get("documentationVersion"),
    )
    stage = _with_fields(stage, body, description=body.get("description"))
    if (settings := body.get("canarySettings")) is None:
        return stage
    canary_deployment = surroundings.existing(settings.get("deploymentId", deployment_id))
    return replace(stage, canary=parse_canary(settings, deployment_id=canary_deployment, unknowns=unknowns))


def deploy(stage: Stage | None, deployment_id: str, *, body: Mapping[str, Any], now: int, unknowns: Unknowns) -> Stage | None:
    """The named stage (None if it does not exist yet) after a CreateDeployment; None if no stage is affected."""
    name = body.get("stageName")
    if body.get("canarySettings") is not None:
        return _deploy_canary(stage, deployment_id, body=body, now=now, unknowns=unknowns)
    if not name:
        return None
    if stage is None:
        fresh = Stage(_parse_name(name), deployment_id, created=now, updated=now)
        return _with_fields(fresh, body, description=body.get("stageDescription"))
    if stage.canary is not None:
        raise BadRequestError(
            f"{_REFUSED}Non canary deployment not supported on stage {name} because Canary is enabled. "
            "Provide CanarySettings in deploymentInput."
        )
    return replace(_overlaid(stage, body, unknowns), deployment_id=deployment_id, updated=now)


def _deploy_canary(stage: Stage | None, deployment_id: str, *, body: Mapping[str, Any], now: int, unknowns: Unknowns) -> Stage:
    name = body.get("stageName")
    if not name:
        raise BadRequestError(
            f"{_REFUSED}Non null and non empty stageName must be provided for canary deployment. "
            f"Provided value is {'null' if name is None else name}"
        )
    if stage is None:
        raise BadRequestError(f"{_REFUSED}Stage {name} must already be created before making a canary release deployment")
    canary = parse_canary(body["canarySettings"], deployment_id=deployment_id, unknowns=unknowns)
    return replace(_overlaid(stage, body, unknowns), canary=canary, updated=now)


def _overlaid(stage: Stage, body: Mapping[str, Any], unknowns: Unknowns) -> Stage:
    """An existing stage with the stage fields of a CreateDeployment; an open question only if they would change it."""
    replaced = _with_fields(stage, body, description=body.get("stageDescription"))
    if replaced == stage:
        return stage
    merged = replace(replaced, variables=MappingProxyType({**stage.variables, **replaced.variables}))
    return {"merged": merged, "replaced": replaced, "ignored": stage}[unknowns.ask("stage-fields-on-existing-stage")]


def _with_fields(stage: Stage, body: Mapping[str, Any], *, description: str | None) -> Stage:
    """The stage with the fields that the body sets; an empty field sets nothing."""
    enabled, tracing = body.get("cacheClusterEnabled"), body.get("tracingEnabled")
    return replace(
        stage,
        description=description or stage.description,
        variables=parse_variables(body.get("variables")) or stage.variables,
        cache_cluster_enabled=stage.cache_cluster_enabled if enabled is None else _is_true(enabled),
        cache_cluster_size=body.get("cacheClusterSize") or stage.cache_cluster_size,
        tracing_enabled=stage.tracing_enabled if tracing is None else _is_true(tracing),
    )


def _is_true(value: bool | str) -> bool:  # noqa: FBT001 (a JSON boolean, or the word for it, as the service takes both)
    return str(value).lower() == "true"


def _parse_name(name: str | None) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name or ""):
        raise BadRequestError("Stage name only allows a-zA-Z0-9_")
    return name or ""
