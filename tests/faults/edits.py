"""What someone else may do to a target while a rollout runs: by console, CLI, another pipeline, or by mistake.

Each edit is made with the calls that such a person makes. `Edit.about` names what it touches, so that a verdict knows what the
controller may find changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botocore.exceptions import ClientError

from canary.edge.target import target_to_json
from canary.rules.targets.policy import STANDARD
from demo.controller import TARGET_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.rules.targets.target import Target, TargetFunction

Json = dict[str, Any]


class Account(Protocol):
    """Where an edit is made."""

    target: Target

    def client(self, service: str) -> Any: ...


class Edit(NamedTuple):
    """One thing that someone does."""

    name: str
    about: str
    make: Callable[[Account], object]

    def __call__(self, account: Account) -> bool:
        """Make the edit; returns whether AWS accepted it."""
        try:
            self.make(account)
        except ClientError:
            return False
        return True


def edits() -> list[Edit]:
    """Every edit."""
    return [
        *_canary_edits(),
        *_stage_edits(),
        *_alias_edits(),
        *_instrument_edits(),
        *_parameter_edits(),
    ]


def _canary_edits() -> list[Edit]:
    return [
        Edit("the canary is removed", "canary", lambda one: _patch(one, {"op": "remove", "path": "/canarySettings"})),
        Edit("the canary gets 0 %", "canary", lambda one: _set_canary(one, "percentTraffic", "0.0")),
        Edit("the canary gets 90 %", "canary", lambda one: _set_canary(one, "percentTraffic", "90.0")),
        Edit("the canary gets 100 %", "canary", lambda one: _set_canary(one, "percentTraffic", "100.0")),
        Edit("an override is added to the canary", "canary", lambda one: _override(one, "extra", "x")),
        Edit("the canary's alias override says live", "canary", lambda one: _override(one, _variable(one), "live")),
        Edit("the canary's alias override is removed", "canary", _remove_alias_override),
        Edit("the console promotes the canary", "canary", _promote_as_the_console),
        Edit("the canary is moved to base's deployment", "canary", _move_to_bases),
        Edit("the canary is moved to another deployment", "canary", lambda one: _set_canary(one, "deploymentId", _deploy(one))),
        Edit("another canary takes its place", "canary", _replace_canary),
    ]


def _set_canary(one: Account, setting: str, value: str) -> None:
    """Change a canary only if there is one; otherwise the change would create one."""
    if _canary(one):
        _patch(one, _replace(f"/canarySettings/{setting}", value))


def _override(one: Account, name: str, value: str) -> None:
    _set_canary(one, f"stageVariableOverrides/{name}", value)


def _variable(one: Account) -> str:
    return one.target.stage.alias_variable


def _remove_alias_override(one: Account) -> None:
    if _canary(one):
        _patch(one, {"op": "remove", "path": f"/canarySettings/stageVariableOverrides/{_variable(one)}"})


def _promote_as_the_console(one: Account) -> None:
    if canary := _canary(one):
        variables = canary.get("stageVariableOverrides", {}).items()
        copied = {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}
        merged = [_replace(f"/variables/{name}", value) for name, value in variables]
        _patch(one, *merged, copied, _replace("/canarySettings/percentTraffic", "0.0"))


def _move_to_bases(one: Account) -> None:
    _set_canary(one, "deploymentId", _stage(one)["deploymentId"])


def _replace_canary(one: Account) -> None:
    made = _deploy(one)
    _patch(one, {"op": "remove", "path": "/canarySettings"})
    _patch(one, _replace("/canarySettings/deploymentId", made), _replace("/canarySettings/percentTraffic", "20.0"))


def _stage_edits() -> list[Edit]:
    def other_deployment(one: Account) -> None:
        _patch(one, _replace("/deploymentId", _deploy(one)))

    def deploys(one: Account) -> None:
        _call(one, "apigateway").create_deployment(**_names(one), description="someone's")

    def to_canarys(one: Account) -> None:
        if canary := _canary(one):
            _patch(one, _replace("/deploymentId", canary["deploymentId"]))

    def alias_variable(one: Account) -> None:
        _patch(one, _replace(f"/variables/{one.target.stage.alias_variable}", str(one.target.functions[0].canary)))

    def delete_deployment(one: Account) -> None:
        client, api = _call(one, "apigateway"), one.target.stage.rest_api_id
        serving = _stage(one)["deploymentId"]
        others = [each["id"] for each in client.get_deployments(restApiId=api)["items"] if each["id"] != serving]
        if others:
            client.delete_deployment(restApiId=api, deploymentId=others[-1])

    return [
        Edit("the stage gets another deployment", "deployment", other_deployment),
        Edit("a pipeline deploys to the stage", "deployment", deploys),
        Edit("the stage gets the canary's deployment", "deployment", to_canarys),
        Edit("the newest deployment is deleted", "deployment", delete_deployment),
        Edit(
            "a variable is added to the stage",
            "variables",
            lambda one: _patch(one, _replace("/variables/colour", "blue")),
        ),
        Edit("the stage's alias variable says canary", "variables", alias_variable),
        Edit("the stage is deleted", "stage", lambda one: _call(one, "apigateway").delete_stage(**_names(one))),
    ]


def _alias_edits() -> list[Edit]:
    def to_newest(name: str, index: int) -> Callable[[Account], None]:
        def make(one: Account) -> None:
            function = one.target.functions[index]
            versions = _call(one, "lambda").list_versions_by_function(FunctionName=function.name)["Versions"]
            newest = max(int(each["Version"]) for each in versions if each["Version"] != "$LATEST")
            _point(one, function, name, str(newest))

        return make

    def to_base(name: str, index: int) -> Callable[[Account], None]:
        return lambda one: _point(one, one.target.functions[index], name, "1")

    def to_another(name: str, index: int) -> Callable[[Account], None]:
        def make(one: Account) -> None:
            function = one.target.functions[index]
            client = _call(one, "lambda")
            client.update_function_configuration(FunctionName=function.name, Description="someone's")
            made = client.publish_version(FunctionName=function.name)["Version"]
            _point(one, function, name, made)

        return make

    def weighted(one: Account) -> None:
        function = one.target.functions[0]
        client = _call(one, "lambda")
        now = client.get_alias(FunctionName=function.name, Name=function.live)["FunctionVersion"]
        other = "2" if now == "1" else "1"
        routing = {"AdditionalVersionWeights": {other: 0.3}}
        client.update_alias(FunctionName=function.name, Name=function.live, RoutingConfig=routing)

    def deleted(name: str) -> Callable[[Account], None]:
        def make(one: Account) -> None:
            function = one.target.functions[0]
            _call(one, "lambda").delete_alias(FunctionName=function.name, Name=getattr(function, name))

        return make

    return [
        Edit("a live alias goes to the release", "aliases", to_newest("live", 0)),
        Edit("a live alias goes to base's version", "aliases", to_base("live", 1)),
        Edit("a live alias goes to another version", "aliases", to_another("live", 0)),
        Edit("a live alias gets weights", "aliases", weighted),
        Edit("a canary alias goes to base's version", "aliases", to_base("canary", 1)),
        Edit("a canary alias goes to another version", "aliases", to_another("canary", 0)),
        Edit("a live alias is deleted", "aliases", deleted("live")),
        Edit("a canary alias is deleted", "aliases", deleted("canary")),
        Edit(
            "the release's version is deleted",
            "function",
            lambda one: _call(one, "lambda").delete_function(FunctionName=one.target.functions[0].name, Qualifier="2"),
        ),
    ]


def _instrument_edits() -> list[Edit]:
    def unlog(one: Account) -> None:
        _patch(one, {"op": "remove", "path": "/accessLogSettings"})

    def unfilter(one: Account) -> None:
        client, group = _call(one, "logs"), one.target.access_log_group
        found = client.describe_metric_filters(logGroupName=group)["metricFilters"]
        mine = [each["filterName"] for each in found if each["filterName"].endswith("CanaryErrors")]
        for name in mine:
            client.delete_metric_filter(logGroupName=group, filterName=name)

    def unalarm(one: Account) -> None:
        _call(one, "cloudwatch").delete_alarms(AlarmNames=list(one.target.alarms))

    def fire(one: Account) -> None:
        client = _call(one, "cloudwatch")
        client.set_alarm_state(AlarmName=one.target.alarms[0], StateValue="ALARM", StateReason="someone's")

    return [
        Edit("the access log is taken off", "log", unlog),
        Edit("a metric filter is deleted", "filters", unfilter),
        Edit("the user's alarm is deleted", "alarms", unalarm),
        Edit("the user's alarm fires", "alarms", fire),
    ]


def _parameter_edits() -> list[Edit]:
    def put(one: Account, text: str) -> None:
        name = f"{TARGET_PREFIX}{one.target.name}"
        _call(one, "ssm").put_parameter(Name=name, Type="String", Value=text, Overwrite=True)

    def changed(change: Callable[[Target], Target]) -> Callable[[Account], None]:
        return lambda one: put(one, target_to_json(change(one.target)))

    def delete(one: Account) -> None:
        _call(one, "ssm").delete_parameter(Name=f"{TARGET_PREFIX}{one.target.name}")

    def other_stage(target: Target) -> Target:
        return replace(target, stage=replace(target.stage, stage_name="staging"))

    return [
        Edit("the parameter is deleted", "parameter", delete),
        Edit("the parameter is no JSON", "parameter", lambda one: put(one, "{not json")),
        Edit(
            "the parameter has a key of another version",
            "parameter",
            lambda one: put(one, '{"name": "orders", "new": 1}'),
        ),
        Edit("the parameter has another policy", "parameter", changed(lambda one: replace(one, policy=STANDARD))),
        Edit("the parameter has another stage", "parameter", changed(other_stage)),
        Edit(
            "the parameter has fewer functions",
            "parameter",
            changed(lambda one: replace(one, functions=one.functions[:1])),
        ),
    ]


def _call(one: Account, service: str) -> Any:
    return one.client(service)


def _names(one: Account) -> Json:
    return {"restApiId": one.target.stage.rest_api_id, "stageName": one.target.stage.stage_name}


def _stage(one: Account) -> Json:
    return _call(one, "apigateway").get_stage(**_names(one))


def _canary(one: Account) -> Json | None:
    return _stage(one).get("canarySettings")


def _patch(one: Account, *operations: Json) -> None:
    _call(one, "apigateway").update_stage(**_names(one), patchOperations=list(operations))


def _replace(path: str, value: str) -> Json:
    return {"op": "replace", "path": path, "value": value}


def _deploy(one: Account) -> str:
    made = _call(one, "apigateway").create_deployment(restApiId=one.target.stage.rest_api_id, description="someone's")
    return str(made["id"])


def _point(one: Account, function: TargetFunction, name: str, version: str) -> None:
    alias = getattr(function, name)
    none: Json = {"AdditionalVersionWeights": {}}
    _call(one, "lambda").update_alias(FunctionName=function.name, Name=alias, FunctionVersion=version, RoutingConfig=none)
