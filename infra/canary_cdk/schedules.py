"""Schedules that start a rollout, or make a parked one take its next step, in the user's own time zone.

EventBridge Scheduler delivers at least once and may be late. So the execution's input contains the scheduled time, and it does
nothing if that time was already handled or is too long ago. Delivery is therefore retried for a quarter of an hour and no
longer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from canary.edge.request import parse_advance, parse_request
from canary.rules.releases.problems import RefusedError
from canary.rules.releases.release import Operation
from canary_cdk import naming
from canary_cdk.pipeline import rollout_machine

if TYPE_CHECKING:
    from collections.abc import Mapping

WHEN = re.compile(r"cron\((?:\S+ ){5}\S+\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
ATTEMPTS = 3
PATIENCE = cdk.Duration.minutes(15)
AN_HOUR = cdk.Duration.hours(1)
SOME_TIME = "2026-01-05T09:00:00Z"
"""A placeholder for the scheduled time while the input is checked."""


class ScheduleError(ValueError):
    """The app's fault: `when` is neither a cron expression nor a date and time."""


class RolloutSchedule(Construct):
    """One schedule of one target. `schedule` is CDK's own."""

    def __init__(  # noqa: PLR0913 - a schedule's own keys
        self,
        scope: Construct,
        construct_id: str,
        *,
        target: str,
        operation: Operation,
        when: str,
        time_zone: cdk.TimeZone,
        policy: str | Mapping[str, Any] | None = None,
        reason: str = "",
        max_lateness: cdk.Duration = AN_HOUR,
        state_machine: sfn.IStateMachine | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        enabled: bool = True,
    ) -> None:
        """Create the schedule.

        Args:
            scope: the parent construct, usually a stack.
            construct_id: its id in that scope.
            target: the target's name.
            operation: START begins a rollout of the newest versions, ADVANCE takes the next step of a parked one.
            when: `cron(<minute> <hour> <day> <month> <weekday> <year>)`, or `at(2026-12-01T09:00:00)` for once.
            time_zone: the time zone of `when`. An hour that a clock change leaves out is skipped; one that comes twice counts
                once.
            policy: START only: a shipped policy's name or changes to the target's, such as `{"progression": "scheduled"}`.
            reason: why, for the record and the reports.
            max_lateness: how late an execution may start before it does nothing; a minute to a day.
            state_machine: the controller's, if it is in the same app; without it the account's, by its name.
            dead_letter_queue: receives what could not be delivered; by default the controller's queue, which has an alarm.
            enabled: whether the schedule is on.

        Raises:
            ScheduleError: `when` is neither form.
            RefusedError: an execution would refuse the input.

        """
        super().__init__(scope, construct_id)
        if not WHEN.fullmatch(when):
            raise ScheduleError(f"{when!r} is not a time; write cron(0 9 ? * MON-FRI *), or at(2026-12-01T09:00:00) for once")
        given: dict[str, Any] = {
            "operation": operation.value,
            "target": target,
            "max_lateness_seconds": max_lateness.to_seconds(),
            **({"policy": policy} if policy is not None else {}),
            **({"reason": reason} if reason else {}),
        }
        _require_input({**given, "scheduled_at": SOME_TIME}, operation)
        queue = dead_letter_queue or sqs.Queue.from_queue_arn(self, "DeadLetters", naming.dead_letters_arn(cdk.Stack.of(self)))
        self.schedule = scheduler.Schedule(
            self,
            "Schedule",
            description=f"{operation.value.capitalize()} a rollout of {target}: {when} {time_zone.timezone_name}",
            schedule=scheduler.ScheduleExpression.expression(when, time_zone),
            time_window=scheduler.TimeWindow.off(),
            enabled=enabled,
            target=targets.StepFunctionsStartExecution(
                state_machine or rollout_machine(self),
                input=scheduler.ScheduleTargetInput.from_object(
                    {**given, "scheduled_at": scheduler.ContextAttribute.scheduled_time}
                ),
                retry_attempts=ATTEMPTS,
                max_event_age=PATIENCE,
                dead_letter_queue=queue,
            ),
        )


def _require_input(given: Mapping[str, Any], operation: Operation) -> None:
    _, problems = parse_advance(given) if operation is Operation.ADVANCE else parse_request(given)
    if problems:
        raise RefusedError(problems)
