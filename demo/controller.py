"""The controller as deployed: table, functions, state machine, rules, and each target's parameter, filters and alarms.

Everything is created through boto3 on the embedded AWS. In a real account the CDK app creates the same resources.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import canary
from canary.edge.target import target_to_json
from canary.rules.rollouts.rollout import OPEN_INDEX
from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.alarms import target_alarms
from canary_machine.definition import load, substitute, task_names
from demo.sample import create_role
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.wire.connection import Place

if TYPE_CHECKING:
    from canary.rules.targets.target import Target
    from embedded_aws.wire.connection import Connect

TABLE = "canary"
TARGET_PREFIX = "/canary/targets/"
CLAIM = "/canary/controller"
MACHINE = "canary-rollout"
GUARD, SWEEPER, LISTENER = "GuardRollout", "SweepTargets", "HearAlarm"
OPERATOR, AUTHORIZER, KEEPER, WIDGET = "OperateRollout", "AuthorizeRollout", "KeepReport", "ShowRollouts"
DELETION_GUARD = "GuardDeletion"
BESIDE_THE_MACHINE = (GUARD, SWEEPER, OPERATOR, AUTHORIZER, LISTENER, WIDGET, DELETION_GUARD)
FUNCTION_PREFIX = "canary-"
TIMEOUT_SECONDS = 60
MEMORY_MB = 512
REPORTS_RULE = "canary-reports"
ENDINGS = [f"Rollout {ending}" for ending in ("Parked", "Ended", "Promoted", "Reverted", "Watch Ended", "Watch Over")]
ALARM_RULE_PREFIX = "canary-alarms-"
FAILED_STATUSES = ["FAILED", "TIMED_OUT", "ABORTED"]
PLACEHOLDER = zip_of({"README": "the code is functions/canary of the working tree\n"})
"""The zip of every task. It holds no code: the embedded AWS runs the controller's tasks from the working tree."""


@dataclass(frozen=True, slots=True)
class Controller:
    """The names that a caller needs to run rollouts. ``reports`` is the bucket of their reports, empty without one."""

    machine_arn: str
    table: str
    operator: str
    reports: str = ""


def create_controller(connect: Connect, *, reports: str = "") -> Controller:
    """Create the controller, without any target. It keeps the rollouts' reports in the bucket ``reports``, if it is named."""
    place = Place.find(connect)
    _create_table(connect)
    machine_arn = place.arn("states", f"stateMachine:{MACHINE}")
    role = create_role(connect, "canary-functions", "lambda.amazonaws.com")
    definition = load()
    tasks = task_names(definition)
    beside = (*BESIDE_THE_MACHINE, *([KEEPER] if reports else []))
    arns = {task: _create_function(connect, place, task, role, reports) for task in (*tasks, *beside)}
    connect("stepfunctions").create_state_machine(
        name=MACHINE,
        definition=substitute(definition, {f"{task}Arn": arns[task] for task in tasks}),
        roleArn=create_role(connect, "canary-machine", "states.amazonaws.com"),
        type="STANDARD",
    )
    connect("ssm").put_parameter(Name=CLAIM, Type="String", Value=machine_arn, Overwrite=True)
    _create_rules(connect, machine_arn, guard=arns[GUARD], sweeper=arns[SWEEPER])
    _allow(connect, place.arn("events", f"rule/{ALARM_RULE_PREFIX}*"), function_name(LISTENER), "canary-alarms")
    if reports:
        _keep_reports(connect, place, reports, arns[KEEPER])
    return Controller(machine_arn, TABLE, function_name(OPERATOR), reports)


def register_target(connect: Connect, target: Target) -> None:
    """Create what one target needs besides the controller: its parameter, metric filters and alarms."""
    connect("ssm").put_parameter(
        Name=f"{TARGET_PREFIX}{target.name}", Type="String", Value=target_to_json(target), Overwrite=True
    )
    for one in metric_filters(target):
        connect("logs").put_metric_filter(**one.put_arguments(str(target.access_log_group)))
    alarms = target_alarms(target)
    for alarm in alarms:
        connect("cloudwatch").put_metric_alarm(**alarm.put_arguments())
    if names := [*target.alarms, *(alarm.name for alarm in alarms)]:
        _listen(connect, target, names)


def function_name(task: str) -> str:
    """The name of a task's function."""
    return f"{FUNCTION_PREFIX}{task}"


def _listen(connect: Connect, target: Target, alarms: list[str]) -> None:
    """Invoke the controller's function whenever one of the target's alarms fires."""
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": alarms, "state": {"value": ["ALARM"]}},
    }
    name = f"{ALARM_RULE_PREFIX}{target.name}"
    connect("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    arn = Place.find(connect).arn("lambda", f"function:{function_name(LISTENER)}")
    connect("events").put_targets(Rule=name, Targets=[{"Id": "function", "Arn": arn}])


def _create_table(connect: Connect) -> None:
    keys = {"pk": "HASH", "sk": "RANGE"}
    connect("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in (*keys, "rollout_id")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": OPEN_INDEX,
                "KeySchema": [{"AttributeName": "rollout_id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def _create_function(connect: Connect, place: Place, task: str, role: str, reports: str) -> str:
    module = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", task).lower()
    environment = {
        "CANARY_TASK": task,
        "CANARY_TABLE": TABLE,
        "CANARY_TARGET_PREFIX": TARGET_PREFIX,
        "CANARY_VERSION": canary.__version__,
        **({"CANARY_REPORTS": reports} if reports else {}),
    }
    name = function_name(task)
    connect("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Architectures=["arm64"],
        Handler=f"canary.tasks.{module}.handler",
        Role=role,
        Code={"ZipFile": PLACEHOLDER},
        Environment={"Variables": environment},
        Timeout=TIMEOUT_SECONDS,
        MemorySize=MEMORY_MB,
    )
    return place.arn("lambda", f"function:{name}")


def _create_rules(connect: Connect, machine_arn: str, *, guard: str, sweeper: str) -> None:
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": FAILED_STATUSES, "stateMachineArn": [machine_arn]},
    }
    events = connect("events")
    failed = events.put_rule(Name="canary-failed-executions", EventPattern=json.dumps(pattern))
    _aim(connect, "canary-failed-executions", failed["RuleArn"], guard)
    minutes = events.put_rule(Name="canary-every-minute", ScheduleExpression="rate(1 minute)")
    _aim(connect, "canary-every-minute", minutes["RuleArn"], sweeper)


def _keep_reports(connect: Connect, place: Place, bucket: str, keeper: str) -> None:
    connect("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": place.region})
    pattern = json.dumps({"source": ["canary"], "detail-type": ENDINGS})
    rule = connect("events").put_rule(Name=REPORTS_RULE, EventPattern=pattern)
    _aim(connect, REPORTS_RULE, rule["RuleArn"], keeper)


def _aim(connect: Connect, rule: str, rule_arn: str, function_arn: str) -> None:
    """Make the rule invoke the function, and give it the permission to."""
    connect("events").put_targets(Rule=rule, Targets=[{"Id": "function", "Arn": function_arn}])
    _allow(connect, rule_arn, function_arn, rule)


def _allow(connect: Connect, rule_arn: str, function: str, statement: str) -> None:
    connect("lambda").add_permission(
        FunctionName=function,
        StatementId=statement,
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule_arn,
    )
