"""SNS topics, SQS queues, EventBridge rules and EventBridge Scheduler schedules in templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import arguments, document, tag_list, tag_map
from embedded_aws.cloudformation.resource import Made, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOPIC_BESIDE = frozenset({"TopicName", "Subscription", "Tags"})


def _texts(properties: Mapping[str, Any], without: frozenset[str]) -> dict[str, str]:
    """Attributes as SNS and SQS take them, each as text."""
    kept = {name: value for name, value in properties.items() if name not in without}
    texts = {name: document(value) if isinstance(value, dict | list) else str(value) for name, value in kept.items()}
    return {name: text.lower() if isinstance(kept[name], bool) else text for name, text in texts.items()}


def _create_topic(task: Task) -> Made:
    client, given, name = task.connect("sns"), task.properties, task.name("TopicName", 256)
    arn = client.create_topic(Name=name, Attributes=_texts(given, _TOPIC_BESIDE), **tag_list(given))["TopicArn"]
    for subscription in given.get("Subscription", []):
        client.subscribe(TopicArn=arn, **subscription)
    return Made(arn, {"TopicArn": arn, "TopicName": name})


def _update_topic(task: Task) -> Made:
    client, arn = task.connect("sns"), task.physical_id
    for name, value in _texts(task.properties, _TOPIC_BESIDE).items():
        client.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
    return Made(arn, task.attributes)


def _put_topic_policy(task: Task) -> Made:
    for arn in task.properties["Topics"]:
        policy = document(task.properties["PolicyDocument"])
        task.connect("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Made(task.physical_id or task.generated_name())


def _subscribe(task: Task) -> Made:
    given = dict(task.properties)
    names = {name: given.pop(name) for name in ("TopicArn", "Protocol", "Endpoint") if name in given}
    arn = task.connect("sns").subscribe(**names, Attributes=_texts(given, frozenset({"Region"})), ReturnSubscriptionArn=True)
    return Made(arn["SubscriptionArn"], {"Arn": arn["SubscriptionArn"]})


def _create_queue(task: Task) -> Made:
    client, name = task.connect("sqs"), task.name("QueueName", 80)
    attributes = _texts(task.properties, frozenset({"QueueName", "Tags"}))
    url = client.create_queue(QueueName=name, Attributes=attributes, tags=tag_map(task.properties))["QueueUrl"]
    return Made(url, {"Arn": task.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _update_queue(task: Task) -> Made:
    attributes = _texts(task.properties, frozenset({"QueueName", "Tags"}))
    task.connect("sqs").set_queue_attributes(QueueUrl=task.physical_id, Attributes=attributes)
    return Made(task.physical_id, task.attributes)


def _put_queue_policy(task: Task) -> Made:
    for url in task.properties["Queues"]:
        policy = document(task.properties["PolicyDocument"])
        task.connect("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Made(task.physical_id or task.generated_name())


def _put_rule(task: Task) -> Made:
    """Put the rule and its targets; targets that left the template are removed."""
    client, given = task.connect("events"), task.properties
    name = task.name("Name")
    asked = arguments(client, "PutRule", {**given, "Name": name}, without={"Targets"})
    arn = client.put_rule(**asked)["RuleArn"]
    targets = [arguments(client, "PutTargets", {"Targets": [each]})["Targets"][0] for each in given.get("Targets", [])]
    gone = {each["Id"] for each in task.before.get("Targets", [])} - {each["Id"] for each in targets}
    if gone:
        client.remove_targets(Rule=name, Ids=sorted(gone))
    if targets:
        client.put_targets(Rule=name, Targets=targets)
    return Made(name, {"Arn": arn})


def _delete_rule(task: Task) -> None:
    client, targets = task.connect("events"), task.properties.get("Targets", [])
    if targets:
        client.remove_targets(Rule=task.physical_id, Ids=[each["Id"] for each in targets])
    client.delete_rule(Name=task.physical_id)


def _schedule_arguments(task: Task, operation: str) -> dict[str, Any]:
    client = task.connect("scheduler")
    return arguments(client, operation, {**task.properties, "Name": task.name("Name")})


def _create_schedule(task: Task) -> Made:
    asked = _schedule_arguments(task, "CreateSchedule")
    arn = task.connect("scheduler").create_schedule(**asked)["ScheduleArn"]
    return Made(asked["Name"], {"Arn": arn})


def _update_schedule(task: Task) -> Made:
    task.connect("scheduler").update_schedule(**_schedule_arguments(task, "UpdateSchedule"))
    return Made(task.physical_id, task.attributes)


def _delete_schedule(task: Task) -> None:
    group = {"GroupName": task.properties["GroupName"]} if "GroupName" in task.properties else {}
    task.connect("scheduler").delete_schedule(Name=task.physical_id, **group)


def _create_group(task: Task) -> Made:
    name = task.name("Name")
    arn = task.connect("scheduler").create_schedule_group(Name=name, **tag_list(task.properties))["ScheduleGroupArn"]
    return Made(name, {"Arn": arn})


def _nothing(_: Task) -> None:
    """Do nothing: the policy is deleted with the resource that it belongs to."""


KINDS: Mapping[str, ResourceType] = {
    "AWS::Events::Rule": ResourceType(_put_rule, _delete_rule, _put_rule, frozenset({"EventBusName", "Name"})),
    "AWS::SNS::Subscription": ResourceType(
        _subscribe, lambda task: task.connect("sns").unsubscribe(SubscriptionArn=task.physical_id)
    ),
    "AWS::SNS::Topic": ResourceType(
        _create_topic,
        lambda task: task.connect("sns").delete_topic(TopicArn=task.physical_id),
        _update_topic,
        frozenset({"TopicName"}),
    ),
    "AWS::SNS::TopicPolicy": ResourceType(_put_topic_policy, _nothing, _put_topic_policy),
    "AWS::SQS::Queue": ResourceType(
        _create_queue,
        lambda task: task.connect("sqs").delete_queue(QueueUrl=task.physical_id),
        _update_queue,
        frozenset({"QueueName"}),
    ),
    "AWS::SQS::QueuePolicy": ResourceType(_put_queue_policy, _nothing, _put_queue_policy),
    "AWS::Scheduler::Schedule": ResourceType(
        _create_schedule, _delete_schedule, _update_schedule, frozenset({"GroupName", "Name"})
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _create_group,
        lambda task: task.connect("scheduler").delete_schedule_group(Name=task.physical_id),
        None,
        frozenset({"Name"}),
    ),
}
