"""Scheduled releases: a rollout begins on Monday morning and takes a step on each following morning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from canary.rules.releases.release import Operation
from canary_cdk.schedules import RolloutSchedule
from examples.orders_app.orders_stack import TARGET

if TYPE_CHECKING:
    from constructs import Construct

HOME = cdk.TimeZone.EUROPE_BERLIN


class SchedulesStack(cdk.Stack):
    """The newest versions on Monday at nine, then a step on each working day at nine, Berlin time."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment | None = None) -> None:
        super().__init__(scope, construct_id, env=env)
        RolloutSchedule(
            self,
            "Start",
            target=TARGET,
            operation=Operation.START,
            when="cron(0 9 ? * MON *)",
            time_zone=HOME,
            policy={"progression": "scheduled"},
            reason="the week's release",
        )
        RolloutSchedule(
            self,
            "Advance",
            target=TARGET,
            operation=Operation.ADVANCE,
            when="cron(0 9 ? * TUE-FRI *)",
            time_zone=HOME,
        )
