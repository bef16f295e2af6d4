from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from embedded_aws.awslambda.zips import zip_of
from embedded_aws.embedded import START_TIME, EmbeddedAws
from embedded_aws.events.schedules import ScheduleError, parse_schedule

ROLE = "arn:aws:iam::123456789012:role/guard"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:guard"


@pytest.fixture
def aws():
    with EmbeddedAws() as running:
        running.client("iam").create_role(RoleName="guard", AssumeRolePolicyDocument="{}")
        yield running


def a_function(aws, source="def handler(event, context): return None"):
    settings = {"Runtime": "python3.12", "Role": ROLE, "Handler": "app.handler"}
    aws.client("lambda").create_function(FunctionName="guard", **settings, Code={"ZipFile": zip_of({"app.py": source})})


def a_rule(aws, *, name="rule", target=None, **fields):
    events = aws.client("events")
    events.put_rule(Name=name, **fields)
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": ARN, **(target or {})}])


def put(aws, detail, *, source="app", kind="Thing Happened"):
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
    return aws.client("events").put_events(Entries=[entry])


def delivered(aws):
    return [(delivery.at - START_TIME, delivery.event) for delivery in aws.events.deliveries]


def test_an_event_reaches_a_matching_rules_function_a_second_later(aws):
    a_function(aws, "def handler(event, context): print('got', event['detail']['state'])")
    a_rule(aws, EventPattern=json.dumps({"source": ["app"], "detail": {"state": ["bad"]}}))
    aws.clock.run_for(10)
    assert put(aws, {"state": "bad"})["FailedEntryCount"] == 0
    put(aws, {"state": "good"})
    assert not aws.events.deliveries
    aws.clock.run_for(5)
    ((at, event),) = delivered(aws)
    assert at == 11
    assert (event["source"], event["detail-type"], event["detail"]) == ("app", "Thing Happened", {"state": "bad"})
    assert (event["time"], event["account"], event["region"]) == ("2026-01-05T00:00:10Z", "123456789012", "eu-west-1")
    lines = [line["message"] for line in aws.logs.filter_log_events({"logGroupName": "/aws/lambda/guard"})["events"]]
    assert "got bad" in lines


def a_queue(aws, name, **attributes) -> tuple[str, str]:
    """A queue's URL and ARN."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages(aws, url):
    found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


STATES = {"EventPattern": json.dumps({"source": ["aws.states"]})}


def run_a_machine(aws):
    role = aws.client("iam").create_role(RoleName="machine", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    definition = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    aws.run_until_ended(arn, limit=60)
    aws.clock.run_for(5)


def test_a_services_event_reaches_a_queue_and_the_rules_after_it(aws):
    url, queue = a_queue(aws, "heard")
    a_function(aws)
    a_rule(aws, name="a-queue", target={"Arn": queue}, **STATES)
    a_rule(aws, name="b-function", **STATES)
    run_a_machine(aws)

    got = messages(aws, url)
    assert [event["detail"]["status"] for event in got] == ["RUNNING", "SUCCEEDED"]
    assert {event["time"] for event in got} == {"2026-01-05T00:00:00Z"}
    assert [delivery.event for delivery in aws.events.deliveries if delivery.target == ARN] == got


def test_an_event_reaches_a_fifo_queue_in_its_group(aws):
    url, queue = a_queue(aws, "heard.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    target = {"Arn": queue, "SqsParameters": {"MessageGroupId": "g"}}
    a_rule(aws, target=target, EventPattern=json.dumps({"source": ["app"]}))
    put(aws, {"state": "bad"})
    aws.clock.run_for(5)
    assert [event["detail"] for event in messages(aws, url)] == [{"state": "bad"}]


def test_a_services_event_reaches_a_log_group_as_moto_writes_it(aws):
    aws.client("logs").create_log_group(logGroupName="/aws/events/heard")
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/heard"
    a_rule(aws, target={"Arn": group}, **STATES)
    run_a_machine(aws)
    lines = aws.client("logs").filter_log_events(logGroupName="/aws/events/heard")["events"]
    assert [json.loads(line["message"])["detail"]["status"] for line in lines] == ["RUNNING", "SUCCEEDED"]


@pytest.mark.parametrize(("deliver", "times"), [("never", []), ("once", [1]), ("twice", [1, 2])])
def test_delivery_is_best_effort(aws, deliver, times):
    a_function(aws)
    a_rule(aws, EventPattern=json.dumps({"source": ["app"]}))
    aws.events.deliver = deliver
    put(aws, {"a": 1})
    aws.clock.run_for(10)
    assert [at for at, _ in delivered(aws)] == times


def test_a_machines_end_reaches_the_guard(aws):
    a_function(aws)
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}}
    a_rule(aws, EventPattern=json.dumps(pattern))
    sfn = aws.client("stepfunctions")
    definition = json.dumps({"StartAt": "Bake", "States": {"Bake": {"Type": "Wait", "Seconds": 100, "End": True}}})
    machine = sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    aws.clock.run_for(30)
    sfn.stop_execution(executionArn=arn)
    aws.clock.run_for(30)
    ((at, event),) = delivered(aws)
    assert at == 31
    assert (event["detail"]["executionArn"], event["detail"]["status"]) == (arn, "ABORTED")


def test_an_alarms_change_of_state_is_an_event(aws):
    a_function(aws)
    a_rule(aws, EventPattern=json.dumps({"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}))
    cloudwatch = aws.client("cloudwatch")
    metric = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60}
    cloudwatch.put_metric_alarm(
        AlarmName="a", **metric, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold"
    )
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a test")
    aws.clock.run_for(5)
    assert [event["detail"]["alarmName"] for _, event in delivered(aws)] == ["a"]


def test_a_disabled_rule_delivers_nothing_until_it_is_enabled(aws):
    a_function(aws)
    a_rule(aws, EventPattern=json.dumps({"source": ["app"]}), State="DISABLED")
    put(aws, {"n": 1})
    aws.clock.run_for(5)
    aws.client("events").enable_rule(Name="rule")
    put(aws, {"n": 2})
    aws.clock.run_for(5)
    assert [event["detail"] for _, event in delivered(aws)] == [{"n": 2}]


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail"}, {"state": "bad"}),
        (
            {"InputTransformer": {"InputPathsMap": {"s": "$.detail.state"}, "InputTemplate": '{"was": "<s>"}'}},
            {"was": "bad"},
        ),
    ],
    ids=["input", "path", "transformer"],
)
def test_a_target_gets_the_input_it_asks_for(aws, target, given):
    a_function(aws)
    a_rule(aws, EventPattern=json.dumps({"source": ["app"]}), target=target)
    put(aws, {"state": "bad"})
    aws.clock.run_for(5)
    assert [event for _, event in delivered(aws)] == [given]


def test_a_function_that_fails_is_tried_again_a_minute_and_three_later(aws):
    a_function(aws, "def handler(event, context): raise OSError('no')")
    a_rule(aws, EventPattern=json.dumps({"source": ["app"]}))
    put(aws, {})
    aws.clock.run_for(1000)
    events = aws.logs.filter_log_events({"logGroupName": "/aws/lambda/guard", "filterPattern": "START"})["events"]
    assert [event["timestamp"] / 1000 - START_TIME for event in events] == [1, 61, 181]


def test_a_function_that_is_gone_stops_nothing(aws, caplog):
    a_rule(aws, EventPattern=json.dumps({"source": ["app"]}))
    put(aws, {})
    aws.clock.run_for(5)
    assert "an event did not reach" in caplog.text


def test_a_rate_fires_again_and_again(aws):
    a_function(aws)
    aws.clock.run_for(20)
    a_rule(aws, ScheduleExpression="rate(5 minutes)")
    aws.clock.run_for(1000)
    assert [at for at, _ in delivered(aws)] == [321, 621, 921]
    _, event = delivered(aws)[0]
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert event["resources"] == ["arn:aws:events:eu-west-1:123456789012:rule/rule"]


def test_a_scheduled_rule_hears_no_events_and_is_not_lost_with_them(aws):
    a_function(aws)
    a_rule(aws, ScheduleExpression="rate(1 minute)")
    aws.events.deliver = "never"
    put(aws, {})
    aws.clock.run_for(70)
    assert [event["detail-type"] for _, event in delivered(aws)] == ["Scheduled Event"]


def test_a_schedule_ends_with_its_rule_and_begins_again_with_a_change(aws):
    a_function(aws)
    a_rule(aws, ScheduleExpression="rate(1 minute)")
    events = aws.client("events")
    events.disable_rule(Name="rule")
    aws.clock.run_for(70)
    events.enable_rule(Name="rule")
    aws.clock.run_for(60)
    events.put_rule(Name="rule", ScheduleExpression="rate(10 minutes)")
    aws.clock.run_for(700)
    events.remove_targets(Rule="rule", Ids=["1"])
    events.delete_rule(Name="rule")
    aws.clock.run_for(2000)
    assert [at for at, _ in delivered(aws)] == [121, 731]


def test_a_cron_fires_at_its_minute(aws):
    a_function(aws)
    a_rule(aws, ScheduleExpression="cron(30 9 ? * MON-FRI *)")
    aws.clock.run_for(2 * 86_400)
    assert [at for at, _ in delivered(aws)] == [9.5 * 3600 + 1, 33.5 * 3600 + 1]


def test_a_schedule_that_eventbridge_does_not_take_is_refused(aws):
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        aws.client("events").put_rule(Name="rule", ScheduleExpression="rate(1 minutes)")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "after", "next_"),
    [
        ("rate(1 minute)", "2026-01-05 10:00:30", "2026-01-05 10:01:30"),
        ("rate(2 hours)", "2026-01-05 10:00:00", "2026-01-05 12:00:00"),
        ("rate(1 day)", "2026-01-05 10:00:00", "2026-01-06 10:00:00"),
        ("cron(0 12 * * ? *)", "2026-01-05 12:00:00", "2026-01-06 12:00:00"),
        ("cron(0 12 * * ? *)", "2026-01-05 11:59:59", "2026-01-05 12:00:00"),
        ("cron(0/15 * * * ? *)", "2026-01-05 10:16:00", "2026-01-05 10:30:00"),
        ("cron(5,50 9-17/4 * * ? *)", "2026-01-05 09:06:00", "2026-01-05 09:50:00"),
        ("cron(5,50 9-17/4 * * ? *)", "2026-01-05 09:51:00", "2026-01-05 13:05:00"),
        ("cron(0 8 1 * ? *)", "2026-01-05 00:00:00", "2026-02-01 08:00:00"),
        ("cron(0 8 L * ? *)", "2026-02-05 00:00:00", "2026-02-28 08:00:00"),
        ("cron(0 8 15W * ? *)", "2026-02-01 00:00:00", "2026-02-16 08:00:00"),
        ("cron(0 8 1W 8 ? *)", "2026-02-01 00:00:00", "2026-08-03 08:00:00"),
        ("cron(0 8 31W 5 ? *)", "2026-02-01 00:00:00", "2026-05-29 08:00:00"),
        ("cron(0 8 ? * SUN *)", "2026-01-05 00:00:00", "2026-01-11 08:00:00"),
        ("cron(0 8 ? * 2-6 *)", "2026-01-09 09:00:00", "2026-01-12 08:00:00"),
        ("cron(0 8 ? * 6L *)", "2026-01-05 00:00:00", "2026-01-30 08:00:00"),
        ("cron(0 8 ? * L *)", "2026-01-05 00:00:00", "2026-01-10 08:00:00"),
        ("cron(0 8 ? * MON#3 *)", "2026-01-05 00:00:00", "2026-01-19 08:00:00"),
        ("cron(0 8 ? MAR * 2027)", "2026-01-05 00:00:00", "2027-03-01 08:00:00"),
    ],
)
def test_a_schedules_next_time(expression, after, next_):
    assert parse_schedule(expression)(at(after)) == at(next_)


def test_a_schedule_of_the_past_has_no_next_time():
    assert parse_schedule("cron(0 8 * * ? 2020)")(START_TIME) is None


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(2 minute)",
        "rate(5 weeks)",
        "cron(0 12 * * *)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(x 12 * * ? *)",
        "at(2026-01-05T00:00:00)",
    ],
)
def test_an_expression_that_is_no_schedule_says_so(expression):
    with pytest.raises(ScheduleError):
        parse_schedule(expression)
