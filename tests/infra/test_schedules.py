"""Schedules: what input an execution gets, in which time zone, for how long it is retried, and by which role."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from canary.edge.request import parse_advance, parse_request
from canary.rules.releases.problems import RefusedError
from canary.rules.releases.release import Operation
from canary_cdk.schedules import RolloutSchedule, ScheduleError
from demo.guest import CONTROLLER
from embedded_aws.cloudformation.assembly import deploy
from embedded_aws.embedded import EmbeddedAws
from tests.infra.orders_world import QUICK, World, sample
from tests.infra.templates import Template, text
from tests.infra.test_versioned_function import a_stack, synthesise

pytestmark = pytest.mark.slow

SCHEDULE = "AWS::Scheduler::Schedule"
PLACEHOLDER = "<aws.scheduler.scheduled-time>"
PLACE = "<Region>:<AccountId>"


def a_schedule(stack: cdk.Stack, **more: Any) -> RolloutSchedule:
    given: dict[str, Any] = {
        "target": "orders",
        "operation": Operation.ADVANCE,
        "when": "cron(0 9 ? * TUE-FRI *)",
        "time_zone": cdk.TimeZone.EUROPE_BERLIN,
        **more,
    }
    return RolloutSchedule(stack, f"Schedule{len(stack.node.children)}", **given)


def synthesised(**more: Any) -> dict[str, Any]:
    stack = a_stack()
    a_schedule(stack, **more)
    return synthesise(stack).only(SCHEDULE)


@pytest.fixture(scope="module")
def template() -> Template:
    return sample().templates["orders-schedules"]


@pytest.fixture(scope="module")
def inputs(template: Template) -> dict[str, dict[str, Any]]:
    """The inputs of the sample's schedules by operation."""
    read = [json.loads(one["Target"]["Input"]) for one in template.of_type(SCHEDULE).values()]
    return {one["operation"]: one for one in read}


def test_an_advance_tells_the_time_that_was_meant(inputs: dict[str, dict[str, Any]]) -> None:
    assert inputs["advance"] == {
        "operation": "advance",
        "target": "orders",
        "scheduled_at": PLACEHOLDER,
        "max_lateness_seconds": 3600,
    }


def test_what_is_delivered_is_an_input_that_the_machine_reads(inputs: dict[str, dict[str, Any]]) -> None:
    meant = datetime(2026, 3, 22, 18, 59, 43, tzinfo=UTC)
    delivered = {name: json.loads(json.dumps(one).replace(PLACEHOLDER, "2026-03-22T18:59:43Z")) for name, one in inputs.items()}

    advance, no_problems = parse_advance(delivered["advance"])
    start, none_either = parse_request(delivered["start"])

    assert (no_problems, none_either) == ((), ())
    assert advance is not None
    assert advance.schedule is not None
    assert advance.schedule.scheduled_at == meant.timestamp()
    assert start is not None
    assert start.schedule == advance.schedule
    assert start.policy_override is not None


def test_the_clock_hangs_where_the_user_lives(template: Template) -> None:
    assert {one["ScheduleExpressionTimezone"] for one in template.of_type(SCHEDULE).values()} == {"Europe/Berlin"}
    assert {one["ScheduleExpression"] for one in template.of_type(SCHEDULE).values()} == {
        "cron(0 9 ? * MON *)",
        "cron(0 9 ? * TUE-FRI *)",
    }


def test_delivery_is_tried_three_times_in_a_quarter_of_an_hour_and_to_the_minute(template: Template) -> None:
    for one in template.of_type(SCHEDULE).values():
        assert one["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 900, "MaximumRetryAttempts": 3}
        assert one["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert one["State"] == "ENABLED"


def test_what_could_not_be_delivered_goes_to_the_controllers_dead_letters(template: Template) -> None:
    queues = {text(one["Target"]["DeadLetterConfig"]["Arn"]) for one in template.of_type(SCHEDULE).values()}

    assert queues == {f"arn:<Partition>:sqs:{PLACE}:canary-dead-letters"}


def test_schedules_may_start_this_machine_and_leave_letters_and_nothing_else(template: Template) -> None:
    (role,) = {one["Target"]["RoleArn"]["Fn::GetAtt"][0] for one in template.of_type(SCHEDULE).values()}

    assert template.allowed(role) == {
        ("states:StartExecution", f"arn:<Partition>:states:{PLACE}:stateMachine:canary-rollout"),
        ("sqs:SendMessage", f"arn:<Partition>:sqs:{PLACE}:canary-dead-letters"),
    }
    (trust,) = template.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert {text(value) for value in trust["Condition"]["StringEquals"].values()} == {
        "<AccountId>",
        f"arn:<Partition>:scheduler:{PLACE}:schedule-group/default",
    }


def test_a_machine_and_a_queue_of_the_same_app_are_taken() -> None:
    stack = a_stack()
    machine = sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_string("{}"))
    queue = sqs.Queue(stack, "Queue")
    a_schedule(stack, state_machine=machine, dead_letter_queue=queue)

    target = synthesise(stack).only(SCHEDULE)["Target"]

    assert text(target["Arn"]).startswith("<Machine")
    assert text(target["DeadLetterConfig"]["Arn"]).startswith("<Queue")


def test_a_schedule_can_be_off_and_happen_once() -> None:
    once = synthesised(when="at(2026-12-01T09:00:00)", enabled=False)

    assert (once["ScheduleExpression"], once["State"]) == ("at(2026-12-01T09:00:00)", "DISABLED")


def test_a_start_takes_a_reason_a_policy_and_another_patience() -> None:
    given = synthesised(operation=Operation.START, policy="cautious", reason="OPS-7", max_lateness=cdk.Duration.minutes(10))

    assert json.loads(given["Target"]["Input"]) == {
        "operation": "start",
        "target": "orders",
        "policy": "cautious",
        "reason": "OPS-7",
        "max_lateness_seconds": 600,
        "scheduled_at": PLACEHOLDER,
    }


@pytest.mark.parametrize("when", ["0 9 * * *", "rate(1 day)", "cron(0 9 * * *)", "at(2026-12-01)", "cron(0 9 ? * MON *) "])
def test_what_is_no_time_of_a_clock_is_refused(when: str) -> None:
    with pytest.raises(ScheduleError, match="is not a time; write cron"):
        a_schedule(a_stack(), when=when)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"target": "Orders"}, "target"),
        ({"policy": "cautious"}, "policy"),
        ({"operation": Operation.START, "policy": "careless"}, "policy"),
        ({"max_lateness": cdk.Duration.seconds(5)}, "max_lateness_seconds"),
    ],
)
def test_an_input_that_the_machine_would_refuse_is_refused_at_synth(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(RefusedError, match=problem):
        a_schedule(a_stack(), **given)


HOURS = {"Start": "01:20", "Second": "01:40", "Last": "02:10", "Idle": "02:40"}
"""In Berlin, which is an hour ahead of the embedded AWS's midnight."""


def hours(folder: Path) -> Path:
    """Schedules for one rollout of two steps: the last advance but one promotes it, and the last has nothing to do."""
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, "hours")
    for name, hour in HOURS.items():
        start = {"operation": Operation.START, "policy": {**QUICK, "progression": "scheduled"}} if name == "Start" else {}
        a_schedule(stack, when=f"at(2026-01-05T{hour}:00)", **start)
    app.synth()
    return folder


def test_a_rollout_takes_its_steps_at_its_hours_although_everything_is_delivered_twice(tmp_path: Path) -> None:
    with EmbeddedAws(guest=CONTROLLER, enforce_iam=True) as aws:
        world = World(aws, tmp_path)
        world.deploy(release="scheduled")
        deploy(aws.client, hours(tmp_path / "hours"))
        aws.scheduler.deliver = "twice"
        seen = []
        for minute in (19, 35, 60, 95, 110):
            aws.clock.run_for(aws.start_time + 60 * minute - aws.clock.now())
            seen.append((world.weight_percent, world.outcomes))
        unused = {(one.pattern, one.element) for one in aws.permissions.unused() if "SchedulerRole" in one.role}

    assert seen == [
        (None, []),
        (25.0, ["parked", "unchanged"]),
        (50.0, ["parked", "parked", *2 * ["unchanged"]]),
        (None, ["parked", "parked", "promoted", *3 * ["unchanged"]]),
        (None, ["parked", "parked", "promoted", *5 * ["unchanged"]]),
    ]
    assert {pattern for pattern, element in unused if element == "action"} <= {"sqs:SendMessage"}, "nothing was lost"
