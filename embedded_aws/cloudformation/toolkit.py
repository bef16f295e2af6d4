"""Keys and image repositories in templates: the CDK's bootstrap stack has both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.cloudformation.arguments import arguments, document
from embedded_aws.cloudformation.resource import Made, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

_REPOSITORY_BESIDE = frozenset({"LifecyclePolicy", "RepositoryPolicyText", "RepositoryName"})


def _create_key(task: Task) -> Made:
    given = {"KeyPolicy": task.properties.get("KeyPolicy"), "Description": task.properties.get("Description", "")}
    policy = {"Policy": document(given["KeyPolicy"])} if given["KeyPolicy"] else {}
    made = task.connect("kms").create_key(Description=given["Description"], **policy)["KeyMetadata"]
    return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def _create_alias(task: Task) -> Made:
    name = task.properties["AliasName"]
    task.connect("kms").create_alias(AliasName=name, TargetKeyId=task.properties["TargetKeyId"])
    return Made(name)


def _create_repository(task: Task) -> Made:
    client, given = task.connect("ecr"), task.properties
    name = given.get("RepositoryName") or task.name("RepositoryName", 256).lower()
    asked = arguments(client, "CreateRepository", {**given, "RepositoryName": name}, without=_REPOSITORY_BESIDE)
    made = client.create_repository(**{**asked, "repositoryName": name})["repository"]
    if lifecycle := given.get("LifecyclePolicy", {}).get("LifecyclePolicyText"):
        client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle)
    if policy := given.get("RepositoryPolicyText"):
        client.set_repository_policy(repositoryName=name, policyText=document(policy))
    return Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})


KINDS: Mapping[str, ResourceType] = {
    "AWS::ECR::Repository": ResourceType(
        _create_repository,
        lambda task: task.connect("ecr").delete_repository(repositoryName=task.physical_id, force=True),
    ),
    "AWS::KMS::Alias": ResourceType(_create_alias, lambda task: task.connect("kms").delete_alias(AliasName=task.physical_id)),
    "AWS::KMS::Key": ResourceType(
        _create_key,
        lambda task: task.connect("kms").schedule_key_deletion(KeyId=task.physical_id, PendingWindowInDays=7),
    ),
}
