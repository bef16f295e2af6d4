from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from embedded_aws.awslambda.zips import zip_of
from embedded_aws.embedded import START_TIME, EmbeddedAws
from embedded_aws.events.bus import iso_seconds
from embedded_aws.events.scheduler import Schedule
from embedded_aws.events.schedules import ScheduleError

ACCOUNT = "123456789012"
MACHINE = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:m"
HOUR, DAY = 3600, 86_400
INPUT = json.dumps(
    {
        "target": "orders",
        "scheduled_at": "<aws.scheduler.scheduled-time>",
        "attempt": "<aws.scheduler.attempt-number>",
        "by": "<aws.scheduler.schedule-arn>",
        "once": "<aws.scheduler.execution-id>",
    }
)


@pytest.fixture
def aws():
    with EmbeddedAws() as running:
        definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
        role = a_role(running, "machine", "states.amazonaws.com")
        running.client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=role)
        yield running


def a_role(aws, name, service="scheduler.amazonaws.com", *, allowed=None, condition=None):
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        trust["Condition"] = {"StringEquals": condition}
    iam = aws.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    if allowed:
        statement = {"Effect": "Allow", "Action": allowed[0], "Resource": allowed[1]}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return made["Role"]["Arn"]


def a_schedule(aws, expression, *, role=None, target=None, **more):
    """A schedule; its role is created unless one is given."""
    role = role or a_role(aws, "scheduler")
    settings = {"FlexibleTimeWindow": {"Mode": "OFF"}, **more}
    aws.client("scheduler").create_schedule(
        Name="s",
        ScheduleExpression=expression,
        Target={"Arn": MACHINE, "RoleArn": role, "Input": INPUT, **(target or {})},
        **settings,
    )
    return role


def started(aws):
    """Seconds from the start to the beginning of each execution, with its input, the first one first."""
    client = aws.client("stepfunctions")
    arns = [each["executionArn"] for each in client.list_executions(stateMachineArn=MACHINE)["executions"]]
    described = [client.describe_execution(executionArn=arn) for arn in arns]
    found = [(each["startDate"].timestamp() - START_TIME, json.loads(each["input"])) for each in described]
    return sorted(found, key=lambda each: each[0])


def at(seconds):
    return datetime.fromtimestamp(START_TIME + seconds, UTC)


# When a schedule is due.


def test_a_one_time_schedule_starts_its_machine_once_at_its_local_time(aws):
    a_schedule(aws, "at(2026-01-05T03:00:00)", ScheduleExpressionTimezone="Europe/Berlin")
    aws.clock.run_for(DAY)
    ((seconds, given),) = started(aws)
    assert seconds == 2 * HOUR + 1
    assert given["scheduled_at"] == "2026-01-05T02:00:00Z"


def test_context_attributes_are_filled_into_the_input(aws):
    a_schedule(aws, "at(2026-01-05T03:00:00)")
    aws.clock.run_for(DAY)
    ((_, given),) = started(aws)
    assert given["target"] == "orders"
    assert given["attempt"] == "1"
    assert given["by"] == f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule/default/s"
    assert len(given["once"]) == 36


def test_a_rate_without_a_start_date_begins_at_once(aws):
    a_schedule(aws, "rate(2 hours)")
    aws.clock.run_for(5 * HOUR)
    assert [seconds for seconds, _ in started(aws)] == [1, 2 * HOUR + 1, 4 * HOUR + 1]


def test_a_rate_begins_at_its_start_date_and_ends_after_its_end_date(aws):
    a_schedule(aws, "rate(1 hour)", StartDate=at(HOUR), EndDate=at(3 * HOUR))
    aws.clock.run_for(DAY)
    assert [seconds for seconds, _ in started(aws)] == [HOUR + 1, 2 * HOUR + 1, 3 * HOUR + 1]


def test_a_cron_begins_after_its_start_date(aws):
    a_schedule(aws, "cron(0 * * * ? *)", StartDate=at(2 * HOUR), EndDate=at(3 * HOUR + 60))
    aws.clock.run_for(DAY)
    assert [given["scheduled_at"] for _, given in started(aws)] == ["2026-01-05T02:00:00Z", "2026-01-05T03:00:00Z"]


def a_recurring(expression, zone="Europe/Berlin"):
    return Schedule("arn", "group", expression, zone, {}, made=START_TIME)


def times(schedule, after, count):
    found = []
    for _ in range(count):
        after = schedule.next_after(after)
        found.append(iso_seconds(after))
    return found


def test_a_cron_follows_the_clocks_of_its_zone():
    before = datetime(2026, 3, 28, tzinfo=UTC).timestamp()
    assert times(a_recurring("cron(0 3 * * ? *)"), before, 3) == [
        "2026-03-28T02:00:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T01:00:00Z",
    ]


def test_a_time_that_the_clocks_go_over_is_left_out():
    before = datetime(2026, 3, 28, 3, tzinfo=UTC).timestamp()
    assert times(a_recurring("cron(30 2 * * ? *)"), before, 2) == ["2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]


def test_a_time_that_the_clocks_show_twice_counts_once():
    before = datetime(2026, 10, 25, tzinfo=UTC).timestamp()
    assert times(a_recurring("cron(30 2 * * ? *)"), before, 2) == ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]


def test_a_days_rate_is_24_hours_whatever_the_clocks_do():
    made = datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp()
    schedule = Schedule("arn", "group", "rate(1 day)", "Europe/Berlin", {}, made=made)
    assert times(schedule, made, 2) == ["2026-03-29T12:00:00Z", "2026-03-30T12:00:00Z"]


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("at(tomorrow)", "UTC"),
        ("rate(1 minutes)", "UTC"),
        ("cron(0 12 * * * *)", "UTC"),
        ("rate(1 hour)", "Europe/Atlantis"),
        ("rate(1 hour)", "../etc"),
    ],
)
def test_what_is_no_schedule_is_refused(aws, expression, zone):
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        a_schedule(aws, expression, ScheduleExpressionTimezone=zone)
    with pytest.raises(ScheduleError):
        a_recurring(expression, zone).next_after(0)


# What happens to a schedule.


def test_a_disabled_schedule_starts_nothing_until_it_is_enabled(aws):
    role = a_schedule(aws, "rate(1 hour)", State="DISABLED")
    aws.clock.run_for(HOUR * 1.5)
    assert not started(aws)
    target = {"Arn": MACHINE, "RoleArn": role, "Input": INPUT}
    aws.client("scheduler").update_schedule(
        Name="s", ScheduleExpression="rate(1 hour)", Target=target, FlexibleTimeWindow={"Mode": "OFF"}
    )
    aws.clock.run_for(HOUR)
    assert [seconds for seconds, _ in started(aws)] == [2 * HOUR + 1]


def test_a_changed_schedule_is_due_by_what_it_is_now(aws):
    role = a_schedule(aws, "at(2026-01-05T03:00:00)")
    target = {"Arn": MACHINE, "RoleArn": role, "Input": "{}"}
    aws.client("scheduler").update_schedule(
        Name="s", ScheduleExpression="at(2026-01-05T05:00:00)", Target=target, FlexibleTimeWindow={"Mode": "OFF"}
    )
    aws.clock.run_for(DAY)
    assert started(aws) == [(5 * HOUR + 1, {})]


def test_a_deleted_schedule_starts_nothing(aws):
    a_schedule(aws, "at(2026-01-05T03:00:00)")
    aws.client("scheduler").delete_schedule(Name="s")
    aws.clock.run_for(DAY)
    assert not started(aws)


def test_the_schedules_of_a_deleted_group_start_nothing(aws):
    client = aws.client("scheduler")
    client.create_schedule_group(Name="g")
    a_schedule(aws, "at(2026-01-05T03:00:00)", GroupName="g")
    client.delete_schedule_group(Name="g")
    aws.clock.run_for(DAY)
    assert not started(aws)


def test_a_schedule_needs_its_group(aws):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        a_schedule(aws, "rate(1 hour)", GroupName="nowhere")


def test_a_schedule_that_is_over_goes_if_it_was_told_to(aws):
    a_schedule(aws, "at(2026-01-05T03:00:00)", ActionAfterCompletion="DELETE")
    client = aws.client("scheduler")
    aws.clock.run_for(2 * HOUR)
    assert client.list_schedules()["Schedules"]
    aws.clock.run_for(2 * HOUR)
    assert not client.list_schedules()["Schedules"]
    assert len(started(aws)) == 1


def test_a_flexible_schedule_fires_somewhere_in_its_window(aws):
    a_schedule(aws, "at(2026-01-05T03:00:00)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30})
    aws.clock.run_for(DAY)
    ((seconds, given),) = started(aws)
    assert 3 * HOUR + 60 < seconds <= 3 * HOUR + 1801
    assert given["scheduled_at"] == "2026-01-05T03:00:00Z"


# Delivery.


@pytest.mark.parametrize(("deliver", "count"), [("once", 1), ("twice", 2), ("never", 0)])
def test_delivery_is_at_least_once_or_not_at_all_if_asked(aws, deliver, count):
    a_schedule(aws, "at(2026-01-05T03:00:00)")
    aws.scheduler.deliver = deliver
    aws.clock.run_for(DAY)
    assert [given["scheduled_at"] for _, given in started(aws)] == ["2026-01-05T03:00:00Z"] * count
    assert len({given["once"] for _, given in started(aws)}) == count


def test_a_late_delivery_tells_when_it_was_due(aws):
    a_schedule(aws, "at(2026-01-05T03:00:00)")
    aws.scheduler.late_seconds = 5 * HOUR
    aws.clock.run_for(DAY)
    ((seconds, given),) = started(aws)
    assert seconds == 8 * HOUR + 1
    assert given["scheduled_at"] == "2026-01-05T03:00:00Z"


def a_queue(aws):
    client = aws.client("sqs")
    url = client.create_queue(QueueName="dead")["QueueUrl"]
    return url, f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"


def dead_letters(aws, url):
    return aws.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])


@pytest.mark.parametrize(
    ("policy", "tried", "why"),
    [
        ({"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": DAY}, 3, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 9, "MaximumEventAgeInSeconds": 400}, 3, "MaximumEventAgeInSeconds"),
        ({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": DAY}, 1, "MaximumRetryAttempts"),
    ],
)
def test_what_cannot_be_started_is_tried_again_and_then_a_dead_letter(aws, policy, tried, why):
    url, queue = a_queue(aws)
    nowhere = f"{MACHINE}-gone"
    target = {"Arn": nowhere, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": queue}}
    a_schedule(aws, "at(2026-01-05T03:00:00)", target=target)
    aws.clock.run_for(DAY)
    (letter,) = dead_letters(aws, url)
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (told["EXHAUSTED_RETRY_CONDITION"], told["RETRY_ATTEMPTS"]) == (why, str(tried - 1))
    assert (told["TARGET_ARN"], told["ERROR_CODE"]) == (nowhere, "StateMachineDoesNotExist")
    assert json.loads(letter["Body"])["attempt"] == str(tried)
    assert len(aws.scheduler.firings) == tried


def test_a_machine_that_comes_back_is_started_by_a_later_attempt(aws):
    client = aws.client("stepfunctions")
    kept = client.describe_state_machine(stateMachineArn=MACHINE)
    client.delete_state_machine(stateMachineArn=MACHINE)
    a_schedule(aws, "at(2026-01-05T03:00:00)")
    aws.clock.run_for(3 * HOUR + 30)
    client.create_state_machine(name="m", definition=kept["definition"], roleArn=kept["roleArn"])
    aws.clock.run_for(DAY)
    ((_, given),) = started(aws)
    assert (given["attempt"], given["scheduled_at"]) == ("2", "2026-01-05T03:00:00Z")


def test_the_universal_target_starts_an_execution_by_its_name(aws):
    told = {"StateMachineArn": MACHINE, "Name": "nightly", "Input": '{"target": "orders"}'}
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "Input": json.dumps(told)}
    a_schedule(aws, "at(2026-01-05T03:00:00)", target=target)
    aws.clock.run_for(DAY)
    arn = MACHINE.replace(":stateMachine:", ":execution:") + ":nightly"
    described = aws.client("stepfunctions").describe_execution(executionArn=arn)
    assert json.loads(described["input"]) == {"target": "orders"}


def test_another_kind_of_target_is_not_built(aws):
    target = {"Arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"}
    with pytest.raises(ClientError, match="NotBuilt"):
        a_schedule(aws, "rate(1 hour)", target=target)


# Roles.


def test_a_schedule_needs_a_role_that_scheduler_may_assume(aws):
    message = "execution role you provide must allow AWS EventBridge Scheduler to assume the role"
    with pytest.raises(ClientError, match=message):
        a_schedule(aws, "rate(1 hour)", role=f"arn:aws:iam::{ACCOUNT}:role/nobody")
    with pytest.raises(ClientError, match=message):
        a_schedule(aws, "rate(1 hour)", role=a_role(aws, "functions", "lambda.amazonaws.com"))


def test_a_role_may_trust_the_schedules_of_one_group_only(aws):
    group = f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group"
    condition = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"{group}/default"}
    a_schedule(aws, "at(2026-01-05T03:00:00)", role=a_role(aws, "ours", condition=condition))
    aws.client("scheduler").create_schedule_group(Name="g")
    other = a_role(aws, "others", condition={"aws:SourceArn": f"{group}/other"})
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume"):
        a_schedule(aws, "rate(1 hour)", role=other, GroupName="g")


def test_an_enforced_role_starts_what_it_may(aws):
    aws.permissions.enforce()
    a_schedule(aws, "at(2026-01-05T03:00:00)", role=a_role(aws, "r", allowed=("states:StartExecution", MACHINE)))
    aws.clock.run_for(DAY)
    assert len(started(aws)) == 1
    assert [(grant.action, grant.resource) for grant in aws.permissions.used if grant.policy == "p"] == [
        ("states:StartExecution", MACHINE)
    ]
    assert not aws.permissions.denied


def test_an_enforced_role_starts_nothing_else_and_sends_dead_letters_only_if_it_may(aws):
    aws.permissions.enforce()
    url, queue = a_queue(aws)
    target = {"RetryPolicy": {"MaximumRetryAttempts": 0}, "DeadLetterConfig": {"Arn": queue}}
    a_schedule(aws, "at(2026-01-05T03:00:00)", role=a_role(aws, "mute"), target=target)
    aws.clock.run_for(DAY)
    assert not started(aws)
    assert not dead_letters(aws, url)
    assert {denial.action for denial in aws.permissions.denied} == {"states:StartExecution", "sqs:SendMessage"}


def test_a_denied_start_is_a_dead_letter(aws):
    aws.permissions.enforce()
    url, queue = a_queue(aws)
    target = {"RetryPolicy": {"MaximumRetryAttempts": 1}, "DeadLetterConfig": {"Arn": queue}}
    a_schedule(aws, "at(2026-01-05T03:00:00)", role=a_role(aws, "r", allowed=("sqs:SendMessage", queue)), target=target)
    aws.clock.run_for(DAY)
    (letter,) = dead_letters(aws, url)
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDeniedException"
    assert letter["MessageAttributes"]["SCHEDULED_TIME"]["StringValue"] == "2026-01-05T03:00:00Z"


def test_a_role_that_lost_its_trust_starts_nothing(aws):
    aws.permissions.enforce()
    role = a_role(aws, "r", allowed=("states:StartExecution", MACHINE))
    a_schedule(aws, "at(2026-01-05T03:00:00)", role=role, target={"RetryPolicy": {"MaximumRetryAttempts": 0}})
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.client("iam").update_assume_role_policy(
        RoleName="r", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    aws.clock.run_for(DAY)
    assert not started(aws)


def test_a_schedule_may_invoke_a_function(aws):
    code = zip_of({"app.py": "def handler(event, context): print('due', event['scheduled_at'])"})
    settings = {"Runtime": "python3.13", "Role": a_role(aws, "f", "lambda.amazonaws.com"), "Handler": "app.handler"}
    made = aws.client("lambda").create_function(FunctionName="f", **settings, Code={"ZipFile": code})
    a_schedule(aws, "at(2026-01-05T03:00:00)", target={"Arn": made["FunctionArn"]})
    aws.clock.run_for(DAY)
    lines = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/f", filterPattern="due")["events"]
    assert [(line["timestamp"] / 1000 - START_TIME, line["message"]) for line in lines] == [
        (3 * HOUR + 1, "due 2026-01-05T03:00:00Z")
    ]
