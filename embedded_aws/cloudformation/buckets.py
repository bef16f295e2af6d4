"""S3 buckets and their policies in templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.resource import Made, ResourceError, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.cloudformation.resource import Properties

LONGEST_NAME = 63
_PRIVATE = "Private"
_BUILT = frozenset(
    {
        "AccessControl",
        "BucketEncryption",
        "BucketName",
        "LifecycleConfiguration",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "VersioningConfiguration",
    }
)


def _create_bucket(task: Task) -> Made:
    _check_built(task.properties)
    name = task.name("BucketName", LONGEST_NAME).lower()
    place = {} if task.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": task.region}}
    task.connect("s3").create_bucket(Bucket=name, **place)
    domain = {"DomainName": f"{name}.s3.amazonaws.com", "RegionalDomainName": f"{name}.s3.{task.region}.amazonaws.com"}
    made = Made(name, {"Arn": f"arn:aws:s3:::{name}", **domain})
    _configure(task, name)
    return made


def _update_bucket(task: Task) -> Made:
    _check_built(task.properties)
    _configure(task, task.physical_id)
    return Made(task.physical_id, task.attributes)


def _check_built(given: Properties) -> None:
    if unknown := given.keys() - _BUILT:
        raise ResourceError(f"a bucket's {', '.join(sorted(unknown))} is not built")
    if (access := given.get("AccessControl", _PRIVATE)) != _PRIVATE:
        raise ResourceError(f"a bucket's AccessControl {access} is not built; use {_PRIVATE}")


def _configure(task: Task, name: str) -> None:
    """Set the properties that have API calls of their own."""
    client, given = task.connect("s3"), task.properties
    calls: Mapping[str, Callable[[Any], object]] = {
        "BucketEncryption": lambda value: client.put_bucket_encryption(
            Bucket=name, ServerSideEncryptionConfiguration=_encryption(value)
        ),
        "LifecycleConfiguration": lambda value: client.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}
        ),
        "OwnershipControls": lambda value: client.put_bucket_ownership_controls(Bucket=name, OwnershipControls=value),
        "PublicAccessBlockConfiguration": lambda value: client.put_public_access_block(
            Bucket=name, PublicAccessBlockConfiguration=value
        ),
        "VersioningConfiguration": lambda value: client.put_bucket_versioning(Bucket=name, VersioningConfiguration=value),
        "Tags": lambda value: client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": value}),
    }
    for prop, call in calls.items():
        if task.has_changed(prop) and prop in given:
            call(given[prop])


def _encryption(given: Mapping[str, Any]) -> dict[str, Any]:
    rules = [
        {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
        for rule in given["ServerSideEncryptionConfiguration"]
    ]
    return {"Rules": rules}


def _lifecycle_rule(given: Mapping[str, Any]) -> dict[str, Any]:
    """A rule that deletes objects, their older versions or unfinished uploads after some days."""
    if unknown := given.keys() - {"Id", "Prefix", "Status", *_ENDS}:
        raise ResourceError(f"a lifecycle rule's {', '.join(sorted(unknown))} is not built")
    ends = {made: build(given[name]) for name, (made, build) in _ENDS.items() if name in given}
    return {"ID": given["Id"], "Status": given["Status"], "Filter": {"Prefix": given.get("Prefix", "")}, **ends}


_ENDS: Mapping[str, tuple[str, Callable[[Any], dict[str, int]]]] = {
    "ExpirationInDays": ("Expiration", lambda days: {"Days": int(days)}),
    "NoncurrentVersionExpiration": (
        "NoncurrentVersionExpiration",
        lambda given: {"NoncurrentDays": int(given["NoncurrentDays"])},
    ),
    "AbortIncompleteMultipartUpload": (
        "AbortIncompleteMultipartUpload",
        lambda given: {"DaysAfterInitiation": int(given["DaysAfterInitiation"])},
    ),
}


def _put_policy(task: Task) -> Made:
    bucket = task.properties["Bucket"]
    task.connect("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(task.properties["PolicyDocument"]))
    return Made(bucket)


KINDS: Mapping[str, ResourceType] = {
    "AWS::S3::Bucket": ResourceType(
        _create_bucket,
        lambda task: task.connect("s3").delete_bucket(Bucket=task.physical_id),
        _update_bucket,
        frozenset({"BucketName"}),
    ),
    "AWS::S3::BucketPolicy": ResourceType(
        _put_policy,
        lambda task: task.connect("s3").delete_bucket_policy(Bucket=task.properties["Bucket"]),
        _put_policy,
        frozenset({"Bucket"}),
    ),
}
