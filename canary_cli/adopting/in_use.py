"""What an undoing must leave alone, because a request, a rollout or a person would notice. It only reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.calls import answered_at, is_of_what_is_gone, refusals
from canary.aws.definitions import DefinitionReader
from canary.aws.errors import AwsRefusedError
from canary.aws.targets import read_targets
from canary.rules.definitions.definition import UnreadableDefinitionError
from canary.rules.definitions.integrations import calls_of, through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from canary.rules.definitions.definition import Definition
    from canary.rules.targets.target import Stage
    from canary_cli.doctor.remedy import Remedy

    Clients = Callable[[str], Any]
    Json = Mapping[str, Any]

GONE = ""
SETTLE_SECONDS = 60
"""So long requests may still reach the deployment that a stage served before."""


def find_registered(clients: Clients, prefix: str, rest_api_id: str, stage_name: str) -> str | None:
    """The registered target to which a stage belongs; None without a controller, too. `prefix`: of the targets' parameters."""
    with refusals(f"aws ssm get-parameters-by-path --path {prefix.rstrip('/')} --recursive"):
        for name, text in read_targets(clients("ssm"), prefix):
            stage = json.loads(text).get("stage") or {}
            if (stage.get("rest_api_id"), stage.get("stage_name")) == (rest_api_id, stage_name):
                return name
    return None


@dataclass(frozen=True, slots=True)
class Added:
    """What an adoption added that requests may depend on: aliases (function and alias), and stage variables."""

    aliases: frozenset[tuple[str, str]]
    variables: frozenset[str]


def find_callers(clients: Clients, stage: Stage, before: str, added: Added) -> str | None:
    """Who may call what was added, in words: the present definition, or what a stage serves. None if nobody does.

    ``before``: the deployment that the stage served when it was adopted.
    """
    gateway, api = clients("apigateway"), stage.rest_api_id
    with refusals(f"aws apigateway get-stages --rest-api-id {api}"):
        answer = gateway.get_stages(restApiId=api)
    now = answered_at(answer)
    stages: dict[str, Any] = {one["stageName"]: one for one in answer["item"]}
    reader = DefinitionReader(gateway, api)
    if _calls(reader.read_present(), stages.get(stage.stage_name, {}).get("variables", {}), added):
        return "the API's present definition"
    for name, one in stages.items():
        if "canarySettings" in one:
            return f"the canary of stage {name}"
        try:
            definition = reader.read_stage(name)
        except UnreadableDefinitionError:
            return f"perhaps stage {name}, whose definition cannot be exported,"
        if _calls(definition, one.get("variables", {}), added):
            return f"deployment {one['deploymentId']} of stage {name}"
        is_new = name == stage.stage_name and one["deploymentId"] != before
        if is_new and now - one["lastUpdatedDate"].timestamp() < SETTLE_SECONDS:
            return f"until a minute after its last change, the deployment that stage {name} served before"
    return None


def find_change(clients: Clients, remedy: Remedy) -> str | None:
    """What someone changed since a step was carried out, in words; None if it is as the step left it, `GONE` if it is gone.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    taken_back = remedy.inverse.parameters if remedy.inverse else {}
    try:
        with refusals(f"aws {remedy.service} get-{remedy.operation.partition('_')[2].replace('_', '-')}"):
            return _READERS[remedy.operation](clients(remedy.service), remedy.parameters, taken_back)
    except AwsRefusedError as error:
        if is_of_what_is_gone(error):
            return GONE
        raise


def _of_integration(gateway: Any, given: Json, taken_back: Json) -> str | None:  # noqa: ANN401 - botocore's
    names = {key: given[key] for key in ("restApiId", "resourceId", "httpMethod")}
    return _of_uri(gateway.get_integration(**names)["uri"], given, taken_back)


def _of_authorizer(gateway: Any, given: Json, taken_back: Json) -> str | None:  # noqa: ANN401 - as above
    names = {key: given[key] for key in ("restApiId", "authorizerId")}
    return _of_uri(gateway.get_authorizer(**names)["authorizerUri"], given, taken_back)


def _of_uri(uri: str, given: Json, taken_back: Json) -> str | None:
    wanted, before = (one["patchOperations"][0]["value"] for one in (given, taken_back))
    return {wanted: None, before: GONE}.get(uri, f"it calls {uri} now")


def _of_stage(gateway: Any, given: Json, taken_back: Json) -> str | None:  # noqa: ANN401 - as above
    stage = gateway.get_stage(restApiId=given["restApiId"], stageName=given["stageName"])
    before = {one["path"]: one.get("value") for one in taken_back["patchOperations"]}
    found = set()
    for patch in given["patchOperations"]:
        _, kind, name = patch["path"].split("/")
        value = stage.get(kind, {}).get(name)
        if value not in {patch["value"], before.get(patch["path"])}:
            return f"{patch['path']} is {value} now"
        found.add(value == patch["value"])
    return None if True in found else GONE


def _of_alias(functions: Any, given: Json, _taken_back: Json) -> str | None:  # noqa: ANN401 - as above
    names = {"FunctionName": given["FunctionName"]}
    alias = functions.get_alias(**names, Name=given["Name"])
    if alias["FunctionVersion"] != given["FunctionVersion"] or alias.get("RoutingConfig"):
        return f"it was moved to version {alias['FunctionVersion']}"
    at = f"{names['FunctionName']}:{given['Name']}"
    if functions.list_event_source_mappings(FunctionName=at)["EventSourceMappings"]:
        return "an event source mapping invokes it"
    try:
        policy = json.loads(functions.get_policy(**names, Qualifier=given["Name"])["Policy"])
    except functions.exceptions.ResourceNotFoundException:
        return None
    sids: Iterable[str] = [one.get("Sid", "?") for one in policy["Statement"]]
    return f"its policy lets others in, with {', '.join(sids)}" if sids else None


def _unchanged(_client: Any, _given: Json, _taken_back: Json) -> None:  # noqa: ANN401 - as above
    return None


_READERS: Mapping[str, Callable[[Any, Json, Json], str | None]] = {
    "update_integration": _of_integration,
    "update_authorizer": _of_authorizer,
    "update_stage": _of_stage,
    "create_alias": _of_alias,
    "add_permission": _unchanged,
}


def _calls(definition: Definition, variables: Mapping[str, str], added: Added) -> bool:
    """Whether a definition calls one of the aliases, or reads one of the variables; `variables` are the stage's."""
    for call in calls_of(definition):
        function = call.function
        if function is None or "$" in function.name:
            return True  # the URI does not show what it calls
        qualifier = function.qualifier or ""
        named = {through(name): value for name, value in variables.items()}.get(qualifier, qualifier)
        if (function.name, named) in added.aliases or qualifier in map(through, added.variables):
            return True
    return False
