"""S3 buckets in templates: what they are set to, who may use them, and what is not built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.embedded import EmbeddedAws

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


def a_template(*, condition: dict[str, Any] | None = WITHOUT_TLS, days: int = 90, **more: Any) -> str:
    rule = {"Id": "old", "Status": "Enabled", "ExpirationInDays": days}
    encryption = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    bucket = {
        "BucketName": "reports",
        "BucketEncryption": encryption,
        "LifecycleConfiguration": {"Rules": [rule]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
        "Tags": [{"Key": "a", "Value": "b"}],
        **more,
    }
    statement = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": ["arn:aws:s3:::reports/*"]}
    if condition:
        statement["Condition"] = condition
    policy = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket},
        "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy},
    }
    return json.dumps({"Resources": resources})


def test_a_bucket_is_as_its_template_says_until_its_stack_is_deleted(aws: EmbeddedAws) -> None:
    stacks, s3 = aws.client("cloudformation"), aws.client("s3")
    stacks.create_stack(StackName="s", TemplateBody=a_template())
    assert s3.get_bucket_encryption(Bucket="reports")["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_bucket_lifecycle_configuration(Bucket="reports")["Rules"][0]["Expiration"] == {"Days": 90}
    assert s3.get_bucket_tagging(Bucket="reports")["TagSet"] == [{"Key": "a", "Value": "b"}]

    stacks.update_stack(StackName="s", TemplateBody=a_template(days=400))
    assert s3.get_bucket_lifecycle_configuration(Bucket="reports")["Rules"][0]["Expiration"] == {"Days": 400}

    s3.put_object(Bucket="reports", Key="a", Body=b"b")
    assert s3.get_object(Bucket="reports", Key="a")["Body"].read() == b"b"
    s3.delete_object(Bucket="reports", Key="a")
    stacks.delete_stack(StackName="s")
    assert s3.list_buckets()["Buckets"] == []


def test_a_policy_without_the_condition_on_tls_denies(aws: EmbeddedAws) -> None:
    aws.client("cloudformation").create_stack(StackName="s", TemplateBody=a_template(condition=None))
    with pytest.raises(ClientError, match=r"403|Forbidden|AccessDenied"):
        aws.client("s3").put_object(Bucket="reports", Key="a", Body=b"b")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"CorsConfiguration": {"CorsRules": []}}, "a bucket's CorsConfiguration is not built"),
        ({"AccessControl": "PublicRead"}, "a bucket's AccessControl PublicRead is not built; use Private"),
        (
            {"LifecycleConfiguration": {"Rules": [{"Id": "a", "Status": "Enabled", "TagFilters": []}]}},
            "a lifecycle rule's TagFilters is not built",
        ),
    ],
)
def test_what_is_not_built_fails_the_stack(aws: EmbeddedAws, more: dict[str, Any], reason: str) -> None:
    stacks = aws.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=a_template(**more))
    reasons = [event.get("ResourceStatusReason", "") for event in stacks.describe_stack_events(StackName="s")["StackEvents"]]
    assert any(reason in one for one in reasons)


@pytest.mark.parametrize("more", [{"AccessControl": "PublicRead"}, {"CorsConfiguration": {"CorsRules": []}}])
def test_what_is_not_built_fails_an_update_too(aws: EmbeddedAws, more: dict[str, Any]) -> None:
    stacks = aws.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=a_template(AccessControl="Private"))
    stacks.update_stack(StackName="s", TemplateBody=a_template(**more))
    assert stacks.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
