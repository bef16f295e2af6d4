"""Reads everything that a rollout's checks and plan need to know about a target, without a single write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.alarms import read_alarms
from canary.aws.calls import code_of, is_of_what_is_gone, never_write, refusals
from canary.aws.definitions import DefinitionReader, names_another, read_definitions
from canary.aws.errors import AwsRefusedError
from canary.aws.function_surveys import Listings, see_function, survey_function
from canary.aws.instruments import read_instruments
from canary.aws.stages import Stages, live_stage_of
from canary.rules.checks.api_callers import callers_of_release
from canary.rules.checks.stage_checks import StageSurvey
from canary.rules.checks.survey import Survey
from canary.rules.targets.alarms import target_alarms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from canary.aws.clients import Clients, TargetClients
    from canary.rules.checks.callers import Caller
    from canary.rules.releases.release import Release
    from canary.rules.targets.target import Stage, Target

MISSING = {"ResourceNotFoundException", "NotFoundException"}


def survey(clients: Clients, target: Target, release: Release, promoted: Mapping[str, str] | None = None) -> Survey:
    """Read the target with its role, as `survey_with` does.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    return survey_with(clients.of(target), target, release, promoted)


def survey_with(own: TargetClients, target: Target, release: Release, promoted: Mapping[str, str] | None = None) -> Survey:
    """Read the target with these clients. Something that does not exist is None in the survey, not an error.

    ``promoted``: by deployment, the fingerprint of its definition in the records.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    ours = [alarm.name for alarm in target_alarms(target)]
    stage = _survey_stage(own, target, target.stage, release, promoted or {}) if target.stage else None
    callers = _callers(target, release, stage)
    listings = Listings()
    return Survey(
        functions={
            f.name: survey_function(own.lambda_, target, f, release, callers.get(f.name, ()), listings=listings)
            for f in target.functions
        },
        stage=stage,
        alarms=read_alarms(own.cloudwatch, ours, target.alarms),
    )


def see_target(client: Callable[[str], Any], target: Target, release: Release) -> Survey:
    """What people may read of a target with the policy `reader`: no definition of the API, no policies, no metric filters.

    `client`: makes the client of a service.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    ours = [alarm.name for alarm in target_alarms(target)]
    listings = Listings()
    return Survey(
        functions={f.name: see_function(client("lambda"), f, release, listings=listings) for f in target.functions},
        stage=_see_stage(client("apigateway"), target.stage) if target.stage else None,
        alarms=read_alarms(client("cloudwatch"), ours, target.alarms),
    )


def _see_stage(client: Any, stage: Stage) -> StageSurvey:  # noqa: ANN401 - boto3's
    try:
        described = Stages(client, stage, never_write).describe()
    except AwsRefusedError as error:
        if is_of_what_is_gone(error):
            return StageSurvey(stage=None)
        raise
    live, has_cache = live_stage_of(described), bool(described.get("cacheClusterEnabled"))
    return StageSurvey(stage=live, log_group=live.log.group, log_format=live.log.format, has_cache=has_cache)


def _callers(target: Target, release: Release, survey: StageSurvey | None) -> Mapping[str, tuple[Caller, ...]]:
    if target.stage is None or survey is None or survey.definitions is None:
        return {}
    return callers_of_release(release.deployment, survey.definitions, target.stage)


def _survey_stage(
    clients: TargetClients, target: Target, stage: Stage, release: Release, promoted: Mapping[str, str]
) -> StageSurvey:
    client = clients.apigateway
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
    live = live_stage_of(mine)
    reader = DefinitionReader(client, stage.rest_api_id)
    definitions = read_definitions(reader, stage, release.deployment, serving, promoted)
    return StageSurvey(
        stage=live,
        log_group=live.log.group,
        log_format=live.log.format,
        has_cache=bool(mine.get("cacheClusterEnabled")),
        other_stages=_others(answers, stage, {function.live for function in target.functions}),
        canary_stages=_others(answers, stage, {str(function.canary) for function in target.functions}),
        deployment_exists=definitions.named is not None or not names_another(release.deployment, mine["deploymentId"]),
        definitions=definitions,
        api_name=str(reader.api["name"]),
        instruments=read_instruments(clients, target, live.log),
    )


def _others(answers: list[dict[str, Any]], stage: Stage, aliases: set[str]) -> tuple[str, ...]:
    """The API's other stages that name one of the aliases: on base, or in an override of their own canary.

    A canary counts at any weight, 0 % included: its weight may change at any time.
    """
    others = {answer["stageName"]: answer for answer in answers if answer["stageName"] != stage.stage_name}
    return tuple(
        f"{name}{where}"
        for name, answer in others.items()
        for where, variables in _arms_of(answer)
        if variables.get(stage.alias_variable) in aliases
    )


def _arms_of(answer: dict[str, Any]) -> tuple[tuple[str, dict[str, str]], ...]:
    """The variables that each arm of a stage sets, and how a name is followed by the arm."""
    overrides = answer.get("canarySettings", {}).get("stageVariableOverrides", {})
    return ("", answer.get("variables", {})), (" (its canary)", overrides)
