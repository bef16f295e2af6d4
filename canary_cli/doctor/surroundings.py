"""What the doctor reads besides the controller's own survey: what remedies need, and what only people want to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.definitions import PAGE
from canary.aws.errors import AwsRefusedError
from canary.aws.metrics import MetricReader
from canary.rules.checks.forecast import draft_sources
from canary.rules.definitions.resources import paths_by_id
from canary.rules.looks.sources import business_metric, stage_error_history

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.rules.checks.survey import Survey
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target

DAY, HOUR = 86_400, 3_600
DAYS = 3
"""How far back a metric's data are looked for."""
OF_THE_STAGE = "the stage's own"
"""AWS's own metrics of the stage, which have base's history before there is a target."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was read.

    ``resources``: the ids of the API's resources by path. ``log_role``: the role with which API Gateway writes logs in this
    account and Region, None without one. ``has_log_group``: whether the target's log group exists. ``heard``: by metric, the
    number of hours with data in the last days. ``logging``: by function, Lambda's LoggingConfig of the live version. ``tags``,
    ``throttles`` and ``access_log`` (its settings, as AWS names them) are the stage's. ``unread``: what could not be read.
    """

    resources: Mapping[str, str] = field(default_factory=dict)
    log_role: str | None = None
    has_log_group: bool = True
    heard: Mapping[str, int] = field(default_factory=dict)
    logging: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    throttles: Mapping[str, float] = field(default_factory=dict)
    access_log: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


class SurroundingsReader:
    """Reads one target's surroundings; what is refused is named, and left out."""

    def __init__(self, client: Callable[[str], Any], target: Target, survey: Survey, *, is_registered: bool) -> None:
        self._client = client
        self._target = target
        self._survey = survey
        self._is_registered = is_registered
        self._unread: list[str] = []

    def read(self, draft: Rollout, now: float) -> Surroundings:
        """Everything, at `now` (epoch seconds)."""
        stage = self._attempt("aws apigateway get-stage", self._stage) or {}
        throttles = {
            path: float(one["throttlingRateLimit"])
            for path, one in stage.get("methodSettings", {}).items()
            if one.get("throttlingRateLimit", -1) >= 0
        }
        return Surroundings(
            resources=self._attempt("aws apigateway get-resources", self._resources) or {},
            log_role=self._attempt("aws apigateway get-account", self._log_role),
            has_log_group=self._attempt("aws logs describe-log-groups", self._has_log_group) is not False,
            heard=self._attempt("aws cloudwatch get-metric-data", lambda: self._heard(draft, now)) or {},
            logging=self._attempt("aws lambda get-function-configuration", self._logging) or {},
            tags=stage.get("tags", {}),
            throttles=throttles,
            access_log=stage.get("accessLogSettings", {}),
            unread=tuple(self._unread),
        )

    def _attempt(self, command: str, read: Callable[[], Any]) -> Any:  # noqa: ANN401 - as the calls answer
        try:
            with refusals(command):
                return read()
        except AwsRefusedError as error:
            self._unread.append(str(error))
            return None

    def _stage(self) -> Any:  # noqa: ANN401
        stage = self._target.stage
        if stage is None or self._survey.stage is None or self._survey.stage.stage is None:
            return {}
        return self._client("apigateway").get_stage(restApiId=stage.rest_api_id, stageName=stage.stage_name)

    def _resources(self) -> dict[str, str]:
        stage = self._target.stage
        if stage is None or self._survey.stage is None or self._survey.stage.stage is None:
            return {}
        pages = self._client("apigateway").get_paginator("get_resources")
        found = pages.paginate(restApiId=stage.rest_api_id, PaginationConfig={"PageSize": PAGE})
        return {path: name for name, path in paths_by_id([one for page in found for one in page["items"]]).items()}

    def _log_role(self) -> str | None:
        if self._target.access_log_group is None:
            return None
        return self._client("apigateway").get_account().get("cloudwatchRoleArn")  # type: ignore[no-any-return]

    def _has_log_group(self) -> bool:
        group = self._target.access_log_group
        if group is None:
            return True
        found = self._client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        return any(one["logGroupName"] == group for one in found)

    def _heard(self, draft: Rollout, now: float) -> dict[str, int]:
        """The hours with data: of base's part of each metric, or of the stage's own metrics before there is a target."""
        stage = self._target.stage
        arms = {source.metric: source.base for source in draft_sources(draft)}
        if stage and not self._is_registered:
            arms = {OF_THE_STAGE: stage_error_history(draft.plan.api_name, stage.stage_name)}
        end = int(now // HOUR) * HOUR + HOUR
        series = [one for arm in arms.values() for one in arm.requests]
        values = MetricReader(self._client("cloudwatch")).read(series, end - DAYS * DAY, end, period=HOUR)
        return {metric: max(len(values[one]) for one in arm.requests) for metric, arm in arms.items()}

    def _logging(self) -> dict[str, Mapping[str, str]]:
        client, found = self._client("lambda"), {}
        for name, one in self._survey.functions.items():
            if one.live:
                answer = client.get_function_configuration(FunctionName=name, Qualifier=one.live.version)
                found[name] = answer.get("LoggingConfig", {})
        return found


def is_business(target: Target, metric: str) -> bool:
    """Whether a metric is one of the target's business metrics."""
    return metric in map(business_metric, target.metrics.business)
