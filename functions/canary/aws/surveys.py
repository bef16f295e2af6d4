"""Everything a rollout's checks and plan need to know of a target, read in one go and without a single write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.alarms import read_alarms
from canary.aws.calls import code_of, refusals
from canary.aws.function_surveys import read_callers, survey_function
from canary.aws.stages import group_of, live_stage_of, read_fingerprint
from canary.rules.alarms import target_alarms
from canary.rules.callers import Caller
from canary.rules.release import PRESENT, UNCHANGED, Release
from canary.rules.survey import StageSurvey, Survey

if TYPE_CHECKING:
    from canary.aws.clients import Clients
    from canary.rules.target import Stage, Target

Callers = Mapping[str, tuple[Caller, ...]]
MISSING = {"ResourceNotFoundException", "NotFoundException"}


def survey(clients: Clients, target: Target, release: Release, callers: Callers | None = None) -> Survey:
    """Read the target. What does not exist is None in the survey, not an error.

    ``callers``: by function, who of the API calls it; the API's present definition tells if nobody else does.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    ours = [alarm.name for alarm in target_alarms(target)]
    own = clients.of(target)
    stage = _survey_stage(own.apigateway, target, target.stage, release) if target.stage else None
    if callers is None and target.stage and stage and stage.stage:
        callers = read_callers(own.apigateway, target.stage)
    by_function = callers or {}
    return Survey(
        functions={
            f.name: survey_function(own.lambda_, target, f, release, by_function.get(f.name, ())) for f in target.functions
        },
        stage=stage,
        alarms=read_alarms(own.cloudwatch, ours, target.alarms),
    )


def _survey_stage(client: Any, target: Target, stage: Stage, release: Release) -> StageSurvey:  # noqa: ANN401
    with refusals(f"aws apigateway get-stages --rest-api-id {stage.rest_api_id}"):
        try:
            answers = client.get_stages(restApiId=stage.rest_api_id)["item"]
        except ClientError as error:
            if code_of(error) in MISSING:
                return StageSurvey(stage=None)
            raise
    mine = next((answer for answer in answers if answer["stageName"] == stage.stage_name), None)
    if mine is None:
        return StageSurvey(stage=None)
    log = mine.get("accessLogSettings", {})
    return StageSurvey(
        stage=live_stage_of(mine),
        log_group=group_of(log.get("destinationArn")),
        log_format=log.get("format"),
        has_cache=bool(mine.get("cacheClusterEnabled")),
        other_stages=_others(answers, target, stage),
        deployment_exists=_has_deployment(client, stage, release),
        fingerprint=read_fingerprint(client, stage.rest_api_id),
        api_name=_api_name(client, stage),
    )


def _others(answers: list[dict[str, Any]], target: Target, stage: Stage) -> tuple[str, ...]:
    lives = {function.live for function in target.functions}
    return tuple(
        answer["stageName"]
        for answer in answers
        if answer["stageName"] != stage.stage_name and answer.get("variables", {}).get(stage.alias_variable) in lives
    )


def _has_deployment(client: Any, stage: Stage, release: Release) -> bool:  # noqa: ANN401
    if release.deployment in {None, PRESENT, UNCHANGED}:
        return True
    with refusals(f"aws apigateway get-deployment --rest-api-id {stage.rest_api_id} --deployment-id {release.deployment}"):
        try:
            client.get_deployment(restApiId=stage.rest_api_id, deploymentId=release.deployment)
        except ClientError as error:
            if code_of(error) in MISSING:
                return False
            raise
    return True


def _api_name(client: Any, stage: Stage) -> str:  # noqa: ANN401
    with refusals(f"aws apigateway get-rest-api --rest-api-id {stage.rest_api_id}"):
        return str(client.get_rest_api(restApiId=stage.rest_api_id)["name"])
