"""Reads what a start can be foreseen from: what the controller's own check reads, or as much of it as the caller may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.aws.calls import DENIED, answered_at, is_denied, refusals
from canary.aws.clients import TargetClients
from canary.aws.errors import AwsRefusedError
from canary.aws.histories import read_histories, read_hours, read_traffic
from canary.aws.locks import describe_holder
from canary.aws.metrics import MetricReader
from canary.aws.surveys import see_target, survey_with
from canary.rules.checks.replacement import without_rollout
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.phases import Phase
from canary_cli.planning.drafting import Sight
from canary_cli.planning.holding import Held
from canary_cli.planning.past_traffic import PastTraffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from canary.aws.locks import Lock
    from canary.aws.record_reads import RecordReads
    from canary.rules.checks.forecast import Traffic
    from canary.rules.checks.survey import Survey
    from canary.rules.releases.release import Release, Request
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target


def read_time(cloudwatch: Any) -> float:  # noqa: ANN401 - botocore's
    """CloudWatch's own time (epoch seconds), by which the minutes are counted.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    with refusals("aws cloudwatch describe-alarms --max-items 1"):
        answer = cloudwatch.describe_alarms(MaxRecords=1)
    return answered_at(answer)


def look_at(
    records: RecordReads,
    client: Callable[[str], Any],
    request: Request,
    target: Target,
    now: float,
    *,
    is_below_allowed: bool = False,
) -> Sight:
    """What is seen of a target before a start, at `now` (epoch seconds). `client`: makes the client of a service.

    `is_below_allowed`: whether an authorizer asks, who may start below the target's floor.

    Raises:
        AwsRefusedError: AWS refused to be read.
        RecordsRefusedError: the records cannot be read.

    """
    start = records.read_start(target.name, "")
    lock = start.lock
    promoted = {lock.deployment_id: lock.fingerprint} if lock.deployment_id and lock.fingerprint else {}
    holder = _holder(records, lock)
    survey, unread = _survey(client, target, request.release, promoted)
    held = holder.rollout if holder else None
    seen = without_rollout(survey, held) if held and held.phase is not Phase.WATCHING else survey
    return Sight(now, seen, start.taken_back, start.seen, holder, is_below_allowed, is_whole=not unread, unread=unread)


def _survey(client: Callable[[str], Any], target: Target, release: Release, promoted: Mapping[str, str]) -> tuple[Survey, str]:
    """The controller's own survey, or what the caller may read of it and why there is no more."""
    try:
        survey = survey_with(TargetClients(client), target, release, promoted)
    except AwsRefusedError as error:
        if not is_denied(error):
            raise
        return see_target(client, target, release), str(error)
    refusal = survey.stage.instruments.refusal if survey.stage else None
    if refusal and any(code in refusal for code in DENIED):
        return see_target(client, target, release), refusal
    return survey, ""


def read_past(cloudwatch: Any, draft: Rollout, now: float, traffic: Traffic) -> PastTraffic:  # noqa: ANN401 - botocore's
    """Base's past, as PrepareRelease would freeze it at `now`, and two weeks of it by hour. `traffic`: its last day.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    reader = MetricReader(cloudwatch)
    return PastTraffic(
        traffic,
        read_histories(reader, draft, draft.plan.api_name, now),
        read_hours(reader, draft, now),
    )


def read_past_traffic(cloudwatch: Any, draft: Rollout, now: float) -> Traffic | None:  # noqa: ANN401 - botocore's
    """Base's last day; None where the target's own metrics have none of it: those of the stage need the API's name.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    traffic = read_traffic(MetricReader(cloudwatch), draft, now)
    return traffic if traffic.minutes or not draft.target.shifter.has_api else None


def _holder(records: RecordReads, lock: Lock) -> Held | None:
    """The rollout that holds the target, if one does."""
    if lock.rollout_id is None:
        return None
    owned = records.find(lock.rollout_id, lock=lock)
    if owned is None:
        return Held(Problem("target", describe_holder(lock), "a target takes one rollout at a time"))
    return Held(holder_problem(owned.rollout, lock.owner), owned.rollout, lock.owner)
