"""A target as the controller reads it, compiled from CDK's objects and checked as strictly as a file.

Ids and generated names that CDK does not know yet are replaced by placeholders while the rest is checked. Whether API,
functions and alarms exist, only AWS knows.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aws_cdk import aws_lambda as lambda_

from canary.edge.target import require_target, target_to_json
from canary.rules.targets import target as rules
from canary.rules.targets.policy import STANDARD, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_logs as logs

TOKEN = re.compile(r"\$\{Token\[[^\]]*?(\d+)\]\}")
BEHIND_A_STAGE = "canary"
"""The default canary alias behind a stage."""


@dataclass(frozen=True, slots=True)
class TargetFunction:
    """A function with the aliases that the controller owns.

    ``live``: the alias that production uses. ``canary``: the alias that the canary uses, only behind a stage; `canary` if
    it is not named.
    """

    function: lambda_.IFunction
    live: str = "live"
    canary: str | None = None


def compile_target(  # noqa: PLR0913 - a target's own keys
    *,
    name: str,
    stage: apigateway.IStage | None,
    alias_variable: str,
    functions: Sequence[TargetFunction],
    access_log_group: logs.ILogGroup | None,
    policy: Policy | Mapping[str, Any] | str,
    metrics: rules.Metrics,
    alarms: Sequence[cloudwatch.IAlarm],
    shared_live_alias: bool,
    outside: rules.Outside,
    drill: bool,
) -> rules.Target:
    """The target; its ids and names may be tokens.

    Raises:
        RefusedError: with all problems of the arguments.

    """
    behind = rules.Stage(stage.rest_api.rest_api_id, stage.stage_name, alias_variable) if stage else None
    target = rules.Target(
        name=name,
        functions=tuple(_function(one, has_stage=stage is not None) for one in functions),
        policy=policy if isinstance(policy, Policy) else STANDARD,
        stage=behind,
        access_log_group=access_log_group.log_group_name if access_log_group else None,
        metrics=metrics,
        alarms=tuple(alarm.alarm_name for alarm in alarms),
        shared_live_alias=shared_live_alias,
        outside=outside,
        drill=drill,
    )
    written: dict[str, Any] = json.loads(TOKEN.sub(r"token\1", target_to_json(target)))
    if not isinstance(policy, Policy):
        written["policy"] = policy
    return replace(target, policy=require_target(written).policy)


def _function(one: TargetFunction, *, has_stage: bool) -> rules.TargetFunction:
    canary = one.canary or (BEHIND_A_STAGE if has_stage else None)
    return rules.TargetFunction(one.function.function_name, one.live, canary)
