"""Reads what a start can be foreseen from, with the calls that the policy `reader` allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.aws.histories import read_traffic
from canary.aws.locks import describe_holder
from canary.aws.metrics import MetricReader
from canary.aws.surveys import see_target
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.holder import holder_problem
from canary_cli.planning.holding import Held
from canary_cli.planning.prospect import Sight

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.aws.locks import Lock
    from canary.aws.record_reads import RecordReads
    from canary.rules.checks.forecast import Traffic
    from canary.rules.releases.release import Request
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target


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
    survey = see_target(client, target, request.release)
    return Sight(now, survey, start.taken_back, _holder(records, start.lock), is_below_allowed)


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
