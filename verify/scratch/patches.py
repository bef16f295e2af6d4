"""Operations of an UpdateStage patch list, as boto3 takes them (docs/aws.md#patch-shape)."""

from __future__ import annotations

Operation = dict[str, str]

CANARY = "/canarySettings"
CANARY_CACHE = f"{CANARY}/useStageCache"
CANARY_DEPLOYMENT = f"{CANARY}/deploymentId"
CANARY_PERCENT = f"{CANARY}/percentTraffic"
DEPLOYMENT = "/deploymentId"
OVERRIDES = f"{CANARY}/stageVariableOverrides"
VARIABLES = "/variables"


def replace(path: str, value: str) -> Operation:
    """Set the value at the path."""
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> Operation:
    """Remove the value at the path."""
    return {"op": "remove", "path": path}


def copy(source: str, path: str) -> Operation:
    """Copy to the path."""
    return {"op": "copy", "from": source, "path": path}


def canary(deployment: str, percent: float, **overrides: str) -> list[Operation]:
    """The operations that create or change a canary: its deployment, its percent, its overrides."""
    named = [replace(f"{OVERRIDES}/{name}", value) for name, value in overrides.items()]
    return [replace(CANARY_DEPLOYMENT, deployment), *named, replace(CANARY_PERCENT, f"{percent:g}")]
