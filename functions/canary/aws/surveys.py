"""Everything a rollout's checks and plan need to know of a target, read in one go and without a single write."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.alarms import read_alarms
from canary.aws.aliases import Aliases
from canary.aws.calls import code_of, refusals
from canary.aws.definitions import DefinitionReader, names_another, read_definitions
from canary.aws.errors import AwsRefusedError
from canary.aws.stages import live_stage_of
from canary.rules.alarms import target_alarms
from canary.rules.stage_checks import StageSurvey
from canary.rules.survey import FunctionSurvey, Survey
from canary.rules.target import Shifter, Stage, Target, TargetFunction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.aws.clients import Clients
    from canary.rules.live import LiveAlias
    from canary.rules.release import Release

MISSING = {"ResourceNotFoundException", "NotFoundException"}


def survey(clients: Clients, target: Target, release: Release, promoted: Mapping[str, str] | None = None) -> Survey:
    """Read the target. What does not exist is None in the survey, not an error.

    ``promoted``: by deployment, the fingerprint that the records have of its definition.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    ours = [alarm.name for alarm in target_alarms(target)]
    own = clients.of(target)
    return Survey(
        functions={f.name: _survey_function(own.lambda_, target, f, release) for f in target.functions},
        stage=_survey_stage(own.apigateway, target, target.stage, release, promoted or {}) if target.stage else None,
        alarms=read_alarms(own.cloudwatch, ours, target.alarms),
    )


def _survey_function(client: Any, target: Target, function: TargetFunction, release: Release) -> FunctionSurvey:  # noqa: ANN401
    aliases = Aliases(client, _never_write)
    live = _alias_or_none(aliases, function.name, function.live)
    canary = _alias_or_none(aliases, function.name, function.canary) if function.canary else None
    newest = _newest_version(client, function.name)
    wanted = release.functions.get(function.name)
    role = _role(client, function.name, wanted) if wanted else None
    weighted = {live.version, wanted or newest} if live and target.shifter is Shifter.ALIAS else set()
    roles = {v: found for v in sorted(str(v) for v in weighted) if (found := _role(client, function.name, v))}
    return FunctionSurvey(
        live=live,
        canary=canary,
        newest=newest,
        is_published=wanted is None or role is not None,
        callable_by_api=_callable(client, target, function),
        event_sources=_event_sources(client, function),
        roles=roles,
    )


def _never_write() -> None:
    raise AssertionError("a survey writes nothing")


def _alias_or_none(aliases: Aliases, function: str, alias: str) -> LiveAlias | None:
    try:
        return aliases.read(function, alias)
    except AwsRefusedError as error:
        if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in MISSING:
            return None
        raise


def _newest_version(client: Any, function: str) -> str | None:  # noqa: ANN401
    with refusals(f"aws lambda list-versions-by-function --function-name {function}"):
        try:
            pages = list(client.get_paginator("list_versions_by_function").paginate(FunctionName=function))
        except ClientError as error:
            if code_of(error) in MISSING:
                return None
            raise
    numbers = [int(one["Version"]) for page in pages for one in page["Versions"] if one["Version"] != "$LATEST"]
    return str(max(numbers)) if numbers else None


def _role(client: Any, function: str, version: str) -> str | None:  # noqa: ANN401
    with refusals(f"aws lambda get-function-configuration --function-name {function} --qualifier {version}"):
        try:
            return str(client.get_function_configuration(FunctionName=function, Qualifier=version)["Role"])
        except ClientError as error:
            if code_of(error) in MISSING:
                return None
            raise


def _callable(client: Any, target: Target, function: TargetFunction) -> dict[str, bool]:  # noqa: ANN401
    if target.stage is None:
        return {}
    return {
        alias: _may_invoke(client, target.stage, function.name, alias) for alias in (function.live, function.canary) if alias
    }


def _may_invoke(client: Any, stage: Stage, function: str, alias: str) -> bool:  # noqa: ANN401
    with refusals(f"aws lambda get-policy --function-name {function} --qualifier {alias}"):
        try:
            policy = json.loads(client.get_policy(FunctionName=function, Qualifier=alias)["Policy"])
        except ClientError as error:
            if code_of(error) in MISSING:
                return False
            raise
    return any(_allows(statement, stage) for statement in policy["Statement"])


def _allows(statement: dict[str, Any], stage: Stage) -> bool:
    is_gateway = statement.get("Principal", {}).get("Service") == "apigateway.amazonaws.com"
    conditions = statement.get("Condition", {})
    arn = {**conditions.get("ArnLike", {}), **conditions.get("StringEquals", {})}
    source = next((value for key, value in arn.items() if key.lower() == "aws:sourcearn"), "*")
    api = source.split(":")[-1]
    covers = fnmatchcase(f"{stage.rest_api_id}/{stage.stage_name}", "/".join(api.split("/")[:2]))
    return is_gateway and statement.get("Effect") == "Allow" and covers


def _event_sources(client: Any, function: TargetFunction) -> tuple[str, ...]:  # noqa: ANN401
    name = f"{function.name}:{function.live}"
    with refusals(f"aws lambda list-event-source-mappings --function-name {name}"):
        try:
            pages = list(client.get_paginator("list_event_source_mappings").paginate(FunctionName=name))
        except ClientError as error:
            if code_of(error) in MISSING:
                return ()
            raise
    found = [one for page in pages for one in page["EventSourceMappings"]]
    return tuple(one["EventSourceArn"] for one in found if one["FunctionArn"].endswith(f":{name}"))


def _survey_stage(
    client: Any,  # noqa: ANN401
    target: Target,
    stage: Stage,
    release: Release,
    promoted: Mapping[str, str],
) -> StageSurvey:
    with refusals(f"aws apigateway get-stages --rest-api-id {stage.rest_api_id}"):
        try:
            answers = client.get_stages(restApiId=stage.rest_api_id)["item"]
        except ClientError as error:
            if code_of(error) in MISSING:
                return StageSurvey(stage=None)
            raise
    serving = {answer["stageName"]: answer["deploymentId"] for answer in answers}
    mine = next((answer for answer in answers if answer["stageName"] == stage.stage_name), None)
    if mine is None:
        return StageSurvey(stage=None)
    log = mine.get("accessLogSettings", {})
    reader = DefinitionReader(client, stage.rest_api_id)
    definitions = read_definitions(reader, stage, release.deployment, serving, promoted)
    return StageSurvey(
        stage=live_stage_of(mine),
        log_group=_group_of(log.get("destinationArn")),
        log_format=log.get("format"),
        has_cache=bool(mine.get("cacheClusterEnabled")),
        other_stages=_others(answers, target, stage),
        deployment_exists=definitions.named is not None or not names_another(release.deployment, mine["deploymentId"]),
        definitions=definitions,
        api_name=str(reader.api["name"]),
    )


def _group_of(destination_arn: str | None) -> str | None:
    if destination_arn is None or ":log-group:" not in destination_arn:
        return destination_arn
    return destination_arn.split(":log-group:")[1].removesuffix(":*")


def _others(answers: list[dict[str, Any]], target: Target, stage: Stage) -> tuple[str, ...]:
    lives = {function.live for function in target.functions}
    return tuple(
        answer["stageName"]
        for answer in answers
        if answer["stageName"] != stage.stage_name and answer.get("variables", {}).get(stage.alias_variable) in lives
    )
