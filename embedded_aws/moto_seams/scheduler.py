"""moto's EventBridge Scheduler: schedules stay in moto and fire on the clock (`embedded_aws.events.scheduler`).

moto stores schedules and fires none. It accepts any expression, role and group, and an update keeps the fields that the
request leaves out. Targets are Step Functions' StartExecution, templated or universal, and Lambda's Invoke.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import scheduler_backends

from embedded_aws.awslambda.errors import LambdaError
from embedded_aws.events.bus import iso_seconds
from embedded_aws.events.scheduler import Schedule, TargetError
from embedded_aws.events.schedules import ScheduleError
from embedded_aws.iam.identity import Principal
from embedded_aws.iam.permissions import AccessDeniedError
from embedded_aws.moto_seams.hooks import wrap
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.events.scheduler import Failure, Firing, Key, Scheduler
    from embedded_aws.iam.permissions import Permissions

SERVICE_PRINCIPAL = "scheduler.amazonaws.com"
START_EXECUTION = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
_BACKEND = "moto.scheduler.models.EventBridgeSchedulerBackend"
_RESPONSE = "moto.scheduler.responses.EventBridgeSchedulerResponse"
_DEFAULT_GROUP = "default"


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def scheduler(self) -> Scheduler:
        """The schedules on the clock."""

    @property
    def lambdas(self) -> Lambdas:
        """The functions that schedules invoke."""

    @property
    def permissions(self) -> Permissions:
        """What a schedule's role may do."""

    @property
    def account(self) -> str:
        """The account's number."""

    @property
    def region(self) -> str:
        """The Region."""

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3's
        """A client of this embedded AWS."""


def install(aws: Aws) -> None:
    """Make moto's schedules fire on ``aws``."""
    aws.scheduler.find = partial(_find, aws)
    aws.scheduler.delete = lambda key: _backend(aws).delete_schedule(*key)
    aws.scheduler.call = partial(_call, aws)
    aws.scheduler.give_up = partial(_give_up, aws)
    for name, replacement in _METHODS.items():
        wrap(name, aws, replacement)


def _backend(aws: Aws) -> Any:  # noqa: ANN401 - moto's
    return scheduler_backends[aws.account][aws.region]


# Schedules.


def _find(aws: Aws, key: Key) -> Schedule | None:
    group = _backend(aws).schedule_groups.get(key[0])
    kept = group.schedules.get(key[1]) if group else None
    return _schedule(group.arn, kept) if kept else None


def _schedule(group_arn: str, kept: Any) -> Schedule:  # noqa: ANN401 - moto's
    return Schedule(
        arn=kept.arn,
        group_arn=group_arn,
        expression=kept.schedule_expression,
        zone=kept.schedule_expression_timezone,
        target=kept.target,
        made=kept.creation_date,
        is_enabled=kept.state == "ENABLED",
        start=kept.start_date,
        end=kept.end_date,
        window=int(kept.flexible_time_window.get("MaximumWindowInMinutes", 0)),
        is_deleted_when_over=kept.action_after_completion == "DELETE",
    )


def _create(original: Callable[..., Any], aws: Aws, backend: Any, **asked: Any) -> Any:  # noqa: ANN401 - moto's
    group = asked.get("group_name") or _DEFAULT_GROUP
    if group not in backend.schedule_groups:
        raise ScheduleGroupNotFound(group)
    _check(aws, backend.schedule_groups[group].arn, asked)
    made = original(backend, **asked)
    aws.scheduler.put((group, made.name))
    return made


def _update(original: Callable[..., Any], aws: Aws, backend: Any, **asked: Any) -> Any:  # noqa: ANN401 - moto's
    group = asked.get("group_name") or _DEFAULT_GROUP
    _check(aws, backend.get_schedule_group(group).arn, asked)
    return original(backend, **{**asked, "state": asked["state"] or "ENABLED"})


def _update_response(original: Callable[..., Any], aws: Aws, response: Any) -> Any:  # noqa: ANN401 - moto's
    """An update replaces the whole schedule, including what happens to it after its end."""
    answered = original(response)
    name = response.uri.split("?")[0].split("/")[-1]
    kept = response.scheduler_backend.get_schedule(response._get_param("GroupName"), name)  # noqa: SLF001 - a seam
    kept.action_after_completion = response._get_param("ActionAfterCompletion")  # noqa: SLF001 - a seam
    aws.scheduler.put((kept.group_name, name))
    return answered


def _check(aws: Aws, group_arn: str, asked: dict[str, Any]) -> None:
    """Refuse what Scheduler refuses at once: an invalid expression, or a role that it may not assume."""
    zone = asked.get("schedule_expression_timezone") or "UTC"
    target = asked["target"]
    schedule = Schedule("", group_arn, asked["schedule_expression"], zone, target, made=0.0)
    try:
        schedule.next_after(0.0)
    except ScheduleError as error:
        raise ValidationException(f"Invalid Schedule Expression {asked['schedule_expression']}.") from error
    source = {"aws:SourceArn": group_arn, "aws:SourceAccount": aws.account}
    if not aws.permissions.trusts(target["RoleArn"], SERVICE_PRINCIPAL, source):
        raise ValidationException("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
    if _kind(target["Arn"]) is None:
        raise NotBuiltError(f"schedules with the target {target['Arn']} are not built; use a state machine or a function")


# Targets.


def _kind(arn: str) -> Callable[[Aws, Schedule, Firing], None] | None:
    """The function that calls a target of this kind."""
    if arn == START_EXECUTION:
        return _start_as_told
    return {"states": _start, "lambda": _invoke}.get(arn.split(":")[2])


def _call(aws: Aws, schedule: Schedule, firing: Firing) -> None:
    call = _kind(schedule.target["Arn"])
    if call is None:
        raise NotBuiltError(f"schedules with the target {schedule.target['Arn']} are not built")
    try:
        call(aws, schedule, firing)
    except ClientError as error:
        raise TargetError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
    except LambdaError as error:
        raise TargetError(error.code, str(error)) from error
    except AccessDeniedError as error:
        raise TargetError("AccessDeniedException", str(error)) from error


def _allow(aws: Aws, schedule: Schedule, firing: Firing, action: str, resource: str) -> None:
    """Check that the schedule's role allows the call, and that Scheduler may still assume the role."""
    if not aws.permissions.is_on:
        return
    role = schedule.target["RoleArn"]
    source = {"aws:SourceArn": schedule.group_arn, "aws:SourceAccount": aws.account}
    if not aws.permissions.trusts(role, SERVICE_PRINCIPAL, source):
        raise AccessDeniedError(f"{SERVICE_PRINCIPAL} may not assume {role}")
    aws.permissions.check(Principal(role, firing.execution_id.replace("-", "")), action, resource)


def _start(aws: Aws, schedule: Schedule, firing: Firing) -> None:
    """StartExecution without a name, so that a schedule that fires twice starts two executions."""
    machine = schedule.target["Arn"]
    _allow(aws, schedule, firing, "states:StartExecution", machine)
    aws.client("stepfunctions").start_execution(stateMachineArn=machine, input=firing.input)


def _start_as_told(aws: Aws, schedule: Schedule, firing: Firing) -> None:
    told = json.loads(firing.input)
    _allow(aws, schedule, firing, "states:StartExecution", told["StateMachineArn"])
    named = {"name": told["Name"]} if "Name" in told else {}
    aws.client("stepfunctions").start_execution(stateMachineArn=told["StateMachineArn"], input=told.get("Input", "{}"), **named)


def _invoke(aws: Aws, schedule: Schedule, firing: Firing) -> None:
    function = schedule.target["Arn"]
    _allow(aws, schedule, firing, "lambda:InvokeFunction", function)
    name, _, qualifier = function.partition(":function:")[2].partition(":")
    aws.lambdas.send(name, json.loads(firing.input), qualifier=qualifier or None)


def _give_up(aws: Aws, schedule: Schedule, firing: Firing, failure: Failure) -> None:
    """Send what could not be delivered to the dead-letter queue, if there is one and the role allows it."""
    queue = schedule.target.get("DeadLetterConfig", {}).get("Arn")
    if queue is None:
        return
    session = Principal(schedule.target["RoleArn"], firing.execution_id.replace("-", ""))
    if aws.permissions.is_on and not aws.permissions.allows(session, "sqs:SendMessage", queue):
        return
    told = {
        "ERROR_CODE": failure.code,
        "ERROR_MESSAGE": failure.message,
        "EXECUTION_ID": firing.execution_id,
        "EXHAUSTED_RETRY_CONDITION": failure.exhausted,
        "RETRY_ATTEMPTS": str(firing.attempt - 1),
        "SCHEDULED_TIME": iso_seconds(firing.scheduled_at),
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": schedule.target["Arn"],
    }
    client = aws.client("sqs")
    client.send_message(
        QueueUrl=client.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"],
        MessageBody=firing.input,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in told.items()},
    )


_METHODS: dict[str, Callable[..., Any]] = {
    f"{_BACKEND}.create_schedule": _create,
    f"{_BACKEND}.update_schedule": _update,
    f"{_RESPONSE}.update_schedule": _update_response,
}
HOOKS = [*_METHODS]
