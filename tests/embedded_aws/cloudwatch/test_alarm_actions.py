"""An alarm that changes its state publishes to its topics, if their policies let CloudWatch do so."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from embedded_aws.embedded import EmbeddedAws

ACCOUNT = "123456789012"


class Account:
    """One alarm, and a queue subscribed to each of the topics."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.sns, self.sqs = aws.client("sns"), aws.client("sqs")

    def topic(self, name: str) -> str:
        topic = str(self.sns.create_topic(Name=name)["TopicArn"])
        queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return topic

    def put_alarm(self, **more: Any) -> None:
        self.aws.client("cloudwatch").put_metric_alarm(
            AlarmName="late",
            AlarmDescription="it is late",
            Namespace="Test",
            MetricName="Late",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            **more,
        )

    def enter(self, state: str) -> None:
        self.aws.client("cloudwatch").set_alarm_state(AlarmName="late", StateValue=state, StateReason="a test")
        self.aws.clock.run_for(5)

    def heard(self, name: str) -> list[Any]:
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(json.loads(one["Body"])["Message"]) for one in found]

    def allow(self, topic: str, condition: dict[str, Any]) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": condition,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)


@pytest.fixture
def account() -> Iterator[Account]:
    with EmbeddedAws() as aws:
        yield Account(aws)


def test_each_state_has_its_own_topics(account: Account) -> None:
    bad, good = account.topic("bad"), account.topic("good")
    account.put_alarm(AlarmActions=[bad], OKActions=[good])
    account.enter("ALARM")
    (told,) = account.heard("bad")
    assert (told["AlarmName"], told["NewStateValue"], told["NewStateReason"]) == ("late", "ALARM", "a test")
    assert (told["OldStateValue"], told["AWSAccountId"]) == ("INSUFFICIENT_DATA", ACCOUNT)
    assert account.heard("good") == []
    account.enter("OK")
    assert [one["NewStateValue"] for one in account.heard("good")] == ["OK"]


def test_disabled_actions_and_other_kinds_are_not_taken(account: Account) -> None:
    topic = account.topic("bad")
    account.put_alarm(AlarmActions=[f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:any", topic], ActionsEnabled=False)
    account.enter("ALARM")
    assert account.heard("bad") == []


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, 1),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:l*"}}, 1),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, 0),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:other"}}, 0),
    ],
)
def test_a_topics_policy_decides_for_which_alarms(account: Account, condition: dict[str, Any], told: int) -> None:
    topic = account.topic("bad")
    account.put_alarm(AlarmActions=[topic])
    account.allow(topic, condition)
    account.aws.permissions.enforce()
    account.enter("ALARM")
    assert len(account.heard("bad")) == told


def test_a_topic_that_is_gone_is_no_harm(account: Account) -> None:
    account.put_alarm(AlarmActions=[f"arn:aws:sns:eu-west-1:{ACCOUNT}:gone"])
    account.enter("ALARM")
    assert account.aws.alarms.find("late").condition.state == "ALARM"
