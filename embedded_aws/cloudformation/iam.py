"""IAM resources in templates: roles, the policies attached to them, and managed policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import document, tag_list
from embedded_aws.cloudformation.resource import Made, ResourceType, Task
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROLE = frozenset(
    {
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "Policies",
        "RoleName",
        "Tags",
    }
)
_POLICY = frozenset({"PolicyDocument", "PolicyName", "Roles"})
_MANAGED_POLICY = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})


def _check(task: Task, known: Iterable[str]) -> None:
    unknown = sorted(set(task.properties) - set(known))
    if unknown:
        raise NotBuiltError(f"{task.kind} does not support {', '.join(unknown)}; add it in {__name__} or leave it out")


def _create_role(task: Task) -> Made:
    _check(task, _ROLE)
    client, given = task.connect("iam"), task.properties
    optional = {"Path": "/", "Description": "", "MaxSessionDuration": 3600}
    made = client.create_role(
        RoleName=task.name("RoleName"),
        AssumeRolePolicyDocument=document(given["AssumeRolePolicyDocument"]),
        **{name: given.get(name, default) for name, default in optional.items()},
        **{name: given[name] for name in ("PermissionsBoundary",) if name in given},
        **tag_list(given),
    )["Role"]
    _put_role_policies(task, made["RoleName"], before={})
    return Made(made["RoleName"], {"Arn": made["Arn"], "RoleId": made["RoleId"]})


def _update_role(task: Task) -> Made:
    _check(task, _ROLE)
    client, given, name = task.connect("iam"), task.properties, task.physical_id
    if task.has_changed("AssumeRolePolicyDocument"):
        client.update_assume_role_policy(RoleName=name, PolicyDocument=document(given["AssumeRolePolicyDocument"]))
    if task.has_changed("Description", "MaxSessionDuration"):
        client.update_role(
            RoleName=name,
            Description=given.get("Description", ""),
            MaxSessionDuration=int(given.get("MaxSessionDuration", 3600)),
        )
    _put_role_policies(task, name, before=task.before)
    if task.has_changed("Tags"):
        client.untag_role(RoleName=name, TagKeys=[tag["Key"] for tag in task.before.get("Tags", [])])
        client.tag_role(RoleName=name, **{"Tags": [], **tag_list(given)})
    return Made(name, task.attributes)


def _put_role_policies(task: Task, role: str, *, before: Mapping[str, Any]) -> None:
    """Replace the role's earlier policies by the inline policies and the managed policies that it has now."""
    client, given = task.connect("iam"), task.properties
    inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in given.get("Policies", [])}
    for name in {policy["PolicyName"] for policy in before.get("Policies", [])} - inline.keys():
        client.delete_role_policy(RoleName=role, PolicyName=name)
    for name, policy in inline.items():
        client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document(policy))
    attached, wanted = set(before.get("ManagedPolicyArns", [])), list(given.get("ManagedPolicyArns", []))
    for arn in attached - set(wanted):
        client.detach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in wanted:
        if arn not in attached:
            client.attach_role_policy(RoleName=role, PolicyArn=arn)


def _delete_role(task: Task) -> None:
    client, name = task.connect("iam"), task.physical_id
    for policy in task.properties.get("Policies", []):
        client.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
    for arn in task.properties.get("ManagedPolicyArns", []):
        client.detach_role_policy(RoleName=name, PolicyArn=arn)
    client.delete_role(RoleName=name)


def _put_policy(task: Task) -> Made:
    """Put an inline policy into each of its roles. Ref gives a name that CloudFormation generates, not the policy's own."""
    _check(task, _POLICY)
    client, given = task.connect("iam"), task.properties
    before = task.before.get("Roles", []) if task.before else []
    for role in set(before) - set(given.get("Roles", [])):
        client.delete_role_policy(RoleName=role, PolicyName=given["PolicyName"])
    for role in given.get("Roles", []):
        text = document(given["PolicyDocument"])
        client.put_role_policy(RoleName=role, PolicyName=given["PolicyName"], PolicyDocument=text)
    return Made(task.physical_id or task.generated_name())


def _delete_policy(task: Task) -> None:
    client = task.connect("iam")
    for role in task.properties.get("Roles", []):
        client.delete_role_policy(RoleName=role, PolicyName=task.properties["PolicyName"])


def _create_managed_policy(task: Task) -> Made:
    _check(task, _MANAGED_POLICY)
    client, given = task.connect("iam"), task.properties
    arn = client.create_policy(
        PolicyName=task.name("ManagedPolicyName", 128),
        Path=given.get("Path", "/"),
        Description=given.get("Description", ""),
        PolicyDocument=document(given["PolicyDocument"]),
    )["Policy"]["Arn"]
    for role in given.get("Roles", []):
        client.attach_role_policy(RoleName=role, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn})


def _delete_managed_policy(task: Task) -> None:
    client, arn = task.connect("iam"), task.physical_id
    for role in task.properties.get("Roles", []):
        client.detach_role_policy(RoleName=role, PolicyArn=arn)
    client.delete_policy(PolicyArn=arn)


KINDS: Mapping[str, ResourceType] = {
    "AWS::IAM::ManagedPolicy": ResourceType(_create_managed_policy, _delete_managed_policy),
    "AWS::IAM::Policy": ResourceType(_put_policy, _delete_policy, _put_policy, frozenset({"PolicyName"})),
    "AWS::IAM::Role": ResourceType(_create_role, _delete_role, _update_role, frozenset({"Path", "RoleName"})),
}
