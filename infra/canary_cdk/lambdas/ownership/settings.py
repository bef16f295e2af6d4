"""What a template may change of a stage, as patch operations for the live stage.

The operations follow from three things: the stage as it is, the properties it had in the template, and its new properties.
What is in the template and not live is set; what left the template is removed; what the template never had stays.
This module does not know the deployment and the canary, so no list can contain them (docs/aws.md#patch-table).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

PatchOperation = dict[str, str]
Properties = Mapping[str, Any]
Settings = dict[str, dict[str, str]]

SCALARS = {
    "Description": ("description", ""),
    "TracingEnabled": ("tracingEnabled", "false"),
    "CacheClusterEnabled": ("cacheClusterEnabled", "false"),
    "CacheClusterSize": ("cacheClusterSize", "0.5"),
}
"""By property: its name in the API, and its default value."""

METHOD_SETTINGS = {
    "MetricsEnabled": "metrics/enabled",
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
    "CachingEnabled": "caching/enabled",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CacheDataEncrypted": "caching/dataEncrypted",
}
"""By property of a method setting: its path below the method's path."""


def plan_operations(live: Mapping[str, Any], before: Properties, after: Properties) -> list[PatchOperation]:
    """The patch list; `live` is GetStage's answer, `before` is empty for a stage that is new in the template."""
    return [
        *_variables(live.get("variables", {}), before.get("Variables", {}), after.get("Variables", {})),
        *_scalars(live, before, after),
        *_access_log(live.get("accessLogSettings", {}), before, after.get("AccessLogSetting", {})),
        *_methods(live.get("methodSettings", {}), _by_method(before), _by_method(after)),
    ]


def _variables(live: Properties, before: Properties, after: Properties) -> Iterator[PatchOperation]:
    for name, value in after.items():
        if live.get(name) != value:
            yield _replace(f"/variables/{name}", value)
    for name in before:
        if name not in after and name in live:
            yield _remove(f"/variables/{name}")


def _scalars(live: Properties, before: Properties, after: Properties) -> Iterator[PatchOperation]:
    for name, (field, absent) in SCALARS.items():
        wanted = after.get(name, absent)
        if (name in before or name in after) and not _is_same(live.get(field, absent), wanted):
            yield _replace(f"/{field}", wanted)


def _access_log(live: Properties, before: Properties, after: Properties) -> Iterator[PatchOperation]:
    if not after:
        if live and before.get("AccessLogSetting"):
            yield _remove("/accessLogSettings")
        return
    for name, field in (("DestinationArn", "destinationArn"), ("Format", "format")):
        wanted = after[name].removesuffix(":*")
        if live.get(field, "").removesuffix(":*") != wanted:
            yield _replace(f"/accessLogSettings/{field}", wanted)


def _methods(live: Properties, before: Settings, after: Settings) -> Iterator[PatchOperation]:
    for method in before:
        if method not in after and method in live:
            yield _remove(f"/{method}")
    for method, wanted in after.items():
        found = live.get(method, {})
        # A single setting of a method cannot be removed: all are removed, and those that stay are set again.
        is_smaller = method in live and not before.get(method, {}).keys() <= wanted.keys()
        if is_smaller:
            yield _remove(f"/{method}")
        for name, value in wanted.items():
            if is_smaller or not _is_same(found.get(_lowered(name)), value):
                yield _replace(f"/{method}/{METHOD_SETTINGS[name]}", value)


def _by_method(properties: Properties) -> Settings:
    """The method settings by their key in GetStage's answer, such as `*/*` and `~1orders/GET`."""
    return {
        f"{entry['ResourcePath'].removeprefix('/')}/{entry['HttpMethod']}": {
            name: value for name, value in entry.items() if name in METHOD_SETTINGS
        }
        for entry in properties.get("MethodSettings", ())
    }


def _lowered(name: str) -> str:
    return name[0].lower() + name[1:]


def _is_same(live: object, wanted: str) -> bool:
    """Whether the API's value equals the template's, in which CloudFormation turns everything into text."""
    match live:
        case bool():
            return str(live).lower() == wanted.lower()
        case int() | float():
            return live == float(wanted)
        case _:
            return live == wanted


def _replace(path: str, value: str) -> PatchOperation:
    return {"op": "replace", "path": path, "value": value}


def _remove(path: str) -> PatchOperation:
    return {"op": "remove", "path": path}
