"""How to remove each kind of resource that a run creates, and the command with which a person can do it.

A resource in a ledger may not exist; that counts as success. Names have the run's random prefix, so every resource with such a
name belongs to the run, even if the answer with its id was lost.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from verify.account.aws import Aws, RefusedError
from verify.account.ledger import Entry, Header

STACK_POLL_SECONDS = 5.0
STACK_LIMIT_SECONDS = 900.0

_NO_LOG_ROLE = {"op": "replace", "path": "/cloudwatchRoleArn"}


@dataclass(frozen=True, slots=True)
class RemovableKind:
    """One kind: what removes it, and the AWS CLI's words for that, without Region and endpoint."""

    label: str
    remove: Callable[[Aws, Entry], None]
    commands: Callable[[Entry], list[str]]


def remove(aws: Aws, entry: Entry) -> None:
    """Remove it.

    Raises:
        RefusedError: AWS refuses.
    """
    try:
        KINDS[entry.kind].remove(aws, entry)
    except RefusedError as refusal:
        if not refusal.is_absence:
            raise


def commands(entry: Entry, header: Header) -> str:
    """The commands that remove it. The first of several may find that its work is already done."""
    place = f" --region {header.region}" + (f" --endpoint-url {header.endpoint_url}" if header.endpoint_url else "")
    return "; ".join(f"aws {command}{place}" for command in KINDS[entry.kind].commands(entry))


def rest_api_ids(aws: Aws, name: str) -> Iterator[str]:
    """The REST APIs with this name."""
    found = aws.pages("apigateway", "get_rest_apis", "items", limit=500)
    return (each["id"] for each in found if each["name"] == name)


def _remove_rest_api(aws: Aws, entry: Entry) -> None:
    for each in [*rest_api_ids(aws, entry.name)]:
        aws.call("apigateway", "delete_rest_api", restApiId=each)


def _rest_api_commands(entry: Entry) -> list[str]:
    if entry.id:
        return [f"apigateway delete-rest-api --rest-api-id {entry.id}"]
    return [f"apigateway get-rest-apis --query \"items[?name=='{entry.name}'].id\""]


def _remove_role(aws: Aws, entry: Entry) -> None:
    for policy in aws.call("iam", "list_role_policies", RoleName=entry.name)["PolicyNames"]:
        aws.call("iam", "delete_role_policy", RoleName=entry.name, PolicyName=policy)
    aws.call("iam", "delete_role", RoleName=entry.name)


def _role_commands(entry: Entry) -> list[str]:
    return [f"iam delete-role --role-name {entry.name}"]


def _role_with_policy_commands(entry: Entry) -> list[str]:
    """The policy is an inline policy with the role's name."""
    return [f"iam delete-role-policy --role-name {entry.name} --policy-name {entry.name}", *_role_commands(entry)]


def _remove_function(aws: Aws, entry: Entry) -> None:
    aws.call("lambda", "delete_function", FunctionName=entry.name)


def _remove_layer(aws: Aws, entry: Entry) -> None:
    """Remove all its versions; there is one."""
    versions = [each["Version"] for each in aws.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=entry.name)]
    for version in versions:
        aws.call("lambda", "delete_layer_version", LayerName=entry.name, VersionNumber=version)


def _layer_commands(entry: Entry) -> list[str]:
    return [f"lambda delete-layer-version --layer-name {entry.name} --version-number 1"]


def _remove_log_group(aws: Aws, entry: Entry) -> None:
    aws.call("logs", "delete_log_group", logGroupName=entry.name)


def _log_group_commands(entry: Entry) -> list[str]:
    return [f"logs delete-log-group --log-group-name {shlex.quote(entry.name)}"]


def _machine_arn(aws: Aws, entry: Entry) -> str:
    return entry.id or aws.place.arn("states", f"stateMachine:{entry.name}")


def _remove_machine(aws: Aws, entry: Entry) -> None:
    arn = _machine_arn(aws, entry)
    for execution in aws.pages("stepfunctions", "list_executions", "executions", stateMachineArn=arn, statusFilter="RUNNING"):
        aws.call("stepfunctions", "stop_execution", executionArn=execution["executionArn"])
    aws.call("stepfunctions", "delete_state_machine", stateMachineArn=arn)


def _machine_commands(entry: Entry) -> list[str]:
    if entry.id:
        return [f"stepfunctions delete-state-machine --state-machine-arn {entry.id}"]
    return [f"stepfunctions list-state-machines --query \"stateMachines[?name=='{entry.name}'].stateMachineArn\""]


def _remove_stack(aws: Aws, entry: Entry) -> None:
    """DescribeStacks still finds a deleted stack by its id, but not by its name."""
    aws.call("cloudformation", "delete_stack", StackName=entry.name)
    end = aws.clock.now() + STACK_LIMIT_SECONDS
    while True:
        stack = aws.call("cloudformation", "describe_stacks", StackName=entry.name)["Stacks"][0]
        if stack["StackStatus"] == "DELETE_FAILED":
            raise RefusedError("DELETE_FAILED", stack.get("StackStatusReason", "CloudFormation gives no reason"))
        if aws.clock.now() >= end:
            raise RefusedError("Timeout", f"the stack is still {stack['StackStatus']} after {STACK_LIMIT_SECONDS:g} s")
        aws.clock.sleep(STACK_POLL_SECONDS)


def _take_back_log_role(aws: Aws, entry: Entry) -> None:
    """Only if it is still ours: someone may have set another role since. Emulators need an empty value; AWS once refused it."""
    for value in ({"value": ""}, {}):
        if not _has_log_role(aws, entry):
            return
        try:
            aws.call("apigateway", "update_account", patchOperations=[{**_NO_LOG_ROLE, **value}])
        except RefusedError as refusal:
            if not refusal.is_judgement:
                raise
    if _has_log_role(aws, entry):
        raise RefusedError("StillSet", "API Gateway keeps the role although it was told to drop it")


def _has_log_role(aws: Aws, entry: Entry) -> bool:
    found = aws.call("apigateway", "get_account").get("cloudwatchRoleArn") or ""
    return str(found).endswith(f"/{entry.name}")


def _log_role_commands(_: Entry) -> list[str]:
    operations = json.dumps([_NO_LOG_ROLE])
    return [f"apigateway update-account --patch-operations {shlex.quote(operations)}"]


def _remove_web_acl(aws: Aws, entry: Entry) -> None:
    for acl in web_acls(aws, entry.name):
        for arn in aws.call("wafv2", "list_resources_for_web_acl", WebACLArn=acl["ARN"], ResourceType="API_GATEWAY")[
            "ResourceArns"
        ]:
            aws.call("wafv2", "disassociate_web_acl", ResourceArn=arn)
        names = {"Name": entry.name, "Scope": "REGIONAL", "Id": acl["Id"], "LockToken": acl["LockToken"]}
        aws.call_once_believed("wafv2", "delete_web_acl", code="WAFAssociatedItemException", **names)


def web_acls(aws: Aws, name: str) -> Iterator[dict[str, str]]:
    """The web ACLs with this name."""
    marker: dict[str, str] = {}
    while True:
        page = aws.call("wafv2", "list_web_acls", Scope="REGIONAL", **marker)
        yield from (each for each in page["WebACLs"] if each["Name"] == name)
        if not page.get("NextMarker"):
            return
        marker = {"NextMarker": page["NextMarker"]}


def _web_acl_commands(entry: Entry) -> list[str]:
    """Deletion needs its id and a lock token, which only the list has."""
    listed = f"wafv2 list-web-acls --scope REGIONAL --query \"WebACLs[?Name=='{entry.name}'].[Id,LockToken]\""
    return [listed, f"wafv2 delete-web-acl --scope REGIONAL --name {entry.name} --id ID --lock-token TOKEN"]


def _topic_arn(aws: Aws, entry: Entry) -> str:
    return entry.id or aws.place.arn("sns", entry.name)


def _remove_topic(aws: Aws, entry: Entry) -> None:
    """Its subscription is deleted with it."""
    aws.call("sns", "delete_topic", TopicArn=_topic_arn(aws, entry))


def _topic_commands(entry: Entry) -> list[str]:
    if entry.id:
        return [f"sns delete-topic --topic-arn {entry.id}"]
    return [f"sns list-topics --query \"Topics[?ends_with(TopicArn,':{entry.name}')]\""]


def _remove_queue(aws: Aws, entry: Entry) -> None:
    url = aws.call("sqs", "get_queue_url", QueueName=entry.name)["QueueUrl"]
    aws.call("sqs", "delete_queue", QueueUrl=url)


def _queue_commands(entry: Entry) -> list[str]:
    if entry.id:
        return [f"sqs delete-queue --queue-url {entry.id}"]
    return [f"sqs list-queues --queue-name-prefix {entry.name}"]


def _remove_rule(aws: Aws, entry: Entry) -> None:
    """A rule with targets cannot be deleted."""
    targets = [each["Id"] for each in aws.call("events", "list_targets_by_rule", Rule=entry.name)["Targets"]]
    if targets:
        aws.call("events", "remove_targets", Rule=entry.name, Ids=targets)
    aws.call("events", "delete_rule", Name=entry.name)


def _rule_commands(entry: Entry) -> list[str]:
    return [f"events remove-targets --rule {entry.name} --ids topic", f"events delete-rule --name {entry.name}"]


_LOG_GROUP = RemovableKind("log group", _remove_log_group, _log_group_commands)

KINDS: Mapping[str, RemovableKind] = {
    "function": RemovableKind(
        "function", _remove_function, lambda entry: [f"lambda delete-function --function-name {entry.name}"]
    ),
    "late-log-group": _LOG_GROUP,  # API Gateway may write to it once more after the API is gone
    "layer": RemovableKind("layer", _remove_layer, _layer_commands),
    "log-group": _LOG_GROUP,
    "log-role": RemovableKind("API Gateway's role for logs", _take_back_log_role, _log_role_commands),
    "queue": RemovableKind("queue", _remove_queue, _queue_commands),
    "rest-api": RemovableKind("REST API", _remove_rest_api, _rest_api_commands),
    "role": RemovableKind("role", _remove_role, _role_commands),
    "role-with-policy": RemovableKind("role", _remove_role, _role_with_policy_commands),
    "rule": RemovableKind("rule", _remove_rule, _rule_commands),
    "stack": RemovableKind("stack", _remove_stack, lambda entry: [f"cloudformation delete-stack --stack-name {entry.name}"]),
    "state-machine": RemovableKind("state machine", _remove_machine, _machine_commands),
    "topic": RemovableKind("topic", _remove_topic, _topic_commands),
    "web-acl": RemovableKind("web ACL", _remove_web_acl, _web_acl_commands),
}
