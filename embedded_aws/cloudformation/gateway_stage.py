"""API Gateway's stages in templates.

Decides which patches an update sends: those of the properties that changed in the template. No record says whether
CloudFormation sends deployment and variables again when something else changes (docs/aws.md#cloudformation-resends-stage). The
question is asked only if the stage now has other values, because only then does it matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import arguments, tag_map
from embedded_aws.cloudformation.resource import Made, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_AFTERWARDS = frozenset({"AccessLogSetting", "ClientCertificateId", "MethodSettings", "Tags"})
_PLAIN = {
    "CacheClusterEnabled": "/cacheClusterEnabled",
    "CacheClusterSize": "/cacheClusterSize",
    "ClientCertificateId": "/clientCertificateId",
    "Description": "/description",
    "DocumentationVersion": "/documentationVersion",
    "TracingEnabled": "/tracingEnabled",
}
_METHOD_SETTINGS = {
    "CacheDataEncrypted": "caching/dataEncrypted",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CachingEnabled": "caching/enabled",
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}
_CANARY = "CanarySetting"
OWNED = ("DeploymentId", "Variables")
"""Properties that someone else may have changed since, by their template names."""

Patch = dict[str, str]


def _create_stage(task: Task) -> Made:
    client, given = task.connect("apigateway"), dict(task.properties)
    canary = given.pop(_CANARY, None)
    if canary:
        given["CanarySettings"] = canary
    asked = arguments(client, "CreateStage", given, without=_AFTERWARDS)
    client.create_stage(**asked, tags=tag_map(given))
    _send(task, [*_log_patches(task), *_setting_patches(task), *_plain_patches(task, "ClientCertificateId")])
    return Made(given["StageName"])


def _update_stage(task: Task) -> Made:
    _send(
        task,
        [
            *_plain_patches(task, *_PLAIN),
            *_log_patches(task),
            *_setting_patches(task),
            *_owned_patches(task),
            *_canary_patches(task),
        ],
    )
    if task.has_changed("Tags"):
        arn = f"arn:aws:apigateway:{task.region}::/restapis/{task.properties['RestApiId']}/stages/{task.physical_id}"
        task.connect("apigateway").tag_resource(resourceArn=arn, tags=tag_map(task.properties))
    return Made(task.physical_id, task.attributes)


def _delete_stage(task: Task) -> None:
    task.connect("apigateway").delete_stage(**_names(task))


def _names(task: Task) -> dict[str, str]:
    return {"restApiId": task.properties["RestApiId"], "stageName": task.properties["StageName"]}


def _send(task: Task, patches: list[Patch]) -> None:
    if patches:
        task.connect("apigateway").update_stage(**_names(task), patchOperations=patches)


def _plain_patches(task: Task, *names: str) -> Iterator[Patch]:
    for name in names:
        if task.has_changed(name):
            yield _replace(_PLAIN[name], task.properties.get(name, ""))


def _log_patches(task: Task) -> Iterator[Patch]:
    if not task.has_changed("AccessLogSetting"):
        return
    setting = task.properties.get("AccessLogSetting")
    if not setting:
        yield {"op": "remove", "path": "/accessLogSettings"}
        return
    for name, path in (("DestinationArn", "destinationArn"), ("Format", "format")):
        if name in setting:
            yield _replace(f"/accessLogSettings/{path}", setting[name])


def _setting_patches(task: Task) -> Iterator[Patch]:
    before, wanted = _settings(task.before), _settings(task.properties)
    for method in before.keys() - wanted.keys():
        yield {"op": "remove", "path": method}
    for method, settings in wanted.items():
        for name, value in settings.items():
            if before.get(method, {}).get(name) != value:
                yield _replace(f"{method}/{_METHOD_SETTINGS[name]}", value)


def _settings(properties: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Method settings by their patch path."""
    found = {}
    for setting in properties.get("MethodSettings", []):
        resource = setting.get("ResourcePath", "/*")
        escaped = "*" if resource == "/*" else resource.replace("/", "~1")
        names = {name: value for name, value in setting.items() if name not in {"HttpMethod", "ResourcePath"}}
        found[f"/{escaped}/{setting.get('HttpMethod', '*')}"] = names
    return found


def _owned_patches(task: Task) -> Iterator[Patch]:
    """Patches for deployment and variables; unchanged ones only if CloudFormation sends them again."""
    live = task.connect("apigateway").get_stage(**_names(task))
    wanted = {"DeploymentId": task.properties.get("DeploymentId"), "Variables": task.properties.get("Variables", {})}
    found = {"DeploymentId": live["deploymentId"], "Variables": live.get("variables", {})}
    for name in OWNED:
        if wanted[name] != found[name] and (task.has_changed(name) or task.ask("cloudformation-resends-stage") == "yes"):
            yield from _owned_patch(task, name, found["Variables"])


def _owned_patch(task: Task, name: str, live: Mapping[str, str]) -> Iterator[Patch]:
    if name == "DeploymentId":
        yield _replace("/deploymentId", task.properties["DeploymentId"])
        return
    wanted, before = task.properties.get("Variables", {}), task.before.get("Variables", {})
    gone = (before if task.has_changed(name) else live).keys() - wanted.keys()
    yield from ({"op": "remove", "path": f"/variables/{key}"} for key in sorted(gone) if key in live)
    yield from (_replace(f"/variables/{key}", value) for key, value in wanted.items() if live.get(key) != value)


def _canary_patches(task: Task) -> Iterator[Patch]:
    """Patches for the template's canary. A canary that left the template stays on the stage."""
    canary = task.properties.get(_CANARY)
    if not canary or not task.has_changed(_CANARY):
        return
    for name, path in (
        ("DeploymentId", "deploymentId"),
        ("PercentTraffic", "percentTraffic"),
        ("UseStageCache", "useStageCache"),
    ):
        if name in canary:
            yield _replace(f"/canarySettings/{path}", canary[name])
    for key, value in canary.get("StageVariableOverrides", {}).items():
        yield _replace(f"/canarySettings/stageVariableOverrides/{key}", value)


def _replace(path: str, value: object) -> Patch:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}


KINDS: Mapping[str, ResourceType] = {
    "AWS::ApiGateway::Stage": ResourceType(_create_stage, _delete_stage, _update_stage, frozenset({"RestApiId", "StageName"})),
}
