"""What only a deployment has: its outputs, its version of the code, and a deletion that is refused during a rollout."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.edge.target import target_to_json
from canary.rules.reports.document import read_document
from canary.rules.rollouts.phases import Phase
from demo import guest
from embedded_aws.cloudformation.assembly import DeployError, destroy
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.logs.insights import queries
from infra.stacks import CONTROLLER
from tests.infra.deployed import by_templates, synthesised
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
TARGET = "canary-target-orders"


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Rig]:
    if not request.config.getoption("--deployed"):
        monkeypatch.setattr(Rig, "deployer", staticmethod(by_templates))
    with EmbeddedAws(guest=guest.CONTROLLER) as aws:
        yield Rig(aws)


def assembly(rig: Rig) -> Path:
    return synthesised(target_to_json(replace(rig.target, role_arn=None)))


def test_a_rollout_runs_from_what_was_deployed(rig: Rig):
    rig.publish()
    ended = rig.run()

    assert (ended.ending, ended.cause) == ("Promoted", "")
    assert rig.is_at_rest()
    assert not rig.aws.permissions.denied


def test_the_dashboards_widget_reads_a_running_rollout_and_may_do_nothing_else(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(240)
    answer = rig.aws.client("lambda").invoke(FunctionName="canary-ShowRollouts", Payload=b"{}")

    assert "canary watch orders" in json.load(answer["Payload"])
    assert not rig.aws.permissions.denied
    role = rig.aws.client("lambda").get_function_configuration(FunctionName="canary-ShowRollouts")["Role"]
    used = {grant.action for grant in rig.aws.permissions.used if grant.role == role}
    assert {"dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "ssm:GetParametersByPath"} <= used
    assert rig.finish(arn).ending == "Promoted"


def test_a_running_execution_keeps_the_code_it_started_with(rig: Rig):
    definition = json.loads(
        rig.aws.client("stepfunctions").describe_state_machine(stateMachineArn=rig.controller.machine_arn)["definition"]
    )
    called = definition["States"]["MakeSafe"]["Arguments"]["FunctionName"]
    assert called.endswith(":function:canary-MakeSafe:1")


def test_neither_stack_goes_while_a_rollout_runs(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(120)
    for stack in (TARGET, CONTROLLER):
        with pytest.raises(DeployError, match=r"is running on orders|is still registered"):
            destroy(rig.aws.client, assembly(rig), stacks=[stack])
    assert rig.finish(arn).ending == "Promoted"


def test_a_canary_of_someone_else_keeps_the_targets_stack(rig: Rig):
    stage = rig.target.stage
    rig.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "5"}],
    )
    with pytest.raises(DeployError, match=r"has a canary at 5\.0 %"):
        destroy(rig.aws.client, assembly(rig), stacks=[TARGET])


def test_at_rest_both_go_and_the_records_stay(rig: Rig):
    rig.publish()
    assert rig.run().ending == "Promoted"
    destroy(rig.aws.client, assembly(rig))

    assert rig.aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    names = [parameter["Name"] for parameter in rig.aws.client("ssm").describe_parameters()["Parameters"]]
    assert [name for name in names if name.startswith("/canary/")] == []
    assert rig.records.read_lock("orders").last_rollout_id


LETTERS = "canary-dead-letters"
ENDED = {"target": "orders", "rollout": "run-1", "phase": "rolled_back", "reason": "errors rose"}


def received(rig: Rig, queue: str) -> list[str]:
    """The messages of a queue."""
    sqs = rig.aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return [message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


def tell(rig: Rig, kind: str = "Rollout Ended", **changes: str) -> None:
    entry = {"Source": "canary", "DetailType": kind, "Detail": json.dumps({**ENDED, **changes})}
    rig.aws.client("events").put_events(Entries=[entry])
    rig.settle(600)


def test_a_notification_reaches_a_subscriber_and_one_that_cannot_be_published_is_kept(rig: Rig):
    sns, sqs = rig.aws.client("sns"), rig.aws.client("sqs")
    settings = rig.aws.client("lambda").get_function_configuration(FunctionName="canary-SendNotification")
    topics = {name: settings["Environment"]["Variables"][name] for name in ("CANARY_TOPIC", "CANARY_PAGES_TOPIC")}
    for name, topic in topics.items():
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        program = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=program)

    tell(rig)
    tell(rig, "Operator Needed")
    ((ended,), (needed,)) = ([json.loads(one) for one in received(rig, name)] for name in topics)

    assert ended["Subject"] == "canary: orders rolled back - safe, nothing to do"
    assert needed["Subject"] == "canary PAGE: orders needs an operator"
    assert json.loads(ended["Message"])["detail"] == json.loads(needed["Message"])["detail"] == ENDED
    assert received(rig, "canary-undelivered-notifications") == []
    assert not rig.aws.permissions.denied

    sns.delete_topic(TopicArn=topics["CANARY_TOPIC"])
    tell(rig)
    (letter,) = received(rig, "canary-undelivered-notifications")
    assert "NotificationRefusedError" in letter


def test_a_rule_cannot_publish_to_a_topic_whose_policy_has_a_condition(rig: Rig):
    """As AWS documents it, whatever the condition says; so no rule of the controller sends to a topic."""
    sns, events = rig.aws.client("sns"), rig.aws.client("events")
    topic = sns.create_topic(Name="conditional")["TopicArn"]
    rule = events.put_rule(Name="direct", EventPattern=json.dumps({"source": ["canary"]}))["RuleArn"]
    events.put_targets(Rule="direct", Targets=[{"Id": "topic", "Arn": topic}])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    for given, is_denied in ((statement, True), ({**statement, "Condition": {}}, False)):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [given]})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        tell(rig)
        assert any(denial.resource == topic for denial in rig.aws.permissions.denied) == is_denied
        rig.aws.permissions.denied.clear()


def fires(rig: Rig) -> None:
    name = "orders-payment-failures"
    rig.aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")


def stops(rig: Rig) -> None:
    rig.publish()
    arn = rig.start()
    rig.settle(90)
    rig.aws.client("stepfunctions").stop_execution(executionArn=arn)


@pytest.mark.parametrize(
    ("function", "cause"),
    [("canary-GuardRollout", stops), ("canary-SweepTargets", lambda _: None), ("canary-HearAlarm", fires)],
)
def test_a_function_that_fails_for_good_leaves_a_dead_letter(rig: Rig, function: str, cause: Callable[[Rig], None]):
    client = rig.aws.client("lambda")
    environment = client.get_function_configuration(FunctionName=function)["Environment"]
    client.update_function_configuration(FunctionName=function, Environment={"Variables": {"CANARY_TASK": "Broken"}})
    cause(rig)
    rig.settle(600)
    letters = received(rig, LETTERS)

    assert any("missing environment variables" in letter for letter in letters), letters
    client.update_function_configuration(FunctionName=function, Environment=environment)
    rig.settle(600)
    assert rig.is_at_rest()


def kept(rig: Rig, key: str) -> bytes:
    """An object of the bucket of reports."""
    settings = rig.aws.client("lambda").get_function_configuration(FunctionName="canary-KeepReport")
    bucket = settings["Environment"]["Variables"]["CANARY_REPORTS"]
    return rig.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_rolled_back_release_leaves_a_report_that_says_what_broke(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    rig.publish(FAILING_SHARE=0.5, CATCHES_FAILURES=False)
    arn = rig.start()
    assert rig.finish(arn).ending == "RolledBack"
    rig.settle(120)

    name = arn.rpartition(":")[2]
    document = json.loads(kept(rig, f"orders/{name}.json"))
    rollout, looks = read_document(document)
    assert (rollout.rollout_id, rollout.phase, len(looks) > 0) == (name, Phase.ROLLED_BACK, True)
    assert "GET /orders/{id} 502" in {one["route"] for one in document["report"]["broken"]}
    assert b"the database does not answer" in kept(rig, f"orders/{name}.html")

    monkeypatch.setattr(queries, "RUNS_SECONDS", 60.0)
    tell(rig, rollout=name)
    report = json.loads(kept(rig, f"orders/{name}.json"))["report"]
    assert report["broken"] == []
    assert "took longer than 10 s and was stopped" in report["broken_note"]
    assert received(rig, LETTERS) == []
    assert not rig.aws.permissions.denied
