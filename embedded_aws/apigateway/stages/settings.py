"""What a stage serves with, computed once per change: each arm's frozen definition and stage variables.

A canary request sees the stage's variables with the canary's overrides on top (docs/aws.md#merged-variables). The data plane
decides how requests are split and when a change reaches them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from embedded_aws.apigateway.definition.frozen import Definition
from embedded_aws.apigateway.stages.stage import AccessLog, MethodSettings, Stage


@dataclass(frozen=True, slots=True)
class Arm:
    """What base or canary serves with; `uses_cache` says whether it may answer from the stage's cache."""

    deployment_id: str
    definition: Definition
    variables: Mapping[str, str]
    uses_cache: bool


@dataclass(frozen=True, slots=True)
class StageSettings:
    """Everything that serving a stage depends on; `percent` is the canary's part, 0 to 100, and 0 without a canary."""

    api_id: str
    stage_name: str
    base: Arm
    canary: Arm | None
    percent: float
    access_log: AccessLog | None
    has_cache_cluster: bool
    method_settings: MethodSettings


def settings_of(api_id: str, stage: Stage, definitions: Mapping[str, Definition]) -> StageSettings:
    """The settings that the stage serves with; `definitions` are the API's, by deployment id."""
    base = Arm(
        deployment_id=stage.deployment_id,
        definition=definitions[stage.deployment_id],
        variables=stage.variables,
        uses_cache=stage.cache_cluster_enabled,
    )
    return StageSettings(
        api_id=api_id,
        stage_name=stage.name,
        base=base,
        canary=_canary_of(stage, definitions),
        percent=stage.canary.percent_traffic if stage.canary else 0.0,
        access_log=stage.access_log,
        has_cache_cluster=stage.cache_cluster_enabled,
        method_settings=stage.method_settings,
    )


def _canary_of(stage: Stage, definitions: Mapping[str, Definition]) -> Arm | None:
    if stage.canary is None:
        return None
    return Arm(
        deployment_id=stage.canary.deployment_id,
        definition=definitions[stage.canary.deployment_id],
        variables=MappingProxyType({**stage.variables, **stage.canary.overrides}),
        uses_cache=stage.cache_cluster_enabled and stage.canary.use_stage_cache,
    )
