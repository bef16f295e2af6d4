"""Reads a deployment group of CodeDeploy, as `aws deploy get-deployment-group` prints it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary_cli.importing.carried import Carried, Remark
from canary_cli.importing.preferences import shift_of_config, shift_of_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LAMBDA = "Lambda"
Json = dict[str, Any]
UNKNOWN = ("FUNCTION", "live")
"""Stands for a function that is not known: a group does not name it, only the AppSpec of a deployment does."""

ROLLBACKS = {
    "DEPLOYMENT_FAILURE": "every failure of a rollout ends with base having all traffic",
    "DEPLOYMENT_STOP_ON_ALARM": "a firing alarm of the target rolls back",
    "DEPLOYMENT_STOP_ON_REQUEST": "canary abort rolls back; stopping the execution does so too",
}


class NotLambdaError(ValueError):
    """The group shifts something else than the traffic of functions; the text says what."""


def read_group(group: Json, config: Json | None = None, functions: Sequence[tuple[str, str]] = ()) -> Carried:
    """What a deployment group carries. `config`: its configuration, if it was read; `functions`: names with their live alias.

    Raises:
        NotLambdaError: the group does not deploy functions.

    """
    info = group.get("deploymentGroupInfo", group)
    if (platform := info.get("computePlatform")) != LAMBDA:
        raise NotLambdaError(f"its compute platform is {platform or 'not given'}, and only {LAMBDA} has aliases to shift")
    name = str(info.get("deploymentConfigName", ""))
    described = (config or {}).get("deploymentConfigInfo", config or {})
    routing = described.get("trafficRoutingConfig")
    spec = _app_spec(info)
    found = tuple(functions) or tuple(_functions(spec)) or (UNKNOWN,)
    alarms = info.get("alarmConfiguration", {})
    names = tuple(str(alarm["name"]) for alarm in alarms.get("alarms", ()))
    return Carried(
        source=str(info.get("deploymentGroupName", "target")),
        functions=found,
        shift=shift_of_config(name, routing) if routing else shift_of_name(name),
        alarms=names if alarms.get("enabled") else (),
        remarks=tuple(_remarks(info, spec, names, is_known=found != (UNKNOWN,))),
    )


def _app_spec(info: Mapping[str, Any]) -> Json:
    """The AppSpec of the group's last deployment, if the group has it as JSON."""
    revision = info.get("targetRevision", {})
    content = revision.get("appSpecContent", revision.get("string", {})).get("content", "")
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _functions(spec: Json) -> Iterator[tuple[str, str]]:
    for resource in spec.get("Resources", ()):
        for one in resource.values():
            properties = one.get("Properties", {})
            if one.get("Type") == "AWS::Lambda::Function" and properties.get("Name"):
                yield str(properties["Name"]), str(properties.get("Alias", "live"))


def _remarks(info: Mapping[str, Any], spec: Json, alarms: tuple[str, ...], *, is_known: bool) -> Iterator[Remark]:
    if not is_known:
        yield Remark(
            "the functions",
            None,
            "only the AppSpec of a deployment names them: replace FUNCTION, or give --function NAME=ALIAS",
        )
    yield from _of_alarms(info.get("alarmConfiguration", {}), alarms)
    rollback = info.get("autoRollbackConfiguration", {})
    if not rollback.get("enabled"):
        yield Remark("autoRollbackConfiguration", None, "a rollout always rolls back by itself; this cannot be turned off")
    for event in rollback.get("events", ()) if rollback.get("enabled") else ():
        yield Remark(str(event), "built in", ROLLBACKS.get(str(event), "a rollout rolls back on any error"))
    for hook in spec.get("Hooks", ()):
        for when, function in hook.items():
            yield hook_remark(str(when), str(function))
    for trigger in info.get("triggerConfigurations", ()):
        yield Remark(
            f"trigger {trigger.get('triggerName', '')}",
            None,
            "subscribe to the controller's topic NotificationsArn instead, or to the events of the source canary",
        )
    if role := info.get("serviceRoleArn"):
        yield Remark(
            f"role {str(role).rpartition('/')[2]}", None, "the controller assumes a role of the target, made with the target"
        )


def _of_alarms(configuration: Mapping[str, Any], alarms: tuple[str, ...]) -> Iterator[Remark]:
    if alarms and not configuration.get("enabled"):
        yield Remark("alarmConfiguration", None, f"it is turned off, so {', '.join(alarms)} were left out")
    elif alarms:
        yield Remark("alarms", "alarms", f"{', '.join(alarms)}: one that fires rolls back, or refuses a start")
    if configuration.get("ignorePollAlarmFailure"):
        yield Remark(
            "ignorePollAlarmFailure",
            None,
            "an alarm that cannot be read holds the step, then rolls back",
        )


def hook_remark(when: str, function: str) -> Remark:
    """What becomes of a function that CodeDeploy calls before or after a shift."""
    instead = (
        "call it in the pipeline, before canary start"
        if when.startswith(("Before", "Pre"))
        else "call it on the event Rollout Promoted, or make its finding a metric or an alarm of the target"
    )
    return Remark(f"{when} {function}".strip(), None, f"a rollout calls no function of yours: {instead}")
