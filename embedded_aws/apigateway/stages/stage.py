"""A stage of a REST API as a value, and the JSON in which API Gateway shows it.

Decides which keys a client sees: what AWS leaves out is left out here (docs/aws.md#stage-shape). It does not know how a stage
changes; patches and deployments replace the value as a whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.wire.unknowns import Unknowns

Setting = bool | int | float | str
MethodSettings = Mapping[str, Mapping[str, Setting]]

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
DEFAULT_CACHE_SIZE = "0.5"
MAX_PERCENT = 100.0
_NAME = re.compile(r"\w+", re.ASCII)
# The documented pattern plus the blank that AWS's refusal lists as allowed.
_VALUE = re.compile(r"[A-Za-z0-9 \-._~:/?#&=,]+")


@dataclass(frozen=True, slots=True)
class Canary:
    """A stage's canary; any single patch under /canarySettings starts from these defaults."""

    deployment_id: str
    percent_traffic: float = 0.0
    overrides: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    use_stage_cache: bool = False


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where a stage writes its access log, and the format of a line; either may still be missing."""

    destination_arn: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage; `created` and `updated` are epoch seconds."""

    name: str
    deployment_id: str
    created: int
    updated: int
    variables: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    canary: Canary | None = None
    description: str | None = None
    access_log: AccessLog | None = None
    method_settings: MethodSettings = field(default_factory=lambda: NOTHING)
    cache_cluster_enabled: bool = False
    cache_cluster_size: str | None = None
    tracing_enabled: bool = False
    client_certificate_id: str | None = None
    documentation_version: str | None = None


def describe(stage: Stage) -> dict[str, Any]:
    """The stage as GetStage, CreateStage and UpdateStage show it."""
    shown = {
        "deploymentId": stage.deployment_id,
        "stageName": stage.name,
        "cacheClusterEnabled": stage.cache_cluster_enabled,
        "cacheClusterStatus": "AVAILABLE" if stage.cache_cluster_enabled else "NOT_AVAILABLE",
        "methodSettings": {method: dict(settings) for method, settings in stage.method_settings.items()},
        "tracingEnabled": stage.tracing_enabled,
        "createdDate": stage.created,
        "lastUpdatedDate": stage.updated,
    }
    return shown | _describe_optional(stage)


def _describe_optional(stage: Stage) -> dict[str, Any]:
    """The keys that AWS omits while they have no value."""
    size = stage.cache_cluster_size or DEFAULT_CACHE_SIZE
    optional = {
        "description": stage.description,
        "variables": dict(stage.variables),
        "canarySettings": _describe_canary(stage.canary) if stage.canary else None,
        "accessLogSettings": _describe_access_log(stage.access_log) if stage.access_log else None,
        "cacheClusterSize": size if stage.cache_cluster_enabled else None,
        "clientCertificateId": stage.client_certificate_id,
        "documentationVersion": stage.documentation_version,
    }
    return {key: value for key, value in optional.items() if value}


def _describe_canary(canary: Canary) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "percentTraffic": canary.percent_traffic,
        "deploymentId": canary.deployment_id,
        "useStageCache": canary.use_stage_cache,
    }
    if canary.overrides:
        shown["stageVariableOverrides"] = dict(canary.overrides)
    return shown


def _describe_access_log(log: AccessLog) -> dict[str, str]:
    shown = {"destinationArn": log.destination_arn, "format": log.format}
    return {key: value for key, value in shown.items() if value is not None}


def parse_canary(body: Mapping[str, Any], *, deployment_id: str, unknowns: Unknowns) -> Canary:
    """The `canarySettings` of a CreateStage or CreateDeployment body, on this deployment."""
    return Canary(
        deployment_id=deployment_id,
        percent_traffic=parse_percent(body.get("percentTraffic", 0.0), unknowns=unknowns) or 0.0,
        overrides=parse_variables(body.get("stageVariableOverrides")),
        use_stage_cache=bool(body.get("useStageCache")),
    )


def parse_percent(value: float | str | None, *, unknowns: Unknowns) -> float | None:
    """A canary's percent, from a patch's string or a body's number; None where a malformed value is ignored."""
    text = str(value)
    if re.fullmatch(r"\d+(\.\d*)?(e[-+]?\d+)?", text, re.ASCII | re.IGNORECASE) and float(text) <= MAX_PERCENT:
        return float(text)
    refuse_malformed(text, unknowns=unknowns)
    return None


def refuse_malformed(value: str | None, *, unknowns: Unknowns) -> None:
    """Refuse or ignore a value that does not parse; no record says which, so it is a question (docs/aws.md#not-recorded)."""
    if unknowns.ask("malformed-value") == "refused":
        raise BadRequestError(f"Invalid value specified: {value}")


def parse_variables(variables: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Stage variables, checked as AWS checks them."""
    for name, value in (variables or {}).items():
        check_variable(name, value)
    return MappingProxyType(dict(variables or {}))


def check_variable(name: str, value: str | None) -> None:
    """Refuse an invalid stage variable's name or value with AWS's message (docs/aws.md#stage-variables)."""
    if not _NAME.fullmatch(name):
        raise BadRequestError(f"Invalid stage variable name: {name}.  Please use names with only word characters.")
    if value is None or not _VALUE.fullmatch(value):
        shown = "null" if value is None else value
        raise BadRequestError(
            f"Invalid stage variable value: {shown}.  Please use values with alphanumeric characters and the symbols "
            "' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
        )
